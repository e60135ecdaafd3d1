package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

var (
	// Colours that people who see few colours can tell apart (Okabe and Ito).
	palette = []color.Color{
		rgb(0x0072b2), rgb(0xe69f00), rgb(0x009e73), rgb(0xcc79a7), rgb(0xd55e00), rgb(0x56b4e9),
	}
	ink  = rgb(0x24292f)
	pale = rgb(0xd0d7de)
	// The paper is drawn too: a page may be dark, and the ink is not.
	paper = rgb(0xffffff)
)

func rgb(hex uint32) color.Color {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 0xff}
}

const (
	width   = 8 * vg.Inch
	rowTall = 0.42 * vg.Inch
	around  = 1.1 * vg.Inch // title and axis
	caption = 0.35 * vg.Inch
)

// errEmpty: a chart without a value would look like one of zeros.
var errEmpty = errors.New("no sample has such a case and measure")

// draw makes the whole SVG.
func (c *chart) draw(r *results) ([]byte, error) {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	p := plot.New()
	p.Title.Text, p.X.Label.Text = c.title, c.xAxis
	p.Title.Padding = 8
	p.BackgroundColor = paper
	p.Add(grid())
	tall, err := c.fill(p, r)
	if err != nil {
		return nil, err
	}
	rows := c.legend.rows(0)
	below := caption + vg.Length(len(rows))*legendTall
	canvas := vgsvg.New(width, tall+below)
	page := draw.New(canvas)
	page.SetColor(paper)
	page.Fill(page.Rectangle.Path())
	p.Draw(draw.Crop(page, 8, -16, below, -8))
	for i, row := range rows {
		row.draw(page, caption+vg.Length(len(rows)-1-i)*legendTall)
	}
	page.FillText(words(8), vg.Point{X: 10, Y: 10}, r.caption())
	var svg bytes.Buffer
	_, err = canvas.WriteTo(&svg)
	return bytes.ReplaceAll(svg.Bytes(), []byte("font-family:Liberation Sans;"), []byte(fonts)), err
}

// fonts: who reads the chart may not have the font that it was laid out for, but has one like it.
const fonts = "font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"

func words(size vg.Length) text.Style {
	return text.Style{Color: ink, Font: font.From(plot.DefaultFont, size), Handler: plot.DefaultTextHandler}
}

// fill puts the data in and says how tall the chart is.
func (c *chart) fill(p *plot.Plot, r *results) (vg.Length, error) {
	switch c.kind {
	case "bars":
		return c.rows(p, r, c.bars)
	case "dots":
		return c.rows(p, r, c.dots)
	case "lines":
		return 4.5 * vg.Inch, c.lines(p, r)
	default:
		return 0, fmt.Errorf("kind %q is none of bars, dots and lines", c.kind)
	}
}

// caption is when and where: figures of other machines are others.
func (r *results) caption() string {
	var parts []string
	for _, name := range []string{"date", "machine"} {
		if value := r.about[name]; value != "" {
			parts = append(parts, value)
		}
	}
	return strings.Join(append(parts, "median of the rounds; whiskers from the least to the greatest"), "   ·   ")
}

func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Horizontal.Color, g.Vertical.Color = pale, pale
	return g
}

// whiskers are the spread around a point.
type whiskers struct {
	plotter.XYs
	plotter.XErrors
	plotter.YErrors
}

func (w *whiskers) add(x, y float64, across, along spread) {
	w.XYs = append(w.XYs, plotter.XY{X: x, Y: y})
	w.XErrors = append(w.XErrors, struct{ Low, High float64 }{across.median - across.min, across.max - across.median})
	w.YErrors = append(w.YErrors, struct{ Low, High float64 }{along.median - along.min, along.max - along.median})
}

func (c *chart) scale(axis *plot.Axis) {
	if c.logValues {
		axis.Scale, axis.Tick.Marker = plot.LogScale{}, decades{}
	}
}

// decades are the ticks of a logarithmic axis, with a million written out.
type decades struct{}

func (decades) Ticks(from, to float64) []plot.Tick {
	ticks := plot.LogTicks{Prec: -1}.Ticks(from, to)
	for i, t := range ticks {
		if t.Label != "" {
			ticks[i].Label = strconv.FormatFloat(t.Value, 'f', -1, 64)
		}
	}
	return ticks
}
