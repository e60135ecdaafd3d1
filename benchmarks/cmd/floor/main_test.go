package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/rig"
)

// TestSmoke runs everything once, with few requests. What it takes says nothing.
func TestSmoke(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts gateways")
	}
	folder := t.TempDir()
	readme := filepath.Join(folder, "README.md")
	const document = "<!-- floor:begin -->\n<!-- floor:end -->\n<!-- publication:begin -->\n<!-- publication:end -->\n"
	if err := os.WriteFile(readme, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	s := settings{
		rounds: 1, requests: 40, connections: 4, tokens: 100, rate: 100, window: 500 * time.Millisecond, changes: 1, statements: 150, out: folder, readme: readme, seed: 1,
	}
	if err := run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	floor := samplesOf(t, filepath.Join(folder, "floor.csv"))
	for _, c := range cases(gateway.Badges{}, 2, 1) {
		for _, name := range []string{c.name, basePrefix + c.name} {
			if n := len(rig.Values(floor, name, measureCPU)); n != 1 {
				t.Errorf("case %s has %d values, want 1", name, n)
			}
		}
	}
	publication := samplesOf(t, filepath.Join(folder, "publication.csv"))
	for _, want := range []struct{ of, measure string }{
		{caseBefore, measureP99}, {caseDuring, measureP99}, {caseDuring, measureFailed}, {caseDuring, measureInForce},
		{caseDuring, measureP99 + " " + classTokens}, {caseDuring, measureP99 + " " + classPolicies},
	} {
		if n := len(rig.Values(publication, want.of, want.measure)); n != s.changes {
			t.Errorf("%s of %s has %d values, want %d", want.measure, want.of, n, s.changes)
		}
	}
	if failed := rig.SpreadOf(rig.Values(publication, caseDuring, measureFailed)); failed.Max != 0 {
		t.Errorf("%v requests failed while policies were published", failed.Max)
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| `hit`: one token, scopes only | 200 |", "| failed requests | 0 | 0 … 0 |"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func samplesOf(t *testing.T, file string) []rig.Sample {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	about, samples, err := rig.ReadCSV(in)
	if err != nil || about["date"] == "" || about["machine"] == "" {
		t.Fatalf("%s: %v, %v", file, about, err)
	}
	return samples
}

func TestRefuses(t *testing.T) {
	for _, s := range []settings{{}, {rounds: 1, requests: 1, tokens: 2, changes: 1, statements: 2, only: "both"}} {
		if err := run(t.Context(), s); err == nil {
			t.Errorf("%+v was taken", s)
		}
	}
}

// TestFloorTable: what a case costs is what its pairs say, whatever the machine did between the rounds.
func TestFloorTable(t *testing.T) {
	var samples []rig.Sample
	for round, slow := range []float64{1, 10, 3} {
		samples = append(samples,
			rig.Sample{Case: basePrefix + "hit", Measure: measureCPU, Round: round, Value: 100 * slow},
			rig.Sample{Case: "hit", Measure: measureCPU, Round: round, Value: 104 * slow})
	}
	table := floorTable(rig.About{}, []testCase{{name: "hit", meaning: "m", status: 200}}, samples)
	if want := "| `hit`: m | 200 | 312.0 | 300.0 | 1.040 (1.040 … 1.040) |\n"; !strings.Contains(table, want) {
		t.Errorf("no %s in\n%s", want, table)
	}
}
