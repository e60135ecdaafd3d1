package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/load"
	"github.com/doorward/doorward/benchmarks/rig"
)

// Measures of results/floor.csv. The base of a case is named "plain, " and its name, and lies beside it in time.
const (
	measureCPU = "cpu"
	basePrefix = "plain, "
)

func measureFloor(ctx context.Context, s settings, folder string, p gateway.Programs) error {
	st, err := open(ctx, folder, p, gateway.ForWorking(s.tokens), manyStatements, siteNames, gateway.CPU())
	if err != nil {
		return err
	}
	defer func() { _ = st.close(ctx) }()
	all := cases(st.badges, s.tokens, s.seed)
	about := rig.Machine(time.Now())
	samples, err := pairs(ctx, s, st, all)
	if err != nil {
		return err
	}
	about["requests"] = fmt.Sprintf("%d in a slot, on %d connections, one after the other on each", s.requests, s.connections)
	if err := rig.SaveCSV(filepath.Join(s.out, "floor.csv"), about, samples); err != nil {
		return err
	}
	if s.profile {
		if err := st.profiles(ctx, s, all); err != nil {
			return err
		}
	}
	return report(s.readme, "floor", floorTable(about, all, samples))
}

// pairs measures every case beside a slot without the directive, in random order, both of the order of the cases and within
// a pair. A slot has a fixed number of requests in a closed loop, so both sides of a pair do the same work at full speed: an
// open loop would add what it costs to fall asleep and wake up, which differs from slot to slot by more than the directive costs.
func pairs(ctx context.Context, s settings, st *stage, all []testCase) ([]rig.Sample, error) {
	random := rand.New(rand.NewPCG(s.seed, 1)) //nolint:gosec // the same each time, and no secret
	for _, c := range all {
		for _, guarded := range []bool{false, true} { // caches and pools are filled
			if _, err := st.slot(ctx, s, c, guarded); err != nil {
				return nil, err
			}
		}
	}
	var samples []rig.Sample
	for round := range s.rounds {
		for _, i := range random.Perm(len(all)) {
			first := random.IntN(2) == 0
			for _, guarded := range []bool{first, !first} {
				cpu, err := st.slot(ctx, s, all[i], guarded)
				if err != nil {
					return nil, err
				}
				name := all[i].name
				if !guarded {
					name = basePrefix + name
				}
				samples = append(samples, rig.Sample{Case: name, Measure: measureCPU, Round: round + 1, Value: cpu, Unit: "µs/request"})
			}
		}
	}
	return samples, nil
}

// slot sends the requests of a case to one site, and says how many microseconds of CPU the process spent on each.
func (st *stage) slot(ctx context.Context, s settings, c testCase, guarded bool) (float64, error) {
	site, status := "plain", 200
	if guarded {
		site, status = c.site, c.status
	}
	cpu, err := gateway.Cost(ctx, st.gateway, load.Plan{
		Address: st.sites[site].Address(), Connections: s.connections, MaxRequests: s.requests, Duration: time.Minute, Next: c.next, Seed: s.seed,
	}, status)
	if err != nil {
		return 0, fmt.Errorf("case %s at site %s: %w", c.name, site, err)
	}
	return cpu, nil
}
