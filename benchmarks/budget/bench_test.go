package budget

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadBench(t *testing.T) {
	const output = `2026-11-22, 2 CPUs: a machine
goos: linux
pkg: example.org/a
{"level":"info","msg":"Benchmark of something else"}
BenchmarkServe/200-2         	 1000	      1905 ns/op	    1232 B/op	       5 allocs/op
BenchmarkServe/200-2         	 1200	      2000 ns/op	    1232 B/op	       5 allocs/op
BenchmarkDecide/miss/N=10-2  	  100	      8000 ns/op
BenchmarkLogs-2
BenchmarkLogs said something here
BenchmarkOneCPU 	     100	        12.5 ms/median
PASS
ok  	example.org/a	1.2s
`
	got, err := ReadBench(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	want := Bench{Date: "2026-11-22", Values: map[string]map[string][]float64{
		"Serve/200":        {"ns/op": {1905, 2000}, "B/op": {1232, 1232}, "allocs/op": {5, 5}},
		"Decide/miss/N=10": {"ns/op": {8000}},
		"OneCPU":           {"ms/median": {12.5}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadBenchRefuses(t *testing.T) {
	for output, why := range map[string]string{
		"BenchmarkA-2 100 12 ns/op 5": "has no unit",
		"BenchmarkA-2 100 x ns/op":    "is no number",
	} {
		if _, err := ReadBench(strings.NewReader(output)); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: got error %v, want one with %q", output, err, why)
		}
	}
}

func TestUndated(t *testing.T) {
	got, err := ReadBench(strings.NewReader("goos: linux\n"))
	if err != nil || got.Date != "" {
		t.Errorf("date %q, %v", got.Date, err)
	}
}
