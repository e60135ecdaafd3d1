package pap_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/policyengine/pap"
)

func TestAllGroupsAreOfEveryAccount(t *testing.T) {
	d := newDesk(t)
	want := map[string]string{}
	for _, in := range []string{account, "another"} {
		g, err := d.CreateGroup(t.Context(), "ann", in, pap.GroupAttributes{Name: "Staff", FederatedValues: []string{"staff of " + in}})
		d.must(err)
		want[g.UUID] = "staff of " + in
	}
	groups, err := d.AllGroups(t.Context())
	d.must(err)
	got := map[string]string{}
	for _, g := range groups {
		got[g.UUID] = g.FederatedValues[0]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
