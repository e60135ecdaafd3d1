package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/policyengine/pap"
)

// administered is the part of the contract about policies, boundaries, groups, users and bindings.
var administered = []contractTest{
	{"Policy", testPolicy},
	{"PolicyUpdate", testPolicyUpdate},
	{"PolicyDelete", testPolicyDelete},
	{"Boundary", testBoundary},
	{"BoundaryUpdate", testBoundaryUpdate},
	{"BoundaryDelete", testBoundaryDelete},
	{"Group", testGroup},
	{"GroupDelete", testGroupDelete},
	{"GroupBatch", testGroupBatch},
	{"User", testUser},
	{"UserDelete", testUserDelete},
	{"Memberships", testMemberships},
	{"MembershipLimits", testMembershipLimits},
	{"BindingCreate", testBindingCreate},
	{"BindingReplace", testBindingReplace},
	{"BindingRefused", testBindingRefused},
	{"BindingLimit", testBindingLimit},
	{"Assigned", testAssigned},
	{"Counts", testCounts},
	{"Patches", testPatches},
	{"PatchesOfBindings", testPatchesOfBindings},
	{"AdministeredHostile", testAdministeredHostile},
	{"AdministeredPaging", testAdministeredPaging},
}

const (
	account      = "acc-1"
	otherAccount = "acc-2"
)

// many is a limit that no test reaches.
const many = 1000

func policy(n int) pap.Policy {
	return pap.Policy{
		UUID: fmt.Sprintf("policy-%03d", n), Level: pap.AccountLevel(account), Name: fmt.Sprint("policy ", n),
		Description: "two\nlines", Tags: []string{"b", "a"}, Statement: "ALLOW settings:objects:read; // as it is\n",
		Shadow: n%2 == 1, Created: epoch, Modified: epoch.Add(time.Second),
	}
}

func boundary(n int) pap.Boundary {
	return pap.Boundary{
		UUID: fmt.Sprintf("boundary-%03d", n), AccountID: account, Name: fmt.Sprint("boundary ", n),
		Query: `settings:schemaId = "a";`, Metadata: map[string]string{"k": "v"}, Created: epoch, Modified: epoch.Add(time.Second),
	}
}

func group(n int) pap.Group {
	return pap.Group{
		UUID: fmt.Sprintf("group-%03d", n), AccountID: account, Name: fmt.Sprint("group ", n), Description: "d",
		FederatedValues: []string{"z", "a"}, Owner: pap.OwnerSAML, Created: epoch, Modified: epoch.Add(time.Second),
		Permissions: []pap.GroupPermission{
			{Name: "tenant-viewer", Scope: "env", ScopeType: "tenant", Created: epoch.Add(time.Millisecond)},
			{Name: "account-viewer", Scope: account, ScopeType: "account", Created: epoch},
		},
	}
}

func user(n int) pap.User {
	return pap.User{
		ID: fmt.Sprintf("user-%03d", n), AccountID: account, Email: fmt.Sprintf("user-%d@example.org", n), Name: "N",
		Description: "two\nlines", ServiceUser: n%2 == 1, Created: epoch, Modified: epoch.Add(time.Second),
	}
}

func binding(n int, policy, group string) pap.Binding {
	return pap.Binding{
		ID: fmt.Sprintf("binding-%03d", n), Level: pap.AccountLevel(account), PolicyUUID: policy, GroupUUID: group, Created: epoch,
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mustPut stores records of any of the kinds.
func mustPut(t *testing.T, s store.Store, records ...any) {
	t.Helper()
	for _, r := range records {
		switch r := r.(type) {
		case pap.Policy:
			must(t, s.CreatePolicy(t.Context(), r, many, event("policy.create", r.UUID)))
		case pap.Boundary:
			must(t, s.CreateBoundary(t.Context(), r, many, event("boundary.create", r.UUID)))
		case pap.Group:
			must(t, s.CreateGroup(t.Context(), r, many, event("group.create", r.UUID)))
		case pap.User:
			must(t, s.CreateUser(t.Context(), r, many, event("user.create", r.ID)))
		case pap.Binding:
			must(t, put(t, s, r))
		default:
			t.Fatalf("no such kind: %T", r)
		}
	}
}

// put adds bindings, or changes them, at the level of the first.
func put(t *testing.T, s store.Store, bindings ...pap.Binding) error {
	t.Helper()
	return s.EditBindings(t.Context(), pap.BindingQuery{Level: bindings[0].Level}, many, event("", ""),
		func([]pap.Binding) (pap.BindingEdit, error) { return pap.BindingEdit{Put: bindings}, nil }, accept)
}

// same compares what a read gave, error included.
func same[T any](t *testing.T, what string, want T) func(T, error) {
	return func(got T, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// fails checks the error of a read, and that nothing comes with it.
func fails[T any](t *testing.T, what string, want error) func(T, error) {
	return func(got T, err error) {
		t.Helper()
		wantError(t, what, err, want)
		var none T
		if diff := cmp.Diff(none, got); diff != "" {
			t.Errorf("%s: came with the error (-none +got):\n%s", what, diff)
		}
	}
}

// trace is what one changed thing leaves behind.
type trace struct {
	Kind   feed.Kind
	ID     string
	Action string
	Detail string
}

// wantTraces checks what has been left behind since a revision, and that the three accounts of it agree.
func wantTraces(t *testing.T, s store.Store, since int, want ...trace) {
	t.Helper()
	wantChanges(t, s, since+len(want))
	events, err := s.AuditEvents(t.Context(), store.AuditQuery{Limit: 1000})
	must(t, err)
	slices.Reverse(events)
	var got []trace
	for i, c := range allChanges(t, s) {
		if i < since {
			continue
		}
		e := events[i]
		if e.Object != c.ID || e.Actor != "cli:tester" || !e.Time.Equal(epoch) {
			t.Errorf("revision %d: change of %s, event %+v", c.Revision, c.ID, e)
		}
		got = append(got, trace{c.Kind, c.ID, e.Action, e.Detail})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("traces since revision %d (-want +got):\n%s", since, diff)
	}
}

// testDetail is the detail of the events of these tests.
const testDetail = `{"test":true}`

// revision is the number of changes so far.
func revision(t *testing.T, s store.Store) int {
	t.Helper()
	r, err := s.Revision(t.Context())
	must(t, err)
	return int(r)
}

func accept(pap.Assignment) error { return nil }
