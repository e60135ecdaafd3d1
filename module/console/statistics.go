package console

import (
	"net/url"
	"time"
)

const statisticsPath = "/api/doorward/v1/statistics"

// statistics is what the gateway has done, as the API writes it.
type statistics struct {
	Gateway   gateway    `json:"gateway"`
	Total     counts     `json:"total"`
	Intervals []interval `json:"intervals"` // oldest first; the last one is under way
	State     gateState  `json:"state"`
}

// gateway is which one answered.
type gateway struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Started string `json:"started"`
}

type gateState struct {
	StoreUp    bool    `json:"storeUp"`
	LagSeconds float64 `json:"revocationLagSeconds"`
	Revision   int64   `json:"revision"`
	Policies   int64   `json:"policiesRevision"`
	Streams    int     `json:"streamsOpen"`
}

type interval struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	counts
	StoreUp    bool    `json:"storeUp"`
	LagSeconds float64 `json:"revocationLagSeconds"`
}

type counts struct {
	Requests struct {
		Allow uint64 `json:"allow"`
		Deny  uint64 `json:"deny"`
		Fault uint64 `json:"fault"`
	} `json:"requests"`
	Refusals map[string]uint64 `json:"refusals"`
	Latency  *latency          `json:"decisionSeconds"` // nil: nothing was measured
	Tokens   lookups           `json:"tokenCache"`
	Policies lookups           `json:"policyCache"`
}

func (c *counts) all() uint64 { return c.Requests.Allow + c.Requests.Deny + c.Requests.Fault }

// latency is how long decisions took, without the upstream, in seconds.
type latency struct {
	Median float64 `json:"p50"`
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
}

// lookups are those of a cache.
type lookups struct {
	Hits   uint64 `json:"hits"`
	Stale  uint64 `json:"stale"`
	Misses uint64 `json:"misses"`
}

func (l *lookups) add(more lookups) {
	l.Hits, l.Stale, l.Misses = l.Hits+more.Hits, l.Stale+more.Stale, l.Misses+more.Misses
}

// share is that of the lookups which the cache answered; false where there were none.
func (l lookups) share() (float64, bool) {
	all := l.Hits + l.Stale + l.Misses
	if all == 0 {
		return 0, false
	}
	return float64(l.Hits+l.Stale) / float64(all), true
}

// lookback is how far back the overview looks.
type lookback struct {
	Key        string // in the page's address
	Label      string
	Whole      time.Duration
	From       string // in the API's words, as is the next
	Resolution string
	Each       string // what an interval is called: "a minute"
}

// lookbacks are the choices, the usual one first.
var lookbacks = []lookback{
	{"", "Last hour", time.Hour, "now-1h", "1m", "a minute"},
	{"10m", "Last 10 minutes", 10 * time.Minute, "now-10m", "10s", "in 10 seconds"},
}

// lookback is the one that the address names.
func (v *visit) lookback() lookback {
	for _, w := range lookbacks {
		if w.Key == v.r.URL.Query().Get("last") {
			return w
		}
	}
	return lookbacks[0]
}

// query is the lookback in an address of the console.
func (w lookback) query() url.Values {
	if w.Key == "" {
		return nil
	}
	return url.Values{"last": {w.Key}}
}

func (v *visit) statistics(w lookback) (*statistics, error) {
	s := new(statistics)
	err := v.api.Get(statisticsPath, url.Values{"from": {w.From}, "resolution": {w.Resolution}}, s)
	return s, err
}

// row is an interval as a line of an export, in which every member has a plain value.
type row struct {
	From         time.Time         `json:"from"`
	To           time.Time         `json:"to"`
	Allowed      uint64            `json:"allowed"`
	Refused      uint64            `json:"refused"`
	Undecided    uint64            `json:"undecided"`
	Refusals     map[string]uint64 `json:"refusals"`
	Median       *float64          `json:"decisionSecondsP50"`
	P90          *float64          `json:"decisionSecondsP90"`
	P99          *float64          `json:"decisionSecondsP99"`
	TokenHits    uint64            `json:"tokenCacheHits"`
	TokenMisses  uint64            `json:"tokenCacheMisses"`
	PolicyHits   uint64            `json:"policyCacheHits"`
	PolicyMisses uint64            `json:"policyCacheMisses"`
	Lag          float64           `json:"revocationLagSeconds"`
	StoreUp      bool              `json:"storeUp"`
}

// rowColumns are those of a sheet.
var rowColumns = []string{
	"from", "to", "allowed", "refused", "undecided", "refusals", "decisionSecondsP50", "decisionSecondsP90", "decisionSecondsP99",
	"tokenCacheHits", "tokenCacheMisses", "policyCacheHits", "policyCacheMisses", "revocationLagSeconds", "storeUp",
}

func (i *interval) row() row {
	r := row{
		From: i.From, To: i.To, Allowed: i.Requests.Allow, Refused: i.Requests.Deny, Undecided: i.Requests.Fault, Refusals: i.Refusals,
		TokenHits: i.Tokens.Hits + i.Tokens.Stale, TokenMisses: i.Tokens.Misses, PolicyHits: i.Policies.Hits + i.Policies.Stale,
		PolicyMisses: i.Policies.Misses, Lag: i.LagSeconds, StoreUp: i.StoreUp,
	}
	if l := i.Latency; l != nil {
		r.Median, r.P90, r.P99 = &l.Median, &l.P90, &l.P99
	}
	return r
}
