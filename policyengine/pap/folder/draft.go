package folder

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/policyengine/pap"
)

// draft is what a store has, in memory, on which changes are tried before the store sees any of them. It is for one
// goroutine, and keeps the contract of pap.Store but for audit events, which nobody reads. Users are not in it, nor what
// else no change of a folder needs: the embedded store is nil, so that nothing can get through to the one in earnest.
type draft struct {
	pap.Store
	policies   map[string]pap.Policy
	boundaries map[string]pap.Boundary
	groups     map[string]pap.Group
	bindings   map[string]map[string]pap.Binding // by group: by identifier
	bound      map[pap.Level]int                 // how many bindings there are
}

func newDraft() *draft {
	return &draft{
		policies: map[string]pap.Policy{}, boundaries: map[string]pap.Boundary{}, groups: map[string]pap.Group{},
		bindings: map[string]map[string]pap.Binding{}, bound: map[pap.Level]int{},
	}
}

// clone shares the records, which are never written to, only replaced.
func (d *draft) clone() *draft {
	copied := *d
	copied.policies, copied.boundaries, copied.groups = maps.Clone(d.policies), maps.Clone(d.boundaries), maps.Clone(d.groups)
	copied.bound, copied.bindings = maps.Clone(d.bound), map[string]map[string]pap.Binding{}
	for group, bindings := range d.bindings {
		copied.bindings[group] = maps.Clone(bindings)
	}
	return &copied
}

func one[T any](in map[string]T, key string) (T, error) {
	found, ok := in[key]
	if !ok {
		return found, pap.ErrNotFound
	}
	return found, nil
}

// pageOf is a page of the records that fit, by identifier.
func pageOf[T any](in map[string]T, page pap.Page, fits func(T) bool) (all []T, err error) {
	size, err := page.Size()
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(in)) {
		if key > page.After && fits(in[key]) && len(all) < size {
			all = append(all, in[key])
		}
	}
	return all, nil
}

// create adds a record. rival reports those beside which it may not be, neighbour those that count for its limit.
func create[T any](in map[string]T, key string, record T, limit int, rival, neighbour func(T) bool) error {
	if _, taken := in[key]; taken {
		return pap.ErrExists
	}
	count := 0
	for _, other := range in {
		if rival(other) {
			return pap.ErrExists
		}
		if neighbour(other) {
			count++
		}
	}
	if count >= limit {
		return pap.ErrFull
	}
	in[key] = record
	return nil
}

// Policy implements pap.Store.
func (d *draft) Policy(_ context.Context, uuid string) (pap.Policy, error) {
	return one(d.policies, uuid)
}

// Policies implements pap.Store.
func (d *draft) Policies(_ context.Context, q pap.PolicyQuery) ([]pap.Policy, error) {
	return pageOf(d.policies, q.Page, func(p pap.Policy) bool {
		return (q.Level == pap.Level{} || q.Level == p.Level) && (q.Name == "" || q.Name == p.Name)
	})
}

// CreatePolicy implements pap.Store.
func (d *draft) CreatePolicy(_ context.Context, p pap.Policy, limit int, _ audit.Event) error {
	neighbour := func(other pap.Policy) bool { return other.Level == p.Level }
	return create(d.policies, p.UUID, p, limit, samePolicy(p), neighbour)
}

// samePolicy finds another policy of the same name.
func samePolicy(p pap.Policy) func(pap.Policy) bool {
	return func(other pap.Policy) bool {
		return other.UUID != p.UUID && other.Level == p.Level && other.Name == p.Name
	}
}

// UpdatePolicy implements pap.Store.
func (d *draft) UpdatePolicy(_ context.Context, uuid string, _ audit.Event, change func(*pap.Policy) error,
	check func(pap.Assignment) error) error {
	p, err := one(d.policies, uuid)
	if err != nil {
		return err
	}
	if err := change(&p); err != nil {
		return err
	}
	a := d.assignment(func(b pap.Binding) bool { return b.PolicyUUID == uuid })
	a.Policies[uuid] = p
	if err := check(a); err != nil {
		return err
	}
	if anyIn(d.policies, samePolicy(p)) {
		return pap.ErrExists
	}
	d.policies[uuid] = p
	return nil
}

// DeletePolicy implements pap.Store.
func (d *draft) DeletePolicy(_ context.Context, uuid string, force bool, _ audit.Event) error {
	if force {
		return errTrial // nothing here takes bindings away by the way
	}
	if len(d.assignment(func(b pap.Binding) bool { return b.PolicyUUID == uuid }).Bindings) > 0 {
		return pap.ErrInUse
	}
	delete(d.policies, uuid)
	return nil
}

// Boundary implements pap.Store.
func (d *draft) Boundary(_ context.Context, uuid string) (pap.Boundary, error) {
	return one(d.boundaries, uuid)
}

// Boundaries implements pap.Store.
func (d *draft) Boundaries(_ context.Context, q pap.BoundaryQuery) ([]pap.Boundary, error) {
	return pageOf(d.boundaries, q.Page, func(b pap.Boundary) bool {
		return (q.AccountID == "" || q.AccountID == b.AccountID) && (q.Name == "" || q.Name == b.Name)
	})
}

// CreateBoundary implements pap.Store.
func (d *draft) CreateBoundary(_ context.Context, b pap.Boundary, limit int, _ audit.Event) error {
	neighbour := func(other pap.Boundary) bool { return other.AccountID == b.AccountID }
	return create(d.boundaries, b.UUID, b, limit, sameBoundary(b), neighbour)
}

func sameBoundary(b pap.Boundary) func(pap.Boundary) bool {
	return func(other pap.Boundary) bool {
		return other.UUID != b.UUID && other.AccountID == b.AccountID && other.Name == b.Name
	}
}

// UpdateBoundary implements pap.Store.
func (d *draft) UpdateBoundary(_ context.Context, uuid string, _ audit.Event, change func(*pap.Boundary) error,
	check func(pap.Assignment) error) error {
	b, err := one(d.boundaries, uuid)
	if err != nil {
		return err
	}
	if err := change(&b); err != nil {
		return err
	}
	a := d.assignment(func(b pap.Binding) bool { return slices.Contains(b.Boundaries, uuid) })
	a.Boundaries[uuid] = b
	if err := check(a); err != nil {
		return err
	}
	if anyIn(d.boundaries, sameBoundary(b)) {
		return pap.ErrExists
	}
	d.boundaries[uuid] = b
	return nil
}

// DeleteBoundary implements pap.Store.
func (d *draft) DeleteBoundary(_ context.Context, uuid string, _ audit.Event) error {
	if len(d.assignment(func(b pap.Binding) bool { return slices.Contains(b.Boundaries, uuid) }).Bindings) > 0 {
		return pap.ErrInUse
	}
	delete(d.boundaries, uuid)
	return nil
}

func anyIn[T any](in map[string]T, fits func(T) bool) bool {
	for _, record := range in {
		if fits(record) {
			return true
		}
	}
	return false
}

// errTrial is that of what is never done on a draft.
var errTrial = errors.New("this cannot be tried")

// assignment is bindings with what they refer to.
func (d *draft) assignment(fits func(pap.Binding) bool) pap.Assignment {
	a := pap.Assignment{Policies: map[string]pap.Policy{}, Boundaries: map[string]pap.Boundary{}}
	for _, bindings := range d.bindings {
		for _, b := range bindings {
			if fits(b) {
				a.Bindings = append(a.Bindings, b)
			}
		}
	}
	slices.SortFunc(a.Bindings, func(a, b pap.Binding) int { return strings.Compare(a.ID, b.ID) })
	d.complete(&a)
	return a
}

func (d *draft) complete(a *pap.Assignment) {
	for _, b := range a.Bindings {
		if p, ok := d.policies[b.PolicyUUID]; ok {
			a.Policies[p.UUID] = p
		}
		for _, uuid := range b.Boundaries {
			if boundary, ok := d.boundaries[uuid]; ok {
				a.Boundaries[uuid] = boundary
			}
		}
	}
}
