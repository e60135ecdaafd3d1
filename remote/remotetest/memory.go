// Package remotetest has the contract of remote.Store as tests, and a store in memory, for tests of what stands before a
// store.
package remotetest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/audit/audittest"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/remote"
)

// Memory keeps the contract of remote.Store, but for durability. The zero Memory is empty and ready for use.
type Memory struct {
	audittest.Ledger

	setting  remote.SettingRecord
	requests map[string]remote.Request
}

var _ Store = (*Memory)(nil)

// Request implements remote.Store.
func (m *Memory) Request(ctx context.Context, id string) (remote.Request, error) {
	if err := m.Begin(ctx, "Request"); err != nil {
		return remote.Request{}, err
	}
	defer m.End()
	r, ok := m.requests[id]
	if !ok {
		return remote.Request{}, remote.ErrNotFound
	}
	return r.Detached(), nil
}

// Requests implements remote.Store.
func (m *Memory) Requests(ctx context.Context, q remote.Query) ([]remote.Request, error) {
	size, err := q.Size()
	if err != nil {
		return nil, err
	}
	if err := m.Begin(ctx, "Requests"); err != nil {
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

// Current implements remote.Store.
func (m *Memory) Current(ctx context.Context) (remote.Current, error) {
	if err := m.Begin(ctx, "Current"); err != nil {
		return remote.Current{}, err
	}
	defer m.End()
	return m.current(), nil
}

func (m *Memory) current() remote.Current {
	c := remote.Current{Setting: m.setting}
	for _, id := range slices.Sorted(maps.Keys(m.requests)) {
		if r := m.requests[id]; r.State == remote.Pending || r.State == remote.Accepted {
			c.Open = append(c.Open, r.Detached())
		}
	}
	return c
}

// CreateRequest implements remote.Store.
func (m *Memory) CreateRequest(ctx context.Context, r remote.Request, e *audit.Event, allow func(remote.Current) error) error {
	if err := m.Begin(ctx, "CreateRequest"); err != nil {
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
	m.Changed(ctx, feed.RemoteRequest, r.ID, *e)
	return nil
}

// UpdateRequest implements remote.Store.
func (m *Memory) UpdateRequest(ctx context.Context, id string, e *audit.Event, change func(remote.SettingRecord, *remote.Request) error) error {
	if err := m.Begin(ctx, "UpdateRequest"); err != nil {
		return err
	}
	defer m.End()
	before, ok := m.requests[id]
	if !ok {
		return remote.ErrNotFound
	}
	after := before.Detached()
	if err := change(m.setting, &after); err != nil {
		return err
	}
	m.requests[id] = lasting(before, after)
	m.Changed(ctx, feed.RemoteRequest, id, *e)
	return nil
}

// lasting puts back what no change touches.
func lasting(before, after remote.Request) remote.Request {
	after.ID, after.User, after.Reason, after.Ticket = before.ID, before.User, before.Reason, before.Ticket
	after.Created, after.By, after.BreakGlass = before.Created, before.By, before.BreakGlass
	after.AskedRole, after.AskedDays = before.AskedRole, before.AskedDays
	return after.Detached()
}

// UpdateOpen implements remote.Store.
func (m *Memory) UpdateOpen(ctx context.Context, change func(*remote.Request) (*audit.Event, error)) error {
	if err := m.Begin(ctx, "UpdateOpen"); err != nil {
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
func (m *Memory) updated(change func(*remote.Request) (*audit.Event, error)) (commit func(context.Context), err error) {
	var changed []remote.Request
	var events []audit.Event
	for _, before := range m.current().Open {
		after := before.Detached()
		e, err := change(&after)
		if err != nil {
			return nil, err
		}
		if e != nil {
			changed, events = append(changed, lasting(before, after)), append(events, *e)
		}
	}
	return func(ctx context.Context) {
		for i, r := range changed {
			m.requests[r.ID] = r
			m.Changed(ctx, feed.RemoteRequest, r.ID, events[i])
		}
	}, nil
}

// UpdateSetting implements remote.Store.
func (m *Memory) UpdateSetting(ctx context.Context, e *audit.Event, change func(*remote.SettingRecord) error, open func(*remote.Request) (*audit.Event, error)) error {
	if err := m.Begin(ctx, "UpdateSetting"); err != nil {
		return err
	}
	defer m.End()
	after := m.setting
	if err := change(&after); err != nil {
		return err
	}
	commit, err := m.updated(open)
	if err != nil {
		return err
	}
	m.setting = after
	m.Changed(ctx, feed.RemoteSetting, "", *e)
	commit(ctx)
	return nil
}
