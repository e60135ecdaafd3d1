package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The tags that Caddy's own releases are built with: they leave out databases of the certificate authority that nobody
// uses behind a gateway. They do not touch Doorward's own stores.
const buildTags = "nobadger,nomysql,nopgx"

// commands are the runs of the go command, in order, that turn the generated files into a binary. Caddy's version is in
// the module file; only plugins that have no folder need to be looked up.
func (p plan) commands(output string) [][]string {
	get := []string{"go", "get"}
	for _, plugin := range p.manifest.Plugins {
		if plugin.Replace == "" {
			get = append(get, plugin.wanted())
		}
	}
	ldflags := "-s -w -X " + caddyModule + ".CustomBinaryName=" + binaryName(output)
	build := []string{"go", "build", "-mod=mod", "-trimpath", "-tags=" + buildTags, "-ldflags=" + ldflags, "-o", output, "."}
	if len(get) == 2 {
		return [][]string{build}
	}
	return [][]string{get, build}
}

// build writes the generated module into a temporary folder and runs the go command there. What that says goes to
// stderr as it comes.
func (p plan) build(ctx context.Context, stderr io.Writer) (err error) {
	output, err := filepath.Abs(p.manifest.Output)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "doorward-build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{"main.go": p.mainGo, "go.mod": p.goMod, "go.sum": p.goSums()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	for _, args := range p.commands(output) {
		if args[1] == "build" {
			if err := p.checkCaddy(ctx, dir, stderr); err != nil {
				return err
			}
		}
		if err := goCommand(ctx, dir, args, stderr, stderr); err != nil {
			return err
		}
	}
	return nil
}

// checkCaddy keeps the promise that the binary is the Caddy of the manifest: a plugin that asks for a newer one would
// raise it silently, because Go takes the highest version that anything requires. All packages are listed, not just the
// module: only then does the go command look at what the plugins require.
func (p plan) checkCaddy(ctx context.Context, dir string, stderr io.Writer) error {
	var versions strings.Builder
	ofCaddy := `{{with .Module}}{{if eq .Path "` + caddyModule + `"}}{{.Version}}{{end}}{{end}}`
	list := []string{"go", "list", "-mod=mod", "-deps", "-tags=" + buildTags, "-f", ofCaddy, "."}
	if err := goCommand(ctx, dir, list, &versions, stderr); err != nil {
		return err
	}
	for got := range strings.FieldsSeq(versions.String()) {
		if got != p.manifest.Caddy {
			return fmt.Errorf("the manifest asks for Caddy %s, but a plugin requires %s: raise caddy in the manifest, or take an older plugin",
				p.manifest.Caddy, got)
		}
	}
	return nil
}

// goCommand runs one go command in dir. Its exit code alone makes the error, since its words have been shown.
func goCommand(ctx context.Context, dir string, args []string, stdout, stderr io.Writer) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = stdout, stderr
	// A workspace around the current folder knows nothing of the generated module. Pure Go makes one static file that
	// runs on any distribution.
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s: %w (its own words are above)", args[1], err)
	}
	return nil
}
