// Command abuse measures what honest clients notice of somebody who floods the gateway: their p99 with the flood, divided by
// that without it, a moment before or after.
//
//	go run ./benchmarks/cmd/abuse
//	go run ./benchmarks/cmd/abuse -rounds 1 -only unknown-tokens -results "" -readme ""
//
// The results are in benchmarks/results/abuse.csv, and in the section "abuse" of benchmarks/README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/doorward/doorward/benchmarks/rig"
)

// settings are the flags.
type settings struct {
	only    string
	rounds  int
	window  time.Duration
	honest  float64 // requests a second
	flood   float64 // requests a second
	tokens  int
	slow    int
	results string // file, empty: none
	readme  string // file, empty: none
	seed    uint64
	program string // empty: one is built
}

func main() {
	var s settings
	flag.StringVar(&s.only, "only", "", "one flood, by its name")
	flag.IntVar(&s.rounds, "rounds", 5, "of all floods, in random order")
	flag.DurationVar(&s.window, "window", 2*time.Second, "how long honest clients are measured, with a flood and without")
	flag.Float64Var(&s.honest, "honest", 500, "requests a second of honest clients")
	flag.Float64Var(&s.flood, "flood", 5000, "requests a second of a flood; a fifth of it where its tokens are good")
	flag.IntVar(&s.tokens, "tokens", 20_000, "in the store; honest clients use a tenth of them, a flood the rest")
	flag.IntVar(&s.slow, "slow", 1000, "clients who send a body a byte a second")
	flag.StringVar(&s.results, "results", "benchmarks/results/abuse.csv", "file of the results; empty: none")
	flag.StringVar(&s.readme, "readme", "benchmarks/README.md", "document with the section of the results; empty: none")
	flag.Uint64Var(&s.seed, "seed", 1, "of the order of the floods and of the requests")
	flag.Parse()
	rig.Main(func(ctx context.Context) error { return run(ctx, s) })
}

func (s settings) check() error {
	if s.rounds < 1 || s.window < 10*time.Millisecond || s.honest < 1 || s.flood < 10 || s.tokens < 100 || s.slow < 1 {
		return errors.New("a number is too small")
	}
	return nil
}

func run(ctx context.Context, s settings) (err error) {
	if err := s.check(); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "doorward-abuse-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	st, err := open(ctx, folder, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.close(ctx)) }()
	all, err := st.floods(s)
	if err != nil {
		return err
	}
	about := rig.Machine(time.Now())
	about["clients"] = fmt.Sprintf("%g requests/s of honest clients with %d tokens, for %s at a time", s.honest, s.tokens/10, s.window)
	samples, err := measure(ctx, s, st, all)
	if err != nil {
		return err
	}
	return report(s, about, all, samples)
}
