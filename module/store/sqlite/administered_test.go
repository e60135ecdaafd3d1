package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
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

var cause = audit.Event{Time: time.UnixMilli(1), Actor: "cli:tester", Action: "group.delete", Object: "g"}

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

// bindMany makes a group with bindings at one account, without paying for a transaction each.
func bindMany(t testing.TB, s *Store, count int) {
	t.Helper()
	if err := s.CreateGroup(t.Context(), pap.Group{UUID: "g", AccountID: "a", Name: "g"}, 1, cause); err != nil {
		t.Fatal(err)
	}
	_, err := s.writer.ExecContext(t.Context(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO bindings (id, level_type, level_id, policy_uuid, group_uuid, parameters, metadata, created)
		SELECT printf('%09d', i), 'account', 'a', 'p', 'g', printf('{"n":"%d"}', i), '{}', 0 FROM n`, count)
	if err != nil {
		t.Fatal(err)
	}
}

// The attack: so many bindings that the one which denies is no longer read. The invariant: all of them, or a fault.
func TestAssignedIsAllOrNothing(t *testing.T) {
	s := openNew(t)
	bindMany(t, s, pap.MaxAssigned+1)
	a, err := s.Assigned(t.Context(), []string{"g"}, "a", "e")
	if err == nil || fault.KindOf(err) == fault.NotFound || a.Bindings != nil {
		t.Errorf("one too many: %d bindings, %v", len(a.Bindings), err)
	}
	if _, err := s.writer.ExecContext(t.Context(), `DELETE FROM bindings WHERE id = '000000007'`); err != nil {
		t.Fatal(err)
	}
	a, err = s.Assigned(t.Context(), []string{"g"}, "a", "e")
	if err != nil || len(a.Bindings) != pap.MaxAssigned {
		t.Errorf("as many as there may be: %d bindings, %v", len(a.Bindings), err)
	}
}

// What goes with a group is one change. Here the last part of it fails; the invariant is that nothing has gone then.
func TestHalfACascadeIsNone(t *testing.T) {
	s := openNew(t)
	bindMany(t, s, 3)
	for _, text := range []string{
		`INSERT INTO users (id, account_id, email, service_user, name, created) VALUES ('u', 'a', 'u@example.org', 0, '', 0)`,
		`INSERT INTO memberships VALUES ('u', 'g')`,
		`CREATE TRIGGER broken BEFORE INSERT ON changes WHEN new.kind = 'group' BEGIN SELECT RAISE(ABORT, 'broken'); END`,
	} {
		if _, err := s.writer.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	want := state(t, s)
	if err := s.DeleteGroup(t.Context(), "g", cause); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Fatalf("DeleteGroup: %v", err)
	}
	if got := state(t, s); got != want {
		t.Errorf("groups, bindings, memberships, revision, audit, changes: got %s, want %s", got, want)
	}
	if _, err := s.writer.ExecContext(t.Context(), `DROP TRIGGER broken`); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteGroup(t.Context(), "g", cause); err != nil {
		t.Fatal(err)
	}
	if got := state(t, s); got != "[0 0 0 6 6 6]" {
		t.Errorf("groups, bindings, memberships, revision, audit, changes: got %s", got)
	}
}

func state(t *testing.T, s *Store) string {
	t.Helper()
	var n [6]int
	row := s.reader.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM user_groups), (SELECT count(*) FROM bindings),
		(SELECT count(*) FROM memberships), (SELECT revision FROM store_state), (SELECT count(*) FROM audit_events),
		(SELECT count(*) FROM changes)`)
	if err := row.Scan(&n[0], &n[1], &n[2], &n[3], &n[4], &n[5]); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(n)
}

// BenchmarkAssigned is the reading part of compiling what a group may do.
func BenchmarkAssigned(b *testing.B) {
	for _, count := range []int{10, 1000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			s := openNew(b)
			bindMany(b, s, count)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Assigned(b.Context(), []string{"g"}, "a", "e"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
