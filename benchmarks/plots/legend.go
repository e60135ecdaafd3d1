package main

import (
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// legend stands under the chart, where it hides nothing.
type legend []entry

type entry struct {
	name   string
	number int // of the colour
}

const (
	legendTall = 0.22 * vg.Inch
	swatch     = 0.12 * vg.Inch
	legendSize = 10
)

func (l *legend) add(name string, number int) { *l = append(*l, entry{name, number}) }

// rows breaks the legend where the chart ends.
func (l legend) rows(from int) []legend {
	if from >= len(l) {
		return nil
	}
	to, left := from, width
	for to < len(l) && (to == from || l[to].wide() <= left) {
		left -= l[to].wide()
		to++
	}
	return append([]legend{l[from:to]}, l.rows(to)...)
}

// wide is how much of a row an entry takes.
func (e entry) wide() vg.Length {
	style := words(legendSize)
	return 3*swatch + style.Width(e.name+spare(e.name))
}

// spare is room for fonts that are wider than the one that widths are taken of.
func spare(name string) string { return strings.Repeat("\u00a0", 1+len(name)/8) }

func (l legend) draw(page draw.Canvas, y vg.Length) {
	x := vg.Length(10)
	for _, e := range l {
		page.SetColor(palette[e.number%len(palette)])
		corner := vg.Point{X: x, Y: y}
		page.Fill(vg.Rectangle{Min: corner, Max: corner.Add(vg.Point{X: swatch, Y: swatch})}.Path())
		page.FillText(words(legendSize), vg.Point{X: x + 1.5*swatch, Y: y}, e.name)
		x += e.wide()
	}
}
