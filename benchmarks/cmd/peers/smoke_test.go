package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/benchmarks/mix"
	"github.com/doorward/doorward/benchmarks/rig"
)

// The test binary is every program that is started here: it listens where its configuration or its flag says.
const role = "DOORWARD_PEERS_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(role) == "" {
		os.Exit(m.Run())
	}
	if err := trivial(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// trivial answers 200; in the place of Doorward it wants a credential. In the place of one role it is a hole.
func trivial(args []string) error {
	site := regexp.MustCompile(`http://:(\d+)`)
	address, guards := "", false
	for _, arg := range args {
		text, err := os.ReadFile(arg)
		if found := site.FindSubmatch(text); err == nil && found != nil {
			address, guards = "127.0.0.1:"+string(found[1]), strings.Contains(arg, "doorward.Caddyfile") && os.Getenv(role) != "hole"
		}
		if strings.HasPrefix(arg, "127.0.0.1:") {
			address = arg
		}
	}
	server := http.Server{Addr: address, ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if guards && r.Header.Get("Authorization") == "" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})}
	return server.ListenAndServe()
}

// trivialRun has two cases of trivial programs.
func trivialRun(t *testing.T, out *bytes.Buffer) *rigging {
	t.Helper()
	root := t.TempDir()
	results := filepath.Join(root, "benchmarks", "results")
	if err := os.MkdirAll(results, 0o700); err != nil {
		t.Fatal(err)
	}
	readme := "before\n<!-- peers:begin -->\n<!-- peers:end -->\nafter\n"
	if err := os.WriteFile(filepath.Join(root, "benchmarks", "README.md"), []byte(readme), 0o600); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &rigging{
		options: options{
			root: root, results: results, rounds: 2, duration: 50 * time.Millisecond, rate: 200, connections: 2, only: "^doorward$",
			proxyCPU: -1, loadCPU: -1, readme: true,
		},
		dir: t.TempDir(), out: out, about: rig.Machine(time.Unix(0, 0)), programs: programs{caddy: self, doorward: self, upstream: self, nginx: self},
		gateway: mix.Gateway{Tokens: []string{"token"}},
	}
	return r
}

// The whole way of a run, with programs that do nothing: start, prove, measure, stop, table, file and section.
func TestRun(t *testing.T) {
	t.Setenv(role, "trivial")
	var out bytes.Buffer
	r := trivialRun(t, &out)
	if err := r.startUpstream(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer r.upstream.Stop(t.Context())
	if err := r.measure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.report(t.Context()); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(r.results, "peers.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	about, samples, err := rig.ReadCSV(file)
	if err != nil || about["date"] != "1970-01-01" || about["rate"] != "200 requests/s" {
		t.Errorf("facts %v, %v", about, err)
	}
	for _, name := range []string{rig.CasePlain, rig.CaseDoorward} {
		for _, c := range columns {
			if values := rig.Values(samples, name, c.measure); len(values) != 2 {
				t.Errorf("%s has %v of %s, want a value for each round", name, values, c.measure)
			}
		}
	}
	readme, err := os.ReadFile(filepath.Join(r.root, "benchmarks", "README.md"))
	if err != nil || !strings.Contains(string(readme), "| Doorward: one token, with scopes | ") || !strings.HasSuffix(string(readme), "after\n") {
		t.Errorf("README, %v:\n%s", err, readme)
	}
	if left, err := os.ReadDir(r.dir); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %v, %v", left, err)
	}
	if !strings.Contains(out.String(), "round 2 of 2: doorward\n") {
		t.Errorf("said:\n%s", &out)
	}
}

// The accident: a configuration is wrong, and what should be a guard lets everybody in, which is fast. The invariant: it is not measured.
func TestHole(t *testing.T) {
	t.Setenv(role, "hole")
	r := trivialRun(t, new(bytes.Buffer))
	if err := r.startUpstream(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer r.upstream.Stop(t.Context())
	if err := r.measure(t.Context()); err == nil || !strings.Contains(err.Error(), "without a credential: status 200") {
		t.Errorf("error is %v", err)
	}
}

func TestCheck(t *testing.T) {
	good := options{rounds: 1, duration: time.Second, connections: 1, loadCPU: 1}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*options){
		"no rounds":      func(o *options) { o.rounds = 0 },
		"no time":        func(o *options) { o.duration = 0 },
		"hours":          func(o *options) { o.duration = time.Hour },
		"warm-up":        func(o *options) { o.warmup = -1 },
		"rate":           func(o *options) { o.rate = -1 },
		"no connections": func(o *options) { o.connections = 0 },
		"one CPU":        func(o *options) { o.loadCPU = 0 },
		"expression":     func(o *options) { o.only = "(" },
	} {
		t.Run(name, func(t *testing.T) {
			bad := good
			change(&bad)
			if bad.check() == nil {
				t.Error("taken")
			}
		})
	}
}
