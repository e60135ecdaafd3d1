package audit

import (
	"context"
	"errors"
	"time"
)

// Outcome is what became of a request that was recorded before it was forwarded.
type Outcome struct {
	At         time.Time // when it was over, UTC, to the millisecond
	Status     int       // HTTP status of the answer; 0 where there was none
	Bytes      int64     // of the answer's body that were sent
	BodyDigest string    // hex SHA-256 of the request's body; "" for none
	Cut        string    // why it was ended early: "revoked", …; "" where it was not
}

var (
	// ErrNotFound says that there is no event with this identifier.
	ErrNotFound = errors.New("no such audit event")
	// ErrConcluded says that the event has an outcome already. The first one stays.
	ErrConcluded = errors.New("the audit event has an outcome already")
)

// Journal is where a thing is recorded before it is done, and what became of it afterwards. Both are durable when their
// methods return nil; whoever must not act without a record waits for that.
type Journal interface {
	// Record writes an event that belongs to no change of the store, such as a request of remote staff: it uses up no
	// revision and no follower hears of it. Failed is the caller's to say; ID, Revision and Outcome are not. It returns the
	// identifier of the event.
	Record(ctx context.Context, e Event) (id int64, err error)
	// Conclude adds the outcome to an event, once: ErrConcluded where it has one. ErrNotFound when there is no such event.
	Conclude(ctx context.Context, id int64, o Outcome) error
}
