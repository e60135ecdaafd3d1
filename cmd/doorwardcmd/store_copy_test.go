package doorwardcmd_test

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/postgres/postgrestest"
)

// TestFromFileToPostgres is the way of those who outgrow one machine, with the commands that the documentation names, and the mistakes that
// can be made with a server. No message has the password in it.
func TestFromFileToPostgres(t *testing.T) {
	server := postgrestest.For(t, postgrestest.Options{})
	dir, dsn := t.TempDir(), server.New(t)
	file := "sqlite:" + filepath.Join(dir, "doorward.db")
	doorward := func(want int, words string, args ...string) {
		t.Helper()
		c := exec.CommandContext(t.Context(), "doorward", args...)
		c.Dir, c.Env = dir, append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir)
		out, err := c.CombinedOutput()
		if code := c.ProcessState.ExitCode(); code != want || !strings.Contains(string(out), words) || strings.Contains(string(out), "hunter") {
			t.Errorf("doorward %s %s: %d, %v, want %d and %q\n%s", args[0], args[1], code, err, want, words, out)
		}
	}
	doorward(0, "", "token", "create", "--store", file, "--name", "trial", "--scope", "metrics.read")
	doorward(0, "schema version 0", "migrate", "status", "--store", dsn)
	doorward(0, "revision 1; counts and digests are the same", "store", "copy", "--from", file, "--to", dsn)
	doorward(0, "trial", "token", "list", "--store", dsn)
	doorward(0, "1 events", "audit", "verify", "--store", dsn)
	newest, err := store.NewestSchema(t.Context(), "postgres")
	if err != nil {
		t.Fatal(err)
	}
	doorward(0, fmt.Sprintf("schema version %d, ", newest), "migrate", "status", "--store", dsn)
	doorward(1, "the target is not empty", "store", "copy", "--from", file, "--to", dsn)
	doorward(0, "revision 1; counts and digests are the same", "store", "copy", "--from", dsn, "--to", "sqlite:"+filepath.Join(dir, "back.db"))

	wrong, err := url.Parse(server.New(t))
	if err != nil {
		t.Fatal(err)
	}
	fixed := *wrong
	fixed.RawQuery += "&default_transaction_read_only=on"
	doorward(1, "can only be read", "migrate", "up", "--store", fixed.String())
	doorward(1, "can only be read", "store", "copy", "--from", file, "--to", fixed.String())
	wrong.User = url.UserPassword("doorward", "hunter3")
	doorward(1, "the password is wrong", "migrate", "status", "--store", wrong.String())
	doorward(1, "--to: postgres: doorward@127.0.0.1", "store", "copy", "--from", file, "--to", wrong.String())
	doorward(1, "--from: postgres: doorward@127.0.0.1", "store", "copy", "--from", wrong.String(), "--to", "sqlite:x.db")
	if err := server.Admin(t.Context(), "ALTER DATABASE "+strings.TrimPrefix(wrong.Path, "/")+" OWNER TO admin"); err != nil {
		t.Fatal(err)
	}
	wrong.User = url.UserPassword("doorward", server.Password)
	doorward(1, "the user lacks rights", "migrate", "up", "--store", wrong.String())
	doorward(1, "the user lacks rights", "store", "copy", "--from", file, "--to", wrong.String())
}
