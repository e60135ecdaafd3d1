// Package remotetest has the contract of remote.Store as tests, and a store in memory, for tests of what stands before a
// store.
package remotetest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/audit/audittest"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
	"github.com/doorward/doorward/remote/notify/notifytest"
)

// Memory keeps the contract of remote.Store, but for durability. The zero Memory is empty and ready for use.
type Memory struct {
	audittest.Ledger

	setting  remote.SettingRecord
	requests map[string]remote.Request
	outbox   notifytest.Memory
}

// Outbox is where the batches of entries go.
func (m *Memory) Outbox() notify.Outbox { return &m.outbox }

// keep writes what an entry says, between Begin and End.
func (m *Memory) keep(ctx context.Context, kind feed.Kind, id string, e *remote.Entry) {
	m.Changed(ctx, kind, id, e.Event)
	_ = m.outbox.Add(context.WithoutCancel(ctx), e.Batch) // fails only where the test says so
}

var _ Store = (*Memory)(nil)

// RemoteRequest implements remote.Store.
func (m *Memory) RemoteRequest(ctx context.Context, id string) (remote.Request, error) {
	if err := m.Begin(ctx, "RemoteRequest"); err != nil {
		return remote.Request{}, err
	}
	defer m.End()
	r, ok := m.requests[id]
	if !ok {
		return remote.Request{}, remote.ErrNotFound
	}
	return r.Detached(), nil
}

// RemoteRequests implements remote.Store.
func (m *Memory) RemoteRequests(ctx context.Context, q remote.Query) ([]remote.Request, error) {
	size, err := q.Size()
	if err != nil {
		return nil, err
	}
	if err := m.Begin(ctx, "RemoteRequests"); err != nil {
		return nil, err
	}
	defer m.End()
	var found []remote.Request
	for _, r := range m.requests {
		if q.Selects(r) && behind(r, q.After) {
			found = append(found, r.Detached())
		}
	}
	slices.SortFunc(found, func(a, b remote.Request) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(b.ID, a.ID))
	})
	return found[:min(size, len(found))], nil
}

// behind reports whether a request comes after a place in a listing.
func behind(r remote.Request, place remote.Place) bool {
	return place == remote.Place{} || cmp.Or(r.Created.Compare(place.Created), strings.Compare(r.ID, place.ID)) < 0
}

// RemoteAccess implements remote.Store.
func (m *Memory) RemoteAccess(ctx context.Context) (remote.Current, error) {
	if err := m.Begin(ctx, "RemoteAccess"); err != nil {
		return remote.Current{}, err
	}
	defer m.End()
	return m.current(), nil
}

func (m *Memory) current() remote.Current {
	c := remote.Current{Setting: detached(m.setting)}
	for _, id := range slices.Sorted(maps.Keys(m.requests)) {
		if r := m.requests[id]; r.State == remote.Pending || r.State == remote.Accepted {
			c.Open = append(c.Open, r.Detached())
		}
	}
	return c
}

// detached is a copy that shares nothing with the record. No preferences come back as nil, as from every store.
func detached(record remote.SettingRecord) remote.SettingRecord {
	if record.Others = maps.Clone(record.Others); len(record.Others) == 0 {
		record.Others = nil
	}
	return record
}

// CreateRemoteRequest implements remote.Store.
func (m *Memory) CreateRemoteRequest(ctx context.Context, r remote.Request, e *remote.Entry, allow func(remote.Current) error) error {
	if err := m.Begin(ctx, "CreateRemoteRequest"); err != nil {
		return err
	}
	defer m.End()
	if _, taken := m.requests[r.ID]; taken {
		return remote.ErrExists
	}
	if err := allow(m.current()); err != nil {
		return err
	}
	if m.requests == nil {
		m.requests = make(map[string]remote.Request)
	}
	m.requests[r.ID] = r.Detached()
	m.keep(ctx, feed.RemoteRequest, r.ID, e)
	return nil
}

// UpdateRemoteRequest implements remote.Store.
func (m *Memory) UpdateRemoteRequest(ctx context.Context, id string, e *remote.Entry, change func(remote.SettingRecord, *remote.Request) error) error {
	if err := m.Begin(ctx, "UpdateRemoteRequest"); err != nil {
		return err
	}
	defer m.End()
	before, ok := m.requests[id]
	if !ok {
		return remote.ErrNotFound
	}
	after := before.Detached()
	if err := change(detached(m.setting), &after); err != nil {
		return err
	}
	m.requests[id] = lasting(before, after)
	m.keep(ctx, feed.RemoteRequest, id, e)
	return nil
}

// lasting puts back what no change touches.
func lasting(before, after remote.Request) remote.Request {
	after.ID, after.User, after.Reason, after.Ticket = before.ID, before.User, before.Reason, before.Ticket
	after.Created, after.By, after.BreakGlass = before.Created, before.By, before.BreakGlass
	after.AskedRole, after.AskedDays = before.AskedRole, before.AskedDays
	return after.Detached()
}

// UpdateOpenRemoteRequests implements remote.Store.
func (m *Memory) UpdateOpenRemoteRequests(ctx context.Context, change func(*remote.Request) (*remote.Entry, error)) error {
	if err := m.Begin(ctx, "UpdateOpenRemoteRequests"); err != nil {
		return err
	}
	defer m.End()
	commit, err := m.updated(change)
	if err == nil {
		commit(ctx)
	}
	return err
}

// updated has the open requests changed, and returns what stores them.
func (m *Memory) updated(change func(*remote.Request) (*remote.Entry, error)) (commit func(context.Context), err error) {
	var changed []remote.Request
	var entries []*remote.Entry
	for _, before := range m.current().Open {
		after := before.Detached()
		e, err := change(&after)
		if err != nil {
			return nil, err
		}
		if e != nil {
			changed, entries = append(changed, lasting(before, after)), append(entries, e)
		}
	}
	return func(ctx context.Context) {
		for i, r := range changed {
			m.requests[r.ID] = r
			m.keep(ctx, feed.RemoteRequest, r.ID, entries[i])
		}
	}, nil
}

// UpdateRemoteSetting implements remote.Store.
func (m *Memory) UpdateRemoteSetting(ctx context.Context, e *remote.Entry, change func(*remote.SettingRecord) error, open func(*remote.Request) (*remote.Entry, error)) error {
	if err := m.Begin(ctx, "UpdateRemoteSetting"); err != nil {
		return err
	}
	defer m.End()
	after := detached(m.setting)
	if err := change(&after); err != nil {
		return err
	}
	commit, err := m.updated(open)
	if err != nil {
		return err
	}
	m.setting = detached(after)
	m.keep(ctx, feed.RemoteSetting, "", e)
	commit(ctx)
	return nil
}

// ForgetRemoteRequests implements remote.Store.
func (m *Memory) ForgetRemoteRequests(ctx context.Context, before time.Time) (int, error) {
	if err := m.Begin(ctx, "ForgetRemoteRequests"); err != nil {
		return 0, err
	}
	defer m.End()
	n := len(m.requests)
	maps.DeleteFunc(m.requests, func(_ string, r remote.Request) bool {
		return (r.State == remote.Rejected || r.State == remote.Expired) && r.Changed.Before(before) && r.Expires.Before(before) && (!r.BreakGlass || !r.Reviewed.IsZero())
	})
	return n - len(m.requests), nil
}
