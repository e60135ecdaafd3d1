package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
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
// changes its audit event, its revision and its feed change (feed.RemoteRequest with the identifier of the request,
// feed.RemoteSetting with "") are committed with it or not at all.
//
// Functions that are handed over run inside the transaction, which no other change can come between. They may be called
// again when it has to be repeated, must not call the store, and may fill in Message, Detail and Patch of the event. Their
// errors are returned as they are, and nothing is stored then. Of a request they may change anything but ID, User, Reason,
// Ticket, Created, By, AskedRole, AskedDays and BreakGlass, which stay as they were.
//
// Package remotetest has this contract as tests, and a Store in memory.
type Store interface {
	// Request returns the request with this identifier, as it is stored. ErrNotFound when there is none.
	Request(ctx context.Context, id string) (Request, error)
	// Requests returns a page of requests, as they are stored. A limit out of range is a fault of kind Invalid.
	Requests(ctx context.Context, q Query) ([]Request, error)
	// Current returns the setting and all open requests, both as of the same instant.
	Current(ctx context.Context) (Current, error)

	// CreateRequest adds a request, if allow does not object to what is there. ErrExists when the identifier is taken.
	CreateRequest(ctx context.Context, r Request, e *audit.Event, allow func(Current) error) error
	// UpdateRequest hands the setting and the stored request to change, and stores what change left of the request.
	// ErrNotFound when there is no such request.
	UpdateRequest(ctx context.Context, id string, e *audit.Event, change func(SettingRecord, *Request) error) error
	// UpdateOpen hands every request whose stored state is Pending or Accepted to change, by ID, and stores those for which
	// it returns an event. All of that is one transaction; each request that is stored has a revision of its own.
	UpdateOpen(ctx context.Context, change func(*Request) (*audit.Event, error)) error
	// UpdateSetting hands the record to change, stores what change left in it, and then does what UpdateOpen does with open,
	// in the same transaction.
	UpdateSetting(ctx context.Context, e *audit.Event, change func(*SettingRecord) error, open func(*Request) (*audit.Event, error)) error
}
