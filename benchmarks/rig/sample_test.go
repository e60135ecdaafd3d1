package rig_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/benchmarks/rig"
)

// Each round has every name once: a case that was left out, or measured twice, would be compared with what it was not measured beside.
func TestInterleave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfDistinct(rapid.String(), rapid.ID).Draw(t, "names")
		rounds := rapid.IntRange(0, 20).Draw(t, "rounds")
		before := slices.Clone(names)
		order := rig.Interleave(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), names, rounds)
		if len(order) != rounds {
			t.Fatalf("%d rounds, want %d", len(order), rounds)
		}
		for _, round := range order {
			if diff := cmp.Diff(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(round))); diff != "" {
				t.Fatalf("round (-want +got):\n%s", diff)
			}
		}
		if diff := cmp.Diff(before, names); diff != "" {
			t.Errorf("the names themselves were moved (-want +got):\n%s", diff)
		}
	})
}

// Rounds have orders of their own: were they the same, what a case leaves behind would always meet the same other.
func TestInterleaveDiffers(t *testing.T) {
	order := rig.Interleave(rand.New(rand.NewPCG(1, 0)), []string{"a", "b", "c", "d", "e", "f"}, 20)
	for _, round := range order[1:] {
		if !slices.Equal(round, order[0]) {
			return
		}
	}
	t.Error("20 rounds have the same order")
}

func TestSpreadOf(t *testing.T) {
	for name, c := range map[string]struct {
		values []float64
		want   rig.Spread
	}{
		"one":  {[]float64{3}, rig.Spread{N: 1, Min: 3, Q1: 3, Median: 3, Q3: 3, Max: 3}},
		"two":  {[]float64{3, 1}, rig.Spread{N: 2, Min: 1, Q1: 1.5, Median: 2, Q3: 2.5, Max: 3}},
		"four": {[]float64{4, 1, 3, 2}, rig.Spread{N: 4, Min: 1, Q1: 1.75, Median: 2.5, Q3: 3.25, Max: 4}},
		"five": {[]float64{5, 4, 1, 3, 20}, rig.Spread{N: 5, Min: 1, Q1: 3, Median: 4, Q3: 5, Max: 20}},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(c.values)
			if diff := cmp.Diff(c.want, rig.SpreadOf(c.values)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !slices.Equal(before, c.values) {
				t.Error("the values themselves were sorted")
			}
		})
	}
	if s := rig.SpreadOf(nil); s.N != 0 || !math.IsNaN(s.Median) || !math.IsNaN(s.Q1) || !math.IsNaN(s.Max) {
		t.Errorf("of nothing: %+v", s)
	}
}

// A value is divided by that of its own round alone: the machine was ten times slower in the second, which says nothing about the case.
func TestRatio(t *testing.T) {
	sample := func(name string, round int, value float64) rig.Sample {
		return rig.Sample{Case: name, Measure: "cpu", Round: round, Value: value}
	}
	samples := []rig.Sample{
		sample("slow", 3, 330), sample("base", 1, 1), sample("slow", 1, 3), sample("base", 2, 10), sample("slow", 2, 32), sample("base", 3, 100),
		sample("slow", 4, 7), // the base is missing
		sample("base", 5, 0), sample("slow", 5, 7),
		{Case: "slow", Measure: "memory", Round: 1, Value: 1000},
	}
	if diff := cmp.Diff([]float64{3, 3.2, 3.3}, rig.Ratios(samples, "base", "slow", "cpu")); diff != "" {
		t.Errorf("ratios (-want +got):\n%s", diff)
	}
	median, low, high := rig.Ratio(samples, "base", "slow", "cpu")
	if diff := cmp.Diff([]float64{3.2, 3.1, 3.25}, []float64{median, low, high}); diff != "" {
		t.Errorf("median and quartiles (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{3, 32, 330, 7, 7}, rig.Values(samples, "slow", "cpu")); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if median, _, _ := rig.Ratio(samples, "base", "nobody", "cpu"); !math.IsNaN(median) {
		t.Errorf("of a case that there is not: %v", median)
	}
}
