package budget

import (
	"fmt"
	"strings"

	"github.com/doorward/doorward/benchmarks/rig"
)

// line is a line of the budget. Its bounds are of the median.
type line struct {
	what     string
	file     string
	unit     string // after a number
	format   string // of a number
	required float64
	aim      float64 // none: 0 with noAim
	noAim    bool
	atLeast  bool // the bounds are from below
	values   func(Results) []float64
}

// The cases of the floor, as its command names them.
const (
	measureCPU = "cpu"
	plain      = "plain, " // before the name of a case: the same requests without the directive
)

// statementCounts are those of BenchmarkDecide.
var statementCounts = []int{10, 100, 1000, 10_000}

func benchmark(file, name, unit string, times float64) func(Results) []float64 {
	return func(r Results) []float64 { return scaled(r.bench[file].of(name, unit), times) }
}

func scaled(values []float64, times float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = v * times
	}
	return out
}

func percentMore(ratios []float64) []float64 {
	out := make([]float64, len(ratios))
	for i, r := range ratios {
		out[i] = (r - 1) * 100
	}
	return out
}

func overFloor(name string) func(Results) []float64 {
	return func(r Results) []float64 { return percentMore(r.ratios(Floor, plain+name, name, measureCPU)) }
}

// besideHit is a refusal beside a request that is let through, in the same rounds.
func besideHit(name string) func(Results) []float64 {
	return func(r Results) []float64 { return r.ratios(Floor, "hit", name, measureCPU) }
}

func sampled(file, of, measure string) func(Results) []float64 {
	return func(r Results) []float64 { return r.values(file, of, measure) }
}

func missName(n int) string { return fmt.Sprintf("Decide/miss/N=%d", n) }

// worstMiss are the evaluations at whichever number of statements they take longest.
func worstMiss(r Results) []float64 {
	var worst []float64
	for _, n := range statementCounts {
		values := scaled(r.bench[Stages].of(missName(n), "ns/op"), 1e-3)
		if len(values) == 0 {
			return nil // without one of them the line is not measured
		}
		if len(worst) == 0 || rig.SpreadOf(values).Median > rig.SpreadOf(worst).Median {
			worst = values
		}
	}
	return worst
}

// steepness is the dearest of the medians, by the cheapest: 1 is flat.
func steepness(r Results) []float64 {
	var medians []float64
	for _, n := range statementCounts {
		values := r.bench[Stages].of(missName(n), "ns/op")
		if len(values) == 0 {
			return nil
		}
		medians = append(medians, rig.SpreadOf(values).Median)
	}
	s := rig.SpreadOf(medians)
	return []float64{s.Max / s.Min}
}

// grown is how much more memory a gateway takes over the largest store than over the smallest, with as many tokens in use.
func grown(r Results) []float64 {
	few, many := r.values(Growth, "stored/1000", "rss"), r.values(Growth, "stored/1000000", "rss")
	if len(few) == 0 || len(many) == 0 {
		return nil
	}
	return []float64{rig.SpreadOf(many).Median - rig.SpreadOf(few).Median}
}

var lines = []line{
	{what: "Handler, everything remembered: time", file: Stages, unit: " µs", format: "%.2f", required: 2, aim: 1, values: benchmark(Stages, "Serve/200", "ns/op", 1e-3)},
	{what: "Handler, everything remembered: allocations", file: Stages, format: "%.0f", required: 5, aim: 0, values: benchmark(Stages, "Serve/200", "allocs/op", 1)},
	{what: "Policies evaluated, 10 … 10,000 statements: the dearest", file: Stages, unit: " µs", format: "%.1f", required: 15, aim: 8, values: worstMiss},
	{what: "The same: dearest by cheapest, 1 is flat", file: Stages, format: "%.2f", required: 1.5, aim: 1.2, values: steepness},
	{what: "End to end, a hit: CPU over a site without the directive", file: Floor, unit: " %", format: "%.1f", required: 5, aim: 2, values: overFloor("hit")},
	{what: "The same with `identity_headers` off", file: Floor, unit: " %", format: "%.1f", required: 5, aim: 2, values: overFloor("hit-discreet")},
	{what: "End to end, a hit with policies", file: Floor, unit: " %", format: "%.1f", required: 5, aim: 2, values: overFloor("hit-iam")},
	{what: "End to end, policies evaluated every time", file: Floor, unit: " %", format: "%.1f", required: 20, aim: 10, values: overFloor("miss")},
	{what: "forward_auth with OPA: total CPU, by Doorward's", file: Peers, unit: " times", format: "%.1f", required: 3.5, aim: 4, atLeast: true, values: sampled(Peers, rig.CaseForwardOPA, rig.MeasureBudget)},
	{what: "401: CPU, by that of a hit", file: Floor, format: "%.2f", required: 1, noAim: true, values: besideHit("401")},
	{what: "403: CPU, by that of a hit", file: Floor, format: "%.2f", required: 1, noAim: true, values: besideHit("403")},
	{what: "10,000 statements published under load: until in force", file: Publication, unit: " s", format: "%.2f", required: 1.5, noAim: true, values: sampled(Publication, "during", "in force")},
	{what: "The same: p99 by that before", file: Publication, format: "%.2f", required: 2, aim: 1.1, values: func(r Results) []float64 { return r.ratios(Publication, "before", "during", "p99") }},
	{what: "The same: failed requests, the most in a publication", file: Publication, format: "%.0f", required: 0, noAim: true, values: sampled(Publication, "during", "failed")},
	{what: "A token looked up in SQLite, among 1,000,000", file: Stores, unit: " µs", format: "%.0f", required: 50, noAim: true, values: benchmark(Stores, "Store/sqlite/look-up", "ms/median", 1e3)},
	{what: "A token looked up in PostgreSQL, among 1,000,000", file: Stores, unit: " µs", format: "%.0f", required: 500, noAim: true, values: benchmark(Stores, "Store/postgres/look-up", "ms/median", 1e3)},
	{what: "Memory of a remembered token", file: Stages, unit: " B", format: "%.0f", required: 1024, aim: 500, values: benchmark(Stages, "RememberedToken", "B/token", 1)},
	{what: "Memory of 1,000,000 stored tokens beside 1,000", file: Growth, unit: " MiB", format: "%.1f", required: 16, aim: 4, values: grown},
}

// bounds are in words: "≤ 2 µs (aim 1)".
func (l line) bounds() string {
	sign := "≤ "
	if l.atLeast {
		sign = "≥ "
	}
	number := func(v float64) string {
		return strings.TrimSuffix(strings.TrimSuffix(fmt.Sprintf("%.1f", v), "0"), ".")
	}
	text := sign + number(l.required) + l.unit
	if !l.noAim {
		text += " (aim " + number(l.aim) + ")"
	}
	return text
}
