package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const peers = `# date: 2026-11-22
# machine: 2 CPUs: Example
case,measure,round,value,unit
caddy,cpu_proxy,1,1,s
caddy,cpu_helpers,1,0,s
caddy,p50,1,0.5,ms
guard,cpu_proxy,1,2,s
guard,cpu_helpers,1,1,s
guard,p50,1,0.7,ms
caddy,cpu_proxy,2,10,s
caddy,cpu_helpers,2,0,s
guard,cpu_proxy,2,20,s
guard,cpu_helpers,2,12,s
guard,cpu_proxy,3,5,s
`

const growth = `case,measure,round,value,unit
hit/1000,cpu,1,50,us
hit/1000000,cpu,1,51,us
hit/10000,cpu,1,52,us
miss/1000,cpu,1,70,us
miss/10000,cpu,1,71,us
`

func resultsOf(t *testing.T, text string) *results {
	t.Helper()
	r, err := read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Values of one round are added, and divided by the base of that round; a round that lacks a part is no part of the result.
func TestPerRound(t *testing.T) {
	r := resultsOf(t, peers)
	for _, c := range []struct {
		name, base string
		measures   []string
		want       []float64
	}{
		{"guard", "", []string{"cpu_proxy"}, []float64{2, 5, 20}},
		{"guard", "", []string{"cpu_proxy", "cpu_helpers"}, []float64{3, 32}},
		{"guard", "caddy", []string{"cpu_proxy", "cpu_helpers"}, []float64{3, 3.2}},
		{"guard", "caddy", []string{"cpu_helpers"}, nil}, // there is nothing to divide by
		{"nobody", "", []string{"cpu_proxy"}, nil},
	} {
		got := slices.Sorted(slices.Values(r.perRound(c.name, c.base, c.measures...)))
		if !slices.Equal(got, c.want) {
			t.Errorf("%s to %q, %v: %v, want %v", c.name, c.base, c.measures, got, c.want)
		}
	}
	if !slices.Equal(r.cases, []string{"caddy", "guard"}) || r.about["machine"] != "2 CPUs: Example" {
		t.Errorf("cases %v, facts %v", r.cases, r.about)
	}
}

func TestSpreadOf(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   spread
	}{
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{3, 1}, spread{1, 2, 3}},
		{[]float64{9, 1, 2}, spread{1, 2, 9}},
	} {
		if got := spreadOf(c.values); got != c.want {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
	}
}

// textsOf are the texts of a chart, which must be XML.
func textsOf(t *testing.T, svg []byte) string {
	t.Helper()
	var texts []string
	for decoder := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return strings.Join(texts, "|")
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, svg)
		}
		if data, ok := token.(xml.CharData); ok {
			texts = append(texts, strings.TrimRight(strings.TrimSpace(string(data)), "\u00a0"))
		}
	}
}

// Each kind shows its cases, its measures under the names they were given, and when and where it was.
func TestDraw(t *testing.T) {
	for name, c := range map[string]struct {
		chart chart
		csv   string
		want  []string
		not   string
	}{
		"bars": {
			chart{kind: "bars", measures: []string{"cpu_proxy", "cpu_helpers"}, labels: []string{"proxy", "servers"}, base: "caddy", title: "CPU <>"}, peers,
			[]string{"CPU <>", "caddy", "guard", "proxy", "servers", "2026-11-22", "2 CPUs: Example"}, "cpu_proxy",
		},
		"some": {chart{kind: "bars", measures: []string{"cpu_proxy"}, cases: regexp.MustCompile("^guard$")}, peers, []string{"guard"}, "caddy"},
		"dots": {chart{kind: "dots", measures: []string{"p50"}, logValues: true, xAxis: "ms"}, peers, []string{"p50", "guard", "ms"}, "cpu"},
		"lines": {
			chart{kind: "lines", measures: []string{"cpu"}, xAxis: "tokens", yAxis: "µs"}, growth,
			[]string{"hit", "miss", "tokens", "µs", "1000000", "10000"}, "e+06",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.chart.cases == nil {
				c.chart.cases = regexp.MustCompile("")
			}
			svg, err := c.chart.draw(resultsOf(t, c.csv))
			if err != nil {
				t.Fatal(err)
			}
			texts := textsOf(t, svg)
			for _, want := range c.want {
				if !strings.Contains(texts, want) {
					t.Errorf("no %q in %s", want, texts)
				}
			}
			if strings.Contains(texts, c.not) {
				t.Errorf("%q in %s", c.not, texts)
			}
		})
	}
}

// The same samples are the same chart: a file that changes without a reason is noise in a review.
func TestDrawIsStable(t *testing.T) {
	var first []byte
	for range 10 {
		c := chart{kind: "bars", measures: []string{"cpu_proxy", "cpu_helpers"}, base: "caddy", cases: regexp.MustCompile("")}
		svg, err := c.draw(resultsOf(t, peers))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = svg
		}
		if string(svg) != string(first) {
			t.Fatal("two charts of the same samples differ")
		}
	}
}

func TestDrawRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		chart chart
		want  string
	}{
		"kind":           {chart{kind: "pie", measures: []string{"p50"}}, `kind "pie"`},
		"no measure":     {chart{kind: "bars", measures: []string{"p51"}}, errEmpty.Error()},
		"no case":        {chart{kind: "dots", measures: []string{"p50"}, cases: regexp.MustCompile("none")}, errEmpty.Error()},
		"not a number":   {chart{kind: "lines", measures: []string{"p50"}}, `case "caddy" does not end in /number`},
		"no line at all": {chart{kind: "lines", measures: []string{"p50"}, cases: regexp.MustCompile("none")}, errEmpty.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			if c.chart.cases == nil {
				c.chart.cases = regexp.MustCompile("")
			}
			if _, err := c.chart.draw(resultsOf(t, peers)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestReadBroken(t *testing.T) {
	for _, text := range []string{"# half", "case,measure\n", peers + "a,b,c,1,s\n", peers + "a,b,1,c,s\n"} {
		if _, err := read(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "peers.csv"), filepath.Join(dir, "peers.svg")
	if err := os.WriteFile(from, []byte(peers), 0o600); err != nil {
		t.Fatal(err)
	}
	c := chart{kind: "bars", measures: []string{"cpu_proxy"}, cases: regexp.MustCompile("")}
	if err := c.run(from, to); err != nil {
		t.Fatal(err)
	}
	if svg, err := os.ReadFile(to); err != nil || !strings.Contains(string(svg), "</svg>") {
		t.Errorf("%v: %s", err, svg)
	}
	c.labels = []string{"one", "too many"}
	if err := c.run(from, to); err == nil {
		t.Error("two labels for one measure were taken")
	}
}

// A legend that does not fit into a row goes on in the next, with nothing lost.
func TestLegendRows(t *testing.T) {
	var l legend
	for i := range 20 {
		l.add("a name of some length", i)
	}
	rows := l.rows(0)
	if got := slices.Concat(rows...); len(rows) < 2 || !slices.Equal(got, l) {
		t.Errorf("%d rows: %v", len(rows), rows)
	}
}
