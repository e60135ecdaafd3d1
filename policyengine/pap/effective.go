package pap

import (
	"context"
	"fmt"

	"github.com/doorward/doorward/policyengine/bind"
)

// Effective is what one binding gives, with where it comes from.
type Effective struct {
	Policy     Policy
	Binding    Binding
	Statements []*bind.Statement
}

// Effective lists what is bound to any of these groups at an account, and at one of its environments unless that is "".
// Shadows are not in it. In the order of bindings; the rules of Statements hold.
func (s *Service) Effective(ctx context.Context, groups []string, account, environment string) ([]Effective, error) {
	if len(groups) > s.config.Limits.GroupsPerUser {
		return nil, invalid("A user is in at most %d groups.", s.config.Limits.GroupsPerUser)
	}
	a, err := s.config.Store.Assigned(ctx, groups, account, environment)
	if err != nil {
		return nil, bindingWords.fault(err)
	}
	r := s.resolver(a)
	var all []Effective
	statements := 0
	for _, b := range a.Bindings {
		if err := ctx.Err(); err != nil {
			return nil, bindingWords.fault(err)
		}
		if r.shadow(b) {
			continue
		}
		bound, found := r.bind(b)
		if bound == nil {
			return nil, unresolvable(fmt.Errorf("binding %s of policy %s: %w", b.ID, b.PolicyUUID, &DiagnosticsError{found}))
		}
		if statements += len(bound.Statements); statements > maxStatements {
			return nil, unresolvable(fmt.Errorf("more than %d statements", maxStatements))
		}
		p, _ := r.stored(b.PolicyUUID)
		all = append(all, Effective{Policy: p, Binding: b, Statements: bound.Statements})
	}
	return all, nil
}
