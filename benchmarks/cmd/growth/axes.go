package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/doorward/doorward/benchmarks/gateway"
	"github.com/doorward/doorward/benchmarks/load"
	"github.com/doorward/doorward/benchmarks/mix"
	"github.com/doorward/doorward/benchmarks/rig"
)

// axis is something that grows. Its points are gateways, all of them under way at the same time, so that their slots can
// take turns; a gateway that nobody asks does next to nothing.
type axis struct {
	what   string // on a chart
	points []int
	open   func(ctx context.Context, at place, n int) (*point, error)
}

// place is what a point is made of.
type place struct {
	folder   string // of its own
	programs gateway.Programs
	upstream string
	seed     uint64
}

// point is a gateway at one size.
type point struct {
	process *rig.Process
	series  []series
}

// series is a kind of request: its line on a chart.
type series struct {
	name        string
	site        gateway.Site
	connections int
	rate        float64 // 0: one request after the other on each connection
	next        mix.Next
}

// Measures of results/growth.csv. A case is the name of its series, a slash and the size.
const (
	measureCPU = "cpu" // µs a request
	measureRSS = "rss" // MiB, after the slot; with connections, while they are open
)

const usualConnections = 16

func (a axis) measure(ctx context.Context, s settings, folder string, programs gateway.Programs) (samples []rig.Sample, err error) {
	upstream, address, err := gateway.StartUpstream(ctx, programs)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, upstream.Stop(context.WithoutCancel(ctx))) }()
	points := map[string]*point{}
	defer func() {
		for _, p := range points {
			err = errors.Join(err, p.process.Stop(context.WithoutCancel(ctx)))
		}
	}()
	var names []string
	for _, n := range a.points {
		if n > s.most {
			continue
		}
		at := place{filepath.Join(folder, strconv.Itoa(n)), programs, address, s.seed}
		if err := os.MkdirAll(at.folder, 0o700); err != nil {
			return nil, err
		}
		p, err := a.open(ctx, at, n)
		if err != nil {
			return nil, fmt.Errorf("%d: %w", n, err)
		}
		points[strconv.Itoa(n)] = p
		names = append(names, strconv.Itoa(n))
	}
	return a.rounds(ctx, s, names, points)
}

// rounds begins with one that does not count, in which caches are filled.
func (a axis) rounds(ctx context.Context, s settings, names []string, points map[string]*point) ([]rig.Sample, error) {
	var samples []rig.Sample
	random := rand.New(rand.NewPCG(s.seed, 2)) //nolint:gosec // the same each time, and no secret
	for round, order := range rig.Interleave(random, names, s.rounds+1) {
		for _, size := range order {
			for _, line := range points[size].series {
				cpu, rss, err := points[size].slot(ctx, s, line)
				if err != nil {
					return nil, fmt.Errorf("%s at %s: %w", line.name, size, err)
				}
				if round == 0 {
					continue
				}
				name := line.name + "/" + size
				samples = append(samples,
					rig.Sample{Case: name, Measure: measureCPU, Round: round, Value: cpu, Unit: "µs/request"},
					rig.Sample{Case: name, Measure: measureRSS, Round: round, Value: float64(rss) / (1 << 20), Unit: "MiB"})
			}
		}
	}
	return samples, nil
}

// slot is the cost of a request in microseconds of CPU, and the memory of the process. It begins when each connection was used once,
// and ends before they are closed: opening and closing ten thousand of them costs more than the requests.
func (p *point) slot(ctx context.Context, s settings, line series) (cpu float64, rss int64, err error) {
	var begun, ended, memory atomic.Int64
	first := int64(line.connections)
	last := first + s.requests - 1
	plan := load.Plan{
		Address: line.site.Address(), Connections: line.connections, Rate: line.rate, MaxRequests: last + 1, Duration: time.Minute, Seed: s.seed,
	}
	plan.Next = func(rng *rand.Rand, n int64) load.Request {
		switch n {
		case first:
			if spent, err := p.process.CPU(); err == nil {
				begun.Store(int64(spent))
			}
		case last:
			spent, err := p.process.CPU()
			held, wrong := p.process.RSS()
			if err == nil && wrong == nil {
				ended.Store(int64(spent))
				memory.Store(held)
			}
		}
		return line.next(rng, n)
	}
	if _, err := gateway.Send(ctx, p.process, plan, http.StatusOK); err != nil {
		return 0, 0, err
	}
	if begun.Load() == 0 || ended.Load() == 0 {
		return 0, 0, errors.New("the CPU time of the process could not be read")
	}
	return float64(ended.Load()-begun.Load()) / 1e3 / float64(last-first), memory.Load(), nil
}

// start makes the store and the gateway of a point, and gives its sites ports.
func (at place) start(ctx context.Context, c gateway.Config, has ...string) (*rig.Process, []gateway.Site, error) {
	ports, err := rig.FreePorts(len(has))
	if err != nil {
		return nil, nil, err
	}
	for i, directive := range has {
		c.Sites = append(c.Sites, gateway.Site{Port: ports[i], Has: directive})
	}
	c.Folder, c.Store, c.Upstream = at.folder, at.store(), at.upstream
	if c.CPUs == nil {
		c.CPUs, c.Procs = []int{gateway.CPU()}, 1
	}
	process, err := gateway.Start(ctx, at.programs.Doorward, c)
	return process, slices.Clone(c.Sites), err
}

func (at place) store() string { return filepath.Join(at.folder, "doorward.db") }

// gate is the directive.
const gate = "doorward"

// among draws from requests, each as likely.
func among(n int, raw func(i int) []byte) mix.Next {
	requests := make([]load.Request, n)
	for i := range requests {
		requests[i].Raw = raw(i)
	}
	return func(rng *rand.Rand, _ int64) load.Request { return requests[rng.IntN(n)] }
}
