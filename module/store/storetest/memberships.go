package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

func testMemberships(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	mustPut(t, s, group(1), group(2), group(3), user(1), user(2))
	before := revision(t, s)
	setGroups(t, s, user(1).ID, group(2).UUID, group(1).UUID, group(2).UUID)
	same(t, "GroupsOf", []string{group(1).UUID, group(2).UUID})(s.GroupsOf(ctx, user(1).ID))
	same(t, "GroupsOf(nobody)", []string(nil))(s.GroupsOf(ctx, "nobody"))
	setGroups(t, s, user(1).ID, group(1).UUID, group(2).UUID) // nothing to do: no trace
	must(t, s.EditMemberships(ctx, user(1).ID, many, event("", ""), func(groups []string) ([]string, error) {
		same(t, "handed to edit", []string{group(1).UUID, group(2).UUID})(groups, nil)
		groups[0] = group(3).UUID
		return groups, nil
	}))
	setGroups(t, s, user(2).ID, group(2).UUID)
	wantTraces(t, s, before,
		trace{feed.User, user(1).ID, "member.add", `{"group":"group-001"}`},
		trace{feed.User, user(1).ID, "member.add", `{"group":"group-002"}`},
		trace{feed.User, user(1).ID, "member.remove", `{"group":"group-001"}`},
		trace{feed.User, user(1).ID, "member.add", `{"group":"group-003"}`},
		trace{feed.User, user(2).ID, "member.add", `{"group":"group-002"}`})
	same(t, "Users(of a group)", []pap.User{user(1), user(2)})(s.Users(ctx, pap.UserQuery{Group: group(2).UUID}))
	same(t, "Users(of a group, people)", []pap.User{user(2)})(s.Users(ctx, pap.UserQuery{Group: group(2).UUID, Kind: pap.Person}))
	setGroups(t, s, user(1).ID)
	same(t, "GroupsOf", []string(nil))(s.GroupsOf(ctx, user(1).ID))
}

// testMembershipLimits: an edit that cannot be done whole is not done at all, and nobody gets into a group of another
// account.
func testMembershipLimits(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	foreign := group(9)
	foreign.AccountID = otherAccount
	mustPut(t, s, group(1), group(2), group(3), foreign, user(1))
	setGroups(t, s, user(1).ID, group(1).UUID, group(2).UUID)
	before := revision(t, s)
	refusal := errors.New("not this one")
	edit := func(user string, limit int, err error, groups ...string) error {
		return s.EditMemberships(ctx, user, limit, event("", ""), func([]string) ([]string, error) { return groups, err })
	}
	id := user(1).ID
	wantError(t, "refused by edit", edit(id, many, refusal, group(3).UUID), refusal)
	wantError(t, "unknown user", edit("nobody", many, nil), pap.ErrNotFound)
	wantError(t, "unknown group", edit(id, many, nil, group(3).UUID, "nobody"), pap.ErrNotFound)
	wantError(t, "group of another account", edit(id, many, nil, group(3).UUID, foreign.UUID), pap.ErrNotFound)
	wantError(t, "too many", edit(id, 2, nil, group(1).UUID, group(2).UUID, group(3).UUID), pap.ErrFull)
	same(t, "GroupsOf", []string{group(1).UUID, group(2).UUID})(s.GroupsOf(ctx, id))
	wantChanges(t, s, before)
	// A limit that was lowered keeps nobody from leaving.
	must(t, edit(id, 0, nil, group(2).UUID))
	same(t, "GroupsOf", []string{group(2).UUID})(s.GroupsOf(ctx, id))
	if got, err := s.Users(ctx, pap.UserQuery{Group: foreign.UUID}); err != nil || slices.ContainsFunc(got, func(pap.User) bool { return true }) {
		t.Errorf("members of the other account's group: %v, %v", got, err)
	}
}
