package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/doorward/doorward/benchmarks/rig"
)

func allCPUs() (all []int) {
	for i := range runtime.NumCPU() {
		all = append(all, i)
	}
	return all
}

// flat is how much a request may cost more at one size than at another: what two measurements of the same thing differ by.
const flat = 1.2

// lines say what each series is, in the order of the table.
var lines = []struct{ series, axis, says string }{
	{"stored", "tokens", "500 of them in use"},
	{"zipf", "tokens", "all in use, Zipf 1.1"},
	{"remembered", "statements", "100 questions, remembered"},
	{"evaluated", "statements", "a new question each time"},
	{"endpoints", "endpoints", "all asked for"},
	{"connections", "connections", "2,000 requests a second over all of them"},
	{"connections-plain", "connections", "the same without the directive"},
	{"cores", "cores", "one token"},
	{"cores-plain", "cores", "the same without the directive"},
}

// growthTable has a row for each series: what a request costs at each size, by what it costs at the first one in the same round.
func growthTable(about rig.About, samples []rig.Sample) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s. %s.\n\n", about["date"], about["machine"], about["go"], about["requests"])
	b.WriteString("| Growing | Requests | CPU of a request, µs | by the first: median (quartiles) | Resident memory, MiB | |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, l := range lines {
		sizes := sizesOf(l.series, samples)
		if len(sizes) == 0 {
			continue
		}
		var cpu, ratios, rss []string
		verdict := "flat"
		if len(sizes) == 1 {
			verdict = "–"
		}
		for _, size := range sizes {
			name := l.series + "/" + size
			cpu = append(cpu, fmt.Sprintf("%.0f", rig.SpreadOf(rig.Values(samples, name, measureCPU)).Median))
			rss = append(rss, fmt.Sprintf("%.0f", rig.SpreadOf(rig.Values(samples, name, measureRSS)).Median))
			if size == sizes[0] {
				continue
			}
			median, low, high := rig.Ratio(samples, l.series+"/"+sizes[0], name, measureCPU)
			ratios = append(ratios, fmt.Sprintf("%.2f (%.2f … %.2f)", median, low, high))
			if median > flat {
				verdict = "**not flat**"
			}
		}
		fmt.Fprintf(&b, "| %s: %s | `%s`: %s | %s | %s | %s | %s |\n", axes[l.axis].what, strings.Join(sizes, ", "), l.series, l.says,
			strings.Join(cpu, ", "), strings.Join(ratios, ", "), strings.Join(rss, ", "), verdict)
	}
	return b.String()
}

// sizesOf are the sizes at which a series was measured, the least first.
func sizesOf(series string, samples []rig.Sample) []string {
	var sizes []int
	for _, s := range samples {
		of, size, _ := strings.Cut(s.Case, "/")
		n, err := strconv.Atoi(size)
		if err == nil && of == series && !slices.Contains(sizes, n) {
			sizes = append(sizes, n)
		}
	}
	slices.Sort(sizes)
	texts := make([]string, len(sizes))
	for i, n := range sizes {
		texts[i] = strconv.Itoa(n)
	}
	return texts
}

func report(ctx context.Context, s settings, plots string, about rig.About, samples []rig.Sample) error {
	file := filepath.Join(s.out, "growth.csv")
	if err := rig.SaveCSV(file, about, samples); err != nil {
		return err
	}
	text := growthTable(about, samples)
	fmt.Println(text)
	if s.readme == "" {
		return nil
	}
	charts, err := draw(ctx, s, plots, file, samples)
	if err != nil {
		return err
	}
	return rig.WriteSection(s.readme, "growth", text+"\n"+strings.Join(charts, "\n"))
}

func buildPlots(ctx context.Context, to string) error {
	return rig.Build(ctx, filepath.Join("benchmarks", "plots"), ".", to)
}

// draw makes two charts of each axis that was measured, and gives the lines by which a document shows them.
func draw(ctx context.Context, s settings, plots, csv string, samples []rig.Sample) ([]string, error) {
	var shown []string
	for _, name := range []string{"tokens", "statements", "endpoints", "connections", "cores"} {
		var wanted []string
		for _, l := range lines {
			if l.axis == name && len(sizesOf(l.series, samples)) > 0 {
				wanted = append(wanted, l.series)
			}
		}
		if wanted == nil {
			continue
		}
		for _, chart := range []struct{ measure, says string }{{measureCPU, "CPU of a request, µs"}, {measureRSS, "resident memory, MiB"}} {
			svg := fmt.Sprintf("growth-%s-%s.svg", name, chart.measure)
			args := []string{
				"-csv", csv, "-out", filepath.Join(s.out, svg), "-kind", "lines", "-measures", chart.measure, "-cases", "^(" + strings.Join(wanted, "|") + ")/",
				"-title", "By " + axes[name].what, "-x", axes[name].what, "-y", chart.says,
			}
			cmd := exec.CommandContext(ctx, plots, args...) //nolint:gosec // the program that this one has built
			if said, err := cmd.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("drawing %s: %w: %s", svg, err, said)
			}
			shown = append(shown, fmt.Sprintf("![%s by %s](results/%s)", chart.says, axes[name].what, svg))
		}
	}
	return shown, nil
}
