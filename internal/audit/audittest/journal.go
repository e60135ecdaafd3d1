package audittest

import (
	"context"

	"github.com/doorward/doorward/internal/audit"
)

var _ audit.Journal = (*Ledger)(nil)

// Record implements audit.Journal.
func (l *Ledger) Record(ctx context.Context, e audit.Event) (int64, error) {
	if err := l.Begin(ctx, "Record"); err != nil {
		return 0, err
	}
	defer l.End()
	e.Revision = 0
	return l.add(ctx, e), nil
}

// Conclude implements audit.Journal.
func (l *Ledger) Conclude(ctx context.Context, id int64, o audit.Outcome) error {
	if err := l.Begin(ctx, "Conclude"); err != nil {
		return err
	}
	defer l.End()
	switch {
	case id < 1 || id > int64(len(l.events)):
		return audit.ErrNotFound
	case l.events[id-1].Outcome != nil:
		return audit.ErrConcluded
	}
	l.events[id-1].Outcome = &o
	return nil
}

// add writes an event at the end of the trail.
func (l *Ledger) add(ctx context.Context, e audit.Event) int64 {
	e = e.From(ctx)
	e.ID, e.Outcome = int64(len(l.events))+1, nil
	l.events = append(l.events, e)
	return e.ID
}
