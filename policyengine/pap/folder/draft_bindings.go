package folder

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/policyengine/pap"
)

// Group implements pap.Store.
func (d *draft) Group(_ context.Context, uuid string) (pap.Group, error) { return one(d.groups, uuid) }

// Groups implements pap.Store.
func (d *draft) Groups(_ context.Context, q pap.GroupQuery) ([]pap.Group, error) {
	return pageOf(d.groups, q.Page, func(g pap.Group) bool {
		return (q.AccountID == "" || q.AccountID == g.AccountID) && (q.Name == "" || q.Name == g.Name)
	})
}

// CreateGroup implements pap.Store.
func (d *draft) CreateGroup(_ context.Context, g pap.Group, limit int, _ audit.Event) error {
	neighbour := func(other pap.Group) bool { return other.AccountID == g.AccountID }
	return create(d.groups, g.UUID, g, limit, sameGroup(g), neighbour)
}

func sameGroup(g pap.Group) func(pap.Group) bool {
	return func(other pap.Group) bool {
		return other.UUID != g.UUID && other.AccountID == g.AccountID && other.Name == g.Name
	}
}

// UpdateGroup implements pap.Store.
func (d *draft) UpdateGroup(_ context.Context, uuid string, _ audit.Event, change func(*pap.Group) error) error {
	g, err := one(d.groups, uuid)
	if err != nil {
		return err
	}
	if err := change(&g); err != nil {
		return err
	}
	if anyIn(d.groups, sameGroup(g)) {
		return pap.ErrExists
	}
	d.groups[uuid] = g
	return nil
}

// DeleteGroup implements pap.Store.
func (d *draft) DeleteGroup(_ context.Context, uuid string, _ audit.Event) error {
	for _, b := range d.bindings[uuid] {
		d.bound[b.Level]--
	}
	delete(d.bindings, uuid)
	delete(d.groups, uuid)
	return nil
}

// hold adds a binding, or puts it in the place of the one with its identifier.
func (d *draft) hold(b pap.Binding) {
	if d.bindings[b.GroupUUID] == nil {
		d.bindings[b.GroupUUID] = map[string]pap.Binding{}
	}
	if _, there := d.bindings[b.GroupUUID][b.ID]; !there {
		d.bound[b.Level]++
	}
	d.bindings[b.GroupUUID][b.ID] = b
}

// Bindings implements pap.Store.
func (d *draft) Bindings(_ context.Context, q pap.BindingQuery, page pap.Page) ([]pap.Binding, error) {
	all := map[string]pap.Binding{}
	for group, bindings := range d.bindings {
		if q.GroupUUID == "" || q.GroupUUID == group {
			maps.Copy(all, bindings)
		}
	}
	return pageOf(all, page, func(b pap.Binding) bool {
		return (q.Level == pap.Level{} || q.Level == b.Level) && (q.PolicyUUID == "" || q.PolicyUUID == b.PolicyUUID)
	})
}

// EditBindings implements pap.Store for the bindings of one group.
func (d *draft) EditBindings(_ context.Context, q pap.BindingQuery, limit int, _ audit.Event,
	edit func([]pap.Binding) (pap.BindingEdit, error), check func(pap.Assignment) error) error {
	if q.GroupUUID == "" || q.PolicyUUID != "" {
		return errTrial
	}
	if _, there := d.groups[q.GroupUUID]; !there {
		return pap.ErrNotFound
	}
	var current []pap.Binding
	for _, b := range d.bindings[q.GroupUUID] {
		if b.Level == q.Level {
			current = append(current, b)
		}
	}
	slices.SortFunc(current, func(a, b pap.Binding) int { return strings.Compare(a.ID, b.ID) })
	wanted, err := edit(current)
	if err != nil {
		return err
	}
	a := pap.Assignment{Bindings: wanted.Put, Policies: map[string]pap.Policy{}, Boundaries: map[string]pap.Boundary{}}
	d.complete(&a)
	if err := check(a); err != nil {
		return err
	}
	for _, id := range wanted.Delete {
		delete(d.bindings[q.GroupUUID], id)
		d.bound[q.Level]--
	}
	before := d.bound[q.Level]
	for _, b := range wanted.Put {
		d.hold(b)
	}
	if after := d.bound[q.Level]; after > before && after > limit {
		return pap.ErrFull
	}
	return nil
}
