package sqlstore

import (
	"strings"
	"testing"

	"github.com/doorward/doorward/policyengine/pap"
)

// TestAdministeredPlans keeps the questions about policies and bindings on their indexes.
func TestAdministeredPlans(t *testing.T) {
	s := openNew(t)
	const page = ` AND uuid > 'x' ORDER BY uuid LIMIT 9`
	const boundaryNames = "|CORRELATED SCALAR SUBQUERY 1|SEARCH binding_boundaries USING PRIMARY KEY (binding_id=?)"
	tests := []struct{ query, want string }{
		{selectPolicy + ` WHERE level_type = 'account' AND level_id = 'x'` + page,
			"SEARCH policies USING INDEX policies_level (level_type=? AND level_id=? AND uuid>?)"},
		{selectPolicy + ` WHERE level_type = 'account' AND level_id = 'x' AND name = 'x'` + page,
			"SEARCH policies USING INDEX policies_name (level_type=? AND level_id=? AND name=?)"},
		{selectBoundary + ` WHERE account_id = 'x'` + page,
			"SEARCH boundaries USING INDEX boundaries_account (account_id=? AND uuid>?)"},
		{selectGroup + ` WHERE account_id = 'x'` + page,
			"SEARCH user_groups USING INDEX user_groups_account (account_id=? AND uuid>?)"},
		{selectUser + ` WHERE account_id = 'x' AND id > 'x' ORDER BY id LIMIT 9`,
			"SEARCH users USING INDEX users_account (account_id=? AND id>?)"},
		{selectUser + ` WHERE email = 'x'`, "SEARCH users USING INDEX users_email (email=?)"},
		{strings.Replace(selectMemberships, "?", "'x'", 1), "SEARCH memberships USING PRIMARY KEY (user_id=?)"},
		{selectBinding + ` WHERE level_type = 'account' AND level_id = 'x' AND id > 'x' ORDER BY id LIMIT 9`,
			"SEARCH bindings USING INDEX bindings_level (level_type=? AND level_id=? AND id>?)" + boundaryNames},
		{selectBinding + ` WHERE policy_uuid = 'x' ORDER BY id`,
			"SEARCH bindings USING INDEX bindings_policy (policy_uuid=?)" + boundaryNames},
		{selectBinding + ` WHERE level_type = 'account' AND level_id = 'x' AND policy_uuid = 'x' ORDER BY id LIMIT 9`,
			"SEARCH bindings USING INDEX bindings_level_policy (level_type=? AND level_id=? AND policy_uuid=?)" + boundaryNames},
		{selectBinding + ` WHERE level_type = 'account' AND level_id = 'x' AND group_uuid = 'x' AND policy_uuid = 'x'`,
			"SEARCH bindings USING INDEX bindings_same (group_uuid=? AND level_type=? AND level_id=? AND policy_uuid=?)" + boundaryNames},
		{selectBinding + ` WHERE group_uuid = 'x'`, "SEARCH bindings USING INDEX bindings_same (group_uuid=?)" + boundaryNames},
		{`SELECT count(*) FROM binding_boundaries WHERE boundary_uuid = 'x'`,
			"SEARCH binding_boundaries USING COVERING INDEX binding_boundaries_boundary (boundary_uuid=?)"},
		{`SELECT user_id FROM memberships WHERE group_uuid = 'x' ORDER BY user_id`,
			"SEARCH memberships USING COVERING INDEX memberships_group (group_uuid=?)"},
	}
	for _, tt := range tests {
		if got := plan(t, s, tt.query); got != tt.want {
			t.Errorf("%s\n got plan %s\nwant plan %s", tt.query, got, tt.want)
		}
	}
	// The question of every compilation must start from the groups and look at the two levels only.
	text := strings.NewReplacer("(?, ?), (?, ?)", "('account', 'a'), ('environment', 'e')", "?", "'[]'").Replace(selectBinding + assigned)
	if got, want := plan(t, s, text), "USING INDEX bindings_same (group_uuid=? AND level_type=? AND level_id=?)"; !strings.Contains(got, want) {
		t.Errorf("assigned\n got plan %s\nwant %s in it", got, want)
	}
}

// TestAdministeredCountPlans: what is shown with the limits, and looked at by every creation, is read from an index only.
func TestAdministeredCountPlans(t *testing.T) {
	s := openNew(t)
	at := pap.AccountLevel("x")
	for table, tt := range map[string]struct {
		c    conditions
		want string
	}{
		"policies":    {policyConditions(pap.PolicyQuery{Level: at}), "(level_type=? AND level_id=?)"},
		"bindings":    {bindingConditions(pap.BindingQuery{Level: at}), "(level_type=? AND level_id=?)"},
		"boundaries":  {boundaryConditions(pap.BoundaryQuery{AccountID: "x"}), "(account_id=?)"},
		"user_groups": {groupConditions(pap.GroupQuery{AccountID: "x"}), "(account_id=?)"},
		"users":       {userConditions(pap.UserQuery{AccountID: "x"}), "(account_id=?)"},
	} {
		got := plan(t, s, `SELECT count(*) FROM `+table+tt.c.where(), tt.c.values...)
		if !strings.HasPrefix(got, "SEARCH "+table+" USING COVERING INDEX") || !strings.HasSuffix(got, tt.want) {
			t.Errorf("%s: got plan %s, want a covering index %s", table, got, tt.want)
		}
	}
}
