package paptest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

func bindings(s *state) map[string]pap.Binding { return s.bindings }

// Binding implements pap.Store.
func (m *Memory) Binding(ctx context.Context, id string) (pap.Binding, error) {
	return one(ctx, m, "Binding", bindings, id, pap.Binding.Clone)
}

func selected(q pap.BindingQuery) func(pap.Binding) bool {
	return func(b pap.Binding) bool {
		return exact(q.Level, b.Level) && exact(q.PolicyUUID, b.PolicyUUID) && exact(q.GroupUUID, b.GroupUUID)
	}
}

// Bindings implements pap.Store.
func (m *Memory) Bindings(ctx context.Context, q pap.BindingQuery, page pap.Page) ([]pap.Binding, error) {
	return pageOf(ctx, m, "Bindings", bindings, page, pap.Binding.Clone, selected(q))
}

// CountBindings implements pap.Store.
func (m *Memory) CountBindings(ctx context.Context, q pap.BindingQuery) (int, error) {
	return countOf(ctx, m, "CountBindings", bindings, selected(q))
}

// bindingsOf returns the bindings that fit, by identifier.
func (s *state) bindingsOf(fits func(pap.Binding) bool) (all []pap.Binding) {
	for _, b := range s.bindings {
		if fits(b) {
			all = append(all, b.Clone())
		}
	}
	slices.SortFunc(all, func(a, b pap.Binding) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// lose deletes bindings that go along with something else.
func (s *state) lose(gone []pap.Binding, cause audit.Event) {
	for _, b := range gone {
		delete(s.bindings, b.ID)
		s.note(feed.Binding, b.ID, b.Event(pap.BindingDelete, cause))
	}
}

// assignment adds what bindings refer to.
func (s *state) assignment(bindings []pap.Binding) pap.Assignment {
	a := pap.Assignment{Bindings: bindings, Policies: map[string]pap.Policy{}, Boundaries: map[string]pap.Boundary{}}
	for _, b := range bindings {
		if p, ok := s.policies[b.PolicyUUID]; ok {
			a.Policies[p.UUID] = p.Clone()
		}
		for _, uuid := range b.Boundaries {
			if boundary, ok := s.boundaries[uuid]; ok {
				a.Boundaries[uuid] = boundary.Clone()
			}
		}
	}
	return a
}

// EditBindings implements pap.Store.
func (m *Memory) EditBindings(ctx context.Context, q pap.BindingQuery, limit int, e audit.Event,
	edit func([]pap.Binding) (pap.BindingEdit, error), check func(pap.Assignment) error) error {
	if q.Level == (pap.Level{}) {
		return fault.New(fault.Invalid, "Bindings are changed at one level.", nil)
	}
	return m.write(ctx, "EditBindings", func(s *state) error {
		current := s.bindingsOf(selected(q))
		index := map[string]pap.Binding{}
		for _, b := range current {
			index[b.ID] = b.Clone() // edit may change what it is handed
		}
		wanted, err := edit(current)
		if err != nil {
			return err
		}
		put := completed(wanted.Put, q.Level, index)
		if err := check(s.assignment(put)); err != nil {
			return err
		}
		for _, id := range wanted.Delete {
			b, ok := index[id]
			if !ok {
				return errors.New("a binding was to be deleted that is not among the selected")
			}
			delete(s.bindings, id)
			s.note(feed.Binding, id, b.Event(pap.BindingDelete, e))
		}
		return s.put(put, index, limit, e)
	})
}

// completed gives new bindings their level, and changed ones what cannot change.
func completed(wanted []pap.Binding, level pap.Level, index map[string]pap.Binding) (put []pap.Binding) {
	for _, b := range wanted {
		b = b.Clone()
		b.Level = level
		if old, replaces := index[b.ID]; replaces {
			b.PolicyUUID, b.GroupUUID, b.Created = old.PolicyUUID, old.GroupUUID, old.Created
		}
		put = append(put, b)
	}
	return put
}

// put stores new and changed bindings.
func (s *state) put(put []pap.Binding, index map[string]pap.Binding, limit int, e audit.Event) error {
	added := false
	for _, b := range put {
		before, replaces := index[b.ID]
		if err := s.admit(b, replaces); err != nil {
			return err
		}
		s.bindings[b.ID] = b
		event := b.UpdateEvent(before, e)
		if !replaces {
			event, added = b.Event(pap.BindingCreate, e), true
		}
		s.note(feed.Binding, b.ID, event)
	}
	if added && count(s.bindings, func(b pap.Binding) bool { return b.Level == put[0].Level }) > limit {
		return pap.ErrFull
	}
	return nil
}

func (s *state) admit(b pap.Binding, replaces bool) error {
	for id, other := range s.bindings {
		if id == b.ID && !replaces || id != b.ID && other.Same(b) {
			return pap.ErrExists
		}
	}
	if _, ok := s.groups[b.GroupUUID]; !ok {
		return pap.ErrNotFound
	}
	for _, uuid := range b.Boundaries {
		if _, ok := s.boundaries[uuid]; !ok {
			return pap.ErrNotFound
		}
	}
	return nil
}

// Assigned implements pap.Store.
func (m *Memory) Assigned(ctx context.Context, groups []string, account, environment string) (a pap.Assignment, err error) {
	err = m.begin(ctx, "Assigned", func() error {
		a = m.now.assignment(m.now.bindingsOf(func(b pap.Binding) bool {
			return slices.Contains(groups, b.GroupUUID) && m.now.groups[b.GroupUUID].AccountID == account &&
				(b.Level == pap.AccountLevel(account) || b.Level == pap.EnvironmentLevel(environment))
		}))
		return nil
	})
	return a, err
}
