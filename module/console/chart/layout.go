package chart

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The picture's measures, in its own units. A text of 11 of them is a good size where the picture is 26rem wide.
const (
	width       = 400
	height      = 160
	stripHeight = 56
	left        = 58 // room for the texts of the axis
	right       = 12
	top         = 10
	bottom      = 22

	gap      = 0.8 // between bars, where they are wide enough for one
	leastBar = 0.6 // the height of what there was hardly any of, which is not the same as none
	goodBar  = 0.4 // how high a good time of a strip is, of the whole
)

// picture is what the template of a picture gets. Numbers are written already, with one digit behind the point.
type picture struct {
	*Chart
	Width, Height int
	Top, Bottom   int // of the area
	Tall          int // it is
	Left, Right   int
	Marks         []mark // of the axis of values
	Instants      []mark // of the axis of time
	Bars          []bar
	Lines         []line
}

// mark is a step of an axis.
type mark struct {
	At     string // x or y
	Label  string
	Anchor string // of its text: start, middle, end
}

// bar is what there is over one span: a text for whoever points at it, and the boxes of the series.
type bar struct {
	X, Width string
	Text     string
	Boxes    []box
}

type box struct{ Class, Y, Height string }

// line is one of a series.
type line struct {
	Class, Dash string
	Path        string
	Area        string // below it; "" where there are several lines
}

func (c *Chart) layout() picture {
	p := picture{Chart: c, Width: width, Height: height, Left: left, Right: width - right}
	if c.Kind == Strip {
		p.Height, p.Left = stripHeight, right
	}
	p.Top, p.Bottom = top, p.Height-bottom
	p.Tall = p.Bottom - p.Top
	values := c.scale()
	if c.Kind != Strip {
		for _, v := range values.ticks {
			p.Marks = append(p.Marks, mark{At: p.y(values.place(v)), Label: c.Unit.axis(v)})
		}
	}
	p.Instants = p.instants()
	p.Bars = p.bars(values)
	if c.Kind == Lines {
		for i, s := range c.Series {
			p.Lines = append(p.Lines, p.line(values, s, c.dash(i)))
		}
	}
	return p
}

// scale is the axis of values, as high as they need it.
func (c *Chart) scale() scale {
	most, least := 0.0, math.Inf(1)
	for i := range c.Spans {
		sum := 0.0
		for _, s := range c.Series {
			v := s.Values[i]
			if math.IsNaN(v) {
				continue
			}
			sum += v
			if c.Kind != Bars {
				most = max(most, v)
			}
			if v > 0 {
				least = min(least, v)
			}
		}
		if c.Kind == Bars {
			most = max(most, sum)
		}
	}
	switch {
	case c.Kind == Strip:
		return scale{high: 1}
	case c.Log:
		return decades(least, most)
	}
	return linear(cmp.Or(c.Most, most), c.Most > 0, c.Unit)
}

// instants has no step so near to the left end that its text would be cut.
func (p *picture) instants() []mark {
	var marks []mark
	for _, ago := range instants(p.To.Sub(p.From)) {
		m := mark{At: one(p.x(p.To.Add(-ago))), Label: "−" + brief(ago), Anchor: "middle"}
		switch {
		case ago == 0:
			m.Label, m.Anchor = "now", "end"
		case p.Kind == Strip && ago == p.To.Sub(p.From):
			m.Anchor = "start"
		}
		marks = append(marks, m)
	}
	return marks
}

// brief is a duration of one unit.
func brief(d time.Duration) string {
	switch {
	case d%time.Hour == 0 && d > time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// bars are those of a chart of bars. One of lines has them too, without boxes: they say the values to whoever points there.
func (p *picture) bars(values scale) []bar {
	var all []bar
	for i, span := range p.Spans {
		from, to := p.x(span.From), p.x(span.To)
		if to-from < 0.05 {
			continue
		}
		if to-from > 3*gap {
			from, to = from+gap/2, to-gap/2
		}
		b := bar{X: one(from), Width: one(to - from), Text: p.told(i)}
		switch p.Kind {
		case Bars:
			b.Boxes = p.stack(values, i)
		case Strip:
			b.Boxes = p.piece(p.Series[0].Values[i])
		case Lines:
		}
		all = append(all, b)
	}
	return all
}

// stack is the boxes of one span, each upon the one before.
func (p *picture) stack(values scale, i int) []box {
	var boxes []box
	below := 0.0
	floor := float64(p.Bottom)
	for _, s := range p.Series {
		v := s.Values[i]
		if !(v > 0) { // NaN too
			continue
		}
		below += v
		ceiling := min(float64(p.Bottom)-values.place(below)*float64(p.Tall), floor-leastBar)
		boxes = append(boxes, box{Class: s.Class, Y: one(ceiling), Height: one(floor - ceiling)})
		floor = ceiling
	}
	return boxes
}

func (p *picture) piece(value float64) []box {
	full := float64(p.Tall)
	switch {
	case math.IsNaN(value):
		return nil
	case value > 0:
		return []box{{"good", one(float64(p.Bottom) - full*goodBar), one(full * goodBar)}}
	}
	return []box{{"bad", one(top), one(full)}}
}

// told is what a span's values are, for whoever points at it. How long ago it was needs no time zone.
func (p *picture) told(i int) string {
	when := "now"
	if ago := p.To.Sub(p.Spans[i].To).Round(time.Second); ago >= 90*time.Second {
		when = fmt.Sprintf("%d min ago", int(ago.Minutes()+0.5))
	} else if ago > 0 {
		when = fmt.Sprintf("%d s ago", int(ago.Seconds()))
	}
	var said []string
	for _, s := range p.Series {
		if v := s.Values[i]; p.Kind != Bars || v > 0 || len(p.Series) == 1 {
			said = append(said, s.Name+" "+p.write(v))
		}
	}
	if said == nil {
		said = []string{"none"}
	}
	return when + ": " + strings.Join(said, ", ")
}

// line goes through the middles of the spans. One value alone is a dot: a line to itself, with round ends.
func (p *picture) line(values scale, s Series, dash string) line {
	var path, area strings.Builder
	begun, last := "", ""
	end := func() {
		if begun != "" {
			fmt.Fprintf(&area, "L%s %dL%s %dZ", last, p.Bottom, begun, p.Bottom)
		}
		begun = ""
	}
	for i, v := range s.Values {
		if math.IsNaN(v) || v <= 0 && values.log || p.Spans[i].To.Before(p.From) {
			end()
			continue
		}
		x, y := one(p.x(p.Spans[i].From.Add(p.Spans[i].To.Sub(p.Spans[i].From)/2))), p.y(values.place(v))
		command := "L"
		if begun == "" {
			command, begun = "M", x
		}
		point := command + x + " " + y
		path.WriteString(point)
		area.WriteString(point)
		if command == "M" {
			path.WriteString("h0")
		}
		last = x
	}
	end()
	made := line{Class: s.Class, Dash: dash, Path: path.String()}
	if len(p.Series) == 1 {
		made.Area = area.String()
	}
	return made
}

// x is where an instant lies, within the area.
func (p *picture) x(at time.Time) float64 {
	share := float64(at.Sub(p.From)) / float64(p.To.Sub(p.From))
	return float64(p.Left) + min(max(share, 0), 1)*float64(p.Right-p.Left)
}

// y is where a share of the height lies.
func (p *picture) y(share float64) string { return one(float64(p.Bottom) - share*float64(p.Tall)) }

// one writes a number with at most one digit behind the point: a tenth of a unit is less than anybody sees.
func one(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }
