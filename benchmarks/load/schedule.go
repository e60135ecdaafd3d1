package load

import (
	"math/rand/v2"
	"time"
)

// schedule is when the requests of an open loop are due, counted from the beginning of the run.
type schedule struct {
	rate    float64
	spacing Spacing
	random  *rand.Rand
	n       int64
	at      float64 // Poisson: seconds
}

// next is the due instant of the next request.
func (s *schedule) next() time.Duration {
	var seconds float64
	if s.spacing == Poisson {
		s.at += s.random.ExpFloat64() / s.rate
		seconds = s.at
	} else {
		seconds = float64(s.n) / s.rate // from n each time: a sum of gaps would drift
	}
	s.n++
	return time.Duration(seconds * float64(time.Second))
}
