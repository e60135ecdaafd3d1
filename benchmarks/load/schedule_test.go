package load

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestEvenSchedule(t *testing.T) {
	s := schedule{rate: 3}
	for n := range int64(1000) {
		want := time.Duration(n) * time.Second / 3
		if got := s.next(); (got - want).Abs() > 1 {
			t.Fatalf("request %d is due at %v, want %v", n, got, want)
		}
	}
}

// Independent arrivals: the rate is right on the whole, and the share of gaps shorter than the mean is 1-1/e.
func TestPoissonSchedule(t *testing.T) {
	const rate, n = 1000, 100_000
	s := schedule{rate: rate, spacing: Poisson, random: rand.New(rand.NewPCG(1, 2))}
	before, short := time.Duration(0), 0
	for range n {
		at := s.next()
		if at < before {
			t.Fatalf("%v after %v", at, before)
		}
		if at-before < time.Second/rate {
			short++
		}
		before = at
	}
	if got := n / before.Seconds(); math.Abs(got-rate) > rate/50 {
		t.Errorf("%v a second, want %d", got, rate)
	}
	if got := float64(short) / n; math.Abs(got-(1-1/math.E)) > 0.01 {
		t.Errorf("%v of the gaps are shorter than the mean", got)
	}
}
