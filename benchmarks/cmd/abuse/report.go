package main

import (
	"fmt"
	"strings"

	"github.com/doorward/doorward/benchmarks/rig"
)

// required is the most that p99 may grow by.
const required = 2

// report prints the table, and writes the files.
func report(s settings, about rig.About, all []flood, samples []rig.Sample) error {
	text := table(about, all, samples)
	fmt.Println(text)
	if s.results != "" {
		if err := rig.SaveCSV(s.results, about, samples); err != nil {
			return err
		}
	}
	if s.readme == "" {
		return nil
	}
	return rig.WriteSection(s.readme, "abuse", text)
}

// table says for each flood what honest clients noticed.
func table(about rig.About, all []flood, samples []rig.Sample) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s. %s.\n\n", about["date"], about["machine"], about["go"], about["clients"])
	b.WriteString("| Flood | told 429 | CPU in calm | with it | p99 in calm, ms | with it, ms | Ratio: median (quartiles) | Required | Met | Failed |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, f := range all {
		middle := func(name, measure string) float64 { return rig.SpreadOf(rig.Values(samples, name, measure)).Median }
		ratio, low, high := rig.Ratio(samples, calmPrefix+f.name, f.name, measureP99)
		failed := sum(rig.Values(samples, f.name, measureFailed)) + sum(rig.Values(samples, calmPrefix+f.name, measureFailed))
		met := "yes"
		if !(ratio <= required) || failed > 0 { // neither is a ratio that is no number
			met = "no"
		}
		fmt.Fprintf(&b, "| `%s`: %s | %.0f %% | %.0f %% | %.0f %% | %.2f | %.2f | %.2f (%.2f … %.2f) | ≤ %d | %s | %.0f |\n", f.name, f.meaning,
			middle(f.name, measureRefused), middle(calmPrefix+f.name, measureCPU), middle(f.name, measureCPU), middle(calmPrefix+f.name, measureP99), middle(f.name, measureP99), ratio, low, high, required, met, failed)
	}
	before, after := ends(samples)
	fmt.Fprintf(&b, "\nThe gateway had %.0f MiB in the first round and %.0f MiB in the last, as medians of the windows. "+
		"Failed are requests of honest clients that did not get 200. The issuer was asked for its keys %.0f times during all floods of `unknown-keys`.\n",
		before, after, sum(rig.Values(samples, "unknown-keys", measureFetches)))
	return b.String()
}

// ends are the memory of the gateway in the first round and in the last.
func ends(samples []rig.Sample) (first, last float64) {
	rounds := 0
	for _, s := range samples {
		rounds = max(rounds, s.Round)
	}
	of := func(round int) float64 {
		var values []float64
		for _, s := range samples {
			if s.Measure == measureRSS && s.Round == round {
				values = append(values, s.Value)
			}
		}
		return rig.SpreadOf(values).Median
	}
	return of(1), of(rounds)
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}
