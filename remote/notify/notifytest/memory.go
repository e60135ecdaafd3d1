// Package notifytest has an outbox in memory, and the contract that every outbox is held to.
package notifytest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/doorward/doorward/remote/notify"
)

// Memory keeps the contract of notify.Outbox, but for durability. The zero Memory is empty and ready for use.
type Memory struct {
	// Before, if not nil, is called at the start of every method with the method's name, with no lock held. It may count,
	// wait, or return the error that the method is to fail with. Set it before the outbox is used.
	Before func(ctx context.Context, method string) error

	mu      sync.Mutex
	entries map[string]*entry
}

type entry struct {
	notify.Delivery
	finished bool
	at       time.Time
}

func (m *Memory) begin(ctx context.Context, method string) error {
	if m.Before != nil {
		if err := m.Before(ctx, method); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	if m.entries == nil {
		m.entries = map[string]*entry{}
	}
	return nil
}

// Add implements notify.Outbox.
func (m *Memory) Add(ctx context.Context, b notify.Batch) error {
	if err := m.begin(ctx, "Add"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, e := range m.entries {
		if !e.finished && e.Notice.RequestID == b.RequestID && slices.Contains(b.Drop, e.Notice.Event) {
			e.finished, e.at = true, e.Next
		}
	}
	for _, d := range b.Deliveries {
		if _, known := m.entries[d.ID]; !known {
			m.entries[d.ID] = &entry{Delivery: d}
		}
	}
	return nil
}

// Due implements notify.Outbox.
func (m *Memory) Due(ctx context.Context, now, until time.Time, limit int) ([]notify.Delivery, error) {
	if err := m.begin(ctx, "Due"); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	var due []*entry
	for _, e := range m.entries {
		if !e.finished && !e.Next.After(now) {
			due = append(due, e)
		}
	}
	slices.SortFunc(due, func(a, b *entry) int { return inOrder(a.Delivery, b.Delivery) })
	var out []notify.Delivery
	for _, e := range due[:min(len(due), max(limit, 0))] {
		e.Attempts++
		e.Next = until
		out = append(out, e.Delivery)
	}
	return out, nil
}

// Later implements notify.Outbox.
func (m *Memory) Later(ctx context.Context, d notify.Delivery, next time.Time) error {
	if err := m.begin(ctx, "Later"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if e, ok := m.entries[d.ID]; ok && !e.finished && e.Attempts == d.Attempts {
		e.Next = next
	}
	return nil
}

// Done implements notify.Outbox.
func (m *Memory) Done(ctx context.Context, d notify.Delivery, at time.Time) error {
	if err := m.begin(ctx, "Done"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if e, ok := m.entries[d.ID]; ok && !e.finished {
		e.finished, e.at = true, at
	}
	return nil
}

// Forget implements notify.Outbox.
func (m *Memory) Forget(ctx context.Context, before time.Time) (int, error) {
	if err := m.begin(ctx, "Forget"); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	count := 0
	for id, e := range m.entries {
		if e.finished && e.at.Before(before) {
			delete(m.entries, id)
			count++
		}
	}
	return count, nil
}

// Waiting are the deliveries that are neither done nor dropped, in the order of Next.
func (m *Memory) Waiting() []notify.Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	var waiting []notify.Delivery
	for _, e := range m.entries {
		if !e.finished {
			waiting = append(waiting, e.Delivery)
		}
	}
	slices.SortFunc(waiting, inOrder)
	return waiting
}

func inOrder(a, b notify.Delivery) int {
	return cmp.Or(a.Next.Compare(b.Next), strings.Compare(a.ID, b.ID))
}
