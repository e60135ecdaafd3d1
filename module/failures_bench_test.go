package module

import (
	"net/http"
	"testing"
)

// BenchmarkFailures is what a flood costs the gate itself: told 401 with the limit so high that it is never reached, told 429,
// and a good token in the middle of it, which is to cost what it costs without a flood.
func BenchmarkFailures(b *testing.B) {
	h, g := benchmarkHandler(b)
	_, reader := g.mint(b, "metrics.read")
	_, other := g.mint(b, "logs.read")
	wrong := other[:len(other)-10] + reader[len(reader)-10:]
	for _, test := range []struct {
		name, token string
		limit       FailedAuthentications
		status      int
	}{
		{"401", wrong, FailedAuthentications{Rate: mostFailureRate, Burst: mostFailureBurst}, http.StatusUnauthorized},
		{"429", wrong, FailedAuthentications{Rate: leastFailureRate, Burst: 1}, http.StatusTooManyRequests},
		{"200", reader, FailedAuthentications{Rate: leastFailureRate, Burst: 1}, http.StatusOK},
	} {
		b.Run(test.name, func(b *testing.B) {
			g.failures.set(&test.limit)
			for _, token := range []string{reader, wrong} {
				s := newBenchmarkRequest(h, token)
				s.reset()
				_ = h.ServeHTTP(s.w, s.r, answerNothing) // remembers the token, and spends what there is
			}
			s := newBenchmarkRequest(h, test.token)
			b.ReportAllocs()
			for b.Loop() {
				s.reset()
				if err := h.ServeHTTP(s.w, s.r, answerNothing); err != nil {
					b.Fatal(err)
				}
			}
			if s.w.status != test.status {
				b.Fatalf("status %d, want %d", s.w.status, test.status)
			}
		})
	}
}
