package pap

import (
	"cmp"
	"errors"

	"github.com/doorward/doorward/internal/fault"
)

// Errors that every Store reports for these causes, wrapped or not; tell them apart with errors.Is. Any other error is a
// fault: the store could not answer, which never means "there is none".
var (
	ErrNotFound = errors.New("no such thing")
	ErrExists   = errors.New("the identifier or name is taken")
	ErrInUse    = errors.New("a binding needs it")
	ErrFull     = errors.New("there are as many as there may be")
)

// Store keeps what the administration is about. Implementations are safe for concurrent use by several goroutines and,
// where the medium allows it, by several processes.
//
// A change is durable when its method returns nil. For every thing that it changes, its audit event, its revision and its
// entry in the feed of changes (package feed) are committed with it or not at all; a change that finds everything as it
// should be already leaves no trace. An event that is handed over goes with the thing that the method names. What goes
// along with that thing has events of its own, made by [Binding.Event] and [MembershipEvent].
//
// Functions that are handed over run inside the transaction. They may be called again when it has to be repeated, and must
// not call the store. Their errors are returned as they are, and nothing is stored then.
//
// Listings are in the order of identifiers, so that what comes, goes or is renamed between two pages neither repeats nor
// hides others. A limit out of range is a fault of kind Invalid.
type Store interface {
	PolicyStore
	BoundaryStore
	GroupStore
	UserStore
	MembershipStore
	BindingStore
}

// Page is where a listing goes on, and for how long.
type Page struct {
	After string // identifier of the last one of the page before; "" for the first page; it need not exist any more
	Limit int    // 1 … 10,000; 0 means 1,000
}

// Size is the limit, checked.
func (p Page) Size() (int, error) {
	if p.Limit < 0 || p.Limit > maxPageSize {
		return 0, invalid("The limit must be from 1 to %d.", maxPageSize)
	}
	return cmp.Or(p.Limit, pageSize), nil
}

// errGlobal refuses changes of what is built in.
var errGlobal = fault.New(fault.Forbidden, "Global policies are built in and read-only.", nil)
