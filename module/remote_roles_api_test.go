package module

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/remote"
)

// TestReachOf: an endpoint that says nothing is closed, a class that is closed to all is closed to each role, and what depends on the
// request is told apart from what does not.
func TestReachOf(t *testing.T) {
	needs := func(p remote.Permissions) endpoint.RemoteRule {
		return endpoint.RemoteRule{Class: remote.Ordinary, Needs: p}
	}
	some := endpoint.RemoteRule{
		When: []endpoint.RemoteCondition{{Attribute: "settings:schemaId", Values: []string{"a"}}}, Class: remote.Ordinary, Needs: remote.EnvRead,
	}
	for name, test := range map[string]struct {
		row  endpoint.Endpoint
		want [3]string // by role
	}{
		"says nothing": {endpoint.Endpoint{}, [3]string{accessClosed, accessClosed, accessClosed}},
		"to look at":   {endpoint.Endpoint{Remote: []endpoint.RemoteRule{needs(remote.EnvRead)}}, [3]string{accessOpen, accessOpen, accessOpen}},
		"for admins":   {endpoint.Endpoint{Remote: []endpoint.RemoteRule{needs(remote.ClusterWrite)}}, [3]string{accessClosed, accessClosed, accessOpen}},
		"sensitive": {
			endpoint.Endpoint{Remote: []endpoint.RemoteRule{needs(remote.EnvRead | remote.SensitiveRead)}},
			[3]string{accessClosed, accessClosed, accessClosed},
		},
		"sensitive, and masked": {
			endpoint.Endpoint{Remote: []endpoint.RemoteRule{needs(remote.EnvRead | remote.SensitiveRead)}, Masked: []string{"/user"}},
			[3]string{accessMasked, accessMasked, accessMasked},
		},
		"tokens": {endpoint.Endpoint{Remote: []endpoint.RemoteRule{{Class: remote.TokenMinting}}}, [3]string{accessClosed, accessClosed, accessClosed}},
		"asking": {endpoint.Endpoint{Remote: []endpoint.RemoteRule{{Class: remote.Asking}}}, [3]string{accessOpen, accessOpen, accessOpen}},
		"it depends": {
			endpoint.Endpoint{Remote: []endpoint.RemoteRule{some, needs(remote.SettingsWrite)}}, [3]string{accessPartly, accessPartly, accessOpen},
		},
	} {
		var got [3]string
		for role := remote.Viewer; role <= remote.Admin; role++ {
			got[role-remote.Viewer] = reachOf(remote.NewSnapshot(remote.Current{}, remote.All, role), &test.row)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Invariant: every endpoint is counted once for each role, in its group and in all, and a stronger role never has less of one.
func TestRoleViews(t *testing.T) {
	table, err := new(Handler).endpointTable(mustLayers(t))
	if err != nil {
		t.Fatal(err)
	}
	rows := distinctRows([]*endpoint.Table{table, table})
	rank := map[string]int{accessClosed: 0, accessPartly: 1, accessMasked: 2, accessOpen: 3}
	before := make([]int, len(rows))
	for role := remote.Viewer; role <= remote.Admin; role++ {
		v := roleViewOf(role, rows, true)
		var sum accessCounts
		for _, g := range v.Groups {
			sum.Open, sum.Masked, sum.Partly, sum.Closed = sum.Open+g.Open, sum.Masked+g.Masked, sum.Partly+g.Partly, sum.Closed+g.Closed
		}
		if sum != v.accessCounts || sum.Open+sum.Masked+sum.Partly+sum.Closed != len(rows) || len(v.Endpoints) != len(rows) || sum.Open == 0 {
			t.Errorf("%s: %+v in groups, %+v of %d", v.Role, sum, v.accessCounts, len(rows))
		}
		for i, e := range v.Endpoints {
			if rank[e.Access] < before[i] {
				t.Errorf("%s: the %s has less of it than a weaker role", e.Endpoint, v.Role)
			}
			before[i] = rank[e.Access]
		}
	}
}

// mustLayers are those of an app with all defaults.
func mustLayers(t *testing.T) []endpoint.Layer {
	t.Helper()
	layers, err := readLayers([]string{defaultCatalog}, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return layers
}
