package doorwardcmd_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/rogpeppe/go-internal/testscript"

	_ "github.com/doorward/doorward"
	"github.com/doorward/doorward/cmd/doorwardcmd"
	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

// The test binary is both programs: our own, and a Caddy with our module built in.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"doorward": doorwardcmd.Main, "caddy": caddycmd.Main})
}

var update = flag.Bool("update", false, "rewrite the expected files in the scripts")

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update,
		Condition: func(name string) (bool, error) {
			if name != "root" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return os.Geteuid() == 0, nil
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("XDG_DATA_HOME", e.WorkDir+"/xdg")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "capture": capture, "settle": settle, "used": used, "refused": refused, "forwarded": forwarded, "sql": execSQL,
			"asks": asks, "emergency": emergency, "decides": decides, "told": told, "visits": visits,
		},
	})
}

// exits <code> <program> <args…> runs a program and checks its exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got, err := 0, ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// capture <variable> <expression> sets a variable to the first group that the expression finds in stdout.
func capture(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(`(?m)` + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("stdout has no %s", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// used <store> <identifier> <scope>[,<scope>…]… records, as the gate does, that a token got through where one of the scopes of each
// argument was enough.
func used(ts *testscript.TestScript, _ bool, args []string) {
	inStore(ts, args[0], func(s store.Store) error {
		now := time.Now()
		var uses []tokens.ScopeUse
		for _, alternatives := range args[2:] {
			uses = append(uses, tokens.ScopeUse{ID: args[1], Alternatives: strings.Split(alternatives, ","), At: now})
		}
		use := tokens.Use{ID: args[1], At: now, IP: "192.0.2.7"}
		return errors.Join(s.RecordScopeUses(context.Background(), uses), s.RecordUses(context.Background(), []tokens.Use{use}))
	})
}

// refused <store> <actor> <action> <message> records an attempt that changed nothing, as the API does.
func refused(ts *testscript.TestScript, _ bool, args []string) {
	inStore(ts, args[0], func(s store.Store) error {
		return s.RecordAttempt(context.Background(), audit.Event{
			Time: time.Now(), Environment: "default", Actor: args[1], Origin: "192.0.2.7", Decision: "D",
			Action: args[2], Failed: true, Message: args[3],
		})
	})
}

func inStore(ts *testscript.TestScript, dsn string, work func(store.Store) error) {
	s, err := store.Open(context.Background(), strings.Replace(dsn, "sqlite:", "sqlite:"+ts.MkAbs("")+"/", 1), store.Options{})
	ts.Check(err)
	ts.Check(errors.Join(work(s), s.Close()))
}

// moment is a time, or how long a stage took with the spaces that fill its column.
var moment = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|\b[\d.]+(ns|µs|ms) *`)

// settle <file> keeps stdout, without the times that are of the moment, for a comparison.
func settle(ts *testscript.TestScript, _ bool, args []string) {
	text := moment.ReplaceAllString(ts.ReadFile("stdout"), "<time>")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
