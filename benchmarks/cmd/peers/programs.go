package main

import (
	"context"
	"debug/buildinfo"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/doorward/doorward/benchmarks/rig"
)

//go:embed config
var configs embed.FS

// programs are where the programs are that are started.
type programs struct {
	caddy, doorward, opa, upstream, adapter, plots string
	nginx                                          string // "" where it is not installed
}

// opaModule names the version of the opa command: its dependencies do not go together with those of Doorward.
const opaModule = "policyengine/regogen/testdata/opa"

// build builds all that is built here into dir. root is the folder of the project.
func build(ctx context.Context, root, dir string) (programs, error) {
	p := programs{
		caddy: filepath.Join(dir, "caddy"), doorward: filepath.Join(dir, "doorward"), opa: filepath.Join(dir, "opa"),
		upstream: filepath.Join(dir, "upstream"), adapter: filepath.Join(dir, "adapter"), plots: filepath.Join(dir, "plots"),
	}
	for _, b := range []struct{ dir, pkg, out string }{
		{root, "github.com/caddyserver/caddy/v2/cmd/caddy", p.caddy},
		{root, "./cmd/doorward", p.doorward},
		{root, "./benchmarks/cmd/upstream", p.upstream},
		{root, "./benchmarks/cmd/adapter", p.adapter},
		{filepath.Join(root, opaModule), "github.com/open-policy-agent/opa", p.opa},
		{filepath.Join(root, "benchmarks", "plots"), ".", p.plots},
	} {
		if err := rig.Build(ctx, b.dir, b.pkg, b.out); err != nil {
			return programs{}, err
		}
	}
	p.nginx, _ = exec.LookPath("nginx") // Its row says where it is missing.
	return p, nil
}

// versions are what the programs say of themselves.
func (p *programs) versions(ctx context.Context) rig.About {
	about := rig.About{"caddy": "unknown", "nginx": "not installed here"}
	if info, err := buildinfo.ReadFile(p.caddy); err == nil { // The command itself does not know: it is no main module.
		about["caddy"] = versionIn(info.Main.Version)
	}
	for name, command := range map[string][]string{"opa": {p.opa, "version"}, "nginx": {p.nginx, "-v"}} {
		if command[0] == "" {
			continue
		}
		said, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput() //nolint:gosec // what was built or found
		line, _, _ := strings.Cut(string(said), "\n")
		about[name] = versionIn(line)
		if err != nil {
			about[name] = "unknown"
		}
	}
	return about
}

// versionIn is the version in "v2.11.9 h1:…", "Version: 1.22.2" or "nginx version: nginx/1.22.1".
func versionIn(line string) string {
	for word := range strings.FieldsSeq(line) {
		word = strings.TrimPrefix(strings.TrimPrefix(word, "nginx/"), "v")
		if word != "" && word[0] >= '0' && word[0] <= '9' {
			return word
		}
	}
	return "unknown"
}

// values are what the files in config leave open.
type values struct {
	Dir                    string // for whatever a program keeps
	Store                  string // Doorward's, as the two below
	Environment, Account   string
	Port, Upstream, Helper int // of 127.0.0.1
}

// write fills in a file of config, puts it into the folder of the values, and returns its name.
func (v *values) write(name string) (string, error) {
	text, err := template.ParseFS(configs, path.Join("config", name))
	if err != nil {
		return "", err
	}
	file, err := os.Create(filepath.Join(v.Dir, name))
	if err != nil {
		return "", err
	}
	defer file.Close()
	if err := text.Execute(file, v); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return file.Name(), file.Close()
}

// command runs a program to its end.
func command(ctx context.Context, name string, args ...string) error {
	said, err := exec.CommandContext(ctx, name, args...).CombinedOutput() //nolint:gosec // what was built here
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, said)
	}
	return nil
}
