package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"github.com/doorward/doorward/benchmarks/load"
	"github.com/doorward/doorward/benchmarks/mix"
	"github.com/doorward/doorward/benchmarks/rig"
)

// rigging is all that a run needs and finds.
type rigging struct {
	options
	dir          string
	out          io.Writer
	peers        []*peer // those of this run
	programs     programs
	store        string
	gateway      mix.Gateway // what there is in the store
	upstream     *rig.Process
	upstreamPort int
	about        rig.About
	samples      []rig.Sample
}

// storedTokens is how many tokens there are in the store of Doorward.
const storedTokens = 10_000

// prepare builds the programs and fills a store.
func prepare(ctx context.Context, o options, dir string, out io.Writer) (*rigging, error) {
	r := &rigging{options: o, dir: dir, out: out, about: rig.Machine(time.Now()), store: filepath.Join(dir, "doorward.db")}
	var err error
	if r.programs, err = build(ctx, o.root, dir); err != nil {
		return nil, err
	}
	if r.gateway, err = mix.Prepare(ctx, "sqlite:"+r.store, storedTokens); err != nil {
		return nil, err
	}
	for name, version := range r.programs.versions(ctx) {
		r.about[name] = version
	}
	return r, nil
}

// bind binds this process to its CPU, which it shares with the API behind the proxies.
func (r *rigging) bind() error {
	if r.loadCPU < 0 {
		return nil
	}
	// A single CPU is all that the generator has: a second thread of Go's would only be in its way.
	runtime.GOMAXPROCS(1)
	return rig.Pin(r.loadCPU)
}

// startUpstream starts the API behind the proxies.
func (r *rigging) startUpstream(ctx context.Context) error {
	ports, err := rig.FreePorts(1)
	if err != nil {
		return err
	}
	r.upstreamPort = ports[0]
	r.upstream, err = rig.Start(ctx, rig.Spec{
		Name: "upstream", Path: r.programs.upstream, Args: []string{"-listen", address(r.upstreamPort)}, Env: goEnv(r.dir), CPUs: only(r.loadCPU),
		Ready: rig.Listening(address(r.upstreamPort)),
	})
	return err
}

// only is the CPU that a process may run on; nil, which is all of them, for a negative number.
func only(cpu int) []int {
	if cpu < 0 {
		return nil
	}
	return []int{cpu}
}

// choose leaves out what was not asked for and what is not installed.
func (r *rigging) choose() {
	wanted := regexp.MustCompile(r.only) // checked before
	for i := range peers {
		p := &peers[i]
		if p.program(&r.programs) != "" && (p.name == rig.CasePlain || wanted.MatchString(p.name)) {
			r.peers = append(r.peers, p)
		}
	}
}

func (r *rigging) describe() {
	r.about["rounds"] = strconv.Itoa(r.rounds)
	r.about["duration"] = r.duration.String()
	r.about["connections"] = strconv.Itoa(r.connections)
	r.about["settings"] = "GOMAXPROCS=1 and GOGC=100 for all programs in Go, one worker of nginx, 256 idle upstream connections, no access logs"
	r.about["cpus"] = fmt.Sprintf("%d for the proxies and the servers that they ask, %d for the load and the API; -1 is any", r.proxyCPU, r.loadCPU)
}

// measure takes all turns.
func (r *rigging) measure(ctx context.Context) error {
	r.choose()
	r.describe()
	if r.rate == 0 {
		if err := r.findRate(ctx); err != nil {
			return err
		}
	}
	r.about["rate"] = strconv.FormatFloat(r.rate, 'f', -1, 64) + " requests/s"
	names := make([]string, len(r.peers))
	byName := map[string]*peer{}
	for i, p := range r.peers {
		names[i], byName[p.name] = p.name, p
	}
	rng := rand.New(rand.NewPCG(r.seed, 0)) //nolint:gosec // an order, and no secret
	for i, order := range rig.Interleave(rng, names, r.rounds) {
		for _, name := range order {
			fmt.Fprintf(r.out, "round %d of %d: %s\n", i+1, r.rounds, name)
			if err := r.turn(ctx, byName[name], i+1); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// findRate takes 40 % of what the slowest case carries, rounded down to two digits.
func (r *rigging) findRate(ctx context.Context) error {
	slowest := math.Inf(1)
	for _, p := range r.peers {
		fmt.Fprintln(r.out, "how much it carries:", p.name)
		err := r.on(ctx, p, func(s *stage) error {
			result, err := s.load(ctx, p, 0, min(r.duration, time.Second))
			slowest = min(slowest, float64(result.Requests)/result.Elapsed.Seconds())
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	r.rate = twoDigits(0.4 * slowest)
	return nil
}

// twoDigits rounds down, and not below 1.
func twoDigits(x float64) float64 {
	if x < 1 {
		return 1
	}
	unit := math.Pow10(max(0, int(math.Log10(x))-1))
	return math.Floor(x/unit) * unit
}

// on runs a peer, sees that it does its work, and warms it up before it is measured. It is stopped whatever happens.
func (r *rigging) on(ctx context.Context, p *peer, do func(*stage) error) (err error) {
	s, err := r.start(ctx, p)
	if s != nil {
		defer func() { err = errors.Join(err, s.stop(ctx)) }()
	}
	if err == nil {
		err = s.prove(ctx, p)
	}
	if err == nil && r.warmup > 0 {
		_, err = s.load(ctx, p, 0, r.warmup)
	}
	if err == nil {
		err = do(s)
	}
	return err
}

// prove sees to it that a guard is measured, and not a hole: with the credential the request gets through, without it does not.
func (s *stage) prove(ctx context.Context, p *peer) error {
	with, err := s.status(ctx, p.path, p.tokens(s.gateway)[0])
	if err != nil || with != http.StatusOK {
		return fmt.Errorf("with a credential: status %d, %w", with, err)
	}
	without, err := s.status(ctx, p.path, "")
	if err != nil || (without == http.StatusOK) == p.refuses {
		return fmt.Errorf("without a credential: status %d, %w", without, err)
	}
	return nil
}

func (s *stage) status(ctx context.Context, path, token string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address(s.values.Port)+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Api-Token "+token)
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// load sends requests for a while, at a rate or, where that is 0, one after the other on each connection.
func (s *stage) load(ctx context.Context, p *peer, rate float64, duration time.Duration) (load.Result, error) {
	result, err := load.Run(ctx, load.Plan{
		Address: address(s.values.Port), Rate: rate, Connections: s.connections, Duration: duration, Next: p.requests(s.gateway), Seed: s.seed,
	})
	if err != nil {
		return result, err
	}
	if result.Requests == 0 || result.Statuses[http.StatusOK] != result.Requests || result.Errors > result.Requests/1000 {
		return result, fmt.Errorf("of %d requests %d were not answered, and these statuses came: %v", result.Requests+result.Errors, result.Errors, result.Statuses)
	}
	return result, nil
}

// turn measures a peer in both loops.
func (r *rigging) turn(ctx context.Context, p *peer, round int) error {
	return r.on(ctx, p, func(s *stage) error {
		add := func(measure string, value float64, unit string) {
			r.samples = append(r.samples, rig.Sample{Case: p.name, Measure: measure, Round: round, Value: value, Unit: unit})
		}
		closed, err := s.costed(ctx, p, 0)
		if err != nil {
			return err
		}
		add(rig.MeasureThroughput, float64(closed.Requests)/closed.Elapsed.Seconds(), "requests/s")
		add(rig.MeasureCPUProxy, closed.proxy, "s/10000")
		add(rig.MeasureCPUHelpers, closed.helpers, "s/10000")
		add(rig.MeasureCPUTotal, closed.proxy+closed.helpers, "s/10000")
		open, err := s.costed(ctx, p, r.rate)
		if err != nil {
			return err
		}
		add(rig.MeasureCPUAtRate, open.proxy+open.helpers, "s/10000")
		add(rig.MeasureP50, milliseconds(open.Latency.ValueAtPercentile(50)), "ms")
		add(rig.MeasureP99, milliseconds(open.Latency.ValueAtPercentile(99)), "ms")
		add(rig.MeasureP999, milliseconds(open.Latency.ValueAtPercentile(99.9)), "ms")
		add(rig.MeasureBehind, milliseconds(int64(open.Behind)), "ms")
		add(rig.MeasureErrors, float64(closed.Errors+open.Errors+open.Unsent), "requests")
		add(rig.MeasureOthers, max(closed.others, open.others), "%")
		return s.memory(add)
	})
}

func milliseconds(nanoseconds int64) float64 { return float64(nanoseconds) / 1e6 }
