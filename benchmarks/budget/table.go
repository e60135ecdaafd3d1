package budget

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/doorward/doorward/benchmarks/rig"
)

// Verdict says whether a line is met.
type Verdict string

// The verdicts.
const (
	Met         Verdict = "met"
	MetAim      Verdict = "met, and the aim"
	NotMet      Verdict = "**not met**"
	NotMeasured Verdict = "not measured"
)

// Outcome is a line with what was measured.
type Outcome struct {
	What     string
	Required string
	Measured string // the median; the most where there may be none
	Spread   string // quartiles
	Verdict  Verdict
	Source   string // file and day
}

// Judge compares the results with the budget, line by line. What was not measured is never met.
func Judge(r Results) []Outcome {
	outcomes := make([]Outcome, 0, len(lines))
	for _, l := range lines {
		outcomes = append(outcomes, l.judge(r))
	}
	return outcomes
}

func (l line) judge(r Results) Outcome {
	o := Outcome{What: l.what, Required: l.bounds(), Measured: "–", Spread: "–", Verdict: NotMeasured, Source: l.file}
	values := l.values(r)
	if len(values) == 0 {
		return o
	}
	s := rig.SpreadOf(values)
	o.Measured = fmt.Sprintf(l.format+l.unitInFormat(), l.counting(s))
	if s.N > 1 {
		o.Spread = fmt.Sprintf(l.format+" … "+l.format, s.Q1, s.Q3)
	}
	o.Source += ", " + cmp.Or(r.date(l.file), "undated")
	o.Verdict = l.verdict(s)
	return o
}

func (l line) unitInFormat() string { return strings.ReplaceAll(l.unit, "%", "%%") }

// counting is the value that counts: the median, but the worst of all where there may be none at all.
func (l line) counting(s rig.Spread) float64 {
	if l.required == 0 {
		return s.Max
	}
	return s.Median
}

func (l line) verdict(s rig.Spread) Verdict {
	measured := l.counting(s)
	within := func(bound float64) bool {
		if l.atLeast {
			return measured >= bound
		}
		return measured <= bound
	}
	switch {
	case !within(l.required): // not a number is within nothing
		return NotMet
	case !l.noAim && within(l.aim):
		return MetAim
	}
	return Met
}

// Table is the budget in Markdown.
func Table(outcomes []Outcome) string {
	var b strings.Builder
	b.WriteString("| What | Required | Measured, median | Quartiles | | Results |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, o := range outcomes {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", o.What, o.Required, o.Measured, o.Spread, o.Verdict, o.Source)
	}
	return b.String()
}
