package module

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Invariant: a duration lies in its bucket, and buckets follow one another.
func TestLatencyBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(1<<leastLatency, int64(time.Second)).Draw(t, "duration"))
		bucket := latencyBucket(d)
		if begins, ends := latencyLimit(bucket), latencyLimit(bucket+1); d < begins || d >= ends || ends-begins > begins/4 {
			t.Fatalf("%v is in the bucket %d from %v to %v", d, bucket, begins, ends)
		}
	})
	for d, want := range map[time.Duration]int{-time.Second: 0, 0: 0, 511: 0, 512: 0, time.Hour: latencyBuckets - 1} {
		if got := latencyBucket(d); got != want {
			t.Errorf("%v is in bucket %d, want %d", d, got, want)
		}
	}
}

// TestLatencyQuantile: a quantile is right to an eighth, be the counts of however many requests that were not measured.
func TestLatencyQuantile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var counts [latencyBuckets]uint32
		fast := time.Duration(rapid.IntRange(600, 1e6).Draw(t, "fast"))
		slow := 10 * fast
		each := rapid.Uint32Range(1, 1024).Draw(t, "each")
		counts[latencyBucket(fast)] += 90 * each
		counts[latencyBucket(slow)] += 10 * each
		for q, want := range map[float64]time.Duration{0.5: fast, 0.95: slow} {
			if got := latencyQuantile(&counts, q); float64(got) < 0.75*float64(want) || float64(got) > 1.25*float64(want) {
				t.Fatalf("quantile %v: %v, want %v", q, got, want)
			}
		}
	})
	if got := latencyQuantile(new([latencyBuckets]uint32), 0.5); got != 0 {
		t.Errorf("nothing took %v", got)
	}
}

// TestLatencyAdapts: where there are few requests each is measured, and where there are many about a thousand a second.
func TestLatencyAdapts(t *testing.T) {
	for rate, want := range map[uint64]uint64{0: 0, 1000: 0, 2000: 1, 5000: 7, 100_000: 127, 1e9: maxMask} {
		var l latencies
		if l.adapt(rate); l.mask.Load() != want {
			t.Errorf("%d requests a second: mask %d, want %d", rate, l.mask.Load(), want)
		}
	}
}

// Attack: a flood comes before anybody has counted it, and each request of it pays for being measured. Fix: fewer are measured the more
// there were. Invariant: all are counted, and of a flood only few are measured.
func TestLatencyOfAFlood(t *testing.T) {
	const flood = 1 << 20
	var l latencies
	x := &exchange{h: &Handler{now: time.Now}, now: time.Now()}
	for n := range uint64(flood) {
		x.id = decisionIDOf(n)
		l.note(x)
	}
	total := uint64(0)
	for _, n := range l.read() {
		total += uint64(n)
	}
	if measured := l.measured.Load(); measured > flood/8 || total < flood*9/10 || total > flood*11/10 {
		t.Errorf("%d of %d measured, which stand for %d", measured, flood, total)
	}
}

var historyBegins = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// sampleAt is a sample after so many steps, in each of which there were two requests, of which one lacked a scope.
func sampleAt(step int) sample {
	s := sample{at: historyBegins.Add(time.Duration(step) * sampleEvery), storeUp: step != 5, lag: time.Duration(step) * time.Millisecond}
	s.reasons[reasonAllowed], s.reasons[reasonScope] = uint64(step), uint64(step)
	s.tokenHits, s.policyMisses = uint64(2*step), uint64(step)
	return s
}

// Invariant: the history holds an hour, and no more however long it goes on.
func TestHistoryIsBounded(t *testing.T) {
	var h history
	for step := range 1000 {
		h.add(sampleAt(step))
	}
	kept := h.since(time.Time{})
	if len(kept) != keptSamples || !kept[0].at.Equal(sampleAt(1000-keptSamples).at) || !kept[keptSamples-1].at.Equal(sampleAt(999).at) {
		t.Errorf("%d samples from %v to %v", len(kept), kept[0].at, kept[len(kept)-1].at)
	}
	if some := h.since(sampleAt(990).at); len(some) != 10 || !some[0].at.Equal(sampleAt(990).at) {
		t.Errorf("%d samples", len(some))
	}
	if none := h.since(sampleAt(2000).at); len(none) != 1 {
		t.Errorf("%d samples of the future", len(none))
	}
}

func TestIntervals(t *testing.T) {
	var samples []sample
	for step := range 10 {
		samples = append(samples, sampleAt(step))
	}
	counts := func(n uint64) intervalCounts {
		return intervalCounts{
			Requests: requestCounts{Allow: n, Deny: n}, Refusals: map[string]uint64{"scope": n},
			Tokens: cacheCounts{Hits: 2 * n}, Policies: cacheCounts{Misses: n},
		}
	}
	want := []interval{
		{From: sampleAt(0).at, To: sampleAt(6).at, intervalCounts: counts(6), LagSeconds: 0.006},
		{From: sampleAt(6).at, To: sampleAt(9).at, intervalCounts: counts(3), StoreUp: true, LagSeconds: 0.009},
	}
	if diff := cmp.Diff(want, intervals(samples, time.Minute), cmp.AllowUnexported(interval{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := intervals(samples[:1], time.Minute); len(got) != 0 {
		t.Errorf("one sample makes %d intervals", len(got))
	}
}

// Invariant: what the intervals count adds up to what was counted, however they are cut.
func TestIntervalsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var samples []sample
		at, step := historyBegins, 0
		for _, gap := range rapid.SliceOfN(rapid.IntRange(1, 120), 2, 50).Draw(t, "gaps") {
			s := sampleAt(step)
			s.at = at
			samples = append(samples, s)
			at, step = at.Add(time.Duration(gap)*time.Second), step+gap
		}
		every := rapid.SampledFrom([]time.Duration{sampleEvery, time.Minute, time.Hour}).Draw(t, "every")
		sum, last := uint64(0), samples[0].at
		for _, i := range intervals(samples, every) {
			if !i.From.Equal(last) || !i.To.After(i.From) {
				t.Fatalf("from %v to %v after %v", i.From, i.To, last)
			}
			sum, last = sum+i.Requests.Allow, i.To
		}
		if want := samples[len(samples)-1].reasons[reasonAllowed]; sum != want {
			t.Fatalf("%d of %d", sum, want)
		}
	})
}

// BenchmarkLatencyNote is what measuring adds to each request of a flood, and to one that is not measured.
func BenchmarkLatencyNote(b *testing.B) {
	x := &exchange{h: &Handler{now: time.Now}, now: time.Now()}
	for name, mask := range map[string]uint64{"a flood": 0, "passed over": maxMask} {
		b.Run(name, func(b *testing.B) {
			var l latencies
			l.mask.Store(mask)
			x.id = decisionIDOf(1)
			b.ReportAllocs()
			for b.Loop() {
				l.note(x)
			}
		})
	}
}
