package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/rogpeppe/go-internal/testscript"

	_ "github.com/doorward/doorward"
	"github.com/doorward/doorward/benchmarks/rig/upstream"
	"github.com/doorward/doorward/cmd/doorwardcmd"
)

// The test binary is the gateway as well: a program named doorward on the path.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"doorward": doorwardcmd.Main})
}

// small is a run that takes a moment.
func small(mix string) options {
	return options{mix: mix, rate: 50, duration: 200 * time.Millisecond, connections: 2, tokens: 1100, seed: 1, binary: "doorward"}
}

// output runs the command with a folder of its own for what it leaves behind, which has to be nothing.
func output(t *testing.T, o options) (string, error) {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	var out bytes.Buffer
	err := run(t.Context(), o, &out)
	if left, _ := filepath.Glob(folder + "/doorward-load-*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return out.String(), err
}

// A process of its own is started, restarted and ended, and each mix has its lines.
func TestOwnGateway(t *testing.T) {
	out, err := output(t, small("hot,cold,revoke"))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, line := range []string{
		`(?m)^ *hot +[0-9]+ +[0-9]+ .* [0-9]+×200 +0 `, `(?m)^ *cold +1000 .* 1000×200 `, `until the first 200: [0-9.]+m?s`, `(?m)^ *revoke +[0-9]+ `,
		`revoked: [1-9][0-9]* of 1100 tokens`, `still taken after that: 0`,
	} {
		if !regexp.MustCompile(line).MatchString(out) {
			t.Errorf("no line like %s in\n%s", line, out)
		}
	}
	if strings.Contains(out, "dt0c01.") {
		t.Error("a token was printed")
	}
}

// Of a gateway that somebody else runs nothing is known but a token, and what needs more is left out.
func TestOtherGateway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go upstream.Serve(t.Context(), l, upstream.Answer(http.StatusOK, "ok"))
	t.Setenv("DOORWARD_TOKEN", "a-token")
	o := small("hot,bodies,repeated")
	o.address, o.closed = l.Addr().String(), true
	out, err := output(t, o)
	if err != nil || strings.Count(out, "×200") != 4 || strings.Contains(out, "a-token") {
		t.Errorf("%v\n%s", err, out)
	}
	o.mix = "zipf"
	if out, err := output(t, o); err == nil {
		t.Errorf("zipf with one token:\n%s", out)
	}
}

func TestRefusedFlags(t *testing.T) {
	for name, change := range map[string]func(o *options){
		"an unknown mix": func(o *options) { o.mix = "hot,warm" },
		"no rate":        func(o *options) { o.rate = 0 },
		"no tokens":      func(o *options) { o.tokens = 0 },
		"not loopback":   func(o *options) { o.address = "192.0.2.1:80" },
		"no token":       func(o *options) { o.address = "127.0.0.1:1" },
	} {
		t.Run(name, func(t *testing.T) {
			os.Unsetenv("DOORWARD_TOKEN")
			o := small("hot")
			change(&o)
			if out, err := output(t, o); err == nil {
				t.Errorf("taken:\n%s", out)
			}
		})
	}
	for _, args := range [][]string{{"-rate", "many"}, {"hot"}, {"-help"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
	if o, err := parse([]string{"-mix", "zipf", "-rate", "5"}, io.Discard); err != nil || o.mix != "zipf" || o.rate != 5 || o.plan().Rate != 5 {
		t.Errorf("%+v, %v", o, err)
	}
}
