package migrations

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUpgradeToShadows takes what was administered before with it. The accident: a policy that is in force becomes a shadow
// by the upgrade, and its DENY is gone. The invariant: what there is already is live, and nothing of it is lost.
func TestUpgradeToShadows(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	if err := sqliteUp(t.Context(), db, upTo(t, "00001_tokens.sql", "00002_policies.sql")); err != nil {
		t.Fatal(err)
	}
	exec(t, db, `INSERT INTO policies VALUES ('p', 'account', 'a', 'n', 'd', '["t"]', 'DENY a:b:c;', 1, 2)`)
	exec(t, db, `INSERT INTO user_groups VALUES ('g', 'a', 'n', 'd', '["v"]', 'LOCAL', 3, NULL)`)
	exec(t, db, `INSERT INTO users VALUES ('u', 'a', 'u@example.org', 1, 'n', 4, NULL)`)
	exec(t, db, `INSERT INTO bindings VALUES ('b', 'account', 'a', 'p', 'g', '{"k":"v"}', '{}', 5, NULL)`)
	if err := SQLite(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`SELECT concat_ws(' ', uuid, level_type, level_id, name, description, tags, statement, shadow, created, modified)
			FROM policies`: `p account a n d ["t"] DENY a:b:c; 0 1 2`,
		`SELECT concat_ws(' ', uuid, account_id, name, description, federated_values, owner, permissions, created)
			FROM user_groups`: `g a n d ["v"] LOCAL [] 3`,
		`SELECT concat_ws(' ', id, account_id, email, service_user, name, '"' || description || '"', created)
			FROM users`: `u a u@example.org 1 n "" 4`,
		`SELECT concat_ws(' ', id, level_type, level_id, policy_uuid, group_uuid, parameters, metadata, shadow, created)
			FROM bindings`: `b account a p g {"k":"v"} {} 0 5`,
	} {
		if diff := cmp.Diff([]string{want}, rows(t, db, text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
