package pap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
)

// Copy is all that is bound, in memory. It is read once as a whole and then follows the changes of the store, so that a
// change costs what changed and not what there is. It is for one goroutine at a time. After an error it must not be used
// any more: part of a change may be in it.
type Copy struct {
	service    *Service
	bindings   []*copied // by identifier
	terms      map[string]*terms
	policies   map[string]Policy   // those that are bound
	boundaries map[string]Boundary // those that bindings use
}

// copied is a binding with the terms that it shares with others.
type copied struct {
	Binding
	terms *terms
}

// terms are a policy, parameters and boundaries: what a binding gives, whoever it is given to.
type terms struct {
	policy     string
	parameters map[string]string
	boundaries []string

	tried bool
	bound *bind.Bound // nil: it cannot be resolved, for what was found
	found ast.Diagnostics
	used  bool // by a binding, in the resolution under way
}

// Copy reads all bindings of the store. They are read page by page, so the caller compares the store's revision before and
// after, or follows the changes since.
func (s *Service) Copy(ctx context.Context) (*Copy, error) {
	bindings, err := collect(s.storedBindings(ctx, BindingQuery{}))
	if err != nil {
		return nil, bindingWords.fault(err)
	}
	c := &Copy{
		service: s, bindings: make([]*copied, 0, len(bindings)), terms: map[string]*terms{},
		policies: map[string]Policy{}, boundaries: map[string]Boundary{},
	}
	for _, b := range bindings {
		shared, err := c.termsOf(b)
		if err != nil {
			return nil, err
		}
		c.bindings = append(c.bindings, &copied{b, shared})
	}
	return c, nil
}

func (c *Copy) termsOf(b Binding) (*terms, error) {
	// JSON sorts the keys of a map and leaves no doubt where a text ends.
	key, err := json.Marshal([]any{b.PolicyUUID, b.Parameters, b.Boundaries})
	if err != nil {
		return nil, unresolvable(err)
	}
	known := c.terms[string(key)]
	if known == nil {
		known = &terms{policy: b.PolicyUUID, parameters: b.Parameters, boundaries: b.Boundaries}
		c.terms[string(key)] = known
	}
	return known, nil
}

// Follow takes over what the store has now of each thing that has changed. Kinds that no policy depends on are passed over.
func (c *Copy) Follow(ctx context.Context, changes []feed.Change) error {
	done := map[feed.Change]bool{}
	for _, change := range changes {
		change.Revision = 0 // of several changes of one thing, one look at it is enough
		if done[change] {
			continue
		}
		done[change] = true
		switch change.Kind {
		case feed.Policy:
			delete(c.policies, change.ID)
			c.forget(func(t *terms) bool { return t.policy == change.ID })
		case feed.Boundary:
			delete(c.boundaries, change.ID)
			c.forget(func(t *terms) bool { return slices.Contains(t.boundaries, change.ID) })
		case feed.Binding:
			if err := c.followBinding(ctx, change.ID); err != nil {
				return bindingWords.fault(err)
			}
		}
	}
	return nil
}

// forget has terms resolved anew.
func (c *Copy) forget(concerned func(*terms) bool) {
	for _, t := range c.terms {
		if concerned(t) {
			t.tried, t.bound, t.found = false, nil, nil
		}
	}
}

func (c *Copy) followBinding(ctx context.Context, id string) error {
	at, there := slices.BinarySearchFunc(c.bindings, id, func(b *copied, id string) int { return strings.Compare(b.ID, id) })
	b, err := c.service.config.Store.Binding(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		if there {
			c.bindings = slices.Delete(c.bindings, at, at+1)
		}
		return nil
	case err != nil:
		return err
	}
	shared, err := c.termsOf(b)
	if err != nil {
		return err
	}
	if there {
		c.bindings[at] = &copied{b, shared}
	} else {
		c.bindings = slices.Insert(c.bindings, at, &copied{b, shared})
	}
	return nil
}

// Resolve is [Service.Resolve] for what the copy holds. Bindings that are as they were at the call before have the same
// statements, and share them.
func (c *Copy) Resolve(ctx context.Context) (Resolution, error) {
	for _, t := range c.terms {
		t.used = false
	}
	for i := range c.bindings {
		c.bindings[i].terms.used = true
	}
	r := c.service.resolver(Assignment{Policies: c.policies, Boundaries: c.boundaries})
	for key, t := range c.terms {
		if !t.used {
			delete(c.terms, key)
			continue
		}
		if err := c.complete(ctx, t); err != nil {
			return Resolution{}, bindingWords.fault(err)
		}
		if !t.tried {
			t.bound, t.found = r.bind(Binding{PolicyUUID: t.policy, Parameters: t.parameters, Boundaries: t.boundaries})
			t.tried = true
		}
	}
	result := Resolution{Live: make([]Granted, 0, len(c.bindings)), Trials: map[string]Policy{}}
	for i := range c.bindings {
		b := c.bindings[i]
		shadow := r.shadow(b.Binding)
		if b.terms.bound == nil && !shadow {
			return Resolution{}, unresolvable(fmt.Errorf("binding %s of policy %s: %w", b.ID, b.PolicyUUID, &DiagnosticsError{b.terms.found}))
		}
		if shadow {
			result.Trials[b.PolicyUUID], _ = r.stored(b.PolicyUUID)
		}
		result.add(&b.Binding, b.terms.bound, shadow)
	}
	return result, nil
}

// complete reads what terms refer to, unless it is known. What is gone is left out, and then they cannot be resolved.
func (c *Copy) complete(ctx context.Context, t *terms) error {
	if _, is := builtIn(t.policy); !is {
		if err := completeOne(ctx, c.policies, t.policy, c.service.config.Store.Policy); err != nil {
			return err
		}
	}
	for _, uuid := range t.boundaries {
		if err := completeOne(ctx, c.boundaries, uuid, c.service.config.Store.Boundary); err != nil {
			return err
		}
	}
	return nil
}

func completeOne[T any](ctx context.Context, known map[string]T, uuid string, read func(context.Context, string) (T, error)) error {
	if _, ok := known[uuid]; ok {
		return nil
	}
	one, err := read(ctx, uuid)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil {
		known[uuid] = one
	}
	return err
}
