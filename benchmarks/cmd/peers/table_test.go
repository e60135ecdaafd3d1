package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/benchmarks/rig"
)

// made is a run with round figures: each case costs so many times what plain Caddy does, and the machine is twice as slow in round 2.
func made(times map[string]float64) table {
	t := table{about: rig.About{
		"date": "2026-11-22", "machine": "2 CPUs: Example", "kernel": "6.1", "go": "go1.26.8", "caddy": "2.11.9", "opa": "1.22.2", "nginx": "not installed here",
		"rounds": "3", "duration": "3s", "connections": "64", "rate": "1000 requests/s",
	}, missing: []string{rig.CaseNginxYes}}
	for round := 1; round <= 3; round++ {
		for _, p := range peers {
			cost, ok := times[p.name]
			if !ok {
				continue
			}
			for _, c := range columns {
				value := cost * float64(10*round)
				if c.measure == rig.MeasureThroughput {
					value = 100_000 / value
				}
				if (c.measure == rig.MeasureCPUHelpers || c.measure == rig.MeasureRSSHelpers) && p.helpers == nil {
					value = 0
				}
				t.samples = append(t.samples, rig.Sample{Case: p.name, Measure: c.measure, Round: round, Value: value, Unit: c.unit})
			}
		}
	}
	t.samples = append(t.samples, budget(t.samples)...)
	return t
}

// What readers see, in full: change testdata by hand when it should change.
func TestMarkdown(t *testing.T) {
	view := made(map[string]float64{rig.CasePlain: 1, rig.CasePlainAgain: 1.02, rig.CaseForwardOPA: 4, rig.CaseDoorward: 1.04})
	golden(t, "section.md", view.markdown([]string{"peers-cpu.svg"}))
	var out bytes.Buffer
	if err := view.print(&out); err != nil {
		t.Fatal(err)
	}
	golden(t, "terminal.txt", out.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// The budget's line is met from 3.5 times on, and is silent where one side of it was not measured.
func TestBudget(t *testing.T) {
	for _, c := range []struct {
		times map[string]float64
		want  string
	}{
		{map[string]float64{rig.CaseForwardOPA: 3.6, rig.CaseDoorward: 1}, "3.60 times less (quartiles 3.60–3.60); required: 3.5 times. Met."},
		{map[string]float64{rig.CaseForwardOPA: 3.5, rig.CaseDoorward: 1}, " Met."},
		{map[string]float64{rig.CaseForwardOPA: 3.4, rig.CaseDoorward: 1}, " Not met."},
		{map[string]float64{rig.CaseForwardOPA: 3.4}, ""},
		{map[string]float64{rig.CaseDoorward: 3.4}, ""},
	} {
		view := made(c.times)
		if got := view.budget(); !strings.HasSuffix(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%v: %q, want the end %q", c.times, got, c.want)
		}
	}
}

func TestTwoDigits(t *testing.T) {
	for x, want := range map[float64]float64{0: 1, 0.3: 1, 7.9: 7, 42.5: 42, 999: 990, 1234: 1200, 56789: 56000} {
		if got := twoDigits(x); got != want {
			t.Errorf("twoDigits(%v) = %v, want %v", x, got, want)
		}
	}
}

func TestVersionIn(t *testing.T) {
	for line, want := range map[string]string{
		"v2.11.9": "2.11.9", "Version: 1.22.2": "1.22.2", "nginx version: nginx/1.22.1": "1.22.1", "(devel)": "unknown", "": "unknown",
	} {
		if got := versionIn(line); got != want {
			t.Errorf("versionIn(%q) = %q, want %q", line, got, want)
		}
	}
}
