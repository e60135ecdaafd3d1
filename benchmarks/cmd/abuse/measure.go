package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/load"
	"github.com/doorward/doorward/benchmarks/rig"
)

// Measures of results/abuse.csv. A case is a flood; its base, without the flood, is named "calm, " and its name, and lies beside
// it in time.
const (
	calmPrefix = "calm, "

	measureP50     = "p50"
	measureP99     = "p99"
	measureFailed  = "failed"  // honest requests that were not answered 200
	measureRSS     = "rss"     // MiB of the gateway, at the end
	measureCPU     = "cpu"     // how much of its CPU the gateway used, in the window
	measureBehind  = "behind"  // ms by which the generator was late in one of a hundred requests
	measureRefused = "refused" // of the flood's own requests, how many were told 429
	measureLet     = "let"     // and how many 200
	measureFetches = "fetches" // of the issuer's keys, during the flood
)

// Around the window in which honest clients are measured.
func (s settings) lead() time.Duration  { return s.window / 4 } // of the flood
func (s settings) warm() time.Duration  { return s.window / 8 } // of the honest clients
func (s settings) pause() time.Duration { return s.window / 8 }

// measure has each flood once in each round, in random order, and the calm before or after it.
func measure(ctx context.Context, s settings, st *stage, all []flood) ([]rig.Sample, error) {
	if err := st.warmUp(ctx, s); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(s.seed, 1)) //nolint:gosec // the same each time, and no secret
	var samples []rig.Sample
	for round := range s.rounds {
		for _, i := range random.Perm(len(all)) {
			first := random.IntN(2) == 0
			for _, flooded := range []bool{first, !first} {
				got, err := st.slot(ctx, s, all[i], flooded)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", all[i].name, err)
				}
				for n := range got {
					got[n].Round = round + 1
				}
				samples = append(samples, got...)
			}
		}
	}
	return samples, nil
}

// warmUp has the gateway remember the tokens of honest clients, and waits until it has the keys of the issuer.
func (st *stage) warmUp(ctx context.Context, s settings) error {
	for deadline := time.Now().Add(10 * time.Second); st.rear.Behind.Fetches.Load() == 0; time.Sleep(10 * time.Millisecond) {
		if ctx.Err() != nil || time.Now().After(deadline) {
			return fmt.Errorf("the gateway has not fetched the keys of the issuer: %w", context.Cause(ctx))
		}
	}
	n := int64(s.tokens / 10)
	result, err := load.Run(ctx, load.Plan{
		Address: st.address, LocalIP: honestAddress, Connections: 16, MaxRequests: n, Duration: time.Minute, Next: st.honest(s, nil), Seed: s.seed,
	})
	if err == nil && result.Statuses[http.StatusOK] != n {
		err = fmt.Errorf("of %d honest requests before any flood, answers were %v", n, result.Statuses)
	}
	return err
}

// honest uses the tokens in turn, or in the order that they are drawn in.
func (st *stage) honest(s settings, drawn []int) func(*rand.Rand, int64) load.Request {
	requests := make([]load.Request, s.tokens/10)
	for i := range requests {
		requests[i].Raw = gateway.Get(gateway.Metrics, gateway.APIToken(gateway.Token(i)))
	}
	return func(_ *rand.Rand, n int64) load.Request {
		if drawn == nil {
			return requests[n%int64(len(requests))]
		}
		return requests[drawn[n%int64(len(drawn))]]
	}
}

// slot measures the honest clients, with a flood or without.
func (st *stage) slot(ctx context.Context, s settings, f flood, flooded bool) ([]rig.Sample, error) {
	var answers map[int]int64
	name, fetched := calmPrefix+f.name, st.rear.Behind.Fetches.Load()
	done := make(chan error, 1)
	flooding, stop := context.WithCancel(ctx)
	defer stop()
	if flooded {
		name = f.name
		go func() {
			var err error
			answers, err = f.send(flooding, s.lead()+s.warm()+s.window+s.pause())
			done <- err
		}()
		time.Sleep(s.lead())
	}
	zipf := rand.NewZipf(rand.New(rand.NewPCG(s.seed, 2)), 1.1, 1, uint64(s.tokens/10-1)) //nolint:gosec // the same each time
	drawn := make([]int, 4096)
	for i := range drawn {
		drawn[i] = int(zipf.Uint64()) //nolint:gosec // below the number of tokens
	}
	cpu, begun, err := cpuOf(st)
	if err != nil {
		return nil, err
	}
	result, err := load.Run(ctx, load.Plan{
		Address: st.address, LocalIP: honestAddress, Rate: s.honest, Connections: 32, Warmup: s.warm(), Duration: s.window,
		Next: st.honest(s, drawn), Seed: s.seed,
	})
	if err != nil {
		return nil, err
	}
	used, ended, err := cpuOf(st)
	if err != nil {
		return nil, err
	}
	rss, err := st.gateway.RSS()
	if err != nil {
		return nil, err
	}
	millis := func(ns int64) float64 { return float64(ns) / float64(time.Millisecond) }
	failed := result.Errors + result.Unsent + result.Requests - result.Statuses[http.StatusOK]
	samples := []rig.Sample{
		{Case: name, Measure: measureP50, Value: millis(result.Latency.ValueAtQuantile(50)), Unit: "ms"},
		{Case: name, Measure: measureP99, Value: millis(result.Latency.ValueAtQuantile(99)), Unit: "ms"},
		{Case: name, Measure: measureCPU, Value: 100 * float64(used-cpu) / float64(ended.Sub(begun)), Unit: "%"},
		{Case: name, Measure: measureBehind, Value: millis(result.Lateness.ValueAtQuantile(99)), Unit: "ms"},
		{Case: name, Measure: measureFailed, Value: float64(failed), Unit: "requests"},
		{Case: name, Measure: measureRSS, Value: float64(rss) / (1 << 20), Unit: "MiB"},
	}
	if flooded {
		if err := <-done; err != nil {
			return nil, err
		}
		samples = append(samples, ownSamples(name, answers, st.rear.Behind.Fetches.Load()-fetched)...)
	}
	time.Sleep(s.pause())
	return samples, nil
}

func cpuOf(st *stage) (time.Duration, time.Time, error) {
	used, err := st.gateway.CPU()
	return used, time.Now(), err
}

// ownSamples are what the flood itself got.
func ownSamples(name string, answers map[int]int64, fetches int64) []rig.Sample {
	var sum int64
	for _, n := range answers {
		sum += n
	}
	share := func(status int) float64 { return 100 * float64(answers[status]) / float64(max(1, sum)) }
	return []rig.Sample{
		{Case: name, Measure: measureRefused, Value: share(http.StatusTooManyRequests), Unit: "%"},
		{Case: name, Measure: measureLet, Value: share(http.StatusOK), Unit: "%"},
		{Case: name, Measure: measureFetches, Value: float64(fetches), Unit: "fetches"},
	}
}
