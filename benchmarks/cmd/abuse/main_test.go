package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/rogpeppe/go-internal/testscript"

	_ "github.com/doorward/doorward"
	"github.com/doorward/doorward/benchmarks/mix"
	"github.com/doorward/doorward/benchmarks/rig"
	"github.com/doorward/doorward/cmd/doorwardcmd"
)

// The test binary is the gateway as well: a program named doorward on the path.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"doorward": doorwardcmd.Main})
}

// Everything is sent, at rates that say nothing: honest clients get what they ask for, the results can be read, and nothing is
// left behind.
func TestSmoke(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	readme, results := filepath.Join(folder, "README.md"), filepath.Join(folder, "abuse.csv")
	if err := os.WriteFile(readme, []byte("# Results\n\n<!-- abuse:begin -->\n<!-- abuse:end -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := settings{
		rounds: 1, window: 50 * time.Millisecond, honest: 40, flood: 4000, tokens: 200, slow: 20,
		results: results, readme: readme, seed: 1, program: "doorward",
	}
	if err := run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(results)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	_, samples, err := rig.ReadCSV(file)
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	all, err := (&stage{rear: &mix.Rear{Behind: new(mix.Behind)}}).namesOf(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		for _, measure := range []string{measureP99, measureRSS, measureCPU, measureFailed} {
			if n := len(rig.Values(samples, name, measure)) + len(rig.Values(samples, calmPrefix+name, measure)); n != 2 {
				t.Errorf("%s: %d samples of %s, want 2", name, n, measure)
			}
		}
		if !strings.Contains(string(document), "| `"+name+"`: ") {
			t.Errorf("the document has no line of %s", name)
		}
		if failed := sum(rig.Values(samples, name, measureFailed)); failed != 0 {
			t.Errorf("%s: %.0f requests of honest clients failed", name, failed)
		}
	}
	for _, bounded := range []string{"unknown-tokens", "one-bad-token", "no-credential", "unknown-keys"} {
		if refused := rig.Values(samples, bounded, measureRefused); len(refused) != 1 || refused[0] == 0 {
			t.Errorf("%s: told 429 were %v %%", bounded, refused)
		}
	}
	if left, _ := filepath.Glob(folder + "/doorward-abuse-*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// namesOf are the names of all floods.
func (st *stage) namesOf(s settings) ([]string, error) {
	all, err := st.floods(s)
	var names []string
	for _, f := range all {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return names, err
}
