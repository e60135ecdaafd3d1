package module

import (
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
)

// gatewayOperations are about the gateway as a whole: what it does, and how it is.
func (a *API) gatewayOperations() []rest.Operation {
	return []rest.Operation{
		{Method: http.MethodGet, Path: "/api/doorward/v1/statistics", Serve: a.ofOperator(a.showStatistics)},
		{Method: http.MethodGet, Path: "/api/doorward/v1/health", Serve: a.ofOperator(a.showHealth)},
	}
}

// ofOperator keeps an operation for the first account, which is that of whoever runs the gateway: what it tells is of all accounts.
func (a *API) ofOperator(serve func(http.ResponseWriter, *rest.Call) error) func(http.ResponseWriter, *rest.Call) error {
	return func(w http.ResponseWriter, call *rest.Call) error {
		if call.Account != a.own.accounts.all[0].ID {
			return fault.New(fault.Forbidden, "This is about all accounts of the gateway, and for the first one of them only.", nil)
		}
		return serve(w, call)
	}
}

// statistics is the answer: what the gate has done since it was opened, and how the last hour went.
type statistics struct {
	Gateway    gatewayView    `json:"gateway"`
	Total      intervalCounts `json:"total"`
	Resolution string         `json:"resolution"`
	Intervals  []interval     `json:"intervals"` // oldest first; the last one is under way
	State      stateView      `json:"state"`
}

// gatewayView is which gateway this is.
type gatewayView struct {
	Name          string    `json:"name"` // of the machine
	Version       string    `json:"version"`
	Started       time.Time `json:"started"` // when what is counted began
	UptimeSeconds int64     `json:"uptimeSeconds"`
}

// stateView is how the gate is now.
type stateView struct {
	StoreUp           bool    `json:"storeUp"`
	LagSeconds        float64 `json:"revocationLagSeconds"`
	Revision          int64   `json:"revision"`
	PublishedRevision int64   `json:"policiesRevision"`
	StreamsOpen       int     `json:"streamsOpen"`
}

// interval is a part of the last hour.
type interval struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	intervalCounts
	StoreUp    bool    `json:"storeUp"`              // all the time
	LagSeconds float64 `json:"revocationLagSeconds"` // the longest
}

// intervalCounts are counts over some time.
type intervalCounts struct {
	Requests requestCounts     `json:"requests"`
	Refusals map[string]uint64 `json:"refusals"` // by reason; those that there were
	Latency  *latencyView      `json:"decisionSeconds,omitempty"`
	Tokens   cacheCounts       `json:"tokenCache"`
	Policies cacheCounts       `json:"policyCache"`
}

type requestCounts struct {
	Allow uint64 `json:"allow"`
	Deny  uint64 `json:"deny"`
	Fault uint64 `json:"fault"`
}

// latencyView is how long decisions took, without the upstream, in seconds.
type latencyView struct {
	Median float64 `json:"p50"`
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
}

type cacheCounts struct {
	Hits   uint64 `json:"hits"`
	Stale  uint64 `json:"stale,omitempty"` // past their lifetime, because the store was away
	Misses uint64 `json:"misses"`
}

// resolutions are how long an interval can be.
var resolutions = map[string]time.Duration{
	"10s": sampleEvery, "30s": 30 * time.Second, "1m": time.Minute, "5m": 5 * time.Minute, "10m": 10 * time.Minute, "1h": time.Hour,
}

const defaultResolution = "1m"

func (a *API) showStatistics(w http.ResponseWriter, call *rest.Call) error {
	now := time.Now()
	q := call.Query()
	from := q.Instant("from", now)
	resolution := q.Text("resolution")
	if resolution == "" {
		resolution = defaultResolution
	}
	every, known := resolutions[resolution]
	if !known {
		q.Refuse("resolution", "Expected one of 10s, 30s, 1m, 5m, 10m and 1h.")
	}
	if err := q.Err(); err != nil {
		return err
	}
	g := a.app.gate
	latest := g.sample(now)
	return rest.Write(w, http.StatusOK, statistics{
		Gateway: g.view(now), Total: countsBetween(&sample{}, &latest), Resolution: resolution,
		Intervals: intervals(append(g.history.since(from), latest), every),
		State: stateView{
			StoreUp: latest.storeUp, LagSeconds: latest.lag.Seconds(), Revision: latest.revision,
			PublishedRevision: g.rules.rounds.published.Load(), StreamsOpen: latest.streamsOpen,
		},
	})
}

func (g *gate) view(now time.Time) gatewayView {
	name, err := os.Hostname()
	if err != nil {
		name = ""
	}
	return gatewayView{
		Name: name, Version: buildVersion(), Started: g.opened.UTC().Truncate(time.Millisecond),
		UptimeSeconds: int64(now.Sub(g.opened).Seconds()),
	}
}

// buildVersion is that of the module in this binary; "(devel)" for one that was built from a checkout.
var buildVersion = sync.OnceValue(func() string {
	const path = "github.com/doorward/doorward"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == path && m.Version != "" {
			return m.Version
		}
	}
	return "(devel)"
})

// intervals puts samples together that end in the same interval. Intervals begin at whole multiples of their length, so that
// the same ones come back to whoever asks again.
func intervals(samples []sample, every time.Duration) []interval {
	all := []interval{}
	for i := 0; i+1 < len(samples); {
		end := i + 1
		ending := intervalOf(samples[end].at, every)
		for end+1 < len(samples) && intervalOf(samples[end+1].at, every).Equal(ending) {
			end++
		}
		all = append(all, intervalOver(samples[i:end+1]))
		i = end
	}
	return all
}

// intervalOf is the end of the interval that a sample ends, or lies in.
func intervalOf(at time.Time, every time.Duration) time.Time {
	return at.Add(every - 1).Truncate(every)
}

// intervalOver is what came between the first of some samples and the last.
func intervalOver(samples []sample) interval {
	first, last := &samples[0], &samples[len(samples)-1]
	made := interval{From: first.at.UTC(), To: last.at.UTC(), StoreUp: true, intervalCounts: countsBetween(first, last)}
	for i := range samples[1:] {
		s := &samples[i+1]
		made.StoreUp = made.StoreUp && s.storeUp
		made.LagSeconds = max(made.LagSeconds, s.lag.Seconds())
	}
	return made
}

func countsBetween(first, last *sample) intervalCounts {
	c := intervalCounts{
		Refusals: map[string]uint64{},
		Tokens:   cacheCounts{last.tokenHits - first.tokenHits, last.tokenStale - first.tokenStale, last.tokenMisses - first.tokenMisses},
		Policies: cacheCounts{Hits: last.policyHits - first.policyHits, Misses: last.policyMisses - first.policyMisses},
	}
	for r := reasonAllowed; r < reasonCount; r++ {
		n := last.reasons[r] - first.reasons[r]
		switch r.decision() {
		case verdictAllow:
			c.Requests.Allow += n
			continue
		case verdictFault:
			c.Requests.Fault += n
		default:
			c.Requests.Deny += n
		}
		if n > 0 {
			c.Refusals[r.String()] = n
		}
	}
	c.Latency = latencyBetween(first, last)
	return c
}

// latencyBetween is nil where nothing was measured.
func latencyBetween(first, last *sample) *latencyView {
	var counts [latencyBuckets]uint32
	for i := range counts {
		counts[i] = last.latency[i] - first.latency[i]
	}
	quantile := func(q float64) float64 { return latencyQuantile(&counts, q).Seconds() }
	if quantile(1) == 0 {
		return nil
	}
	return &latencyView{quantile(0.5), quantile(0.9), quantile(0.99)}
}
