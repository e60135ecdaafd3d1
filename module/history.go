package module

import (
	"context"
	"slices"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
)

const (
	sampleEvery = 10 * time.Second
	keptSamples = 361 // an hour, with both its ends
)

// sample is what the counters of a gate said at one time. Counts are those since the gate was opened.
type sample struct {
	at      time.Time
	reasons [reasonCount]uint64
	latency [latencyBuckets]uint32 // these wrap around

	tokenHits, tokenStale, tokenMisses uint64
	policyHits, policyMisses           uint64

	lag         time.Duration
	storeUp     bool
	streamsOpen int
	revision    int64
}

// history is the last hour of a gate, in about 250 KiB. It is fed by a clock and not by requests, and outlives reloads as the gate does.
type history struct {
	mu      sync.Mutex
	samples []sample // a ring, once it is full
	next    int      // where the oldest one is then
}

// add takes the next sample in.
func (h *history) add(s sample) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.samples) < keptSamples {
		h.samples = append(h.samples, s)
		return
	}
	h.samples[h.next] = s
	h.next = (h.next + 1) % keptSamples
}

// since are the samples from a time on, oldest first, and the one before them, which their counts are held against.
func (h *history) since(from time.Time) []sample {
	h.mu.Lock()
	defer h.mu.Unlock()
	ordered := slices.Concat(h.samples[h.next:], h.samples[:h.next])
	first := slices.IndexFunc(ordered, func(s sample) bool { return s.at.After(from) })
	if first < 0 {
		first = len(ordered)
	}
	return ordered[max(first-1, 0):]
}

// sample reads the counters.
func (g *gate) sample(now time.Time) sample {
	ofTokens, ofPolicies := g.verifier.Stats(), g.rules.engine.Stats()
	s := sample{
		at: now, latency: g.counters.latency.read(),
		tokenHits: ofTokens.Hits + ofTokens.AbsentHits, tokenStale: ofTokens.Stale, tokenMisses: ofTokens.Misses,
		policyHits: ofPolicies.Hits, policyMisses: ofPolicies.Misses,
		lag: max(now.Sub(g.lastLook()), 0), storeUp: !g.isStoreDown(), streamsOpen: int(valueOf(g.counters.streamsOpen)),
		revision: g.follower.Position(),
	}
	for r := reasonAllowed; r < reasonCount; r++ {
		s.reasons[r] = uint64(valueOf(g.counters.byReason[r]))
	}
	return s
}

// valueOf reads a counter or gauge of Prometheus, which has no other way to be read.
func valueOf(m interface{ Write(to *dto.Metric) error }) float64 {
	var read dto.Metric
	if err := m.Write(&read); err != nil {
		return 0
	}
	return read.GetCounter().GetValue() + read.GetGauge().GetValue()
}

// record feeds the history until the gate ends.
func (g *gate) record(ctx context.Context) {
	ticks := time.NewTicker(sampleEvery)
	defer ticks.Stop()
	before := g.sample(time.Now())
	g.history.add(before)
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticks.C:
			s := g.sample(now)
			g.counters.latency.adapt((s.requests() - before.requests()) / uint64(sampleEvery/time.Second))
			g.history.add(s)
			before = s
		}
	}
}

func (s *sample) requests() (n uint64) {
	for _, of := range s.reasons {
		n += of
	}
	return n
}
