package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/doorward/doorward/benchmarks/rig"
)

// section is the part of benchmarks/README.md that is rewritten.
const section = "peers"

// required is the budget: how many times the CPU of Doorward forward_auth with OPA takes.
const required = 3.5

// report says what was measured, and writes it down where that is wanted.
func (r *rigging) report(ctx context.Context) error {
	r.samples = slices.Concat(r.samples, budget(r.samples))
	r.sort()
	view := table{samples: r.samples, about: r.about, missing: r.missing()}
	fmt.Fprintln(r.out)
	if err := view.print(r.out); err != nil || r.results == "" {
		return err
	}
	file := filepath.Join(r.results, "peers.csv")
	if err := rig.SaveCSV(file, r.about, r.samples); err != nil {
		return err
	}
	var charts []string
	if r.withCharts {
		var err error
		if charts, err = r.draw(ctx, file); err != nil {
			return err
		}
	}
	// A trial with results elsewhere is not what the README shows.
	shown := filepath.Join(r.root, "benchmarks")
	if !r.readme || filepath.Clean(r.results) != filepath.Join(shown, "results") {
		return nil
	}
	return rig.WriteSection(filepath.Join(shown, "README.md"), section, view.markdown(charts))
}

// budget are the samples of the budget's line, which are ratios within a round already.
func budget(samples []rig.Sample) []rig.Sample {
	var lines []rig.Sample
	for i, ratio := range rig.Ratios(samples, rig.CaseDoorward, rig.CaseForwardOPA, rig.MeasureCPUTotal) {
		lines = append(lines, rig.Sample{Case: rig.CaseForwardOPA, Measure: rig.MeasureBudget, Round: i + 1, Value: ratio, Unit: "ratio"})
	}
	return lines
}

// sort puts the samples into an order for readers; that of the run was random.
func (r *rigging) sort() {
	place := map[string]int{}
	for i, p := range peers {
		place[p.name] = i
	}
	slices.SortStableFunc(r.samples, func(a, b rig.Sample) int {
		return cmp.Or(cmp.Compare(a.Round, b.Round), cmp.Compare(place[a.Case], place[b.Case]))
	})
}

// missing are the cases whose programs are not installed here.
func (r *rigging) missing() []string {
	var names []string
	for _, p := range peers {
		if p.program(&r.programs) == "" {
			names = append(names, p.name)
		}
	}
	return names
}

// draw makes the charts, and returns their names without the folder.
func (r *rigging) draw(ctx context.Context, results string) ([]string, error) {
	charts := []struct {
		name string
		args []string
	}{
		{"peers-throughput.svg", []string{"-measures", rig.MeasureThroughput, "-base", rig.CasePlain, "-title", "Throughput on one CPU", "-x", "plain Caddy = 1; more is better"}},
		{"peers-cpu.svg", []string{
			"-measures", rig.MeasureCPUProxy + "," + rig.MeasureCPUHelpers, "-labels", "proxy,servers that it asks", "-base", rig.CasePlain,
			"-title", "CPU per request", "-x", "plain Caddy = 1; less is better",
		}},
		{"peers-latency.svg", []string{
			"-kind", "dots", "-log", "-measures", rig.MeasureP50 + "," + rig.MeasureP99 + "," + rig.MeasureP999,
			"-title", "Latency at " + r.about["rate"], "-x", "ms, logarithmic; less is better",
		}},
		{"peers-memory.svg", []string{
			"-measures", rig.MeasureRSSProxy + "," + rig.MeasureRSSHelpers, "-labels", "proxy,servers that it asks",
			"-title", "Resident memory after the load", "-x", "MiB; less is better",
		}},
	}
	var names []string
	for _, chart := range charts {
		args := append([]string{"-csv", results, "-out", filepath.Join(r.results, chart.name)}, chart.args...)
		if err := command(ctx, r.programs.plots, args...); err != nil {
			return nil, err
		}
		names = append(names, chart.name)
	}
	return names, nil
}
