package pap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
)

// Granted is what one binding gives a group, or would give, were it no shadow.
type Granted struct {
	Group      string
	Level      Level
	Statements []*bind.Statement
}

// Everything resolves all live bindings of the store, for an engine that decides without asking the store.
func (s *Service) Everything(ctx context.Context) ([]Granted, error) {
	r, err := s.Resolve(ctx)
	return r.Live, err
}

// Resolution is all bindings of the store, ready to be decided with.
type Resolution struct {
	Live   []Granted // these decide
	Shadow []Granted // of bindings, or policies, that are shadows; they must never have a part in an answer
	// Unresolved are the identifiers of the shadow bindings that cannot be resolved.
	Unresolved []string
}

// Resolve resolves all bindings of the store. Bindings that differ in their group only share their statements.
//
// One live binding that cannot be resolved fails the whole call: what is missing may be a DENY. A shadow one is left out,
// because a trial must not stop what is in force. The bindings are read page by page, so the caller compares the store's
// revision before and after.
func (s *Service) Resolve(ctx context.Context) (Resolution, error) {
	assignment := Assignment{Policies: map[string]Policy{}, Boundaries: map[string]Boundary{}}
	var err error
	if assignment.Bindings, err = collect(s.storedBindings(ctx, BindingQuery{})); err != nil {
		return Resolution{}, bindingWords.fault(err)
	}
	if err := s.complete(ctx, &assignment); err != nil {
		return Resolution{}, bindingWords.fault(err)
	}
	r := s.resolver(assignment)
	type outcome struct {
		bound *bind.Bound // nil where it cannot be resolved
		found ast.Diagnostics
	}
	shared := map[string]outcome{}
	result := Resolution{Live: make([]Granted, 0, len(assignment.Bindings))}
	for _, b := range assignment.Bindings {
		key, err := json.Marshal([]any{b.PolicyUUID, b.Parameters, b.Boundaries})
		if err != nil {
			return Resolution{}, unresolvable(err)
		}
		shadow := r.shadow(b)
		o, done := shared[string(key)]
		if !done {
			o.bound, o.found = r.bind(b)
			shared[string(key)] = o
		}
		if o.bound == nil && !shadow {
			return Resolution{}, unresolvable(fmt.Errorf("binding %s of policy %s: %w", b.ID, b.PolicyUUID, &DiagnosticsError{o.found}))
		}
		result.add(b, o.bound, shadow)
	}
	return result, nil
}

func (r *Resolution) add(b Binding, bound *bind.Bound, shadow bool) {
	if bound == nil {
		r.Unresolved = append(r.Unresolved, b.ID)
		return
	}
	granted := Granted{Group: b.GroupUUID, Level: b.Level, Statements: bound.Statements}
	if shadow {
		r.Shadow = append(r.Shadow, granted)
		return
	}
	r.Live = append(r.Live, granted)
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
