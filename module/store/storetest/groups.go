package storetest

import (
	"errors"
	"testing"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/policyengine/pap"
)

func testGroup(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	bare := pap.Group{UUID: "group-bare", AccountID: otherAccount, Name: "group 1", Created: epoch}
	mustPut(t, s, group(1), bare)
	same(t, "Group", group(1))(s.Group(ctx, group(1).UUID))
	same(t, "Group", bare)(s.Group(ctx, bare.UUID))
	fails[pap.Group](t, "Group(unknown)", pap.ErrNotFound)(s.Group(ctx, "nobody"))

	create := func(g pap.Group, limit int) error { return s.CreateGroup(ctx, g, limit, event("group.create", g.UUID)) }
	named, numbered := group(2), group(2)
	named.Name, numbered.UUID = group(1).Name, group(1).UUID
	wantError(t, "CreateGroup(name taken)", create(named, many), pap.ErrExists)
	wantError(t, "CreateGroup(identifier taken)", create(numbered, many), pap.ErrExists)
	wantError(t, "CreateGroup(full)", create(group(2), 1), pap.ErrFull)
	must(t, create(group(2), 2))
	same(t, "Groups(account)", []pap.Group{group(1), group(2)})(s.Groups(ctx, pap.GroupQuery{AccountID: account}))
	same(t, "Groups(name)", []pap.Group{group(1), bare})(s.Groups(ctx, pap.GroupQuery{Name: "group 1"}))

	update := func(uuid string, change func(*pap.Group) error) error {
		return s.UpdateGroup(ctx, uuid, event("group.update", uuid), change)
	}
	want := pap.Group{UUID: group(1).UUID, AccountID: account, Created: epoch, Name: "renamed", Owner: pap.OwnerSCIM}
	must(t, update(want.UUID, func(g *pap.Group) error {
		*g = pap.Group{UUID: "stolen", AccountID: otherAccount, Name: "renamed", Owner: pap.OwnerSCIM}
		return nil
	}))
	same(t, "Group", want)(s.Group(ctx, want.UUID))
	spoil := func(err error) func(*pap.Group) error {
		return func(g *pap.Group) error {
			g.Name, g.FederatedValues[0] = "renamed", "half done"
			return err
		}
	}
	refusal := errors.New("not this one")
	wantError(t, "refused by change", update(group(2).UUID, spoil(refusal)), refusal)
	wantError(t, "UpdateGroup(name taken)", update(group(2).UUID, spoil(nil)), pap.ErrExists)
	wantError(t, "UpdateGroup(unknown)", update("nobody", spoil(nil)), pap.ErrNotFound)
	same(t, "Group", group(2))(s.Group(ctx, group(2).UUID))
	wantTraces(t, s, 2, trace{feed.Group, group(2).UUID, "group.create", testDetail},
		trace{feed.Group, want.UUID, "group.update", testDetail})
}

// testGroupDelete: what goes with a group goes in the same transaction, and each of it is on record.
func testGroupDelete(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	bound := binding(2, policy(1).UUID, group(1).UUID)
	bound.Boundaries, bound.Level = []string{boundary(1).UUID}, pap.EnvironmentLevel("env")
	stays := binding(3, policy(1).UUID, group(2).UUID)
	mustPut(t, s, policy(1), boundary(1), group(1), group(2), user(1), user(2), binding(1, policy(1).UUID, group(1).UUID), bound, stays)
	setGroups(t, s, user(1).ID, group(1).UUID, group(2).UUID)
	setGroups(t, s, user(2).ID, group(1).UUID)
	before := revision(t, s)
	remove := func(uuid string) error { return s.DeleteGroup(ctx, uuid, event("group.delete", uuid)) }
	wantError(t, "DeleteGroup(unknown)", remove("nobody"), pap.ErrNotFound)
	wantChanges(t, s, before)

	must(t, remove(group(1).UUID))
	const because = `"because":"group.delete group-001"}`
	wantTraces(t, s, before,
		trace{feed.Binding, "binding-001", "binding.delete",
			`{"levelType":"account","levelId":"acc-1","policyUuid":"policy-001","group":"group-001",` + because},
		trace{feed.Binding, "binding-002", "binding.delete", `{"levelType":"environment","levelId":"env","policyUuid":"policy-001",` +
			`"group":"group-001","boundaries":["boundary-001"],` + because},
		trace{feed.User, user(1).ID, "member.remove", `{"group":"group-001",` + because},
		trace{feed.User, user(2).ID, "member.remove", `{"group":"group-001",` + because},
		trace{feed.Group, group(1).UUID, "group.delete", testDetail})
	fails[pap.Group](t, "Group(deleted)", pap.ErrNotFound)(s.Group(ctx, group(1).UUID))
	same(t, "Bindings", []pap.Binding{stays})(s.Bindings(ctx, pap.BindingQuery{}, pap.Page{}))
	same(t, "GroupsOf", []string{group(2).UUID})(s.GroupsOf(ctx, user(1).ID))
	same(t, "GroupsOf", []string(nil))(s.GroupsOf(ctx, user(2).ID))
	mustPut(t, s, group(1)) // and whoever takes its name later gets nothing of it
	same(t, "Users(of the new group)", []pap.User(nil))(s.Users(ctx, pap.UserQuery{Group: group(1).UUID}))
}

func setGroups(t *testing.T, s store.Store, user string, groups ...string) {
	t.Helper()
	must(t, s.EditMemberships(t.Context(), user, many, event("", ""), func([]string) ([]string, error) { return groups, nil }))
}
