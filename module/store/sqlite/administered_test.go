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

var cause = audit.Event{Time: time.UnixMilli(1), Actor: "cli:tester", Action: "group.delete", Object: "g"}

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
