// Package budget holds the performance budget: what is required of Doorward, what was measured, and whether that meets it. It also
// has the checks that guard against regressions, which compare measurements of one machine and one run with one another.
package budget

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/doorward/doorward/benchmarks/rig"
)

// The files of results that the budget reads. One that is missing leaves its lines "not measured".
const (
	Stages      = "stages.txt"      // go test -bench, of the stages and the whole handler
	Stores      = "stores.txt"      // go test -bench, of a store with a million tokens
	Floor       = "floor.csv"       // with the directive and without
	Publication = "publication.csv" // policies published under load
	Peers       = "peers.csv"       // other designs
	Growth      = "growth.csv"      // how cost grows
)

// Results are what was measured, by file.
type Results struct {
	bench  map[string]Bench
	tables map[string]table
}

type table struct {
	about   rig.About
	samples []rig.Sample
}

// Read reads the results in a folder.
func Read(folder string) (Results, error) {
	r := Results{map[string]Bench{}, map[string]table{}}
	for _, name := range []string{Stages, Stores} {
		if err := open(folder, name, func(from io.Reader) (err error) {
			r.bench[name], err = ReadBench(from)
			return err
		}); err != nil {
			return r, err
		}
	}
	for _, name := range []string{Floor, Publication, Peers, Growth} {
		if err := open(folder, name, func(from io.Reader) error {
			about, samples, err := rig.ReadCSV(from)
			r.tables[name] = table{about, samples}
			return err
		}); err != nil {
			return r, err
		}
	}
	return r, nil
}

func open(folder, name string, read func(io.Reader) error) error {
	file, err := os.Open(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if err := read(file); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// date is the day of a file's measurements; empty where it says none.
func (r Results) date(file string) string {
	if t, ok := r.tables[file]; ok {
		return t.about["date"]
	}
	return r.bench[file].Date
}

// values are those of a case and measure.
func (r Results) values(file, of, measure string) []float64 {
	return rig.Values(r.tables[file].samples, of, measure)
}

// ratios are those of one case to another within the rounds.
func (r Results) ratios(file, base, of, measure string) []float64 {
	return rig.Ratios(r.tables[file].samples, base, of, measure)
}
