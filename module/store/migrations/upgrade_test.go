package migrations

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
)

// upTo is the schema of an older version.
func upTo(t *testing.T, names ...string) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	for _, name := range names {
		text, err := files.ReadFile("sqlite/" + name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = &fstest.MapFile{Data: text}
	}
	return all
}

func exec(t *testing.T, db *sql.DB, text string, values ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text, values...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// rows reads all rows as text.
func rows(t *testing.T, db *sql.DB, text string) (all []string) {
	t.Helper()
	r, err := db.QueryContext(t.Context(), text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer r.Close()
	for r.Next() {
		var one string
		if err := r.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestUpgradeToTokenAPIs takes a store of the version before with it: tokens with everything that hangs on them, and the trail
// with the words that new events get from package audit.
func TestUpgradeToTokenAPIs(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	if err := sqliteUp(t.Context(), db, upTo(t, "00001_tokens.sql", "00002_policies.sql")); err != nil {
		t.Fatal(err)
	}
	const digest = `x'0000000000000000000000000000000000000000000000000000000000000001'`
	exec(t, db, `INSERT INTO tokens VALUES ('dt0c01.A', `+digest+`, 'n', 'o', 'e', 1, 0, 0, 1, '["a","b"]', 5, 6, 7, 8, 'ip'),
		('uuid-1', `+digest+`, 'n', 'o', 'e', 0, 1, 1, 0, '[]', 5, NULL, NULL, NULL, ''),
		('dt0g02.B', `+digest+`, 'n', 'p', 'e', 0, 0, 0, 1, '["a"]', 9, NULL, NULL, NULL, '')`)
	actions := []string{
		"token.create", "token.import", "token.delete", "token.update", "token.disable", "token.revoke", "activegatetoken.create",
		"tenanttoken.start", "session.login", "session.logout", "policy.update", "group.delete", "member.add", "a.read.create", "token", "",
		"token.", ".create", "policies.read",
	}
	for i, action := range actions {
		exec(t, db, `INSERT INTO audit_events VALUES (?, ?, 'actor', ?, 'object', 'detail')`, i+1, 1000-i, action)
	}
	if err := SQLite(t.Context(), db); err != nil {
		t.Fatal(err)
	}

	want := map[string][]string{
		`SELECT concat_ws(' ', id, name, owner, environment, kind, cluster, personal, administrator, legacy, enabled, seed, activegate, scopes,
			networks, created, newest, modified, expires, last_used, last_used_ip) FROM tokens ORDER BY id`: {
			`dt0c01.A n o e dt0c01 1 0 0 0 1 0  ["a","b"] [] 5 -5 6 7 8 ip`,
			`dt0g02.B n p e dt0g02 0 0 0 0 1 0  ["a"] [] 9 -9 -9223372036854775807 9223372036854775807 -9223372036854775807 `,
			`uuid-1 n o e dt0c01 0 1 0 1 0 0  [] [] 5 -5 -9223372036854775807 9223372036854775807 -9223372036854775807 `,
		},
		`SELECT concat_ws(' ', environment, kind, personal, n) FROM token_counts`:              {"e dt0c01 0 1", "e dt0c01 1 1", "e dt0g02 0 1"},
		`SELECT concat_ws(' ', owner, environment, kind, personal, n) FROM token_owner_counts`: {"o e dt0c01 0 1", "o e dt0c01 1 1", "p e dt0g02 0 1"},
		`SELECT concat_ws(' ', scope, environment, kind, personal, created, id, number) FROM token_scopes`: {
			"a e dt0c01 0 5 dt0c01.A 1", "a e dt0g02 0 9 dt0g02.B 3", "b e dt0c01 0 5 dt0c01.A 1",
		},
		`SELECT concat_ws(' ', scope, environment, kind, personal, n) FROM token_scope_counts`: {"a e dt0c01 0 1", "a e dt0g02 0 1", "b e dt0c01 0 1"},
		`SELECT name FROM sqlite_schema WHERE name LIKE 'old_%'`:                               nil,
	}
	for text, lines := range want {
		if diff := cmp.Diff(lines, rows(t, db, text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	var events []string
	for i, action := range actions {
		e := audit.Event{Action: action}
		events = append(events, fmt.Sprintf("%d %d %d  actor   %s %s %s object 0  detail ", i+1, i+1, 1000-i, action, e.Type(), e.Category()))
	}
	got := rows(t, db, `SELECT concat_ws(' ', id, revision, time, environment, actor, origin, decision, action, event_type, category, object,
		failed, message, detail, patch) FROM audit_events ORDER BY id`)
	if diff := cmp.Diff(events, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
