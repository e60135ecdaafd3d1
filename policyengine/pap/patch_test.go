package pap_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/policyengine/pap"
)

// TestPatches: whatever changes, its event says what it was before and what it is now, and what goes along says so too.
func TestPatches(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	yes := true
	group, policy, boundary := d.group("IT"), d.policy(atAccount, "p", settings), d.boundary("b", `settings:schemaId = "a"`)
	user, err := d.CreateUser(ctx, "ann", account, pap.UserAttributes{Email: "kate@example.org"})
	d.must(err)
	for _, step := range []func() error{
		func() error { return d.AddToGroups(ctx, "ann", account, user.ID, []string{group}) },
		func() error { return d.RenameUser(ctx, "ann", account, user.ID, "Kate") },
		func() error {
			_, err := d.UpdateBoundary(ctx, "ann", account, boundary, pap.BoundaryAttributes{Name: "b2", Query: `settings:schemaId = "a"`})
			return err
		},
		func() error {
			_, err := d.UpdatePolicy(ctx, "ann", atAccount, policy, pap.PolicyAttributes{Name: "p2", Statement: settings, Shadow: &yes})
			return err
		},
		func() error {
			_, _, err := d.Bind(ctx, "ann", pap.BindRequest{Level: atAccount, Policy: policy, Groups: []string{group}})
			return err
		},
		func() error {
			_, err := d.Rebind(ctx, "ann", pap.RebindRequest{Level: atAccount, Policy: policy, Group: group, Terms: pap.Terms{Boundaries: []string{boundary}}})
			return err
		},
		func() error { return d.DeleteGroup(ctx, "ann", account, group) },
		func() error { return d.DeleteUser(ctx, "ann", account, user.ID) },
		func() error { return d.DeletePolicy(ctx, "ann", atAccount, policy, false) },
		func() error { return d.DeleteBoundary(ctx, "ann", account, boundary) },
	} {
		d.must(step())
	}
	want := []string{
		"group.create add /account /name /owner", "policy.create add /levelId /levelType /name /statement",
		"boundary.create add /account /name /query", "user.create add /account /email", "member.add add /group", "user.update add /name",
		"boundary.update replace /name", "policy.update replace /name add /shadow", "binding.create add /group /levelId /levelType /policyUuid",
		"binding.update add /boundaries", "binding.delete remove /boundaries /group /levelId /levelType /policyUuid", "member.remove remove /group",
		"group.delete remove /account /name /owner", "user.delete remove /account /email /name",
		"policy.delete remove /levelId /levelType /name /shadow /statement", "boundary.delete remove /account /name /query",
	}
	var got []string
	for _, e := range d.store.Events() {
		got = append(got, e.Action+patched(t, e.Patch))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("patches (-want +got):\n%s", diff)
	}
}

func patched(t *testing.T, patch string) string {
	t.Helper()
	var operations []struct {
		Op, Path        string
		OldValue, Value json.RawMessage
	}
	if err := json.Unmarshal([]byte(patch), &operations); err != nil {
		t.Fatalf("%s: %v", patch, err)
	}
	text, last := "", ""
	for _, o := range operations {
		if (o.Op != "add") != (o.OldValue != nil) || (o.Op != "remove") != (o.Value != nil) {
			t.Errorf("%s %s: from %s to %s", o.Op, o.Path, o.OldValue, o.Value)
		}
		if o.Op != last {
			text += " " + o.Op
		}
		text, last = text+" "+o.Path, o.Op
	}
	return text
}

// Attack: one request binds a policy to a thousand groups with as much metadata as may be, and fills the audit trail. Fix: of
// long texts an event has the digest. Invariant: an event is short, whatever is changed.
func TestPatchesAreShort(t *testing.T) {
	d := newDesk(t)
	long := map[string]string{}
	for _, name := range []string{"a", "b", "c"} {
		long[name] = strings.Repeat("x", 20_000)
	}
	terms := pap.Terms{Metadata: maps.Clone(long)}
	d.bind(atAccount, d.policy(atAccount, "p", "// "+strings.Repeat("x", 30_000)+"\n"+settings), terms, d.group("IT"))
	for _, e := range d.store.Events() {
		if len(e.Patch) > 1000 || e.Patch == "" {
			t.Errorf("%s: a patch of %d bytes", e.Action, len(e.Patch))
		}
	}
}
