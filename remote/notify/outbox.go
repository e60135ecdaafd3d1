package notify

import (
	"context"
	"time"
)

// Channel is a way to reach somebody.
type Channel string

// The channels.
const (
	ByMail    Channel = "mail"    // the target is an address
	ByWebhook Channel = "webhook" // the target is the webhook's name
)

// Delivery is one notice for one target.
type Delivery struct {
	ID       string // of 32 hexadecimal digits; the same notice for the same target has the same
	Channel  Channel
	Target   string
	Notice   Notice
	First    time.Time // when it is to be sent, UTC to the millisecond, as are all times here
	Next     time.Time // when it is to be tried next
	Attempts int       // how often it has been handed out by Outbox.Due
}

// Batch is what a notice does to an outbox.
type Batch struct {
	RequestID  string     // whose reminders are dropped
	Drop       []Event    // events of which waiting deliveries about RequestID are dropped, because they have become untrue
	Deliveries []Delivery // to be added after that
}

// Outbox keeps deliveries until they are made or given up. Implementations are safe for concurrent use by several goroutines
// and, where the medium allows it, by several processes.
type Outbox interface {
	// Add applies a batch, whole or not at all. A delivery whose ID the outbox knows, whether it waits, is done or was dropped,
	// is passed over. A store that keeps the requests too applies the batch in the transaction that changes the request.
	Add(ctx context.Context, b Batch) error
	// Due hands out at most limit waiting deliveries whose Next is not after now, in the order of Next and, among equals, of ID.
	// Handing out counts an attempt and sets Next to until, in one step: until then nobody else is handed them, and a holder
	// that dies has only delayed them. What is returned shows the new values.
	Due(ctx context.Context, now, until time.Time, limit int) ([]Delivery, error)
	// Later says that the attempt has failed and when the next one is. It does nothing to a delivery that is done, dropped or
	// unknown, or that has been handed out again since, which its Attempts tell.
	Later(ctx context.Context, d Delivery, next time.Time) error
	// Done says that a delivery was made or given up; it is never handed out again. It does nothing to one that is unknown.
	Done(ctx context.Context, d Delivery, at time.Time) error
	// Forget removes what was done before a time, and what was dropped and had its Next before it, and with it the
	// memory that keeps the same delivery from being added again. It returns how many were removed.
	Forget(ctx context.Context, before time.Time) (int, error)
}
