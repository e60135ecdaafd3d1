package clustertest_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// refuseWithin is how long a gateway may take to say that it cannot start. Ten tries at a server would take longer.
const refuseWithin = 20 * time.Second

// The accidents of operators. The invariants: a gateway that cannot work says so in one line and ends with Caddy's code for a config
// that does not start, within seconds and without trying again; it has changed nothing; and the password is nowhere.
func TestRefusesToStart(t *testing.T) {
	c := newCluster(t, options{without: 2}) // its database has the schema
	ready := c.dsn
	tests := []struct {
		name, dsn, want string
		prepare         string // what is done to the database before, in it
	}{
		{name: "no DSN", dsn: `""`, want: "store"},
		{name: "DSN that is none", dsn: "postgres://doorward:hunter2%@127.0.0.1/x", want: "the DSN cannot be read"},
		{name: "unknown scheme", dsn: "mysql://doorward:hunter2@127.0.0.1/x", want: "the DSN cannot be read"},
		{name: "unreachable", dsn: "postgres://doorward:hunter2@" + unusedAddress(t) + "/doorward?sslmode=disable", want: "the server cannot be reached"},
		{name: "wrong password", dsn: edited(t, ready, func(u *url.URL) { u.User = url.UserPassword("doorward", "hunter3") }), want: "the password is wrong"},
		{name: "no such database", dsn: edited(t, ready, func(u *url.URL) { u.Path = "/missing" }), want: "there is no such database"},
		{name: "newer schema", dsn: c.server.Copy(t, c.template()), want: "was made by a newer Doorward",
			prepare: "INSERT INTO schema_version (version_id, is_applied) VALUES (99999, true)"},
		{name: "another program's", dsn: c.server.New(t), want: "another program's", prepare: "SET ROLE doorward; CREATE TABLE orders (id INTEGER)"},
		{name: "read-only", dsn: c.server.New(t), want: "can only be read", prepare: "ALTER DATABASE {DATABASE} SET default_transaction_read_only = on"},
		{name: "no rights", dsn: c.server.New(t), want: "lacks rights", prepare: "ALTER SCHEMA public OWNER TO admin"},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			c := c.in(t)
			if tt.prepare != "" {
				c.prepare(tt.dsn, tt.prepare)
			}
			c.options.direct, c.options.log = tt.dsn, "stderr"
			g := c.newGateway("X")
			began := time.Now()
			said, code := runUntilEnd(t, g.command("run", "--config", g.caddyfile))
			if code != 1 || !strings.Contains(said, tt.want) || strings.Contains(said, "hunter") {
				t.Errorf("exit code %d, want 1; said, want %q and no password:\n%s", code, tt.want, said)
			}
			if n := strings.Count(said, tt.want); n > 2 { // once in the log, once by Caddy itself
				t.Errorf("said %d times", n)
			}
			if took := time.Since(began); took > refuseWithin {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// An older schema is brought up to date by whoever starts first. The invariant: of three that start at once all start, and the schema
// is made once.
func TestOlderSchema(t *testing.T) {
	c := newCluster(t, options{})
	var versions, distinct int
	must(t, c.raw().QueryRow(t.Context(), `SELECT count(*), count(DISTINCT version_id) FROM schema_version`).Scan(&versions, &distinct))
	if versions != distinct || versions < 2 {
		t.Errorf("%d versions are noted, %d of them different", versions, distinct)
	}
}

// template is the name of a database to copy, to which nobody may be connected.
func (c *cluster) template() string {
	c.t.Helper()
	c.gateways[0].kill()
	must(c.t, c.office.Close())
	return databaseOf(c.t, c.dsn)
}

// prepare does something to a database as the administrator.
func (c *cluster) prepare(dsn, text string) {
	c.t.Helper()
	name := databaseOf(c.t, dsn)
	conn, err := pgx.Connect(c.t.Context(), c.server.DSN("admin", name))
	must(c.t, err)
	defer conn.Close(c.t.Context())
	_, err = conn.Exec(c.t.Context(), strings.ReplaceAll(text, "{DATABASE}", name))
	must(c.t, err)
}

func edited(t *testing.T, dsn string, edit func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(dsn)
	must(t, err)
	edit(u)
	return u.String()
}

// runUntilEnd is what a command has said, and its exit code. One that does not end is killed, and -1.
func runUntilEnd(t *testing.T, command *exec.Cmd) (said string, code int) {
	t.Helper()
	var text strings.Builder
	command.Stdout, command.Stderr = &text, &text
	must(t, command.Start())
	giveUp := time.AfterFunc(refuseWithin+10*time.Second, func() { _ = command.Process.Kill() })
	defer giveUp.Stop()
	err := command.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return text.String(), exit.ExitCode()
	}
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Sprint(text.String(), err), -1
	}
	return text.String(), 0
}
