package chart

import (
	_ "embed"
	"html/template"
	"strings"
)

//go:embed chart.svg.tmpl
var source string

var drawing = template.Must(template.New("chart").Parse(source))

// SVG is the picture, for the text of a page. Names in it are escaped. An error is a defect of the chart.
func (c *Chart) SVG() (template.HTML, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	var b strings.Builder
	if err := drawing.Execute(&b, c.layout()); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil //nolint:gosec // a template has escaped what is in it
}
