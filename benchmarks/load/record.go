package load

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range of the histograms, in nanoseconds, and how many digits of a figure are right.
const (
	shortest = int64(time.Microsecond)
	longest  = int64(time.Minute)
	digits   = 3
)

// NewHistogram is an empty histogram like those of a Result: nanoseconds from 1 µs to 60 s, three digits.
func NewHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, digits) }

// record puts a duration into a histogram. What lies outside is put at the end that it lies beyond.
func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(int64(d), 0), longest)) // only fails outside of the range
}

// recorder gathers what all connections measure. One for all, since a histogram has 150 kB and there may be 20,000 connections.
type recorder struct {
	mu     sync.Mutex
	result Result
	last   time.Duration // when the last answer came
}

func newRecorder() *recorder {
	return &recorder{result: Result{
		Statuses: map[int]int64{}, Latency: NewHistogram(), ByName: map[string]*hdrhistogram.Histogram{}, Lateness: NewHistogram(),
	}}
}

// measured is one request that was answered or failed, its instants counted from the beginning of the run.
type measured struct {
	name   string
	status int
	err    error
	from   time.Duration // its latency counts from here
	late   time.Duration // of the generator
	done   time.Duration
}

func (r *recorder) add(m measured) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = max(r.last, m.done)
	if m.err != nil {
		r.result.Errors++
		return
	}
	r.result.Requests++
	r.result.Statuses[m.status]++
	record(r.of(m.name), m.done-m.from)
	record(r.result.Lateness, m.late)
	r.result.Behind = max(r.result.Behind, m.late)
}

// unsent is a request that still waited for a connection when the run was over.
func (r *recorder) unsent(name string, waited time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Unsent++
	record(r.of(name), waited)
}

func (r *recorder) of(name string) *hdrhistogram.Histogram {
	h, ok := r.result.ByName[name]
	if !ok {
		h = NewHistogram()
		r.result.ByName[name] = h
	}
	return h
}

// total is the whole result. Latency is made here, so that each answer is recorded once.
func (r *recorder) total() Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, h := range r.result.ByName {
		r.result.Latency.Merge(h)
	}
	return r.result
}
