package storetest

import (
	"errors"
	"testing"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

func testUser(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	bare := pap.User{ID: "user-bare", AccountID: otherAccount, Email: "bare@example.org", Created: epoch}
	mustPut(t, s, user(1), bare)
	same(t, "User", user(1))(s.User(ctx, user(1).ID))
	same(t, "UserByEmail", bare)(s.UserByEmail(ctx, bare.Email))
	fails[pap.User](t, "User(unknown)", pap.ErrNotFound)(s.User(ctx, "nobody"))
	fails[pap.User](t, "UserByEmail(other case)", pap.ErrNotFound)(s.UserByEmail(ctx, "Bare@example.org"))
	fails[pap.User](t, "UserByEmail(pattern)", pap.ErrNotFound)(s.UserByEmail(ctx, "%@example.org"))

	create := func(u pap.User, limit int) error { return s.CreateUser(ctx, u, limit, event("user.create", u.ID)) }
	// One address names one user, whatever the accounts.
	twin, numbered := user(2), user(2)
	twin.Email, numbered.ID = bare.Email, user(1).ID
	wantError(t, "CreateUser(address taken)", create(twin, many), pap.ErrExists)
	wantError(t, "CreateUser(identifier taken)", create(numbered, many), pap.ErrExists)
	wantError(t, "CreateUser(full)", create(user(2), 1), pap.ErrFull)
	must(t, create(user(2), 2))
	same(t, "Users(account)", []pap.User{user(1), user(2)})(s.Users(ctx, pap.UserQuery{AccountID: account}))
	same(t, "Users(people)", []pap.User{user(2), bare})(s.Users(ctx, pap.UserQuery{Kind: pap.Person}))
	same(t, "Users(service users)", []pap.User{user(1)})(s.Users(ctx, pap.UserQuery{Kind: pap.ServiceUser}))

	update := func(id string, change func(*pap.User) error) error {
		return s.UpdateUser(ctx, id, event("user.update", id), change)
	}
	// The attack: somebody who may rename users gives one the address of another. The invariant: only the name
	// and the description change.
	must(t, update(user(1).ID, func(u *pap.User) error {
		*u = pap.User{ID: "stolen", AccountID: otherAccount, Email: "stolen@example.org", Name: "renamed"}
		return nil
	}))
	want := user(1)
	want.Name, want.Description, want.Modified = "renamed", "", bare.Modified
	same(t, "User", want)(s.User(ctx, want.ID))
	refusal := errors.New("not this one")
	wantError(t, "refused by change", update(user(2).ID, func(*pap.User) error { return refusal }), refusal)
	wantError(t, "UpdateUser(unknown)", update("nobody", func(*pap.User) error { return nil }), pap.ErrNotFound)
	wantTraces(t, s, 2, trace{feed.User, user(2).ID, "user.create", testDetail}, trace{feed.User, want.ID, "user.update", testDetail})
}

func testUserDelete(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	mustPut(t, s, group(1), group(2), user(1), user(2))
	setGroups(t, s, user(1).ID, group(1).UUID, group(2).UUID)
	setGroups(t, s, user(2).ID, group(1).UUID)
	before := revision(t, s)
	remove := func(id string) error { return s.DeleteUser(ctx, id, event("user.delete", id)) }
	wantError(t, "DeleteUser(unknown)", remove("nobody"), pap.ErrNotFound)
	wantChanges(t, s, before)
	must(t, remove(user(1).ID))
	wantTraces(t, s, before,
		trace{feed.User, user(1).ID, "member.remove", `{"group":"group-001","because":"user.delete user-001"}`},
		trace{feed.User, user(1).ID, "member.remove", `{"group":"group-002","because":"user.delete user-001"}`},
		trace{feed.User, user(1).ID, "user.delete", testDetail})
	fails[pap.User](t, "User(deleted)", pap.ErrNotFound)(s.User(ctx, user(1).ID))
	same(t, "GroupsOf(deleted)", []string(nil))(s.GroupsOf(ctx, user(1).ID))
	same(t, "GroupsOf", []string{group(1).UUID})(s.GroupsOf(ctx, user(2).ID))
	mustPut(t, s, user(1)) // the address is free again, and comes without memberships
	same(t, "GroupsOf(new)", []string(nil))(s.GroupsOf(ctx, user(1).ID))
}
