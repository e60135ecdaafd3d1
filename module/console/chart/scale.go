package chart

import (
	"math"
	"time"
)

// scale places values: 0 is the lower end of the axis, 1 the upper one.
type scale struct {
	low, high float64 // of the axis; logarithms to base 10 where log is set
	log       bool
	ticks     []float64 // values, all of them round
}

// mostSteps is how many steps an axis is divided into at most.
const mostSteps = 4

// mostInstants is likewise for the axis of time, which is longer.
const mostInstants = 5

// place is where a value lies, from 0 to 1. What is beyond an end lies at the end.
func (s scale) place(value float64) float64 {
	if s.log {
		value = math.Log10(value)
	}
	return min(max((value-s.low)/(s.high-s.low), 0), 1)
}

// Values beyond these bounds are drawn as if they were at them: an axis as long as that says nothing, and its steps would be
// lost in rounding.
const (
	leastValue = 1e-12
	mostValue  = 1e18
)

// linear begins at 0, so that twice the height is twice the value.
func linear(most float64, fixed bool, unit Unit) scale {
	if !(most >= leastValue) { // NaN too
		most = 1
	}
	most = min(most, mostValue)
	step := roundStep(most/mostSteps, unit.Whole)
	high := math.Ceil(most/step-1e-9) * step
	if fixed {
		high = most
	}
	s := scale{high: high}
	for i := 0; float64(i)*step <= high*(1+1e-9); i++ {
		s.ticks = append(s.ticks, float64(i)*step)
	}
	return s
}

// roundStep is the least of 1, 2, 2.5 and 5 times a power of ten that is not below a value.
func roundStep(least float64, whole bool) float64 {
	if whole && least <= 1 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, times := range []float64{1, 2, 2.5, 5, 10} {
		step := times * power
		if whole && step != math.Trunc(step) {
			continue
		}
		if step >= least*(1-1e-9) {
			return step
		}
	}
	return 10 * power
}

// decades is an axis on which each step is ten times the one before, or a hundred times where there would be many.
func decades(least, most float64) scale {
	if !(least <= most) { // there are none
		least, most = 1, 10
	}
	least, most = max(least, leastValue), min(most, mostValue)
	s := scale{low: math.Floor(math.Log10(least) + 1e-9), high: math.Ceil(math.Log10(most) - 1e-9), log: true}
	if s.high <= s.low {
		s.high = s.low + 1
	}
	by := math.Ceil((s.high - s.low) / (mostSteps + 1))
	for power := s.low; power <= s.high; power += by {
		s.ticks = append(s.ticks, math.Pow(10, power))
	}
	return s
}

// instants are the steps of the axis of time, as how long before its right end they are.
func instants(whole time.Duration) []time.Duration {
	for _, step := range timeSteps {
		if whole > mostInstants*step {
			continue
		}
		var all []time.Duration
		for ago := time.Duration(0); ago <= whole; ago += step {
			all = append(all, ago)
		}
		return all
	}
	return []time.Duration{0, whole}
}

var timeSteps = []time.Duration{
	time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
	15 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}
