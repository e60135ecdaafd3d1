// Command peers compares Doorward with other ways to guard an API, on one machine and in one run: plain Caddy, Caddy's forward_auth
// with a server that always says yes and with OPA, and nginx's auth_request.
//
//	make bench-peers
//	go run ./benchmarks/cmd/peers -rounds 1 -duration 1s -only 'caddy|doorward' -results ""
//
// Every proxy, with whatever servers it asks, has one CPU; the generator of the load and the API behind the proxies have another. In
// each round every case has its turn once, in random order, with processes that were started for it: what a process was dealt by
// chance when it started, the layout of its memory say, then becomes part of the spread instead of part of the result. Ratios are
// taken within a round.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/doorward/doorward/benchmarks/rig"
)

// options are the flags.
type options struct {
	root               string
	results            string // folder; "" writes nothing
	rounds             int
	duration, warmup   time.Duration
	rate               float64
	connections        int
	only               string
	proxyCPU, loadCPU  int
	seed               uint64
	readme, withCharts bool
}

func main() {
	var o options
	flag.StringVar(&o.root, "root", ".", "folder of the project")
	flag.StringVar(&o.results, "results", "benchmarks/results", "folder for peers.csv and the charts; empty: write nothing")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each case has its turn")
	flag.DurationVar(&o.duration, "duration", 3*time.Second, "of each of the two measurements of a turn, at most 1m")
	flag.DurationVar(&o.warmup, "warmup", time.Second, "before them")
	flag.Float64Var(&o.rate, "rate", 0, "requests a second for the latencies; 0: 40 % of what the slowest case carries")
	flag.IntVar(&o.connections, "connections", 64, "to the proxy")
	flag.StringVar(&o.only, "only", "", "regular expression: only cases whose names match, beside plain Caddy")
	flag.IntVar(&o.proxyCPU, "proxy-cpu", 0, "CPU of the proxies and of the servers that they ask; -1: any")
	flag.IntVar(&o.loadCPU, "load-cpu", 1, "CPU of the generator and of the API behind the proxies; -1: any")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of the order of the cases") //nolint:gosec // positive
	flag.BoolVar(&o.readme, "readme", true, "rewrite the section of benchmarks/README.md, where results go to the folder beside it")
	flag.BoolVar(&o.withCharts, "charts", true, "draw charts, where results are written")
	flag.Parse()
	rig.Main(func(ctx context.Context) error { return run(ctx, o, os.Stdout) })
}

// check refuses what would run for hours or measure nothing.
func (o *options) check() error {
	switch {
	case o.rounds < 1 || o.rounds > 1000:
		return errors.New("-rounds is from 1 to 1000")
	case o.duration < time.Millisecond || o.duration > time.Minute || o.warmup < 0 || o.warmup > time.Minute:
		return errors.New("-duration and -warmup are at most 1m")
	case o.rate < 0:
		return errors.New("-rate is not negative")
	case o.connections < 1 || o.connections > 1000:
		return errors.New("-connections is from 1 to 1000")
	case o.proxyCPU == o.loadCPU && o.loadCPU >= 0:
		return errors.New("the proxies and the load need a CPU each: what one takes from the other would be measured")
	}
	_, err := regexp.Compile(o.only)
	return err
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "doorward-peers-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintln(out, "building")
	r, err := prepare(ctx, o, dir, out)
	if err != nil {
		return err
	}
	if err := errors.Join(r.bind(), r.startUpstream(ctx)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.upstream.Stop(ctx)) }()
	if err := r.measure(ctx); err != nil {
		return err
	}
	return r.report(ctx)
}
