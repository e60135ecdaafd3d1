package budget

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/benchmarks/rig"
)

// measured is a whole set of results, in which every check passes and every line is met. Change says what is different.
func measured(t *testing.T, change func(files map[string]string)) Results {
	t.Helper()
	files := map[string]string{
		Stages: "2026-11-22, a machine\n" + strings.Repeat(`BenchmarkServe/200-2 100 1500 ns/op 0 B/op 4 allocs/op
BenchmarkServe/401-2 100 1300 ns/op
BenchmarkServe/403-2 100 1400 ns/op
BenchmarkDecide/miss/N=10-2 100 9000 ns/op
BenchmarkDecide/miss/N=100-2 100 9100 ns/op
BenchmarkDecide/miss/N=1000-2 100 9200 ns/op
BenchmarkDecide/miss/N=10000-2 100 10000 ns/op
BenchmarkLookUp/tokens=1000-2 100 20000 ns/op
BenchmarkLookUp/tokens=100000-2 100 24000 ns/op
BenchmarkRememberedToken-2 1 100 ns/op 740 B/token
`, 3),
		Stores:      "2026-11-21\nBenchmarkStore/sqlite/look-up-2 100 20742 ns/op 0.0191 ms/median\nBenchmarkStore/postgres/look-up-2 100 98749 ns/op 0.0834 ms/median\n",
		Floor:       table3("plain, hit", "cpu", 100, "hit", "cpu", 101.5, "plain, hit-discreet", "cpu", 100, "hit-discreet", "cpu", 101, "plain, hit-iam", "cpu", 100, "hit-iam", "cpu", 104, "plain, miss", "cpu", 100, "miss", "cpu", 115, "401", "cpu", 30, "403", "cpu", 40),
		Publication: table3("during", "in force", 1.2, "before", "p99", 2, "during", "p99", 3, "during", "failed", 0),
		Peers:       table3(rig.CaseForwardOPA, rig.MeasureBudget, 4.2),
		Growth:      table3("stored/1000", "rss", 60, "stored/1000000", "rss", 63),
	}
	if change != nil {
		change(files)
	}
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// table3 is a file with the same samples in each of three rounds, given as case, measure and value.
func table3(samples ...any) string {
	var b strings.Builder
	b.WriteString("# date: 2026-11-22\ncase,measure,round,value,unit\n")
	for round := range 3 {
		for s := range slices.Chunk(samples, 3) {
			fmt.Fprintf(&b, "\"%v\",%v,%d,%v,x\n", s[0], s[1], round+1, s[2])
		}
	}
	return b.String()
}

func TestEverythingMet(t *testing.T) {
	r := measured(t, nil)
	for _, o := range Judge(r) {
		if o.Verdict != Met && o.Verdict != MetAim {
			t.Errorf("%s: %+v", o.What, o)
		}
	}
	if failed := Check(r); failed != nil {
		t.Errorf("checks failed: %q", failed)
	}
}

// TestTable: the words and figures of some lines.
func TestTable(t *testing.T) {
	r := measured(t, func(files map[string]string) {
		delete(files, Peers)
		files[Publication] = table3("during", "in force", 1.6, "before", "p99", 2, "during", "p99", 3, "during", "failed", 0)
	})
	table := Table(Judge(r))
	for _, want := range []string{
		"| Handler, everything remembered: time | ≤ 2 µs (aim 1) | 1.50 µs | 1.50 … 1.50 | met | stages.txt, 2026-11-22 |\n",
		"| Handler, everything remembered: allocations | ≤ 5 (aim 0) | 4 | 4 … 4 | met | stages.txt, 2026-11-22 |\n",
		"| End to end, a hit: CPU over a site without the directive | ≤ 5 % (aim 2) | 1.5 % | 1.5 … 1.5 | met, and the aim | floor.csv, 2026-11-22 |\n",
		"| forward_auth with OPA: total CPU, by Doorward's | ≥ 3.5 times (aim 4) | – | – | not measured | peers.csv |\n",
		"| 10,000 statements published under load: until in force | ≤ 1.5 s | 1.60 s | 1.60 … 1.60 | **not met** | publication.csv, 2026-11-22 |\n",
		"| A token looked up in SQLite, among 1,000,000 | ≤ 50 µs | 19 µs | – | met | stores.txt, 2026-11-21 |\n",
		"| Memory of 1,000,000 stored tokens beside 1,000 | ≤ 16 MiB (aim 4) | 3.0 MiB | – | met, and the aim | growth.csv, 2026-11-22 |\n",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no line %s in\n%s", want, table)
		}
	}
}

// TestNothingMeasured: without results nothing is met, and every check fails.
func TestNothingMeasured(t *testing.T) {
	r, err := Read(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range Judge(r) {
		if o.Verdict != NotMeasured {
			t.Errorf("%s: %s", o.What, o.Verdict)
		}
	}
	if failed := Check(r); len(failed) != len(checks) {
		t.Errorf("%d of %d checks failed", len(failed), len(checks))
	}
}

// TestOneFailureIsTooMany: a median of no failed requests hides the runs in which some failed.
func TestOneFailureIsTooMany(t *testing.T) {
	r := measured(t, func(files map[string]string) { files[Publication] += "during,failed,4,1,x\n" })
	for _, o := range Judge(r) {
		if strings.Contains(o.What, "failed requests") && (o.Verdict != NotMet || o.Measured != "1") {
			t.Errorf("got %+v", o)
		}
	}
}

// TestChecks: each check fails alone, with what it is about, when what it guards has become too dear.
func TestChecks(t *testing.T) {
	slower := func(file, from, to string) func(map[string]string) {
		return func(files map[string]string) {
			changed := strings.ReplaceAll(files[file], from, to)
			if changed == files[file] {
				t.Errorf("there is no %q in %s", from, file)
			}
			files[file] = changed
		}
	}
	for want, change := range map[string]func(map[string]string){
		"policies evaluated: 10,000 statements by 10: 2.22 times, at most 2.00 is allowed":    slower(Stages, " 10000 ns/op", " 20000 ns/op"),
		"handler: 401 by 200: 1.60 times, at most 1.50 is allowed":                            slower(Stages, " 1300 ns/op", " 2400 ns/op"),
		"handler: 403 by 200: 1.60 times, at most 1.50 is allowed":                            slower(Stages, " 1400 ns/op", " 2400 ns/op"),
		"token looked up: among 100,000 by among 1,000: 3.50 times, at most 3.00 is allowed":  slower(Stages, " 24000 ns/op", " 70000 ns/op"),
		"end to end: a hit by no directive: 1.40 times, at most 1.35 is allowed":              slower(Floor, ",101.5,", ",140,"),
		"end to end: policies evaluated by no directive: 2.10 times, at most 2.00 is allowed": slower(Floor, ",115,", ",210,"),
		"handler: 403 by 200: not measured":                                                   slower(Stages, "Serve/403", "Serve/Forbidden"),
	} {
		if diff := cmp.Diff([]string{want}, Check(measured(t, change))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, Floor), []byte("no table"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(folder); err == nil || !strings.Contains(err.Error(), Floor) {
		t.Errorf("got error %v, want one that names %s", err, Floor)
	}
}
