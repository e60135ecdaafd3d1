package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/doorward/doorward/benchmarks/rig"
)

// TestSmoke measures the smallest sizes of everything, with few requests. What it takes says nothing.
func TestSmoke(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and starts gateways")
	}
	folder := t.TempDir()
	s := settings{axes: "tokens,statements,endpoints,connections,cores", most: 1000, rounds: 1, requests: 20, out: folder, seed: 1}
	for name, a := range axes { // one gateway for each axis
		a.points = a.points[:1]
		axes[name] = a
	}
	if err := run(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(filepath.Join(folder, "growth.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	_, samples, err := rig.ReadCSV(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		sizes := sizesOf(l.series, samples)
		if len(sizes) != 1 {
			t.Errorf("series %s has the sizes %q, want one", l.series, sizes)
			continue
		}
		for _, measure := range []string{measureCPU, measureRSS} {
			if values := rig.Values(samples, l.series+"/"+sizes[0], measure); len(values) != 1 || values[0] <= 0 {
				t.Errorf("%s of %s is %v", measure, l.series, values)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	if err := run(t.Context(), settings{}); err == nil {
		t.Error("no rounds were taken")
	}
	if err := run(t.Context(), settings{axes: "age", rounds: 1, requests: 2}); err == nil || !strings.Contains(err.Error(), `no axis "age"`) {
		t.Errorf("got error %v", err)
	}
}

// TestGrowthTable: a series is flat where no size costs a fifth more than the first, in the same rounds.
func TestGrowthTable(t *testing.T) {
	var samples []rig.Sample
	for round, slow := range []float64{1, 10, 3} {
		for name, cost := range map[string]float64{"stored/1000": 100, "stored/10000": 110, "zipf/1000": 100, "zipf/10000": 130} {
			samples = append(samples,
				rig.Sample{Case: name, Measure: measureCPU, Round: round, Value: cost * slow},
				rig.Sample{Case: name, Measure: measureRSS, Round: round, Value: 60})
		}
	}
	table := growthTable(rig.About{}, samples)
	for _, want := range []string{
		"| tokens in the store: 1000, 10000 | `stored`: 500 of them in use | 300, 330 | 1.10 (1.10 … 1.10) | 60, 60 | flat |\n",
		"| tokens in the store: 1000, 10000 | `zipf`: all in use, Zipf 1.1 | 300, 390 | 1.30 (1.30 … 1.30) | 60, 60 | **not flat** |\n",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %s in\n%s", want, table)
		}
	}
}
