package sqlstore

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
)

// assigned finds the bindings of some groups at an account or at an environment, by the index that starts with the group.
const assigned = ` WHERE group_uuid IN (SELECT g.uuid FROM json_each(?) AS wanted
		JOIN user_groups AS g ON g.uuid = wanted.value WHERE g.account_id = ?)
	AND (level_type, level_id) IN (VALUES (?, ?), (?, ?))`

// Assigned returns what is bound to any of these groups at this account or environment.
func (s *Store) Assigned(ctx context.Context, groups []string, account, environment string) (pap.Assignment, error) {
	var a pap.Assignment
	err := s.look(ctx, func(tx session) (err error) { // so that bindings and texts are of one moment
		a, err = readAssignment(ctx, tx, assigned, set(groups), account, bind.Account, account, bind.Environment, environment)
		return err
	})
	if err != nil {
		return pap.Assignment{}, s.faultOf(ctx, "assigned policies", err)
	}
	return a, nil
}

// readAssignment reads bindings and all they refer to.
func readAssignment(ctx context.Context, tx session, where string, values ...any) (pap.Assignment, error) {
	bindings, err := readBindings(ctx, tx, where, values...)
	if err != nil {
		return pap.Assignment{}, err
	}
	return completeAssignment(ctx, tx, bindings)
}

// readBindings reads all or none: a part could lack the binding that denies.
func readBindings(ctx context.Context, tx session, where string, values ...any) ([]pap.Binding, error) {
	bindings, err := list(ctx, tx, scanBinding, selectBinding+where+` ORDER BY id LIMIT ?`, append(values, pap.MaxAssigned+1)...)
	if err != nil {
		return nil, err
	}
	if len(bindings) > pap.MaxAssigned {
		return nil, fmt.Errorf("there are more than %d bindings", pap.MaxAssigned)
	}
	return bindings, nil
}

// completeAssignment reads what bindings refer to.
func completeAssignment(ctx context.Context, tx session, bindings []pap.Binding) (pap.Assignment, error) {
	a := pap.Assignment{Bindings: bindings, Policies: map[string]pap.Policy{}, Boundaries: map[string]pap.Boundary{}}
	policies, boundaries := map[string]bool{}, map[string]bool{}
	for _, b := range bindings {
		policies[b.PolicyUUID] = true
		for _, uuid := range b.Boundaries {
			boundaries[uuid] = true
		}
	}
	if err := lookUp(ctx, tx, a.Policies, policies, scanPolicy, selectPolicy, func(p pap.Policy) string { return p.UUID }); err != nil {
		return pap.Assignment{}, err
	}
	err := lookUp(ctx, tx, a.Boundaries, boundaries, scanBoundary, selectBoundary, func(b pap.Boundary) string { return b.UUID })
	if err != nil {
		return pap.Assignment{}, err
	}
	return a, nil
}

// lookUp reads the records with the wanted identifiers into a map.
func lookUp[T any](ctx context.Context, tx session, into map[string]T, wanted map[string]bool, scan func(scanner) (T, error),
	text string, key func(T) string) error {
	if len(wanted) == 0 {
		return nil
	}
	identifiers := slices.Sorted(maps.Keys(wanted))
	records, err := list(ctx, tx, scan, text+` WHERE uuid IN (SELECT value FROM json_each(?))`, set(identifiers))
	for _, r := range records {
		into[key(r)] = r
	}
	return err
}
