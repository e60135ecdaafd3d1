package pap_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/pap"
)

// The attack: an address that looks like another, or folds to it, gets the groups of that other. The invariant: addresses
// are ASCII and compared in lower case, and one address names one user, of whatever account.
func TestUserAddresses(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	create := func(account, email string) error {
		_, err := d.CreateUser(ctx, "ann", account, pap.UserAttributes{Email: email})
		return err
	}
	d.must(create(account, "Kate@Example.org"))
	for _, email := range []string{"KATE@example.org", "kate@example.org"} {
		wantFault(t, email, create("other", email), fault.Conflict, "A user with this address exists already.")
	}
	for _, email := range []string{"", "kate", "@x", "x@", "a@b@c", "\u212aate@example.org", "kate@example.org ", "ka\x00te@x", "é@x"} {
		wantFault(t, email, create(account, email), fault.Invalid, "An e-mail address has the form")
	}
	u, err := d.User(ctx, account, "KATE@EXAMPLE.ORG")
	if err != nil || u.Email != "kate@example.org" {
		t.Errorf("User: %+v, %v", u, err)
	}
	_, err = d.User(ctx, "other", u.ID)
	wantFault(t, "seen from another account", err, fault.NotFound, "There is no such user.")
	wantFault(t, "deleted from another account", d.DeleteUser(ctx, "eve", "other", u.ID), fault.NotFound, "There is no such user.")
}

func TestMembership(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	it, sales := d.group("IT"), d.group("Sales")
	foreign, err := d.CreateGroup(ctx, "ann", "other", pap.GroupAttributes{Name: "foreign"})
	d.must(err)
	u, err := d.CreateUser(ctx, "ann", account, pap.UserAttributes{Email: "kate@example.org", Name: "Kate"})
	d.must(err)
	before := len(d.store.Events())
	groups := func(who string, want ...string) {
		t.Helper()
		got, err := d.GroupsOf(ctx, who)
		d.must(err)
		slices.Sort(want)
		if !slices.Equal(want, got) {
			t.Errorf("groups of %q: %q, want %q", who, got, want)
		}
	}
	d.must(d.AddToGroups(ctx, "ann", account, u.Email, []string{it, sales, it}))
	groups(u.Email, it, sales)
	groups(u.ID, it, sales)
	groups("Kate@example.org", it, sales)
	d.must(d.AddToGroups(ctx, "ann", account, u.ID, []string{it}))
	d.must(d.RemoveFromGroups(ctx, "ann", account, u.ID, []string{sales}))
	d.must(d.RemoveFromGroups(ctx, "ann", account, u.ID, []string{sales}))
	groups(u.ID, it)
	d.must(d.SetGroups(ctx, "ann", account, u.ID, []string{sales}))
	groups(u.ID, sales)
	d.wantActions(before, "member.add", "member.add", "member.remove", "member.remove", "member.add")
	wantFault(t, "another account's group", d.AddToGroups(ctx, "ann", account, u.ID, []string{foreign.UUID}), fault.NotFound, "There is no such group.")
	wantFault(t, "not a group", d.SetGroups(ctx, "ann", account, u.ID, []string{"IT"}), fault.Invalid, "Validation failed (uuid is expected)")
	wantFault(t, "another account's user", d.SetGroups(ctx, "eve", "other", u.ID, []string{foreign.UUID}), fault.NotFound, "There is no such user.")

	// Somebody who is no user here has no groups: an answer, not a fault.
	for _, who := range []string{"", "nobody@example.org", "nobody", "%", it} {
		groups(who)
	}
	before = len(d.store.Events())
	d.must(d.RenameUser(ctx, "ann", account, u.Email, "Katherine"))
	d.must(d.DeleteGroup(ctx, "ann", account, sales))
	groups(u.ID)
	d.must(d.AddToGroups(ctx, "ann", account, u.ID, []string{it}))
	d.must(d.DeleteUser(ctx, "ann", account, u.Email))
	groups(u.ID)
	d.wantActions(before, "user.update", "member.remove", "group.delete", "member.add", "member.remove", "user.delete")
}

func TestGroups(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	it := d.group("IT")
	_, err := d.CreateGroup(ctx, "ann", account, pap.GroupAttributes{Name: "IT"})
	if fault.Public(err) != "Duplicate entry" || fault.KindOf(err) != fault.Invalid {
		t.Errorf("duplicate name: %v", err)
	}
	_, err = d.CreateGroup(ctx, "ann", account, pap.GroupAttributes{Name: "x", Owner: "EVE"})
	wantFault(t, "owner", err, fault.Invalid, "The owner of a group is one of")
	g, err := d.UpdateGroup(ctx, "ann", account, it, pap.GroupAttributes{Name: "IT 2", FederatedValues: []string{"cn=it"}, Owner: pap.OwnerSCIM})
	if err != nil || g.Owner != pap.OwnerLocal || g.Name != "IT 2" || g.Modified.IsZero() {
		t.Errorf("UpdateGroup: %+v, %v", g, err)
	}
	got, err := d.Group(ctx, account, it)
	if diff := cmp.Diff(g, got); err != nil || diff != "" {
		t.Errorf("Group (-want +got):\n%s%v", diff, err)
	}
	_, err = d.UpdateGroup(ctx, "eve", "other", it, pap.GroupAttributes{Name: "stolen"})
	wantFault(t, "update from another account", err, fault.NotFound, "There is no such group.")
	wantFault(t, "delete from another account", d.DeleteGroup(ctx, "eve", "other", it), fault.NotFound, "There is no such group.")
	page, err := d.Groups(ctx, pap.GroupQuery{AccountID: "other"})
	if err != nil || len(page) != 0 {
		t.Errorf("groups of another account: %v, %v", page, err)
	}
	_, err = d.Groups(ctx, pap.GroupQuery{})
	wantFault(t, "groups of all accounts", err, fault.Invalid, "An account or environment is named")
}
