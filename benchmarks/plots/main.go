// Command plots draws results of measurements as SVG. It reads the CSV that benchmarks/rig writes: lines "# name: value", then a table of
// case, measure, round, value and unit.
//
//	go run -C benchmarks/plots . -csv ../results/peers.csv -out ../results/peers-cpu.svg -kind bars -measures cpu_proxy,cpu_helpers
//	go run -C benchmarks/plots . -csv ../results/growth.csv -out ../results/growth.svg -kind lines -measures cpu -x 'tokens in the store'
//
// There are three kinds:
//
//   - bars: a bar for each case; several measures are stacked on one another.
//   - dots: a row for each case, with a dot for each measure.
//   - lines: a case is called series/x, as in "hit/10000", where x is a number; each series is a line, for each measure one. The x axis is
//     logarithmic unless -linear-x says otherwise.
//
// What is drawn is the median of the rounds; the whiskers reach from the least to the greatest. With -base each value is divided first by
// that of the base in the same round. Cases are in the order of the file. Relative names of files are relative to this folder, with -C.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// chart says what is drawn.
type chart struct {
	kind                string
	measures, labels    []string // labels of the legend; empty: the names of the measures
	base                string
	cases               *regexp.Regexp
	title, xAxis, yAxis string // of bars and dots the x axis is that of the values
	logValues, linearX  bool
	legend              legend // of what was drawn
}

func main() {
	var c chart
	from := flag.String("csv", "", "file to read")
	to := flag.String("out", "", "file to write, .svg")
	measures := flag.String("measures", "", "measures, with commas")
	labels := flag.String("labels", "", "what the legend calls them, with commas")
	cases := flag.String("cases", "", "regular expression: only cases whose names match")
	flag.StringVar(&c.kind, "kind", "bars", "bars, dots or lines")
	flag.StringVar(&c.base, "base", "", "case that the others are divided by")
	flag.StringVar(&c.title, "title", "", "title")
	flag.StringVar(&c.xAxis, "x", "", "what stands at the x axis")
	flag.StringVar(&c.yAxis, "y", "", "what stands at the y axis of lines")
	flag.BoolVar(&c.logValues, "log", false, "a logarithmic axis for the values")
	flag.BoolVar(&c.linearX, "linear-x", false, "of lines: an x axis that is not logarithmic")
	flag.Parse()
	c.measures = strings.Split(*measures, ",")
	if *labels != "" {
		c.labels = strings.Split(*labels, ",")
	}
	err := func() (err error) {
		if c.cases, err = regexp.Compile(*cases); err != nil {
			return err
		}
		return c.run(*from, *to)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "plots:", err)
		os.Exit(1)
	}
}

func (c *chart) run(from, to string) error {
	if c.labels != nil && len(c.labels) != len(c.measures) {
		return errors.New("-labels has one for each of -measures")
	}
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	r, err := read(file)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	svg, err := c.draw(r)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return os.WriteFile(to, svg, 0o644)
}

// label is what the legend calls measure number i.
func (c *chart) label(i int) string {
	if c.labels != nil {
		return c.labels[i]
	}
	return c.measures[i]
}
