package module

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/doorward/doorward/policyengine"
)

// gathered is the sum of every metric of some collectors, by name.
func gathered(t *testing.T, collectors ...prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registerCollectors(registry, collectors); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			sums[family.GetName()] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sums
}

func TestStatistics(t *testing.T) {
	h, g := benchmarkHandler(t)
	_, reader := g.mint(t, "metrics.read")
	for range 3 {
		s := newBenchmarkRequest(h, reader)
		s.reset()
		if err := h.ServeHTTP(s.w, s.r, answerNothing); err != nil || s.w.status != http.StatusOK {
			t.Fatal(s.w.status, err)
		}
	}
	for deadline := time.Now().Add(5 * time.Second); g.follower.LastLook().IsZero() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	got := gathered(t, g.collectors()...)
	if lag := got["doorward_revocation_lag_seconds"]; lag <= 0 || lag > 5 {
		t.Errorf("the feed lags by %v s", lag)
	}
	want := map[string]float64{
		"doorward_decisions_total": 3, "doorward_token_cache_hits_total": 2, "doorward_token_cache_misses_total": 1,
		"doorward_token_cache_queries_total": 1, "doorward_token_cache_entries": 1, "doorward_policy_publications_total": 1,
		"doorward_store_up": 1, "doorward_policy_cache_limit_bytes": policyengine.DefaultCacheBytes,
	}
	maps.DeleteFunc(got, func(name string, v float64) bool { return v == 0 || name == "doorward_revocation_lag_seconds" })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	g.rules.count.note(http.ErrAbortHandler)
	if n := gathered(t, g.collectors()...)["doorward_policy_publication_failures_total"]; n != 1 {
		t.Errorf("%v failed publications, want 1", n)
	}
}

// A gateway without a decision log has its metrics all the same, so that a chart of them is empty and not missing.
func TestDecisionLogStatistics(t *testing.T) {
	none, release, err := acquireDecisionRing(nil, zap.NewNop())
	if err != nil || none != nil {
		t.Fatal(none, err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]float64{
		"doorward_decision_log_written_total": 0, "doorward_decision_log_dropped_total": 0,
		"doorward_decision_log_faults_total": 0, "doorward_decision_log_bytes": 0,
	}, gathered(t, none.collector())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	ring, release, err := acquireDecisionRing(&DecisionLog{Folder: t.TempDir(), Sample: 1}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	h, g := benchmarkHandler(t)
	h.observer = ring
	_, reader := g.mint(t, "metrics.read")
	s := newBenchmarkRequest(h, reader)
	for range 5 {
		s.reset()
		_ = h.ServeHTTP(s.w, s.r, answerNothing)
	}
	if err := release(); err != nil { // the last one closes it, and everything is written then
		t.Fatal(err)
	}
	got := gathered(t, ring.collector())
	if got["doorward_decision_log_written_total"] != 5 || got["doorward_decision_log_bytes"] == 0 {
		t.Errorf("got %v", got)
	}
}
