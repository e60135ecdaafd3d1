package migrations

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUpgradeToChain takes the trail of the version before with it as it is: its events have no hash, because nobody can say now
// that they are what was written then, and the chain begins after them.
func TestUpgradeToChain(t *testing.T) {
	for name, test := range map[string]struct {
		events int
		want   []string
	}{
		"of three events": {3, []string{"3 3 0 " + zeros}}, "of none": {0, []string{"0 0 0 " + zeros}},
	} {
		db := open(t, filepath.Join(t.TempDir(), "x.db"))
		before := upTo(t, "00001_tokens.sql", "00002_policies.sql", "00003_token_apis.sql", "00004_oauth2.sql",
			"00005_platform_tokens.sql", "00006_administration.sql")
		if err := sqliteUp(t.Context(), db, before); err != nil {
			t.Fatal(err)
		}
		var want []string
		for n := range test.events {
			exec(t, db, `INSERT INTO audit_events (revision, time, environment, actor, origin, decision, action, event_type, category, object,
				failed, message, detail, patch) VALUES (nullif(?, 1), 7, 'e', 'a', 'o', 'd', 'token.create', 'CREATE', 'TOKEN', 'x', ?, 'm', '{}', '[]')`,
				n, n == 1)
			failed := map[bool]string{true: "1", false: "0"}[n == 1]
			revision := map[int]string{0: "0 ", 1: "", 2: "2 "}[n]
			want = append(want, string(rune('1'+n))+" "+revision+"7 e a o d token.create CREATE TOKEN x "+failed+" m {} []")
		}
		if err := SQLite(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rows(t, db, `SELECT concat_ws(' ', id, revision, time, environment, actor, origin, decision, action, event_type, category,
			object, failed, message, detail, patch, hash) FROM audit_events`)); diff != "" {
			t.Errorf("%s: events (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(test.want, rows(t, db, `SELECT concat_ws(' ', before, last, outcomes, hex(hash)) FROM audit_head`)); diff != "" {
			t.Errorf("%s: head (-want +got):\n%s", name, diff)
		}
	}
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"
