package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/doorward/doorward/benchmarks/mix"
)

// show prints a table with a line for each part, and one for each kind of request where a part has several.
func show(out io.Writer, o mix.Outcome) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\trequests\ta second\tp50\tp90\tp99\tp99.9\tmax\tstatuses\terrors\tunsent\treopened\tbehind p99\tbehind\t")
	for _, part := range o.Parts {
		fmt.Fprintf(table, "%s\t%d\t%.0f\t%s\t%s\t%d\t%d\t%d\t%s\t%s\t\n", part.Name, part.Requests, perSecond(part), quantiles(part.Latency), statuses(part.Statuses),
			part.Errors, part.Unsent, part.Reopened, short(time.Duration(part.Lateness.ValueAtQuantile(99))), short(part.Behind))
		if len(part.ByName) < 2 {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(part.ByName)) {
			h := part.ByName[name]
			fmt.Fprintf(table, "%s\t%d\t\t%s\t\t\t\t\t\t\t\n", name, h.TotalCount(), quantiles(h))
		}
	}
	_ = table.Flush() // like everything that is printed here
	for _, note := range o.Notes {
		fmt.Fprintf(out, "  %s: %s\n", note.Name, note.Value)
	}
	fmt.Fprintln(out)
}

// perSecond is how many were answered in a second of the measurement.
func perSecond(p mix.Part) float64 {
	if p.Elapsed <= 0 {
		return 0
	}
	return float64(p.Requests) / p.Elapsed.Seconds()
}

// quantiles are the five columns of latencies.
func quantiles(h *hdrhistogram.Histogram) string {
	var columns []string
	for _, q := range []float64{50, 90, 99, 99.9, 100} {
		columns = append(columns, short(time.Duration(h.ValueAtQuantile(q))))
	}
	return strings.Join(columns, "\t")
}

// short is a duration with three digits or so.
func short(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d < time.Millisecond:
		return fmt.Sprintf("%.0fµs", float64(d)/float64(time.Microsecond))
	case d < time.Second:
		return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2fs", d.Seconds())
}

// statuses are the answers by status, the most frequent first.
func statuses(counts map[int]int64) string {
	codes := slices.SortedFunc(maps.Keys(counts), func(a, b int) int {
		if counts[a] != counts[b] {
			return int(min(max(counts[b]-counts[a], -1), 1))
		}
		return a - b
	})
	var texts []string
	for _, code := range codes {
		texts = append(texts, fmt.Sprintf("%d×%d", counts[code], code))
	}
	return strings.Join(texts, " ")
}
