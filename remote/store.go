package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/remote/notify"
)

// Errors that every Store reports for these causes, wrapped or not; tell them apart with errors.Is. Any other error is a
// fault: the store could not answer, which never means "there is none".
var (
	ErrNotFound = errors.New("no such request")
	ErrExists   = errors.New("the identifier is taken")
)

// SettingRecord is the setting as it is stored. The zero record stands for one that was never set.
type SettingRecord struct {
	Setting   Setting
	Changed   time.Time // zero: never set
	ChangedBy string
	Others    map[string]bool // preferences that are kept for clients which manage them along with the setting; they have no effect
}

// Entry is what a change leaves behind besides itself.
type Entry struct {
	audit.Event
	Batch notify.Batch // what people and programs are to be told; the zero Batch tells nobody anything
}

// Current is what decides who gets in, as of one instant of the store.
type Current struct {
	Setting SettingRecord
	Open    []Request // all whose stored state is Pending or Accepted, by ID
}

// Place is where a listing goes on: behind the request that it names, which need not exist any more. The zero Place is
// the beginning.
type Place struct {
	Created time.Time
	ID      string
}

// Query selects requests for a listing: newest first, and by falling ID where they are of the same instant. The zero
// Query selects all.
type Query struct {
	User       string    // exact; "" for any
	State      State     // as of Now; "" for any
	Now        time.Time // what has lapsed by then counts as expired: see Request.At
	Unreviewed bool      // only break-glass that nobody has reviewed
	After      Place
	Limit      int // 1 … 1,000; 0 means 1,000
}

// MaxPage bounds every page of a Store.
const MaxPage = 1000

// Size is the limit of a query, checked. The fault is of kind Invalid.
func (q Query) Size() (int, error) {
	if q.Limit < 0 || q.Limit > MaxPage {
		return 0, fault.New(fault.Invalid, fmt.Sprintf("The limit must be from 1 to %d.", MaxPage), nil)
	}
	return cmp.Or(q.Limit, MaxPage), nil
}

// Selects reports whether a request, as it is stored, is one that the query asks for, the place aside.
func (q Query) Selects(r Request) bool {
	return (q.User == "" || q.User == r.User) && (q.State == "" || q.State == r.At(q.Now).State) &&
		(!q.Unreviewed || r.BreakGlass && r.Reviewed.IsZero())
}

// Store keeps the requests and the setting. Implementations are safe for concurrent use by several goroutines and, where
// the medium allows it, by several processes. A change is durable when its method returns nil, and for everything that it
// changes its entry, its revision and its feed change (feed.RemoteRequest with the identifier of the request,
// feed.RemoteSetting with "") are committed with it or not at all. Of an entry the event goes into the audit trail, and the
// batch into the Outbox of the same store.
//
// Functions that are handed over run inside the transaction, which no other change can come between. They may be called
// again when it has to be repeated, must not call the store, and may fill in Message, Detail, Patch and Batch of the entry. Their
// errors are returned as they are, and nothing is stored then. Of a request they may change anything but ID, User, Reason,
// Ticket, Created, By, AskedRole, AskedDays and BreakGlass, which stay as they were.
//
// Package remotetest has this contract as tests, and a Store in memory.
type Store interface {
	// RemoteRequest returns the request with this identifier, as it is stored. ErrNotFound when there is none.
	RemoteRequest(ctx context.Context, id string) (Request, error)
	// RemoteRequests returns a page of requests, as they are stored. A limit out of range is a fault of kind Invalid.
	RemoteRequests(ctx context.Context, q Query) ([]Request, error)
	// RemoteAccess returns the setting and all open requests, both as of the same instant.
	RemoteAccess(ctx context.Context) (Current, error)

	// CreateRemoteRequest adds a request, if allow does not object to what is there. ErrExists when the identifier is taken.
	CreateRemoteRequest(ctx context.Context, r Request, e *Entry, allow func(Current) error) error
	// UpdateRemoteRequest hands the setting and the stored request to change, and stores what change left of the request.
	// ErrNotFound when there is no such request.
	UpdateRemoteRequest(ctx context.Context, id string, e *Entry, change func(SettingRecord, *Request) error) error
	// UpdateOpenRemoteRequests hands every request whose stored state is Pending or Accepted to change, by ID, and stores those for which
	// it returns an entry. All of that is one transaction; each request that is stored has a revision of its own.
	UpdateOpenRemoteRequests(ctx context.Context, change func(*Request) (*Entry, error)) error
	// UpdateRemoteSetting hands the record to change, stores what change left in it, and then does what UpdateOpenRemoteRequests does with open,
	// in the same transaction.
	UpdateRemoteSetting(ctx context.Context, e *Entry, change func(*SettingRecord) error, open func(*Request) (*Entry, error)) error

	// ForgetRemoteRequests removes requests that came to their end before a time: those whose stored state is Rejected or
	// Expired, and whose Changed and Expires both are before it. Break-glass that
	// nobody has reviewed stays. It returns how many. No event is written; the trail keeps what
	// it has.
	ForgetRemoteRequests(ctx context.Context, before time.Time) (int, error)
}
