package rig

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

// Sample is one value of one case in one round.
type Sample struct {
	Case    string
	Measure string
	Round   int // from 1
	Value   float64
	Unit    string // of the value: "s", "ms", "requests/s", "MiB"
}

// Interleave is the order of a run: in each round every name once, each round in a random order of its own, so that no case is
// always the one after the same other, and what changes on the machine meets all of them.
func Interleave(rng *rand.Rand, names []string, rounds int) [][]string {
	order := make([][]string, rounds)
	for i := range order {
		order[i] = slices.Clone(names)
		rng.Shuffle(len(names), func(a, b int) { order[i][a], order[i][b] = order[i][b], order[i][a] })
	}
	return order
}

// Spread is how values lie. Of no values, all but N are NaN.
type Spread struct {
	N                        int
	Min, Q1, Median, Q3, Max float64
}

// SpreadOf sorts a copy of the values. A quartile between two values is taken in proportion (Hyndman and Fan's type 7, as
// spreadsheets do it).
func SpreadOf(values []float64) Spread {
	if len(values) == 0 {
		nan := math.NaN()
		return Spread{Min: nan, Q1: nan, Median: nan, Q3: nan, Max: nan}
	}
	sorted := slices.Sorted(slices.Values(values))
	at := func(part float64) float64 {
		place := part * float64(len(sorted)-1)
		low := int(place)
		high := min(low+1, len(sorted)-1)
		return sorted[low] + (place-float64(low))*(sorted[high]-sorted[low])
	}
	return Spread{N: len(sorted), Min: sorted[0], Q1: at(0.25), Median: at(0.5), Q3: at(0.75), Max: sorted[len(sorted)-1]}
}

// Values are those of a case and measure, in the order of the rounds.
func Values(samples []Sample, of, measure string) []float64 {
	byRound := rounds(samples, of, measure)
	values := make([]float64, 0, len(byRound))
	for _, round := range slices.Sorted(maps.Keys(byRound)) {
		values = append(values, byRound[round])
	}
	return values
}

// Ratios are the values of a case, each divided by that of the base in the same round, in the order of the rounds. Rounds
// that lack one of the two, and those in which the base is zero, are left out.
func Ratios(samples []Sample, base, of, measure string) []float64 {
	under, over := rounds(samples, base, measure), rounds(samples, of, measure)
	var ratios []float64
	for _, round := range slices.Sorted(maps.Keys(over)) {
		if below, ok := under[round]; ok && below != 0 {
			ratios = append(ratios, over[round]/below)
		}
	}
	return ratios
}

// Ratio is the median of the ratios of a case to the base within the rounds, between its quartiles. Without a ratio all three
// are NaN.
func Ratio(samples []Sample, base, of, measure string) (median, low, high float64) {
	spread := SpreadOf(Ratios(samples, base, of, measure))
	return spread.Median, spread.Q1, spread.Q3
}

// rounds are the values of a case and measure by round. Of two in one round the later holds.
func rounds(samples []Sample, of, measure string) map[int]float64 {
	values := map[int]float64{}
	for _, s := range samples {
		if s.Case == of && s.Measure == measure {
			values[s.Round] = s.Value
		}
	}
	return values
}
