package chart_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/console/chart"
)

var update = flag.Bool("update", false, "write the pictures in testdata anew")

var end = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// hour is spans of five minutes up to the end, the last one under way for two.
func hour() []chart.Span {
	var spans []chart.Span
	begin := end.Add(-time.Hour)
	for at := begin; at.Before(end); at = at.Add(5 * time.Minute) {
		spans = append(spans, chart.Span{From: at, To: at.Add(5 * time.Minute)})
	}
	spans[len(spans)-1].To = end.Add(-3 * time.Minute)
	return spans
}

func over(values func(i int) float64) []float64 {
	var all []float64
	for i := range hour() {
		all = append(all, values(i))
	}
	return all
}

func of(kind chart.Kind, unit chart.Unit, series ...chart.Series) chart.Chart {
	return chart.Chart{ID: "c", Title: "A title", Text: "What is to be seen.", Kind: kind, Unit: unit, From: end.Add(-time.Hour), To: end, Spans: hour(), Series: series}
}

var nan = math.NaN()

// charts are those with a picture in testdata, by its name.
func charts() map[string]chart.Chart {
	latency := of(chart.Lines, chart.Seconds,
		chart.Series{Name: "p50", Values: over(func(i int) float64 { return 1.2e-6 + float64(i)*1e-7 })},
		chart.Series{Name: "p99", Class: "warn", Values: over(func(i int) float64 { return []float64{1e-5, 4e-4, nan}[i%3] })},
	)
	latency.Log = true
	shares := of(chart.Lines, chart.Share, chart.Series{Name: "tokens", Values: over(func(i int) float64 { return 1 - 1/float64(i+1) })})
	shares.Most = 1
	minutes := of(chart.Bars, chart.Count, chart.Series{Name: "requests", Values: []float64{3}})
	minutes.From, minutes.Spans = end.Add(-10*time.Minute), []chart.Span{{From: end.Add(-90 * time.Second), To: end.Add(-30 * time.Second)}}
	empty := of(chart.Bars, chart.Count, chart.Series{Name: "requests"})
	empty.Spans = nil
	return map[string]chart.Chart{
		"bars": of(chart.Bars, chart.Count,
			chart.Series{Name: "allowed", Values: over(func(i int) float64 { return float64(i * 137) })},
			chart.Series{Name: "refused", Class: "warn", Values: over(func(i int) float64 { return float64(i % 3) })},
			chart.Series{Name: "undecided", Class: "bad", Values: over(func(i int) float64 { return float64(i/11) * 400 })}),
		"log":    latency,
		"shares": shares,
		"strip":  of(chart.Strip, chart.Unit{Text: upOrDown}, chart.Series{Name: "store", Values: over(func(i int) float64 { return []float64{1, 1, 1, 0, nan}[i%5] })}),
		"dot":    of(chart.Lines, chart.Seconds, chart.Series{Name: "lag", Values: over(func(i int) float64 { return []float64{nan, 0.25}[i/6%2] * float64(i%2) })}),
		"one":    minutes,
		"empty":  empty,
	}
}

func upOrDown(v float64) string {
	if v > 0 {
		return "up"
	}
	return "down"
}

func TestPictures(t *testing.T) {
	for name, c := range charts() {
		t.Run(name, func(t *testing.T) {
			picture, err := c.SVG()
			if err != nil {
				t.Fatal(err)
			}
			wellFormed(t, string(picture))
			// With the namespace and the page's colours, the file is a picture by itself.
			got := strings.Replace(string(picture), "<svg ", `<svg xmlns="http://www.w3.org/2000/svg" `, 1) + "\n"
			file := filepath.Join("testdata", name+".svg")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// wellFormed reads the picture as XML, and refuses what a strict policy for content would not let in.
func wellFormed(t *testing.T, picture string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in %s", err, picture)
		}
		if element, ok := token.(xml.StartElement); ok {
			for _, a := range element.Attr {
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("<%s %s=%q>", element.Name.Local, a.Name.Local, a.Value)
				}
			}
		}
	}
}

// Attack: a name in a chart, such as that of an issuer, is markup. Fix: the picture is made by a template that escapes.
// Invariant: the name is in the picture's texts as it is, and no element comes of it.
func TestHostileNames(t *testing.T) {
	const name = `</title><script>alert(1)</script>"'&` + "\u202e"
	c := of(chart.Bars, chart.Count, chart.Series{Name: name, Class: `x" onload="alert(1)`, Values: over(func(int) float64 { return 1 })})
	c.ID, c.Title, c.Text = `"><script>`, name, name
	picture, err := c.SVG()
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, string(picture))
	for _, spoilt := range []string{"<script", `" onload`} {
		if strings.Contains(string(picture), spoilt) {
			t.Errorf("the picture has %s", spoilt)
		}
	}
	if !strings.Contains(string(picture), "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the name is not there whole")
	}
}

// Whatever the values are, the picture is well-formed and nothing of it lies outside.
func TestStrangeValues(t *testing.T) {
	for _, kind := range []chart.Kind{chart.Lines, chart.Bars, chart.Strip} {
		for _, value := range []float64{0, -1, nan, math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, 1e-300} {
			for _, log := range []bool{false, true} {
				c := of(kind, chart.Seconds, chart.Series{Name: "x", Values: over(func(i int) float64 { return []float64{value, 1}[i%2] })})
				c.Log = log
				picture, err := c.SVG()
				if err != nil {
					t.Fatal(err)
				}
				wellFormed(t, string(picture))
			}
		}
	}
}

func TestDefects(t *testing.T) {
	for name, spoil := range map[string]func(*chart.Chart){
		"no ID":      func(c *chart.Chart) { c.ID = "" },
		"no time":    func(c *chart.Chart) { c.From = c.To },
		"no unit":    func(c *chart.Chart) { c.Unit = chart.Unit{} },
		"too few":    func(c *chart.Chart) { c.Series[0].Values = c.Series[0].Values[1:] },
		"many spans": func(c *chart.Chart) { c.Spans = make([]chart.Span, chart.MaxSpans+1) },
	} {
		c := of(chart.Bars, chart.Count, chart.Series{Name: "x", Values: over(func(int) float64 { return 1 })})
		spoil(&c)
		if _, err := c.SVG(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRowsAndKeys(t *testing.T) {
	c := charts()["log"]
	rows := c.Rows()
	if len(rows) != 12 || !rows[0].To.Equal(end.Add(-3*time.Minute)) || !rows[11].From.Equal(end.Add(-time.Hour)) {
		t.Fatalf("%+v", rows)
	}
	if diff := cmp.Diff([]string{"2.3 µs", "–"}, rows[0].Cells); diff != "" {
		t.Errorf("the newest (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]chart.Key{{Name: "p50", Line: true}, {Name: "p99", Class: "warn", Dash: "7 3", Line: true}}, c.Keys()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnits(t *testing.T) {
	for want, got := range map[string]string{
		"1,234,567": chart.Count.Text(1234567), "0": chart.Count.Text(0), "-1,000": chart.Count.Text(-1000), "999": chart.Count.Text(999),
		"1.2k": chart.Count.Axis(1200), "35M": chart.Count.Axis(35e6), "250": chart.Count.Axis(250),
		"0 s": chart.Seconds.Text(0), "850 ns": chart.Seconds.Text(850e-9), "1 µs": chart.Seconds.Text(999.9e-9), "1.25 µs": chart.Seconds.Text(1.25e-6),
		"12.3 ms": chart.Seconds.Text(0.0123), "2 s": chart.Seconds.Text(2), "90 s": chart.Seconds.Text(90), "2.5 min": chart.Seconds.Text(150), "3 h": chart.Seconds.Text(10800),
		"100 %": chart.Share.Text(1), "> 99.9 %": chart.Share.Text(0.99999), "< 0.1 %": chart.Share.Text(0.00001), "0 %": chart.Share.Text(0), "12.3 %": chart.Share.Text(0.1234),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
