package console

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/doorward/doorward/module/console/chart"
)

func (s *statistics) requests(w lookback, sum counts) panel {
	p := panel{
		Title: "Requests " + w.Each, Figure: count(sum.all()), Of: "decided in this time",
		Totals: []string{count(sum.Requests.Allow), count(sum.Requests.Deny), count(sum.Requests.Fault)},
		Chart: &chart.Chart{ID: "requests", Kind: chart.Bars, Unit: chart.Count, Series: []chart.Series{
			s.each("allowed", "", func(i *interval) float64 { return float64(i.Requests.Allow) }),
			s.each("refused", "warn", func(i *interval) float64 { return float64(i.Requests.Deny) }),
			s.each("not decided", "bad", func(i *interval) float64 { return float64(i.Requests.Fault) }),
		}},
	}
	if n := len(s.Intervals); n > 0 && sum.all() > 0 {
		over := s.Intervals[n-1].To.Sub(s.Intervals[0].From).Seconds()
		p.Notes = append(p.Notes, fmt.Sprintf("%s a second on average.", short(float64(sum.all())/max(over, 1))))
	}
	if sum.Requests.Fault > 0 {
		p.Mark = "bad"
		p.Notes = append(p.Notes, "What cannot be decided is answered with 503, never let through.")
	}
	return p
}

// short is a rate with as many digits as are of interest.
func short(v float64) string {
	switch {
	case v >= 10:
		return count(uint64(v + 0.5))
	case v < 0.01:
		return "Less than 0.01"
	}
	return fmt.Sprintf("%.2g", v)
}

func count(n uint64) string { return number(int(min(n, math.MaxInt64))) } //nolint:gosec // bounded

// mostReasons is how many reasons have a colour of their own. More could not be told apart.
const mostReasons = 5

// refusals are by reason, the most frequent first.
func (s *statistics) refusals(w lookback, sum counts) panel {
	refused := sum.Requests.Deny + sum.Requests.Fault
	p := panel{Title: "Refusals " + w.Each + ", by reason", Figure: count(refused), Of: "not let through", Chart: &chart.Chart{ID: "refusals", Kind: chart.Bars, Unit: chart.Count}}
	if all := sum.all(); all > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%s of all requests.", chart.Share.Text(float64(refused)/float64(all))))
	}
	reasons := slices.SortedFunc(maps.Keys(sum.Refusals), func(a, b string) int {
		return cmp.Or(cmp.Compare(sum.Refusals[b], sum.Refusals[a]), cmp.Compare(a, b))
	})
	shown := reasons[:min(len(reasons), mostReasons)]
	for i, reason := range shown {
		class := fmt.Sprintf("s%d", i+1)
		p.Chart.Series = append(p.Chart.Series, s.each(reasonText(reason), class, func(i *interval) float64 { return float64(i.Refusals[reason]) }))
		p.Totals = append(p.Totals, count(sum.Refusals[reason]))
	}
	if rest := reasons[len(shown):]; len(rest) > 0 {
		of := func(refusals map[string]uint64) (n uint64) {
			for _, reason := range rest {
				n += refusals[reason]
			}
			return n
		}
		p.Chart.Series = append(p.Chart.Series, s.each("other reasons", "s6", func(i *interval) float64 { return float64(of(i.Refusals)) }))
		p.Totals = append(p.Totals, count(of(sum.Refusals)))
	}
	return p
}

// reasonTexts say the gate's words for reasons in a few words of everybody's.
var reasonTexts = map[string]string{ //nolint:gosec // the words for reasons, and no credentials
	"bad_framing": "unclear where the request ends", "bad_path": "ambiguous path", "bad_host": "no valid host", "bad_query": "ambiguous query",
	"method": "method not allowed", "early_data": "sent too early", "ambiguous_credentials": "several credentials", "no_credential": "no credential",
	"bad_credential": "credential not good", "throttled": "too many bad credentials", "no_endpoint": "no such endpoint",
	"derived_endpoint": "endpoint not covered", "personal_token": "personal token", "scope": "scope missing", "policy": "policies",
	"body_unreadable": "body unreadable", "body_too_large": "body too large", "body_unsupported": "body of unknown form", "body_slow": "body too slow",
	"remote": "remote access", "fault": "not decided",
}

func reasonText(word string) string { return cmp.Or(reasonTexts[word], word) }
