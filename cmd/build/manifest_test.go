package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shipped is the repository's own manifest, seen from this package.
const shipped = "../../xcaddy.toml"

func TestParseManifest(t *testing.T) {
	got, err := parseManifest(`
caddy = "v2.12.0-beta.1"
output = "bin/gate"
plugin = [ { module = "example.org/a", version = "main" }, { module = "example.org/b/v2", replace = "../b" } ]
`)
	want := manifest{
		Caddy:  "v2.12.0-beta.1",
		Output: "bin/gate",
		Plugins: []plugin{
			{Module: "example.org/a", Version: "main"},
			{Module: "example.org/b/v2", Replace: "../b"},
		},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, manifest (-want +got):\n%s", err, diff)
	}
}

func TestParseManifestRefuses(t *testing.T) {
	const head = "caddy = 'v2.11.9'\noutput = 'doorward'\n"
	for name, tc := range map[string]struct{ text, want string }{
		"nothing":             {"", `caddy = "" is not an exact version`},
		"not TOML":            {head + "plugin =", "line 3"},
		"twice the same key":  {"caddy = 'v2.11.9'\ncaddy = 'v2.11.8'", "line 2 (last key \"caddy\"): Key 'caddy' has already been defined"},
		"floating version":    {"caddy = 'latest'", "not an exact version"},
		"Caddy 1":             {"caddy = 'v1.0.5'", "not an exact version"},
		"flag as version":     {"caddy = '-modfile'", "not an exact version"},
		"output missing":      {"caddy = 'v2.11.9'", "does not end in a plain file name"},
		"output a folder":     {"caddy = 'v2.11.9'\noutput = 'bin/'", "does not end in a plain file name"},
		"linker flag":         {"caddy = 'v2.11.9'\noutput = 'x -linkmode=external'", "does not end in a plain file name"},
		"no plugin":           {head, "no [[plugin]]"},
		"key in wrong case":   {head + "[[Plugin]]\nmodule = 'example.org/a'", "line 3: unknown key Plugin; a manifest has caddy, output, plugin"},
		"unknown table":       {head + "\n[build]\ntags = 'x'", "line 4: unknown key build"},
		"plugin not a list":   {head + "[plugin]\nmodule = 'example.org/a'", "incompatible types"},
		"module missing":      {head + "[[plugin]]\nversion = 'v1.0.0'", `plugin 1: module = "" is not a module path`},
		"module climbs":       {head + "[[plugin]]\nmodule = 'example.org/../a'", "is not a module path"},
		"module breaks out":   {head + "[[plugin]]\nmodule = \"a\\nreplace x => y\"", "is not a module path"},
		"version with spaces": {head + "[[plugin]]\nmodule = 'a.b/c'\nversion = 'v1 -x'", `a.b/c: version = "v1 -x" is not a version`},
		"unversioned module":  {head + "[[plugin]]\nmodule = 'a.b/c'\nreplace = 'a.b/d'", "neither a folder"},
		"same module twice": {head + "[[plugin]]\nmodule = 'a.b/c'\n[[plugin]]\nmodule = 'a.b/d'\n[[plugin]]\nmodule = 'a.b/c'",
			"plugin 3: module a.b/c is named already, by plugin 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseManifest(tc.text)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want one with %q", err, tc.want)
			}
		})
	}
}

// TestShippedManifest holds the manifest to the module file: the binary is built with the Caddy that the tests ran with.
func TestShippedManifest(t *testing.T) {
	m, err := loadManifest(shipped)
	if err != nil {
		t.Fatal(err)
	}
	modfile, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if require := caddyModule + " " + m.Caddy + "\n"; !strings.Contains(string(modfile), require) {
		t.Errorf("go.mod does not require %q", require)
	}
}

// FuzzParseManifest: a manifest breaks out of nothing. Whatever is accepted makes source that Go's own formatter parses,
// with exactly one import a plugin, and puts no flag of its own on a command line.
func FuzzParseManifest(f *testing.F) {
	text, err := os.ReadFile(shipped)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
	f.Add("caddy = 'v2.1.0'\noutput = 'x'\n[[plugin]]\nmodule = 'a.b/c/v2'\nversion = 'main'\n")
	f.Add("caddy = 'v2.1.0'\noutput = 'x'\nplugin = [{module = 'a', replace = 'b@v1'}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseManifest(text)
		if err != nil {
			return
		}
		p, err := newPlan(m, "go1.26.8")
		if err != nil {
			t.Fatalf("accepted, but the source does not parse: %v", err)
		}
		if got, want := strings.Count(p.mainGo, "\t_ \""), len(m.Plugins)+2; got != want {
			t.Errorf("%d blank imports for %d plugins:\n%s", got, len(m.Plugins), p.mainGo)
		}
		for _, p := range m.Plugins {
			if strings.HasPrefix(p.wanted(), "-") {
				t.Errorf("go get is given the flag %q", p.wanted())
			}
		}
	})
}
