package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/doorward/doorward"
	"github.com/doorward/doorward/benchmarks/fill"
)

// Every configuration loads, as the program itself says that checks it.
func TestConfigs(t *testing.T) {
	dir := t.TempDir()
	v := values{
		Dir: dir, Store: filepath.Join(dir, "doorward.db"), Environment: fill.Environment, Account: fill.Account, Port: 18080, Upstream: 18081, Helper: 18082,
	}
	checked := map[string]bool{}
	for _, p := range peers {
		if checked[p.config] {
			continue
		}
		checked[p.config] = true
		t.Run(p.config, func(t *testing.T) {
			file, err := v.write(p.config)
			if err != nil {
				t.Fatal(err)
			}
			if p.config == "nginx.conf" {
				checkNginx(t, file)
				return
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt(text, map[string]any{"filename": file})
			if err != nil || len(warnings) > 0 {
				t.Fatalf("%v, warnings %v", err, warnings)
			}
			var parsed caddy.Config
			if err := caddy.StrictUnmarshalJSON(config, &parsed); err != nil {
				t.Fatal(err)
			}
			if err := caddy.Validate(&parsed); err != nil {
				t.Error(err)
			}
		})
	}
}

func checkNginx(t *testing.T, file string) {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed here")
	}
	if said, err := exec.CommandContext(t.Context(), program, "-t", "-c", file, "-e", "stderr").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}
