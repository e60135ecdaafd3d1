package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/doorward/doorward/benchmarks/rig"
)

// table is what a run found, for readers.
type table struct {
	samples []rig.Sample
	about   rig.About
	missing []string // cases that could not be measured here
}

// column is a measure with its name for readers.
type column struct {
	measure, name, unit string
	digits              int // after the point
}

var columns = []column{
	{rig.MeasureThroughput, "throughput", "requests/s", 0},
	{rig.MeasureCPUProxy, "CPU of the proxy", "s", 3},
	{rig.MeasureCPUHelpers, "of its servers", "s", 3},
	{rig.MeasureCPUTotal, "CPU, all", "s", 3},
	{rig.MeasureCPUAtRate, "CPU, all, at the rate", "s", 3},
	{rig.MeasureP50, "p50", "ms", 2},
	{rig.MeasureP99, "p99", "ms", 2},
	{rig.MeasureP999, "p99.9", "ms", 2},
	{rig.MeasureRSSProxy, "memory of the proxy", "MiB", 0},
	{rig.MeasureRSSHelpers, "of its servers", "MiB", 0},
}

// ratio is the median of a measure, divided by that of plain Caddy in the same round, with its quartiles. A case without servers
// has no ratio of theirs, and nor has the base.
func (t *table) ratio(name string, c column) string {
	if c.measure == rig.MeasureCPUHelpers || c.measure == rig.MeasureRSSHelpers {
		return t.value(name, c)
	}
	s := rig.SpreadOf(rig.Ratios(t.samples, rig.CasePlain, name, c.measure))
	switch {
	case s.N == 0:
		return "–"
	case name == rig.CasePlain:
		return "1"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Median, s.Q1, s.Q3)
}

// value is the median of a measure itself, from the least to the greatest.
func (t *table) value(name string, c column) string {
	s := rig.SpreadOf(rig.Values(t.samples, name, c.measure))
	if s.N == 0 || s.Max == 0 {
		return "–"
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f) %s", c.digits, s.Median, c.digits, s.Min, c.digits, s.Max, c.unit)
}

// rows are the cases that were measured or could not be, in the order of peers.
func (t *table) rows() []peer {
	return slices.DeleteFunc(slices.Clone(peers), func(p peer) bool {
		return !slices.Contains(t.missing, p.name) && len(rig.Values(t.samples, p.name, rig.MeasureThroughput)) == 0
	})
}

// cells are a row. That of a program that is not there says so, and nothing else.
func (t *table) cells(name string, of []column, cell func(string, column) string) []string {
	texts := make([]string, len(of))
	if slices.Contains(t.missing, name) {
		texts[0] = "not installed here"
		return texts
	}
	for i, c := range of {
		texts[i] = cell(name, c)
	}
	return texts
}

// print is the table for a terminal: the ratios, what they stand on, and the budget.
func (t *table) print(to io.Writer) error {
	for _, part := range []struct {
		title string
		cell  func(string, column) string
	}{
		{"Divided by plain Caddy in the same round: median (quartiles)", t.ratio},
		{"As measured: median (least–greatest); CPU for 10,000 requests", t.value},
	} {
		fmt.Fprintf(to, "%s\n\n", part.title)
		w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
		fmt.Fprint(w, "case")
		for _, c := range columns {
			fmt.Fprintf(w, "\t%s", c.name)
		}
		fmt.Fprintln(w)
		for _, p := range t.rows() {
			fmt.Fprint(w, p.name)
			for _, cell := range t.cells(p.name, columns, part.cell) {
				if cell != "" {
					fmt.Fprintf(w, "\t%s", cell)
				}
			}
			fmt.Fprintln(w)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(to)
	}
	for _, line := range t.remarks() {
		fmt.Fprintln(to, line)
	}
	return nil
}

// remarks are the noise, what went wrong, and the budget.
func (t *table) remarks() []string {
	var lines []string
	if again := rig.SpreadOf(rig.Ratios(t.samples, rig.CasePlain, rig.CasePlainAgain, rig.MeasureCPUTotal)); again.N > 0 {
		lines = append(lines, fmt.Sprintf("Plain Caddy against itself: %.2f times the CPU at the median, from %.2f to %.2f. Differences of that size are noise.",
			again.Median, again.Min, again.Max))
	}
	for _, p := range peers {
		if lost := rig.SpreadOf(rig.Values(t.samples, p.name, rig.MeasureErrors)); lost.Max > 0 {
			lines = append(lines, fmt.Sprintf("%s left up to %.0f requests without an answer in a round.", p.name, lost.Max))
		}
	}
	if others := t.others(); others > busy {
		lines = append(lines, fmt.Sprintf("The machine was busy with something else: it took %.0f %% of the CPUs at the median. These figures are worth little.", others))
	}
	if line := t.budget(); line != "" {
		lines = append(lines, line)
	}
	return lines
}

// busy is how much of the CPUs, in per cent, may go elsewhere. Idle machines are below 5.
const busy = 10

// others is how much of the CPUs went elsewhere, at the median of all turns.
func (t *table) others() float64 {
	var all []float64
	for _, p := range peers {
		all = append(all, rig.Values(t.samples, p.name, rig.MeasureOthers)...)
	}
	return rig.SpreadOf(all).Median
}

// budget is the line of the budget, where both sides of it were measured.
func (t *table) budget() string {
	s := rig.SpreadOf(rig.Values(t.samples, rig.CaseForwardOPA, rig.MeasureBudget))
	if s.N == 0 {
		return ""
	}
	verdict := "met"
	if s.Median < required {
		verdict = "not met"
	}
	return fmt.Sprintf("Against forward_auth + OPA, total CPU per request: %.2f times less (quartiles %.2f–%.2f); required: %.1f times. %s.",
		s.Median, s.Q1, s.Q3, required, strings.ToUpper(verdict[:1])+verdict[1:])
}

// markdown is the section of the README.
func (t *table) markdown(charts []string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Measured on %s: %s, Linux %s; %s, Caddy %s, OPA %s, nginx %s. %s rounds, %s for each measurement, %s connections; latencies at %s.\n",
		t.about["date"], t.about["machine"], t.about["kernel"], t.about["go"], t.about["caddy"], t.about["opa"], t.about["nginx"],
		t.about["rounds"], t.about["duration"], t.about["connections"], t.about["rate"])
	text.WriteString("\nDivided by plain Caddy in the same round, median (quartiles):\n\n")
	t.grid(&text, []column{columns[0], columns[1], columns[3], columns[5], columns[6], columns[7], columns[8]}, t.ratio)
	text.WriteString("\nAs measured, median (least–greatest), CPU for 10,000 requests:\n\n")
	t.grid(&text, []column{columns[0], columns[1], columns[2], columns[4], columns[5], columns[7], columns[8], columns[9]}, t.value)
	for _, line := range t.remarks() {
		fmt.Fprintf(&text, "\n%s\n", line)
	}
	for _, name := range charts {
		fmt.Fprintf(&text, "\n![%s](results/%s)\n", strings.TrimSuffix(strings.TrimPrefix(name, "peers-"), ".svg"), name)
	}
	return text.String()
}

func (t *table) grid(to io.Writer, of []column, cell func(string, column) string) {
	fmt.Fprint(to, "| |")
	for _, c := range of {
		fmt.Fprintf(to, " %s |", c.name)
	}
	fmt.Fprintf(to, "\n| --- |%s\n", strings.Repeat(" --- |", len(of)))
	for _, p := range t.rows() {
		fmt.Fprintf(to, "| %s |", p.about)
		for _, text := range t.cells(p.name, of, cell) {
			fmt.Fprintf(to, " %s |", text)
		}
		fmt.Fprintln(to)
	}
}
