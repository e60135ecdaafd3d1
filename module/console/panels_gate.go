package console

import (
	"fmt"
	"math"
	"slices"

	"github.com/doorward/doorward/module/console/chart"
)

func (s *statistics) latencies() panel {
	quantile := func(of func(*latency) float64) func(*interval) float64 {
		return func(i *interval) float64 {
			if i.Latency == nil {
				return math.NaN()
			}
			return of(i.Latency)
		}
	}
	p := panel{Title: "Time to decide", Figure: "–", Of: "nothing was measured yet", Totals: []string{"", "", ""}, Chart: &chart.Chart{
		ID: "latency", Kind: chart.Lines, Unit: chart.Seconds, Log: true, Series: []chart.Series{
			s.each("50 %", "", quantile(func(l *latency) float64 { return l.Median })),
			s.each("90 %", "s3", quantile(func(l *latency) float64 { return l.P90 })),
			s.each("99 %", "s2", quantile(func(l *latency) float64 { return l.P99 })),
		},
	}}
	for _, i := range slices.Backward(s.Intervals) {
		if l := i.Latency; l != nil {
			p.Figure, p.Of = chart.Seconds.Text(l.P99), "or less for 99 % of the latest requests"
			p.Totals = []string{chart.Seconds.Text(l.Median), chart.Seconds.Text(l.P90), chart.Seconds.Text(l.P99)}
			break
		}
	}
	p.Notes = append(p.Notes, "The gate's own time, without the service behind it. Each line of the picture is ten times the one below, or more.")
	return p
}

func (s *statistics) caches(sum counts) panel {
	share := func(of func(*interval) lookups) func(*interval) float64 {
		return func(i *interval) float64 {
			if share, some := of(i).share(); some {
				return share
			}
			return math.NaN()
		}
	}
	p := panel{Title: "Answered by caches", Figure: shareText(sum.Tokens), Of: "of tokens found without the store",
		Totals: []string{shareText(sum.Tokens), shareText(sum.Policies)},
		Chart: &chart.Chart{ID: "caches", Kind: chart.Lines, Unit: chart.Share, Most: 1, Series: []chart.Series{
			s.each("tokens", "", share(func(i *interval) lookups { return i.Tokens })),
			s.each("decisions of policies", "s2", share(func(i *interval) lookups { return i.Policies })),
		}}}
	if n := sum.Tokens.Stale; n > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%s older than usual, because the store was away.", count(n)))
	}
	return p
}

func shareText(l lookups) string {
	if share, some := l.share(); some {
		return chart.Share.Text(share)
	}
	return "–"
}

// lagNoticed is from when on a revocation may take so long to arrive, in seconds, that somebody should look why.
const lagNoticed = 5

func (s *statistics) lag() panel {
	longest := 0.0
	for _, i := range s.Intervals {
		longest = max(longest, i.LagSeconds)
	}
	p := panel{
		Title: "Revocation lag", Figure: chart.Seconds.Text(s.State.LagSeconds), Of: "since the store was last asked what changed",
		Notes: []string{fmt.Sprintf("At most %s in this time. A token that is switched off is refused this much later at the latest.", chart.Seconds.Text(longest))},
		Chart: &chart.Chart{ID: "lag", Kind: chart.Lines, Unit: chart.Seconds, Series: []chart.Series{s.each("lag", "", func(i *interval) float64 { return i.LagSeconds })}},
	}
	if s.State.LagSeconds >= lagNoticed {
		p.Mark = "warn"
	}
	return p
}

func (s *statistics) store() panel {
	p := panel{Title: "Store", Figure: "up", Of: "now", Mark: "good", Chart: &chart.Chart{
		ID: "store", Kind: chart.Strip, Unit: chart.Unit{Text: upText}, Series: []chart.Series{s.each("store", "", func(i *interval) float64 {
			if i.StoreUp {
				return 1
			}
			return 0
		})},
	}}
	down := 0
	for _, i := range s.Intervals {
		if !i.StoreUp {
			down++
		}
	}
	if down == 0 {
		p.Notes = append(p.Notes, "It answered all the time.")
	} else {
		p.Notes = append(p.Notes, fmt.Sprintf("It did not answer in %d of %d intervals.", down, len(s.Intervals)))
	}
	if !s.State.StoreUp {
		p.Figure, p.Mark = "down", "bad"
		p.Notes = append(p.Notes, "Who is remembered is still let in for a while; changes are not possible.")
	}
	return p
}

func upText(v float64) string {
	if v > 0 {
		return "up"
	}
	return "down"
}
