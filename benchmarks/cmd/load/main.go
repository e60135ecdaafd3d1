// Command load sends load to a gateway on this machine and prints how long the answers took.
//
//	go run ./benchmarks/cmd/load -mix hot -rate 2000 -duration 10s
//	go run ./benchmarks/cmd/load -mix all
//	DOORWARD_TOKEN=… go run ./benchmarks/cmd/load -mix hot -address 127.0.0.1:8080
//
// It builds and starts a gateway of its own over a store of its own, and what is behind it, and leaves nothing behind. With -address
// it asks one that runs already, with the token in DOORWARD_TOKEN, and can send only what needs no more than a token.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/benchmarks/load"
	"github.com/doorward/doorward/benchmarks/mix"
	"github.com/doorward/doorward/benchmarks/rig"
)

// options are the flags.
type options struct {
	mix              string
	rate             float64
	closed, poisson  bool
	duration, warmup time.Duration
	connections      int
	tokens           int
	seed             uint64
	address          string
	binary, root     string
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		os.Exit(2)
	}
	rig.Main(func(ctx context.Context) error { return run(ctx, o, os.Stdout) })
}

func parse(args []string, to io.Writer) (o options, err error) {
	var names []string
	for _, m := range mix.All() {
		names = append(names, m.Name)
	}
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.SetOutput(to)
	f.StringVar(&o.mix, "mix", "hot", "what is sent: all, or some of "+strings.Join(names, ","))
	f.Float64Var(&o.rate, "rate", 1000, "requests a second of the open loop")
	f.BoolVar(&o.closed, "closed", false, "the closed loop instead: each connection asks again as soon as it has its answer")
	f.BoolVar(&o.poisson, "poisson", false, "independent arrivals instead of even ones")
	f.DurationVar(&o.duration, "duration", 5*time.Second, "of the measurement of each mix")
	f.DurationVar(&o.warmup, "warmup", time.Second, "before it")
	f.IntVar(&o.connections, "connections", 64, "kept open")
	f.IntVar(&o.tokens, "tokens", 10_000, "good tokens in the store")
	f.Uint64Var(&o.seed, "seed", 1, "of all random numbers")
	f.StringVar(&o.address, "address", "", "host:port of a gateway that runs already, on loopback; its token is in DOORWARD_TOKEN")
	f.StringVar(&o.binary, "binary", "", "the doorward binary; empty: built from the sources")
	f.StringVar(&o.root, "root", ".", "folder of the sources")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		err = fmt.Errorf("%q is no flag", f.Arg(0))
		fmt.Fprintln(to, err)
	}
	return o, err
}

// chosen are the mixes that a -mix names.
func chosen(names string) ([]mix.Mix, error) {
	all := mix.All()
	if names == "all" {
		return all, nil
	}
	var some []mix.Mix
	for name := range strings.SplitSeq(names, ",") {
		at := slices.IndexFunc(all, func(m mix.Mix) bool { return m.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no mix %q", name)
		}
		some = append(some, all[at])
	}
	return some, nil
}

func (o options) plan() load.Plan {
	plan := load.Plan{Rate: o.rate, Connections: o.connections, Warmup: o.warmup, Duration: o.duration, Seed: o.seed}
	if o.closed {
		plan.Rate = 0
	}
	if o.poisson {
		plan.Spacing = load.Poisson
	}
	return plan
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	mixes, err := chosen(o.mix)
	if err != nil {
		return err
	}
	if !o.closed && o.rate <= 0 {
		return errors.New("-rate is more than 0; for throughput there is -closed")
	}
	if o.tokens < 1 || o.tokens > 1_000_000 {
		return errors.New("-tokens is from 1 to 1000000")
	}
	gateway := mix.Gateway{Address: o.address}
	if token := os.Getenv("DOORWARD_TOKEN"); token != "" {
		gateway.Tokens = []string{token}
	}
	if o.address == "" {
		own, err := start(ctx, o, out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, own.stop()) }()
		gateway = own.gateway
	}
	for _, m := range mixes {
		fmt.Fprintf(out, "%s: %s\n", m.Name, m.About)
		outcome, err := m.Run(ctx, gateway, o.plan())
		if o.mix == "all" && errors.Is(err, mix.ErrLacks) {
			fmt.Fprintf(out, "  left out: %v\n\n", err)
			continue
		}
		if err != nil {
			return err
		}
		show(out, outcome)
	}
	return nil
}
