// Package audittest has the part that stores in memory have in common: who changed what, and the feed of changes.
package audittest

import (
	"context"
	"slices"
	"sync"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
)

// Ledger is the lock, the audit trail and the feed of a store in memory, which embeds it. The zero Ledger is empty and ready
// for use.
type Ledger struct {
	// Before, if not nil, is called at the start of every method with the method's name, with no lock held. It may
	// count, wait, or return the error that the method is to fail with. Set it before the store is used.
	Before func(ctx context.Context, method string) error

	mu      sync.Mutex
	events  []audit.Event
	changes []feed.Change
}

var _ feed.Source = (*Ledger)(nil)

// Begin calls Before and takes the lock, unless the method is to fail. End gives the lock back.
func (l *Ledger) Begin(ctx context.Context, method string) error {
	if l.Before != nil {
		if err := l.Before(ctx, method); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	return nil
}

// End ends what Begin began.
func (l *Ledger) End() { l.mu.Unlock() }

// Changed writes the audit event and the feed's entry of a change under the next revision, between Begin and End.
func (l *Ledger) Changed(ctx context.Context, kind feed.Kind, id string, e audit.Event) {
	revision := int64(len(l.changes)) + 1
	l.changes = append(l.changes, feed.Change{Revision: revision, Kind: kind, ID: id})
	e.Revision = revision
	l.add(ctx, e)
}

// Events are the audit events so far.
func (l *Ledger) Events() []audit.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// Changes are the feed of changes so far.
func (l *Ledger) Changes() []feed.Change {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.changes)
}

// Revision implements feed.Source.
func (l *Ledger) Revision(context.Context) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.changes)), nil
}

// ChangesAfter implements feed.Source.
func (l *Ledger) ChangesAfter(_ context.Context, after int64, limit int) ([]feed.Change, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := min(int(after), len(l.changes))
	return slices.Clone(l.changes[from:min(from+limit, len(l.changes))]), false, nil
}
