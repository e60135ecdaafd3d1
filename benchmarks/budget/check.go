package budget

import (
	"fmt"
	"math"

	"github.com/doorward/doorward/benchmarks/rig"
)

// check is a guard against regressions: a ratio of two things that were measured in one run, so that it does not depend on the
// machine, with a margin so wide that noise does not break it.
type check struct {
	what  string
	limit float64
	ratio func(Results) float64 // not a number where one of the two was not measured
}

// of divides the least times of two benchmarks: what else a machine does only ever adds to a time.
func of(over, under string) func(Results) float64 {
	return func(r Results) float64 {
		return r.bench[Stages].least(over, "ns/op") / r.bench[Stages].least(under, "ns/op")
	}
}

var checks = []check{
	{"policies evaluated: 10,000 statements by 10", 2, of(missName(10_000), missName(10))},
	{"handler: 401 by 200", 1.5, of("Serve/401", "Serve/200")},
	{"handler: 403 by 200", 1.5, of("Serve/403", "Serve/200")},
	{"token looked up: among 100,000 by among 1,000", 3, of("LookUp/tokens=100000", "LookUp/tokens=1000")},
	// Runs of one binary differ by 0.05 here, and it is at 1.11 to 1.16. What is required is a line of the budget.
	{"end to end: a hit by no directive", 1.35, func(r Results) float64 {
		return rig.SpreadOf(r.ratios(Floor, plain+"hit", "hit", measureCPU)).Median
	}},
	{"end to end: policies evaluated by no directive", 2, func(r Results) float64 {
		return rig.SpreadOf(r.ratios(Floor, plain+"miss", "miss", measureCPU)).Median
	}},
}

// Check lists the checks that fail. One whose measurements are missing fails too: a benchmark that was renamed guards nothing.
func Check(r Results) []string {
	var failed []string
	for _, c := range checks {
		switch ratio := c.ratio(r); {
		case math.IsNaN(ratio):
			failed = append(failed, c.what+": not measured")
		case ratio > c.limit:
			failed = append(failed, fmt.Sprintf("%s: %.2f times, at most %.2f is allowed", c.what, ratio, c.limit))
		}
	}
	return failed
}
