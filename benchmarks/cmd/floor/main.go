// Command floor measures what the directive costs, by one process that serves the same API with it and without it, and what
// the publication of 10,000 statements does to requests that come meanwhile:
//
//	go run ./benchmarks/cmd/floor
//	go run ./benchmarks/cmd/floor -only floor -rounds 5 -profile
//
// The results are in benchmarks/results, and in the sections "floor" and "publication" of benchmarks/README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"time"

	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/rig"
)

// settings are the flags.
type settings struct {
	only        string
	rounds      int
	requests    int64
	connections int
	tokens      int
	profile     bool
	rate        float64
	window      time.Duration
	changes     int
	statements  int
	out         string // folder of results
	readme      string // file, empty: none
	seed        uint64
}

func main() {
	var s settings
	flag.StringVar(&s.only, "only", "", "measure only this: floor or publication")
	flag.IntVar(&s.rounds, "rounds", 30, "pairs of slots for each case")
	flag.Int64Var(&s.requests, "requests", 5000, "requests of a slot")
	flag.IntVar(&s.connections, "connections", 16, "connections of the generator")
	flag.IntVar(&s.tokens, "tokens", 10_000, "tokens in use, where many are")
	flag.BoolVar(&s.profile, "profile", false, "also write CPU profiles of the cases, and what is at the top of them as text")
	flag.Float64Var(&s.rate, "rate", 1000, "requests a second while policies are published")
	flag.DurationVar(&s.window, "window", 4*time.Second, "how long requests are sent before a publication, and with one")
	flag.IntVar(&s.changes, "changes", 8, "publications")
	flag.IntVar(&s.statements, "statements", 10_000, "statements of a publication")
	flag.StringVar(&s.out, "out", "benchmarks/results", "folder of the results")
	flag.StringVar(&s.readme, "readme", "benchmarks/README.md", "document with the sections of the results; empty: none")
	flag.Uint64Var(&s.seed, "seed", 1, "of the order of the slots and of the requests")
	flag.Parse()
	rig.Main(func(ctx context.Context) error { return run(ctx, s) })
}

func run(ctx context.Context, s settings) (err error) {
	if s.rounds < 1 || s.requests < 1 || s.tokens < 2 || s.changes < 1 || s.statements < 2 || s.only != "" && s.only != "floor" && s.only != "publication" {
		return errors.New("a number is too small, or -only is neither floor nor publication")
	}
	folder, err := os.MkdirTemp("", "doorward-floor-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	programs, err := gateway.BuildPrograms(ctx, folder)
	if err != nil {
		return err
	}
	// After the building, which the go command does on all CPUs.
	if err := rig.Pin(gateway.LoadCPU()); err != nil {
		return err
	}
	if s.only != "publication" {
		if err := measureFloor(ctx, s, filepath.Join(folder, "floor"), programs); err != nil {
			return err
		}
	}
	if s.only != "floor" {
		return measurePublication(ctx, s, filepath.Join(folder, "publication"), programs)
	}
	return nil
}
