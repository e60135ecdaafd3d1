package pap

import (
	"context"

	"github.com/doorward/doorward/policyengine/bind"
)

// Granted is what one binding gives a group, or would give, were it no shadow.
type Granted struct {
	Binding    string // its identifier
	Policy     string // identifier of the policy that is bound
	Group      string
	Level      Level
	Statements []*bind.Statement // the same list for all bindings that differ in group and level only
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
	// Unresolved are the identifiers of the shadow bindings that cannot be resolved, Failed the same bindings, without
	// statements.
	Unresolved []string
	Failed     []Granted
	// Trials are the policies of all shadow bindings, by identifier. One that is gone is the zero Policy.
	Trials map[string]Policy
}

// Resolve resolves all bindings of the store. Bindings that differ in their group only share their statements.
//
// One live binding that cannot be resolved fails the whole call: what is missing may be a DENY. A shadow one is left out,
// because a trial must not stop what is in force. The bindings are read page by page, so the caller compares the store's
// revision before and after.
func (s *Service) Resolve(ctx context.Context) (Resolution, error) {
	c, err := s.Copy(ctx)
	if err != nil {
		return Resolution{}, err
	}
	return c.Resolve(ctx)
}

func (r *Resolution) add(b *Binding, bound *bind.Bound, shadow bool) {
	granted := Granted{Binding: b.ID, Policy: b.PolicyUUID, Group: b.GroupUUID, Level: b.Level}
	if bound == nil {
		r.Unresolved, r.Failed = append(r.Unresolved, b.ID), append(r.Failed, granted)
		return
	}
	granted.Statements = bound.Statements
	if shadow {
		r.Shadow = append(r.Shadow, granted)
		return
	}
	r.Live = append(r.Live, granted)
}

// complete adds the policies and boundaries that the bindings refer to. One that is gone is left out, and then its
// binding cannot be resolved.
func (s *Service) complete(ctx context.Context, a *Assignment) error {
	c := Copy{service: s, policies: a.Policies, boundaries: a.Boundaries}
	for _, b := range a.Bindings {
		if err := c.complete(ctx, &terms{policy: b.PolicyUUID, boundaries: b.Boundaries}); err != nil {
			return err
		}
	}
	return nil
}
