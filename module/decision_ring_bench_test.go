package module

import (
	"net/http"
	"testing"

	"go.uber.org/zap"
)

// BenchmarkServeRecorded is BenchmarkServe with a decision log: what it costs to note the stages of every request and to
// write the records of some.
func BenchmarkServeRecorded(b *testing.B) {
	h, g := benchmarkHandler(b)
	ring, release, err := acquireDecisionRing(&DecisionLog{Folder: b.TempDir()}, zap.NewNop())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = release() }()
	h.observer = ring
	_, reader := g.mint(b, "metrics.read")
	_, other := g.mint(b, "logs.read")
	for _, test := range []struct {
		name, token string
		status      int
	}{{"200", reader, http.StatusOK}, {"403", other, http.StatusForbidden}} {
		b.Run(test.name, func(b *testing.B) {
			s := newBenchmarkRequest(h, test.token)
			b.ReportAllocs()
			for b.Loop() {
				s.reset()
				_ = h.ServeHTTP(s.w, s.r, answerNothing)
			}
			if s.w.status != test.status {
				b.Fatalf("status %d, want %d", s.w.status, test.status)
			}
		})
	}
}
