package pap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/doorward/doorward/policyengine/bind"
)

// Granted is what one binding gives a group.
type Granted struct {
	Group      string
	Level      Level
	Statements []*bind.Statement
}

// Everything resolves all bindings of the store, for an engine that decides without asking the store. Bindings that
// differ in their group only share their statements.
//
// One binding that cannot be resolved fails the whole call: what is missing may be a DENY. The bindings are read page by
// page, so the caller compares the store's revision before and after.
func (s *Service) Everything(ctx context.Context) ([]Granted, error) {
	assignment := Assignment{Policies: map[string]Policy{}, Boundaries: map[string]Boundary{}}
	var err error
	if assignment.Bindings, err = s.allBindings(ctx); err != nil {
		return nil, bindingWords.fault(err)
	}
	if err := s.complete(ctx, &assignment); err != nil {
		return nil, bindingWords.fault(err)
	}
	r := s.resolver(assignment)
	shared := map[string]*bind.Bound{}
	granted := make([]Granted, 0, len(assignment.Bindings))
	for _, b := range assignment.Bindings {
		key, err := json.Marshal([]any{b.PolicyUUID, b.Parameters, b.Boundaries})
		if err != nil {
			return nil, unresolvable(err)
		}
		bound, done := shared[string(key)]
		if !done {
			resolved, found := r.bind(b)
			if resolved == nil {
				return nil, unresolvable(fmt.Errorf("binding %s of policy %s: %w", b.ID, b.PolicyUUID, &DiagnosticsError{found}))
			}
			bound, shared[string(key)] = resolved, resolved
		}
		granted = append(granted, Granted{Group: b.GroupUUID, Level: b.Level, Statements: bound.Statements})
	}
	return granted, nil
}

func (s *Service) allBindings(ctx context.Context) ([]Binding, error) {
	var all []Binding
	page := Page{Limit: maxPageSize}
	for {
		some, err := s.config.Store.Bindings(ctx, BindingQuery{}, page)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < page.Limit {
			return all, nil
		}
		page.After = some[len(some)-1].ID
	}
}

// complete adds the policies and boundaries that the bindings refer to. One that is gone is left out, and then its
// binding cannot be resolved.
func (s *Service) complete(ctx context.Context, a *Assignment) error {
	for _, b := range a.Bindings {
		if _, known := a.Policies[b.PolicyUUID]; !known {
			if _, is := builtIn(b.PolicyUUID); !is {
				p, err := s.config.Store.Policy(ctx, b.PolicyUUID)
				if err != nil && !errors.Is(err, ErrNotFound) {
					return err
				}
				if err == nil {
					a.Policies[b.PolicyUUID] = p
				}
			}
		}
		if err := s.completeBoundaries(ctx, a, b.Boundaries); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) completeBoundaries(ctx context.Context, a *Assignment, uuids []string) error {
	for _, uuid := range uuids {
		if _, known := a.Boundaries[uuid]; known {
			continue
		}
		boundary, err := s.config.Store.Boundary(ctx, uuid)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err == nil {
			a.Boundaries[uuid] = boundary
		}
	}
	return nil
}
