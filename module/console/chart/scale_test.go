package chart

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestRoundTicks(t *testing.T) {
	for want, got := range map[string]scale{
		"[0 1]":               linear(1, false, Count),
		"[0 1 2 3]":           linear(3, false, Count),
		"[0 2 4 6]":           linear(5, false, Count),
		"[0 50 100 150]":      linear(137, false, Count),
		"[0 0.25 0.5 0.75 1]": linear(1, true, Share),
		"[0 0.1 0.2 0.3 0.4]": linear(0.4, false, Seconds),
	} {
		if fmt.Sprint(rounded(got.ticks)) != want {
			t.Errorf("%v, want %s", got.ticks, want)
		}
	}
	for want, got := range map[string]scale{
		"[-6 -5 -4]": decades(1.5e-6, 1e-4), "[0 1]": decades(1, 1), "[-9 -7 -5 -3 -1]": decades(1e-9, 0.5), "[-2 -1]": decades(0.02, 0.02),
	} {
		var powers []int
		for _, v := range got.ticks {
			powers = append(powers, int(math.Round(math.Log10(v))))
		}
		if fmt.Sprint(powers) != want {
			t.Errorf("%v, want powers %s", got.ticks, want)
		}
	}
	for whole, want := range map[time.Duration]int{time.Hour: 5, 10 * time.Minute: 6, 24 * time.Hour: 5, time.Second: 2, 1000 * time.Hour: 2} {
		if got := instants(whole); len(got) != want || got[0] != 0 || got[want-1] != whole {
			t.Errorf("%s: %v", whole, got)
		}
	}
}

func rounded(values []float64) (all []float64) {
	for _, v := range values {
		all = append(all, math.Round(v*1e6)/1e6)
	}
	return all
}

// An axis has the largest value on it, has two to six steps, and places what is larger higher.
func TestScalesHoldTheirValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := math.Pow(10, rapid.Float64Range(-9, 15).Draw(t, "power"))
		less := most * rapid.Float64Range(0.001, 1).Draw(t, "share")
		for _, s := range []scale{linear(most, false, Seconds), linear(math.Ceil(most), false, Count), decades(less, most)} {
			if n := len(s.ticks); n < 2 || n > 6 {
				t.Errorf("%d ticks: %v", n, s.ticks)
			}
			if low, high := s.place(less), s.place(most); low > high || low < 0 || high > 1 {
				t.Errorf("%g lies at %g, %g at %g", less, low, most, high)
			}
		}
		if s := linear(most, false, Seconds); s.high < most*(1-1e-9) || s.high > 2.5*most {
			t.Errorf("an axis up to %g for %g", s.high, most)
		}
	})
}
