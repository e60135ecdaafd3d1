package doorwardcmd_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module/store/postgres/postgrestest"
)

// TestBackupPostgres runs the commands of the documentation against a server of its own: a backup, changes after it, and the restore
// over them. Triggers, the audit trail and its chain come back with the rows.
func TestBackupPostgres(t *testing.T) {
	server := postgrestest.For(t, postgrestest.Options{})
	dir, dsn := t.TempDir(), server.New(t)
	run := func(name string, args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c := exec.CommandContext(ctx, name, args...) //nolint:gosec // the test's own words, and the documentation's
		c.Dir, c.Env = dir, append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "DATABASE_URL="+dsn)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	documented := func(which string) {
		t.Helper()
		run("sh", "-eu", "-c", strings.ReplaceAll(documentedCommands(t, "PostgreSQL", which), "/var/backups", dir))
	}
	create := func(name string) {
		run("doorward", "token", "create", "--store", dsn, "--name", name, "--scope", "metrics.read")
	}
	create("kept")
	documented("backup")
	create("lost")

	documented("restore")
	if list := run("doorward", "token", "list", "--store", dsn); !strings.Contains(list, "kept") || strings.Contains(list, "lost") {
		t.Errorf("after the restore there are the tokens\n%s", list)
	}
	create("after") // the store takes changes again, on from the revision of the backup
	run("doorward", "audit", "verify", "--store", dsn)
	if info, err := os.Stat(dir + "/doorward.dump"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v; want it for the owner alone", info, err)
	}
}
