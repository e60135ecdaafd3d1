package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/doorward/doorward/policyengine/pap"
)

// testCounts: a count is the length of the whole listing, whichever page of it is asked for.
func testCounts(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	env := pap.EnvironmentLevel("env")
	for n := range 5 {
		p, b, g, u := policy(n), boundary(n), group(n), user(n)
		bound := binding(n, p.UUID, g.UUID)
		if n == 4 {
			p.Level, bound.Level, b.AccountID, g.AccountID, u.AccountID = env, env, otherAccount, otherAccount, otherAccount
		}
		mustPut(t, s, p, b, g, u, bound)
	}
	setGroups(t, s, user(1).ID, group(1).UUID)
	setGroups(t, s, user(2).ID, group(1).UUID)
	here := pap.AccountLevel(account)
	wantCounts(t, "policies", s.CountPolicies, s.Policies, map[int]pap.PolicyQuery{
		5: {}, 4: {Level: here}, 1: {Level: env, Name: policy(4).Name}, 0: {Level: here, Name: policy(4).Name},
	}, func(q *pap.PolicyQuery) *pap.Page { return &q.Page })
	wantCounts(t, "boundaries", s.CountBoundaries, s.Boundaries, map[int]pap.BoundaryQuery{
		5: {}, 4: {AccountID: account}, 1: {AccountID: otherAccount}, 0: {AccountID: account, Name: boundary(4).Name},
	}, func(q *pap.BoundaryQuery) *pap.Page { return &q.Page })
	wantCounts(t, "groups", s.CountGroups, s.Groups, map[int]pap.GroupQuery{
		5: {}, 4: {AccountID: account}, 1: {AccountID: otherAccount}, 0: {AccountID: account, Name: group(4).Name},
	}, func(q *pap.GroupQuery) *pap.Page { return &q.Page })
	wantCounts(t, "users", s.CountUsers, s.Users, map[int]pap.UserQuery{
		5: {}, 4: {AccountID: account}, 2: {Group: group(1).UUID}, 3: {Kind: pap.Person}, 1: {Group: group(1).UUID, Kind: pap.Person},
		0: {AccountID: otherAccount, Group: group(1).UUID},
	}, func(q *pap.UserQuery) *pap.Page { return &q.Page })
	for want, q := range map[int]pap.BindingQuery{
		5: {}, 4: {Level: here}, 1: {Level: env, PolicyUUID: policy(4).UUID}, 0: {Level: here, GroupUUID: group(4).UUID},
	} {
		same(t, fmt.Sprintf("CountBindings(%+v)", q), want)(s.CountBindings(ctx, q))
	}
}

// wantCounts compares counts with what is wanted and with what is listed. The page, even an impossible one, has no part in it.
func wantCounts[Query, Record any](t *testing.T, what string, count func(context.Context, Query) (int, error), list func(context.Context, Query) ([]Record, error),
	queries map[int]Query, page func(*Query) *pap.Page) {
	t.Helper()
	for want, q := range queries {
		listed, err := list(t.Context(), q)
		if err != nil || len(listed) != want {
			t.Errorf("%s: %+v lists %d, %v, want %d", what, q, len(listed), err, want)
		}
		for _, p := range []pap.Page{{}, {After: "zzz", Limit: 1}, {Limit: -1}} {
			*page(&q) = p
			same(t, fmt.Sprintf("count of %s: %+v", what, q), want)(count(t.Context(), q))
		}
	}
}
