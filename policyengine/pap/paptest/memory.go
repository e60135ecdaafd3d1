// Package paptest has a policy store in memory, for tests of what stands before a store.
package paptest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

// Memory keeps the contract of pap.Store, but for durability. It is a feed.Source too. The zero Memory is empty and ready
// for use.
type Memory struct {
	// Before, if not nil, is called at the start of every method with the method's name, with no lock held. It may count,
	// wait, or return the error that the method is to fail with. Set it before the store is used.
	Before func(ctx context.Context, method string) error

	mu  sync.Mutex
	now state
}

var (
	_ pap.Store   = (*Memory)(nil)
	_ feed.Source = (*Memory)(nil)
)

// state is everything. A change works on a copy, which takes the place of the original when it succeeds.
type state struct {
	policies    map[string]pap.Policy
	boundaries  map[string]pap.Boundary
	groups      map[string]pap.Group
	users       map[string]pap.User
	memberships map[membership]bool
	bindings    map[string]pap.Binding
	changes     []feed.Change
	events      []audit.Event
}

type membership struct{ user, group string }

func (s state) clone() state {
	s.policies, s.boundaries, s.groups = copied(s.policies), copied(s.boundaries), copied(s.groups)
	s.users, s.memberships, s.bindings = copied(s.users), copied(s.memberships), copied(s.bindings)
	s.changes, s.events = slices.Clip(s.changes), slices.Clip(s.events)
	return s
}

// copied is never nil, so that it can be written to.
func copied[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return maps.Clone(m)
}

// note writes the audit event and the change under the next revision.
func (s *state) note(kind feed.Kind, id string, e audit.Event) {
	e.Revision = int64(len(s.events)) + 1
	s.events = append(s.events, e)
	s.changes = append(s.changes, feed.Change{Revision: e.Revision, Kind: kind, ID: id})
}

// write runs do on a copy of the state, and keeps the copy when do succeeds.
func (m *Memory) write(ctx context.Context, method string, do func(*state) error) error {
	return m.begin(ctx, method, func() error {
		next := m.now.clone()
		if err := do(&next); err != nil {
			return err
		}
		m.now = next
		return nil
	})
}

// begin calls Before, and do with the lock held, unless the method is to fail.
func (m *Memory) begin(ctx context.Context, method string, do func() error) error {
	if m.Before != nil {
		if err := m.Before(ctx, method); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return do()
}

// Events are the audit events so far.
func (m *Memory) Events() []audit.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.now.events)
}

// Revision implements feed.Source.
func (m *Memory) Revision(ctx context.Context) (revision int64, err error) {
	err = m.begin(ctx, "Revision", func() error {
		revision = int64(len(m.now.changes))
		return nil
	})
	return revision, err
}

// ChangesAfter implements feed.Source. Nothing is ever forgotten.
func (m *Memory) ChangesAfter(ctx context.Context, after int64, limit int) (changes []feed.Change, gap bool, err error) {
	err = m.begin(ctx, "ChangesAfter", func() error {
		if after > int64(len(m.now.changes)) {
			gap = true
			return nil
		}
		rest := m.now.changes[after:]
		changes = slices.Clone(rest[:min(limit, len(rest))])
		return nil
	})
	return changes, gap, err
}

// one finds a record.
func one[T any](ctx context.Context, m *Memory, method string, in func(*state) map[string]T, key string, clone func(T) T) (r T, err error) {
	err = m.begin(ctx, method, func() error {
		found, ok := in(&m.now)[key]
		if !ok {
			return pap.ErrNotFound
		}
		r = clone(found)
		return nil
	})
	return r, err
}

// pageOf lists the records that fit, by identifier.
func pageOf[T any](ctx context.Context, m *Memory, method string, in func(*state) map[string]T, p pap.Page, clone func(T) T,
	fits func(T) bool) (page []T, err error) {
	size, err := p.Size()
	if err != nil {
		return nil, err
	}
	err = m.begin(ctx, method, func() error {
		all := in(&m.now)
		for _, key := range slices.SortedFunc(maps.Keys(all), strings.Compare) {
			if r := all[key]; key > p.After && fits(r) && len(page) < size {
				page = append(page, clone(r))
			}
		}
		return nil
	})
	return page, err
}

// countOf is how many records fit.
func countOf[T any](ctx context.Context, m *Memory, method string, in func(*state) map[string]T, fits func(T) bool) (n int, err error) {
	err = m.begin(ctx, method, func() error {
		n = count(in(&m.now), fits)
		return nil
	})
	return n, err
}

// exact reports whether a value is the wanted one; the zero value stands for any.
func exact[T comparable](wanted, value T) bool {
	return cmp.Or(wanted, value) == value
}

// count is how many records fit.
func count[T any](in map[string]T, fits func(T) bool) (n int) {
	for _, r := range in {
		if fits(r) {
			n++
		}
	}
	return n
}
