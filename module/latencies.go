package module

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// latencies count how long decisions took, in buckets of four to the octave, so that a quantile is right to an eighth of
// itself.
//
// A decision takes about a microsecond, and reading the clock a twentieth of that. So it is read for one request in so many
// only, which is many where there are many: a request that is not measured costs one look at a number.
type latencies struct {
	mask     atomic.Uint64 // a request is measured where its number has none of these bits
	measured atomic.Uint32 // since adapt was called
	buckets  [latencyBuckets]atomic.Uint32
}

const (
	latencyOctaves = 22
	leastLatency   = 9 // the first octave begins at 512 ns, and the last ends at about 2 s
	latencyBuckets = 4*latencyOctaves + 1

	measuredPerSecond = 1000
	measuredAtOnce    = 1 << 14 // after so many before adapt is called, half as many are
	maxMask           = 1<<10 - 1
)

// note measures a decision that has just become final.
func (l *latencies) note(x *exchange) {
	mask := l.mask.Load()
	if x.id.number()&mask != 0 {
		return
	}
	l.buckets[latencyBucket(x.h.now().Sub(x.now))].Add(uint32(mask) + 1) //nolint:gosec // at most maxMask
	if l.measured.Add(1)%measuredAtOnce == 0 && mask < maxMask {
		l.mask.CompareAndSwap(mask, mask<<1|1)
	}
}

// adapt chooses how many requests stand for one that is measured, by how many there were in a second.
func (l *latencies) adapt(perSecond uint64) {
	mask := uint64(0)
	for mask < maxMask && perSecond/(mask+1) > measuredPerSecond {
		mask = mask<<1 | 1
	}
	l.mask.Store(mask)
	l.measured.Store(0)
}

func (l *latencies) read() (counts [latencyBuckets]uint32) {
	for i := range counts {
		counts[i] = l.buckets[i].Load()
	}
	return counts
}

// latencyBucket is the index of the bucket that a duration falls into. All that is shorter than the first is in the first.
func latencyBucket(d time.Duration) int {
	if d < 1<<leastLatency {
		return 0
	}
	ns := uint64(d)
	octave := bits.Len64(ns) - 1
	return min(4*(octave-leastLatency)+int(ns>>(octave-2)&3), latencyBuckets-1) //nolint:gosec // two bits
}

// latencyLimit is where a bucket begins.
func latencyLimit(bucket int) time.Duration {
	return time.Duration(4+bucket%4) << (leastLatency - 2 + bucket/4)
}

// latencyQuantile is the duration that a share q of what was counted did not take longer than, 0 where nothing was.
func latencyQuantile(counts *[latencyBuckets]uint32, q float64) time.Duration {
	total := uint64(0)
	for _, n := range counts {
		total += uint64(n)
	}
	if total == 0 {
		return 0
	}
	rank, below := q*float64(total), 0.0
	for i, n := range counts {
		if above := below + float64(n); n > 0 && above >= rank {
			begins, ends := latencyLimit(i), latencyLimit(i+1)
			return begins + time.Duration(float64(ends-begins)*(rank-below)/float64(n))
		}
		below += float64(n)
	}
	return latencyLimit(latencyBuckets - 1)
}
