package migrations

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUpgradeToStaffMark: a token of the version before is not remote support staff's, and what hangs on it is as it was.
func TestUpgradeToStaffMark(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	before := upTo(t, "00001_tokens.sql", "00002_policies.sql", "00003_token_apis.sql", "00004_oauth2.sql", "00005_platform_tokens.sql",
		"00006_administration.sql")
	if err := sqliteUp(t.Context(), db, before); err != nil {
		t.Fatal(err)
	}
	exec(t, db, `INSERT INTO tokens (id, digest, name, owner, environment, kind, cluster, personal, administrator, legacy, enabled, seed,
		activegate, environments, scopes, networks, created, newest, modified, expires, last_used, last_used_ip)
		VALUES ('dt0c01.A', zeroblob(32), 'n', 'o', 'e', 'dt0c01', 0, 0, 1, 0, 1, 0, '', '[]', '["a"]', '[]', 5, -5, 6, 7, 8, 'ip')`)
	if err := SQLite(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`SELECT concat_ws(' ', id, owner, administrator, staff, enabled, scopes) FROM tokens`: `dt0c01.A o 1 0 1 ["a"]`,
		`SELECT concat_ws(' ', scope, id) FROM token_scopes`:                                  `a dt0c01.A`,
		`SELECT concat_ws(' ', environment, kind, personal, n) FROM token_counts`:             `e dt0c01 0 1`,
	} {
		if diff := cmp.Diff([]string{want}, rows(t, db, text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	if _, err := db.ExecContext(t.Context(), `UPDATE tokens SET staff = 2`); err == nil {
		t.Error("a mark that is neither there nor not was stored")
	}
}
