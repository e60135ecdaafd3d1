package main

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// rows prepares a chart with a row for each case, the first on top.
func (c *chart) rows(p *plot.Plot, r *results, fill func(*plot.Plot, *results, []string) error) (vg.Length, error) {
	var names []string
	for _, name := range r.cases {
		if c.cases.MatchString(name) && len(r.perRound(name, c.base, c.measures...)) > 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return 0, errEmpty
	}
	slices.Reverse(names)
	if err := fill(p, r, names); err != nil {
		return 0, err
	}
	for i := range names {
		names[i] += spare(names[i])
	}
	p.NominalY(names...)
	p.Y.Min, p.Y.Max = -0.6, float64(len(names))-0.4
	c.scale(&p.X)
	if c.base != "" { // where the base itself is
		one, err := plotter.NewLine(plotter.XYs{{X: 1, Y: p.Y.Min}, {X: 1, Y: p.Y.Max}})
		if err != nil {
			return 0, err
		}
		one.Color, one.Dashes = ink, []vg.Length{3, 3}
		p.Add(one)
	}
	return rowTall*vg.Length(len(names)) + around, nil
}

// bars stacks the medians of the measures; the whiskers are those of their sum.
func (c *chart) bars(p *plot.Plot, r *results, names []string) error {
	var below *plotter.BarChart
	for i, measure := range c.measures {
		values := make(plotter.Values, len(names))
		for row, name := range names {
			values[row] = c.share(r, name, measure)
		}
		bars, err := plotter.NewBarChart(values, rowTall/2)
		if err != nil {
			return err
		}
		bars.Horizontal, bars.Color, bars.LineStyle.Width = true, palette[i%len(palette)], 0
		if below != nil {
			bars.StackOn(below)
		}
		below = bars
		p.Add(bars)
		if len(c.measures) > 1 {
			c.legend.add(c.label(i), i)
		}
	}
	var ends whiskers
	for row, name := range names {
		s := spreadOf(r.perRound(name, c.base, c.measures...))
		ends.add(s.median, float64(row), s, spread{})
		p.X.Max = max(p.X.Max, s.max)
	}
	if !c.logValues {
		p.X.Min = 0
	}
	return addWhiskers(p, ends)
}

// share is how much of a case's median a measure has: the medians of parts do not add up to the median of their sum, and the bar
// has to end where the whiskers have their middle.
func (c *chart) share(r *results, name, measure string) float64 {
	whole := spreadOf(r.perRound(name, c.base, c.measures...)).median
	var sum, part float64
	for _, m := range c.measures {
		median := spreadOf(r.perRound(name, "", m)).median
		sum += median
		if m == measure {
			part = median
		}
	}
	if sum == 0 {
		return 0
	}
	return whole * part / sum
}

// dots has the measures of a case one under the other.
func (c *chart) dots(p *plot.Plot, r *results, names []string) error {
	for i, measure := range c.measures {
		var ends whiskers
		for row, name := range names {
			values := r.perRound(name, c.base, measure)
			if len(values) == 0 {
				continue
			}
			s := spreadOf(values)
			offset := 0.5 * ((float64(len(c.measures))-1)/2 - float64(i)) / float64(len(c.measures))
			ends.add(s.median, float64(row)+offset, s, spread{})
		}
		dots, err := plotter.NewScatter(ends.XYs)
		if err != nil {
			return err
		}
		dots.GlyphStyle = draw.GlyphStyle{Color: palette[i%len(palette)], Radius: 4, Shape: draw.CircleGlyph{}}
		p.Add(dots)
		c.legend.add(c.label(i), i)
		if err := addWhiskers(p, ends); err != nil {
			return err
		}
	}
	if !c.logValues {
		p.X.Min = 0
	}
	return nil
}

func addWhiskers(p *plot.Plot, ends whiskers) error {
	bars, err := plotter.NewXErrorBars(ends)
	if err != nil {
		return err
	}
	bars.LineStyle.Color, bars.LineStyle.Width = ink, 1
	p.Add(bars)
	return nil
}
