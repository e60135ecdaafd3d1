package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBuild makes a real binary from the shipped manifest and a plugin of an operator's own, and asks the binary what is
// in it. It is what `make build` promises.
func TestBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles Caddy: minutes with a cold build cache")
	}
	m, err := loadManifest(shipped)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "gatekeeper")
	args := []string{"-manifest", shipped, "-output", binary, "-with", "example.test/hello=" + operatorPlugin(t, m.Caddy)}
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), args, &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}

	modules := output(t, binary, "list-modules")
	for _, want := range []string{"http.handlers.doorward", "http.handlers.hello", "http.handlers.reverse_proxy"} {
		if !strings.Contains(modules, want+"\n") {
			t.Errorf("the binary lacks %s; it has:\n%s", want, modules)
		}
	}
	if got := output(t, binary, "version"); !strings.HasPrefix(got, m.Caddy+" ") {
		t.Errorf("the binary is Caddy %q, want %s", got, m.Caddy)
	}
	if help := output(t, binary, "help"); !strings.Contains(help, "gatekeeper [command]") {
		t.Errorf("the binary does not call itself by its name:\n%s", help)
	}
}

// TestBuildKeepsCaddyPinned: a plugin that requires a newer Caddy than the manifest stops the build, rather than put
// another Caddy into the binary than the one that was asked for and tested.
func TestBuildKeepsCaddyPinned(t *testing.T) {
	if testing.Short() {
		t.Skip("asks the module proxy")
	}
	m, err := loadManifest(shipped)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	old := filepath.Join(dir, "xcaddy.toml")
	writeFile(t, old, fmt.Sprintf("caddy = 'v2.10.0'\noutput = 'old'\n[[plugin]]\nmodule = 'example.test/hello'\nreplace = '%s'\n",
		operatorPlugin(t, m.Caddy)))
	var stdout, stderr bytes.Buffer
	err = run(t.Context(), []string{"-manifest", old, "-output", filepath.Join(dir, "old")}, &stdout, &stderr)
	if err == nil {
		t.Fatal("built a binary with another Caddy than the manifest's")
	}
	want := "asks for Caddy v2.10.0, but a plugin requires " + m.Caddy
	if !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want one with %q\n%s", err, want, &stderr)
	}
}

// operatorPlugin writes the smallest Caddy plugin there can be and returns its folder.
func operatorPlugin(t *testing.T, caddy string) string {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "go.mod"), "module example.test/hello\n\ngo 1.26.0\n\nrequire "+caddyModule+" "+caddy+"\n")
	writeFile(t, filepath.Join(dir, "hello.go"), `package hello

import "github.com/caddyserver/caddy/v2"

func init() { caddy.RegisterModule(Hello{}) }

type Hello struct{}

func (Hello) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.hello", New: func() caddy.Module { return new(Hello) }}
}
`)
	return dir
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func output(t *testing.T, binary string, args ...string) string {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", binary, args, err, text)
	}
	return string(text)
}
