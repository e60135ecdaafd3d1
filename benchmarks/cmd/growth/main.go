// Command growth measures how the cost of a request and the memory of a gateway grow with what there is: tokens, statements of
// policies, endpoints, connections and processors.
//
//	go run ./benchmarks/cmd/growth
//	go run ./benchmarks/cmd/growth -axes statements,endpoints -rounds 2
//
// The results are in benchmarks/results/growth.csv, with charts beside it, and in the section "growth" of benchmarks/README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/rig"
)

// settings are the flags.
type settings struct {
	axes     string
	most     int // of anything
	rounds   int
	requests int64
	out      string // folder of results
	readme   string // file; empty: none, and no charts
	seed     uint64
}

func main() {
	var s settings
	flag.StringVar(&s.axes, "axes", "tokens,statements,endpoints,connections,cores", "what is to grow, with commas")
	flag.IntVar(&s.most, "most", 1_000_000, "leave out what is larger")
	flag.IntVar(&s.rounds, "rounds", 7, "slots of each point")
	flag.Int64Var(&s.requests, "requests", 3000, "requests of a slot")
	flag.StringVar(&s.out, "out", "benchmarks/results", "folder of the results")
	flag.StringVar(&s.readme, "readme", "benchmarks/README.md", "document with the section of the results; empty: none, and no charts")
	flag.Uint64Var(&s.seed, "seed", 1, "of the order of the slots and of the requests")
	flag.Parse()
	rig.Main(func(ctx context.Context) error { return run(ctx, s) })
}

func run(ctx context.Context, s settings) (err error) {
	if s.rounds < 1 || s.requests < 2 {
		return errors.New("a number is too small")
	}
	names := strings.Split(s.axes, ",")
	for _, name := range names {
		if _, ok := axes[name]; !ok {
			return fmt.Errorf("there is no axis %q", name)
		}
	}
	folder, err := os.MkdirTemp("", "doorward-growth-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	programs, err := gateway.BuildPrograms(ctx, folder)
	if err != nil {
		return err
	}
	plots := filepath.Join(folder, "plots")
	if s.readme != "" { // before this process and its children have but one CPU
		if err := buildPlots(ctx, plots); err != nil {
			return err
		}
	}
	if err := rig.Pin(gateway.LoadCPU()); err != nil {
		return err
	}
	about := rig.Machine(time.Now())
	about["requests"] = fmt.Sprintf("%d in a slot, %d slots of each point in random order", s.requests, s.rounds)
	var samples []rig.Sample
	for _, name := range names {
		measured, err := axes[name].measure(ctx, s, filepath.Join(folder, name), programs)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		samples = append(samples, measured...)
		if err := os.RemoveAll(filepath.Join(folder, name)); err != nil { // a million tokens are 2 GiB
			return err
		}
	}
	return report(ctx, s, plots, about, samples)
}
