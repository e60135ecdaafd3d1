package console

import (
	"html/template"
	"time"

	"github.com/doorward/doorward/module/console/chart"
)

// panel is one thing that the overview shows: a number, and how it came about.
type panel struct {
	Title   string
	Figure  string // with its unit
	Of      string // what the figure is
	Mark    string // "good", "warn", "bad" or "" for the figure
	Notes   []string
	Chart   *chart.Chart
	Totals  []string // of the series, for the legend; nil for a chart without one
	Picture template.HTML
}

// legendLine is a colour with its name, and what it comes to.
type legendLine struct {
	chart.Key
	Text string
}

// Legend is nil for a chart that needs none.
func (p *panel) Legend() []legendLine {
	if p.Totals == nil {
		return nil
	}
	var lines []legendLine
	for i, k := range p.Chart.Keys() {
		lines = append(lines, legendLine{k, p.Totals[i]})
	}
	return lines
}

// panels are all of them, with their pictures. An error is a defect of one.
func (s *statistics) panels(w lookback, now time.Time) ([]panel, error) {
	sum, to := s.sum(), now
	if n := len(s.Intervals); n > 0 {
		to = s.Intervals[n-1].To
	}
	all := []panel{s.requests(w, sum), s.refusals(w, sum), s.latencies(), s.caches(sum), s.lag(), s.store()}
	for i := range all {
		c := all[i].Chart
		c.Title, c.From, c.To = all[i].Title, to.Add(-w.Whole), to
		for _, in := range s.Intervals {
			c.Spans = append(c.Spans, chart.Span{From: in.From, To: in.To})
		}
		c.Text = w.Label + ". " + all[i].Figure + " " + all[i].Of + "."
		for _, note := range all[i].Notes {
			c.Text += " " + note
		}
		var err error
		if all[i].Picture, err = c.SVG(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// sum is the intervals put together. Quantiles cannot be.
func (s *statistics) sum() counts {
	sum := counts{Refusals: map[string]uint64{}}
	for i := range s.Intervals {
		in := &s.Intervals[i]
		sum.Requests.Allow += in.Requests.Allow
		sum.Requests.Deny += in.Requests.Deny
		sum.Requests.Fault += in.Requests.Fault
		for reason, n := range in.Refusals {
			sum.Refusals[reason] += n
		}
		sum.Tokens.add(in.Tokens)
		sum.Policies.add(in.Policies)
	}
	return sum
}

// each is a series of one value for each interval.
func (s *statistics) each(name, class string, value func(*interval) float64) chart.Series {
	series := chart.Series{Name: name, Class: class}
	for i := range s.Intervals {
		series.Values = append(series.Values, value(&s.Intervals[i]))
	}
	return series
}
