package module

import (
	"net/http"
	"testing"

	"github.com/doorward/doorward/remote"
)

// BenchmarkServeStaff is BenchmarkServe for remote support staff: every request is put into the audit trail before it is
// forwarded, and its outcome after that, so it costs two transactions of the store. A refused one costs one.
func BenchmarkServeStaff(b *testing.B) {
	h, g := benchmarkHandler(b)
	token := g.mintStaff(b)
	r := g.letIn(b, remote.Viewer)
	serve := func(status int) func(b *testing.B) {
		return func(b *testing.B) {
			s := newBenchmarkRequest(h, token)
			b.ReportAllocs()
			for b.Loop() {
				s.reset()
				if err := h.ServeHTTP(s.w, s.r, answerNothing); err != nil {
					b.Fatal(err)
				}
			}
			if s.w.status != status {
				b.Fatalf("status %d, want %d", s.w.status, status)
			}
		}
	}
	b.Run("200", serve(http.StatusOK))
	b.Run("200-parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(loop *testing.PB) {
			s := newBenchmarkRequest(h, token)
			for loop.Next() {
				s.reset()
				_ = h.ServeHTTP(s.w, s.r, answerNothing)
			}
		})
	})
	if _, err := g.remote.service.SetState(b.Context(), remote.Actor{Name: "test"}, r.ID, remote.Decision{State: remote.Expired}); err != nil {
		b.Fatal(err)
	}
	b.Run("403", serve(http.StatusForbidden))
}

// BenchmarkDecideRemote is the ceiling alone.
func BenchmarkDecideRemote(b *testing.B) {
	h, g := benchmarkHandler(b)
	g.letIn(b, remote.Viewer)
	call := remote.Call{User: staffUser, Class: remote.Ordinary, Needs: remote.EnvRead, Now: h.now()}
	b.ReportAllocs()
	for b.Loop() {
		if !g.remote.limit.Decide(call).Allows() {
			b.Fatal("not allowed")
		}
	}
}
