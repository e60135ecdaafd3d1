package budget

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/doorward/doorward/benchmarks/rig"
)

// Bench is what `go test -bench` printed: for each benchmark, by name without "Benchmark" and without the number of processors, and
// each of its units the values of all runs. The format is that of golang.org/design/14313-benchmark-format.
type Bench struct {
	Date   string // where the first line begins with one
	Values map[string]map[string][]float64
}

var (
	startsWithDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}\b`)
	processors     = regexp.MustCompile(`-\d+$`)
)

// maxLine bounds a line of output, some of which are logs.
const maxLine = 1 << 20

// ReadBench passes over what is no result, such as logs. A result that cannot be read is an error.
func ReadBench(from io.Reader) (Bench, error) {
	b := Bench{Values: map[string]map[string][]float64{}}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLine)
	for first := true; lines.Scan(); first = false {
		if first {
			b.Date = startsWithDate.FindString(lines.Text())
		}
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		if _, err := strconv.Atoi(fields[1]); err != nil {
			continue // a benchmark that logged something in its line
		}
		name := processors.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), "")
		if err := b.add(name, fields[2:]); err != nil {
			return b, fmt.Errorf("%s: %w", fields[0], err)
		}
	}
	return b, lines.Err()
}

func (b Bench) add(name string, pairs []string) error {
	if len(pairs)%2 != 0 {
		return fmt.Errorf("value %q has no unit", pairs[len(pairs)-1])
	}
	if b.Values[name] == nil {
		b.Values[name] = map[string][]float64{}
	}
	for i := 0; i < len(pairs); i += 2 {
		value, err := strconv.ParseFloat(pairs[i], 64)
		if err != nil {
			return fmt.Errorf("%q is no number", pairs[i])
		}
		b.Values[name][pairs[i+1]] = append(b.Values[name][pairs[i+1]], value)
	}
	return nil
}

// of are the values of a benchmark, none where it did not run.
func (b Bench) of(name, unit string) []float64 { return b.Values[name][unit] }

// least is not a number where the benchmark did not run.
func (b Bench) least(name, unit string) float64 { return rig.SpreadOf(b.of(name, unit)).Min }
