package module

import (
	"github.com/prometheus/client_golang/prometheus"
)

// counters are the gate's metrics. They outlive config reloads; each config's registry gets them anew.
type counters struct {
	decisions   *prometheus.CounterVec
	byReason    [reasonCount]prometheus.Counter
	credentials *prometheus.CounterVec
	streamsOpen prometheus.Gauge
	streamsCut  *prometheus.CounterVec
	latency     latencies
}

func newCounters() *counters {
	c := &counters{
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "doorward_decisions_total",
			Help: "Requests decided, by decision (allow, deny, fault) and reason (one word of the list of reasons).",
		}, []string{"decision", "reason"}),
		credentials: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "doorward_refused_credentials_total",
			Help: "Credentials refused, by cause. The client is told none of these.",
		}, []string{"cause"}),
		streamsOpen: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "doorward_streams_open",
			Help: "Long-lived responses under way.",
		}),
		streamsCut: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "doorward_streams_cut_total",
			Help: "Long-lived responses cut, by cause: revoked, expired, remote (remote access has ended), fault (the token may have been " +
				"revoked, and could not be looked up), closed (a config with another store or other token options took over).",
		}, []string{"cause"}),
	}
	for r := reasonAllowed; r < reasonCount; r++ {
		c.byReason[r] = c.decisions.WithLabelValues(r.decision(), r.String())
	}
	return c
}

// collectors are all metrics of the gate, those included that its caches count by themselves.
func (g *gate) collectors() []prometheus.Collector {
	c := g.counters
	return append(append(g.statistics(), g.remote.collectors()...), c.decisions, c.credentials, c.streamsOpen, c.streamsCut,
		g.rules.shadows.count.changes, g.rules.shadows.count.dropped)
}
