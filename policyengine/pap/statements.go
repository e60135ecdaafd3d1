package pap

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
)

// Statements returns everything that is bound to any of these groups in an environment of an account: policies of all
// levels, by bindings at the account and at the environment. Groups that do not exist, or are another account's, add
// nothing.
//
// Statements are sorted, and no two are alike in what they say and where they come from. Whoever has groups with equal
// bindings gets equal lists, whatever the groups are, so that the list can stand for a compiled set.
//
// Shadows add nothing. One other binding that cannot be resolved fails the whole call: what is missing may be a DENY.
func (s *Service) Statements(ctx context.Context, groups []string, account, environment string) ([]*bind.Statement, error) {
	if len(groups) > s.config.Limits.GroupsPerUser {
		return nil, invalid("A user is in at most %d groups.", s.config.Limits.GroupsPerUser)
	}
	a, err := s.config.Store.Assigned(ctx, groups, account, environment)
	if err != nil {
		return nil, bindingWords.fault(err)
	}
	r := s.resolver(a)
	var all []keyed
	for _, b := range a.Bindings {
		if err := ctx.Err(); err != nil {
			return nil, bindingWords.fault(err)
		}
		if r.shadow(b) || r.repeated(b) {
			continue
		}
		bound, found := r.bind(b)
		if bound == nil {
			return nil, unresolvable(fmt.Errorf("binding %s of policy %s: %w", b.ID, b.PolicyUUID, &DiagnosticsError{found}))
		}
		for _, statement := range bound.Statements {
			all = append(all, keyed{statement, statement.String()})
		}
		if len(all) > maxStatements {
			return nil, unresolvable(fmt.Errorf("more than %d statements", maxStatements))
		}
	}
	return canonical(all), nil
}

// keyed is a statement with its text, which is costly to make.
type keyed struct {
	*bind.Statement
	text string
}

// canonical sorts statements and drops repetitions. DENY comes first for the eye only: order means nothing.
func canonical(all []keyed) []*bind.Statement {
	slices.SortFunc(all, compareStatements)
	all = slices.CompactFunc(all, func(a, b keyed) bool { return compareStatements(a, b) == 0 })
	var statements []*bind.Statement
	for _, k := range all {
		statements = append(statements, k.Statement)
	}
	return statements
}

// compareStatements looks at everything that a decision or its reasons can depend on.
func compareStatements(a, b keyed) int {
	return cmp.Or(
		cmp.Compare(a.Effect, b.Effect),
		strings.Compare(a.Permission, b.Permission),
		strings.Compare(a.text, b.text),
		strings.Compare(a.Origin.PolicyID, b.Origin.PolicyID),
		cmp.Compare(a.Origin.Index, b.Origin.Index),
		comparePositions(a.Origin.PermissionPos, b.Origin.PermissionPos),
		strings.Compare(a.Origin.IncludedIn, b.Origin.IncludedIn),
		strings.Compare(a.Origin.Boundary, b.Origin.Boundary),
		slices.CompareFunc(a.Conditions, b.Conditions, func(a, b bind.Condition) int {
			return cmp.Or(strings.Compare(a.Boundary, b.Boundary), comparePositions(a.Pos, b.Pos))
		}),
	)
}

func comparePositions(a, b ast.Position) int { return cmp.Compare(a.Offset, b.Offset) }
