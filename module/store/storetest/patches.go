package storetest

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/policyengine/pap"
)

// The accident: a change works on the record in place, and the event says that it was like that before. The invariant: the
// patch of an event has what was stored before and what is stored now, and nothing that cannot change.

func testPatches(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	mustPut(t, s, policy(1), boundary(1), group(1), user(1))
	must(t, s.UpdatePolicy(ctx, policy(1).UUID, event("policy.update", policy(1).UUID), func(p *pap.Policy) error {
		p.UUID, p.Level = "stolen", pap.AccountLevel(otherAccount)
		p.Tags[0], p.Shadow, p.Statement = "changed", false, "DENY a:b:c;"
		return nil
	}, accept))
	wantPatch(t, s, `remove /shadow true -> null`, fmt.Sprintf(`replace /statement %s -> %s`, text(policy(1).Statement), text("DENY a:b:c;")),
		`replace /tags ["b","a"] -> ["changed","a"]`)

	must(t, s.UpdateBoundary(ctx, boundary(1).UUID, event("boundary.update", boundary(1).UUID), func(b *pap.Boundary) error {
		b.AccountID = otherAccount
		b.Metadata["k"], b.Name = "changed", "renamed"
		return nil
	}, accept))
	wantPatch(t, s, `replace /metadata {"k":"v"} -> {"k":"changed"}`, `replace /name "boundary 1" -> "renamed"`)

	must(t, s.UpdateGroup(ctx, group(1).UUID, event("group.update", group(1).UUID), func(g *pap.Group) error {
		g.AccountID = otherAccount
		g.FederatedValues[1], g.Permissions[0].Name, g.Permissions = "changed", "tenant-editor", g.Permissions[:1]
		return nil
	}))
	wantPatch(t, s, `replace /federatedAttributeValues ["z","a"] -> ["z","changed"]`,
		`replace /permissions ["tenant-viewer tenant env","account-viewer account acc-1"] -> ["tenant-editor tenant env"]`)

	must(t, s.UpdateUser(ctx, user(1).ID, event("user.update", user(1).ID), func(u *pap.User) error {
		u.AccountID, u.Email, u.ServiceUser = otherAccount, "stolen@example.org", false
		u.Name, u.Description = "", "changed"
		return nil
	}))
	wantPatch(t, s, `replace /description "two\nlines" -> "changed"`, `remove /name "N" -> null`)

	must(t, s.UpdateUser(ctx, user(1).ID, event("user.update", user(1).ID), func(*pap.User) error { return nil }))
	wantPatch(t, s)
	setGroups(t, s, user(1).ID, group(1).UUID)
	wantPatch(t, s, `add /group null -> "group-001"`)
	setGroups(t, s, user(1).ID)
	wantPatch(t, s, `remove /group "group-001" -> null`)
}

func testPatchesOfBindings(t *testing.T, open Open) {
	s := open(t)
	bound := binding(1, policy(1).UUID, group(1).UUID)
	bound.Parameters, bound.Boundaries = map[string]string{"p": "x"}, []string{boundary(1).UUID}
	mustPut(t, s, policy(1), group(1), boundary(1), boundary(2))
	must(t, put(t, s, bound))
	whole := []string{
		`/boundaries ["boundary-001"]`, `/group "group-001"`, `/levelId "acc-1"`, `/levelType "account"`, `/parameters {"p":"x"}`,
		`/policyUuid "policy-001"`,
	}
	var came, went []string
	for _, one := range whole {
		path, value, _ := strings.Cut(one, " ")
		came, went = append(came, "add "+path+" null -> "+value), append(went, "remove "+one+" -> null")
	}
	wantPatch(t, s, came...)

	// In place, and with what cannot change.
	edit := func(change func(*pap.Binding)) {
		t.Helper()
		must(t, s.EditBindings(t.Context(), pap.BindingQuery{Level: bound.Level}, many, event("", ""), func(current []pap.Binding) (pap.BindingEdit, error) {
			change(&current[0])
			return pap.BindingEdit{Put: current}, nil
		}, accept))
	}
	edit(func(b *pap.Binding) {
		b.Parameters["p"], b.Boundaries[0], b.Shadow = "y", boundary(2).UUID, true
		b.Metadata = map[string]string{"m": "n"}
		b.GroupUUID, b.PolicyUUID, b.Level = "stolen", "stolen", pap.AccountLevel(otherAccount)
	})
	wantPatch(t, s, `replace /boundaries ["boundary-001"] -> ["boundary-002"]`, `add /metadata null -> {"m":"n"}`,
		`replace /parameters {"p":"x"} -> {"p":"y"}`, `add /shadow null -> true`)
	edit(func(b *pap.Binding) {
		b.Parameters["p"], b.Boundaries[0], b.Shadow, b.Metadata = "x", boundary(1).UUID, false, nil
	})
	wantPatch(t, s, `replace /boundaries ["boundary-002"] -> ["boundary-001"]`, `remove /metadata {"m":"n"} -> null`,
		`replace /parameters {"p":"y"} -> {"p":"x"}`, `remove /shadow true -> null`)

	// What goes along with another thing says what it was, too; the newest event is that of the other thing.
	must(t, s.DeletePolicy(t.Context(), policy(1).UUID, true, event("policy.delete", policy(1).UUID)))
	wantPatchBefore(t, s, 1, went...)
}

// wantPatch compares the operations of the newest event.
func wantPatch(t *testing.T, s store.Store, want ...string) {
	t.Helper()
	wantPatchBefore(t, s, 0, want...)
}

// wantPatchBefore is wantPatch for the event that comes some events before the newest.
func wantPatchBefore(t *testing.T, s store.Store, back int, want ...string) {
	t.Helper()
	events, err := s.AuditEvents(t.Context(), store.AuditQuery{Limit: back + 1})
	must(t, err)
	e := events[back]
	var operations []struct {
		Op, Path        string
		OldValue, Value json.RawMessage
	}
	if err := json.Unmarshal([]byte(e.Patch), &operations); e.Patch != "" && err != nil {
		t.Fatalf("patch of %s: %q: %v", e.Action, e.Patch, err)
	}
	var got []string
	for _, o := range operations {
		got = append(got, fmt.Sprintf("%s %s %s -> %s", o.Op, o.Path, cmp.Or(string(o.OldValue), "null"), cmp.Or(string(o.Value), "null")))
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("patch of %s %s (-want +got):\n%s", e.Action, e.Object, diff)
	}
}

// text is how a patch has the text of a policy.
func text(statement string) string {
	quoted, err := json.Marshal(statement)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf(`{"sha256":"%x","bytes":%d,"text":%s}`, sha256.Sum256([]byte(statement)), len(statement), quoted)
}
