package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// point is a case of a line.
type point struct {
	x     float64
	whole string // name of the case
}

// series takes the names of cases apart: "hit/10000" is the series "hit" at 10000.
func (c *chart) series(r *results) (order []string, points map[string][]point, err error) {
	points = map[string][]point{}
	for _, name := range r.cases {
		if !c.cases.MatchString(name) {
			continue
		}
		cut := strings.LastIndexByte(name, '/')
		x, err := strconv.ParseFloat(name[cut+1:], 64)
		if err != nil {
			return nil, nil, fmt.Errorf("case %q does not end in /number", name)
		}
		if x <= 0 && !c.linearX {
			return nil, nil, fmt.Errorf("case %q has no place on a logarithmic axis", name)
		}
		in := name[:max(0, cut)]
		if points[in] == nil {
			order = append(order, in)
		}
		points[in] = append(points[in], point{x, name})
	}
	return order, points, nil
}

func (c *chart) lines(p *plot.Plot, r *results) error {
	p.Y.Label.Text = c.yAxis
	order, points, err := c.series(r)
	if err != nil {
		return err
	}
	var number int
	for _, in := range order {
		slices.SortFunc(points[in], func(a, b point) int { return cmp.Compare(a.x, b.x) })
		for i, measure := range c.measures {
			var ends whiskers
			for _, at := range points[in] {
				if values := r.perRound(at.whole, c.base, measure); len(values) > 0 {
					s := spreadOf(values)
					ends.add(at.x, s.median, spread{}, s)
				}
			}
			if len(ends.XYs) == 0 {
				continue
			}
			if err := c.line(p, c.lineName(in, i), number, ends); err != nil {
				return err
			}
			number++
		}
	}
	if number == 0 {
		return errEmpty
	}
	c.axes(p)
	return nil
}

// lineName leaves out what all lines have in common.
func (c *chart) lineName(series string, measure int) string {
	switch {
	case len(c.measures) == 1 && series != "":
		return series
	case series == "":
		return c.label(measure)
	default:
		return series + ": " + c.label(measure)
	}
}

func (c *chart) line(p *plot.Plot, name string, number int, ends whiskers) error {
	line, dots, err := plotter.NewLinePoints(ends.XYs)
	if err != nil {
		return err
	}
	colour := palette[number%len(palette)]
	line.Color, line.Width = colour, 1.5
	dots.GlyphStyle = draw.GlyphStyle{Color: colour, Radius: 3, Shape: draw.CircleGlyph{}}
	if number >= len(palette) {
		line.Dashes = []vg.Length{4, 2} // the colours are used again
	}
	bars, err := plotter.NewYErrorBars(ends)
	if err != nil {
		return err
	}
	bars.LineStyle.Color = colour
	p.Add(line, dots, bars)
	c.legend.add(name, number)
	return nil
}

// axes begin at zero unless they cannot: a line that rises by a hundredth should look flat.
func (c *chart) axes(p *plot.Plot) {
	if !c.linearX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, decades{}
		p.X.Min, p.X.Max = p.X.Min/1.2, p.X.Max*1.2
	}
	if c.logValues {
		c.scale(&p.Y)
		return
	}
	p.Y.Min, p.Y.Max = min(0, p.Y.Min), p.Y.Max*1.05
}
