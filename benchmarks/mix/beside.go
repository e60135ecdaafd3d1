package mix

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/doorward/doorward/benchmarks/load"
)

// Addresses of clients. What a gateway holds against one of them must not become the other's trouble.
var (
	honest  = netip.AddrFrom4([4]byte{127, 0, 0, 2})
	hostile = netip.AddrFrom4([4]byte{127, 0, 0, 3})
)

// beside is one good token at the plan's rate, from one address, and a flood at the same rate from another.
func beside(flood func(Gateway, load.Plan) Next) func(context.Context, Gateway, load.Plan) (Outcome, error) {
	return func(ctx context.Context, g Gateway, plan load.Plan) (Outcome, error) {
		good, bad := plan, plan
		good.Next, good.LocalIP = Hot(g.Tokens[0]), honest
		bad.Next, bad.LocalIP, bad.Seed = flood(g, plan), hostile, plan.Seed+1
		var outcome Outcome
		parts, errs := [2]Part{{Name: "honest"}, {Name: "flood"}}, [2]error{}
		var group sync.WaitGroup
		for i, p := range [...]load.Plan{good, bad} {
			group.Go(func() { parts[i].Result, errs[i] = load.Run(ctx, p) })
		}
		group.Wait()
		outcome.Parts = parts[:]
		return outcome, errors.Join(errs[:]...)
	}
}

// during runs a plan, and do beside it until the plan is done. Whichever fails ends the other.
func during(ctx context.Context, plan load.Plan, do func(ctx context.Context) error) (load.Result, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	done := make(chan error, 1)
	besides, stop := context.WithCancel(ctx)
	go func() {
		err := do(besides)
		if besides.Err() != nil {
			err = nil // it was asked to stop
		}
		if err != nil {
			end(err)
		}
		done <- err
	}()
	result, err := load.Run(ctx, plan)
	stop()
	return result, errors.Join(err, <-done)
}

// every calls do at even intervals until ctx ends, never twice at a time.
func every(ctx context.Context, interval time.Duration, do func() error) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
			if err := do(); err != nil {
				return err
			}
		}
	}
}
