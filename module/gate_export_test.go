package module

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/doorward/doorward/tokens"
)

// RunningGate lets tests outside the package look into a gate that a config has opened.
type RunningGate struct {
	gate       *gate
	References int // configs that use it
}

// RunningGates are all that are open in this process.
func RunningGates() []RunningGate {
	var keys []any
	var open []RunningGate
	gates.Range(func(key, value any) bool {
		keys = append(keys, key)
		open = append(open, RunningGate{gate: value.(*gate)})
		return true
	})
	for i, key := range keys {
		open[i].References, _ = gates.References(key)
	}
	return open
}

// TheGate is the one gate that is open.
func TheGate(t testing.TB) RunningGate {
	t.Helper()
	open := RunningGates()
	if len(open) != 1 {
		t.Fatalf("%d gates are open, want 1", len(open))
	}
	return open[0]
}

// Same reports whether two looks met the same gate.
func (g RunningGate) Same(other RunningGate) bool { return g.gate == other.gate }

// Stats are those of the cache of tokens.
func (g RunningGate) Stats() tokens.Stats { return g.gate.verifier.Stats() }

// HasFollowed reports whether every change of the store so far has been applied to the caches.
func (g RunningGate) HasFollowed(t testing.TB) bool {
	t.Helper()
	revision, err := g.gate.store.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return g.gate.follower.Position() >= revision
}

// Flush writes when tokens were last used.
func (g RunningGate) Flush(ctx context.Context) error { return g.gate.verifier.Flush(ctx) }

// MissChanges is what happens when changes of the store were not kept long enough to be followed.
func (g RunningGate) MissChanges(ctx context.Context) { g.gate.apply(ctx, nil, true) }

// CloseStore takes the store away from under the gate.
func (g RunningGate) CloseStore() error { return g.gate.store.Close() }

// HeldBodies is what the bodies take that policies are asked about, in bytes.
func (g RunningGate) HeldBodies() int64 { return g.gate.bodies.held.Load() }

// OpenStreams is the gauge of long-lived responses.
func (g RunningGate) OpenStreams(t testing.TB) float64 {
	return read(t, g.gate.counters.streamsOpen).GetGauge().GetValue()
}

// CutStreams is the counter of long-lived responses that were cut for this cause.
func (g RunningGate) CutStreams(t testing.TB, cause string) float64 {
	return read(t, g.gate.counters.streamsCut.WithLabelValues(cause)).GetCounter().GetValue()
}

// Decisions counts all that were made.
func (g RunningGate) Decisions(t testing.TB) (n float64) {
	for _, counter := range g.gate.counters.byReason[reasonAllowed:] {
		n += read(t, counter).GetCounter().GetValue()
	}
	return n
}

func read(t testing.TB, m prometheus.Metric) *dto.Metric {
	t.Helper()
	var value dto.Metric
	if err := m.Write(&value); err != nil {
		t.Fatal(err)
	}
	return &value
}

// NewAdminHealth is the module of the admin endpoint with another clock, and another word on whether the process ends.
func NewAdminHealth(now func() time.Time, exiting func() bool) *AdminHealth {
	return &AdminHealth{now: now, exiting: exiting}
}

// Gathered is the sum of every metric of the gate, by name.
func (g RunningGate) Gathered(t *testing.T) map[string]float64 {
	t.Helper()
	return gathered(t, g.gate.collectors()...)
}
