package migrations

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUpgradeToPlatformTokens: a token of the version before is good for its one environment, and no other.
func TestUpgradeToPlatformTokens(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	before := upTo(t, "00001_tokens.sql", "00002_policies.sql", "00003_token_apis.sql", "00004_oauth2.sql")
	if err := sqliteUp(t.Context(), db, before); err != nil {
		t.Fatal(err)
	}
	exec(t, db, `INSERT INTO tokens (id, digest, name, owner, environment, kind, cluster, personal, administrator, legacy, enabled, seed,
		activegate, scopes, networks, created, newest, modified, expires, last_used, last_used_ip)
		VALUES ('dt0s16.A', zeroblob(32), 'n', 'o', 'e', 'dt0s16', 0, 0, 0, 0, 1, 0, '', '[]', '[]', 5, -5, 6, 7, 8, 'ip')`)
	if err := SQLite(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	want := []string{"dt0s16.A e []"}
	if diff := cmp.Diff(want, rows(t, db, `SELECT concat_ws(' ', id, environment, environments) FROM tokens`)); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
}
