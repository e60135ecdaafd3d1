// Package chart draws small charts of values over time as SVG: lines, stacked bars, and a strip of good and bad times. A
// picture has nothing but presentation attributes and classes, so it stands under a policy for content that allows no style
// in the text of a page; the page's stylesheet gives the colours.
//
// A chart is never the only form of what it shows: it has a title and a description for whoever does not see it, and its
// Rows are for a table beside it.
package chart

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Kind is how values are drawn.
type Kind int

// The kinds of charts.
const (
	Lines Kind = iota // a line for each series; where a value is not known, it is interrupted
	Bars              // a bar for each span, with the series upon one another
	Strip             // one series of 1 (good, a low bar) and 0 (bad, a full one), without an axis of values
)

// Bounds of a chart. They are far above what can be told apart in a small picture.
const (
	MaxSpans  = 1000
	MaxSeries = 12
)

// Chart is values over a stretch of time.
type Chart struct {
	ID    string // begins the identifiers in the picture, so that a page can have several. Required.
	Title string // what is shown: "Requests a minute"
	Text  string // what is to be seen in it, in a sentence or two
	Kind  Kind
	Unit  Unit
	Log   bool    // Lines only: each step of the axis is ten times the one before. Values must be above 0.
	Most  float64 // the upper end of the axis; 0: as the values need it

	From, To time.Time // both ends of the axis of time; what lies outside is not drawn
	Spans    []Span    // oldest first
	Series   []Series
}

// Span is the stretch of time that a value is of.
type Span struct{ From, To time.Time }

// Series is what one line, or one colour of the bars, is of.
type Series struct {
	Name   string
	Class  string    // the colour's class in the stylesheet; "" for the usual one
	Values []float64 // one for each span; NaN where it is not known
}

// Row is a span with its values as text, in the order of the series.
type Row struct {
	Span
	Cells []string
}

// unknown is how a value is written that is not known.
const unknown = "–"

// Rows are all spans, the newest first.
func (c *Chart) Rows() []Row {
	rows := make([]Row, 0, len(c.Spans))
	for i := len(c.Spans) - 1; i >= 0; i-- {
		row := Row{Span: c.Spans[i]}
		for _, s := range c.Series {
			row.Cells = append(row.Cells, c.write(s.Values[i]))
		}
		rows = append(rows, row)
	}
	return rows
}

func (c *Chart) write(value float64) string {
	if math.IsNaN(value) {
		return unknown
	}
	return c.Unit.Text(value)
}

// Key is a line of a legend.
type Key struct {
	Name, Class string
	Dash        string // of a line, as stroke-dasharray has it; "" for a whole one
	Line        bool
}

// Keys are those of the legend.
func (c *Chart) Keys() []Key {
	var keys []Key
	for i, s := range c.Series {
		keys = append(keys, Key{Name: s.Name, Class: s.Class, Dash: c.dash(i), Line: c.Kind == Lines})
	}
	return keys
}

// dashes tell lines apart without their colours.
var dashes = []string{"", "7 3", "2 3", "9 3 2 3"}

func (c *Chart) dash(series int) string {
	if c.Kind != Lines {
		return ""
	}
	return dashes[series%len(dashes)]
}

// check says what is wrong with a chart, which is a defect of the page that makes it.
func (c *Chart) check() error {
	switch {
	case c.ID == "":
		return errors.New("chart: no ID")
	case !c.To.After(c.From):
		return errors.New("chart: it ends before it begins")
	case len(c.Spans) > MaxSpans || len(c.Series) > MaxSeries:
		return fmt.Errorf("chart: %d spans of %d series are more than can be drawn", len(c.Spans), len(c.Series))
	case c.Unit.Text == nil:
		return errors.New("chart: no unit")
	}
	for _, s := range c.Series {
		if len(s.Values) != len(c.Spans) {
			return fmt.Errorf("chart: series %q has %d values for %d spans", s.Name, len(s.Values), len(c.Spans))
		}
	}
	return nil
}
