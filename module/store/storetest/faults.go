package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// everyMethod calls each method that asks the medium, for tokens that exist and tokens that do not.
func everyMethod(ctx context.Context, s store.Store) map[string]error {
	calls := map[string]error{}
	for name, id := range map[string]string{"known": record(1).ID, "unknown": "nobody"} {
		_, calls["Token "+name] = s.Token(ctx, id)
		_, calls["LegacyToken "+name] = s.LegacyToken(ctx, tokens.DigestOf(id))
		_, calls["Tokens after "+name] = s.Tokens(ctx, tokens.Query{After: &tokens.Position{ID: id}})
		calls["CreateToken "+name] = s.CreateToken(ctx, named(id, 1), event("token.create", id))
		calls["UpdateToken "+name] = s.UpdateToken(ctx, id, told("token.update", id),
			func(*tokens.Record) error { return nil })
		calls["DeleteToken "+name] = s.DeleteToken(ctx, id, event("token.delete", id))
		_, calls["ScopeUses "+name] = s.ScopeUses(ctx, id)
		_, calls["TenantToken "+name] = s.TenantToken(ctx, id)
		calls["UpdateTenantToken "+name] = s.UpdateTenantToken(ctx, id, told("tenanttoken.start", id),
			func(*tokens.TenantToken) error { return nil })
		calls["UpdateSettings "+name] = s.UpdateSettings(ctx, id, told("tokensettings.update", id),
			func(*tokens.Settings) error { return nil })
	}
	_, calls["Tokens"] = s.Tokens(ctx, tokens.Query{})
	calls["RecordUses"] = s.RecordUses(ctx, []tokens.Use{{ID: record(1).ID, At: epoch}})
	calls["RecordScopeUses"] = s.RecordScopeUses(ctx, []tokens.ScopeUse{{ID: record(1).ID, Alternatives: []string{"a"}, At: epoch}})
	_, calls["CountTokens"] = s.CountTokens(ctx, tokens.Query{})
	_, calls["Settings"] = s.Settings(ctx)
	calls["RecordAttempt"] = s.RecordAttempt(ctx, event("token.create", "nobody"))
	_, calls["Revision"] = s.Revision(ctx)
	_, _, calls["ChangesAfter"] = s.ChangesAfter(ctx, 0, 10)
	_, calls["AuditEvents"] = s.AuditEvents(ctx, store.AuditQuery{})
	_, calls["CountAuditEvents"] = s.CountAuditEvents(ctx, store.AuditQuery{})
	_, calls["AuditEvent"] = s.AuditEvent(ctx, 1)
	_, calls["AuditEvent unknown"] = s.AuditEvent(ctx, 99)
	calls["Ping"] = s.Ping(ctx)
	everyAudit(ctx, s, calls)
	everyAdministered(ctx, s, calls)
	everyOAuth2(ctx, s, calls)
	everyRemote(ctx, s, calls)
	everySession(ctx, s, calls)
	return calls
}

// everyAdministered adds the methods of pap.Store.
func everyAdministered(ctx context.Context, s pap.Store, calls map[string]error) {
	e, id := event("test", "nobody"), "nobody"
	_, calls["Policy"] = s.Policy(ctx, id)
	_, calls["Policies"] = s.Policies(ctx, pap.PolicyQuery{})
	_, calls["CountPolicies"] = s.CountPolicies(ctx, pap.PolicyQuery{})
	calls["CreatePolicy"] = s.CreatePolicy(ctx, policy(1), 0, e)
	calls["UpdatePolicy"] = s.UpdatePolicy(ctx, id, e, func(*pap.Policy) error { return nil }, accept)
	calls["DeletePolicy"] = s.DeletePolicy(ctx, id, true, e)
	_, calls["Boundary"] = s.Boundary(ctx, id)
	_, calls["Boundaries"] = s.Boundaries(ctx, pap.BoundaryQuery{})
	_, calls["CountBoundaries"] = s.CountBoundaries(ctx, pap.BoundaryQuery{})
	calls["CreateBoundary"] = s.CreateBoundary(ctx, boundary(1), 0, e)
	calls["UpdateBoundary"] = s.UpdateBoundary(ctx, id, e, func(*pap.Boundary) error { return nil }, accept)
	calls["DeleteBoundary"] = s.DeleteBoundary(ctx, id, e)
	_, calls["Group"] = s.Group(ctx, id)
	_, calls["Groups"] = s.Groups(ctx, pap.GroupQuery{})
	_, calls["CountGroups"] = s.CountGroups(ctx, pap.GroupQuery{})
	calls["CreateGroup"] = s.CreateGroup(ctx, group(1), 0, e)
	calls["CreateGroups"] = s.CreateGroups(ctx, []pap.Group{group(1)}, 0, []audit.Event{e})
	calls["UpdateGroup"] = s.UpdateGroup(ctx, id, e, func(*pap.Group) error { return nil })
	calls["DeleteGroup"] = s.DeleteGroup(ctx, id, e)
	_, calls["User"] = s.User(ctx, id)
	_, calls["UserByEmail"] = s.UserByEmail(ctx, id)
	_, calls["Users"] = s.Users(ctx, pap.UserQuery{})
	_, calls["CountUsers"] = s.CountUsers(ctx, pap.UserQuery{})
	calls["CreateUser"] = s.CreateUser(ctx, user(1), 0, e)
	calls["UpdateUser"] = s.UpdateUser(ctx, id, e, func(*pap.User) error { return nil })
	calls["DeleteUser"] = s.DeleteUser(ctx, id, e)
	_, calls["GroupsOf"] = s.GroupsOf(ctx, id)
	calls["EditMemberships"] = s.EditMemberships(ctx, id, many, e, func([]string) ([]string, error) { return nil, nil })
	_, calls["Binding"] = s.Binding(ctx, id)
	_, calls["Bindings"] = s.Bindings(ctx, pap.BindingQuery{}, pap.Page{})
	_, calls["CountBindings"] = s.CountBindings(ctx, pap.BindingQuery{})
	calls["EditBindings"] = s.EditBindings(ctx, pap.BindingQuery{Level: pap.AccountLevel(account)}, many, e,
		func([]pap.Binding) (pap.BindingEdit, error) { return pap.BindingEdit{}, nil }, accept)
	_, calls["Assigned"] = s.Assigned(ctx, []string{id}, account, "env")
}

// The attack behind the next two: a caller that takes "the store did not answer" for "there is no such token" forgets a
// revocation, or creates a second token of the same name. The invariant: a fault is never ErrNotFound or ErrExists, and
// a failed change leaves nothing.

func testCancelled(t *testing.T, open Open) {
	s := open(t)
	mustCreate(t, s, record(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for what, err := range everyMethod(ctx, s) {
		wantFault(t, what, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want context.Canceled in it", what, err)
		}
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping after cancelled calls: %v", err)
	}
	wantToken(t, s, record(1))
	wantChanges(t, s, 1)
}

func testClosed(t *testing.T, open Open) {
	s := open(t)
	mustCreate(t, s, record(1))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	for what, err := range everyMethod(t.Context(), s) {
		wantFault(t, what, err)
	}
}
