package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/benchmarks/load"
	"github.com/doorward/doorward/benchmarks/mix"
)

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 999 * time.Nanosecond: "1µs", 250 * time.Microsecond: "250µs", 1500 * time.Microsecond: "1.5ms", 2 * time.Second: "2.00s",
	} {
		if got := short(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestStatuses(t *testing.T) {
	if got, want := statuses(map[int]int64{401: 3, 200: 50, 429: 3}), "50×200 3×401 3×429"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestShow(t *testing.T) {
	fast, slow := load.NewHistogram(), load.NewHistogram()
	_ = fast.RecordValues(int64(100*time.Microsecond), 99)
	_ = slow.RecordValue(int64(2 * time.Millisecond))
	all, lateness := load.NewHistogram(), load.NewHistogram()
	all.Merge(fast)
	all.Merge(slow)
	_ = lateness.RecordValue(int64(30 * time.Microsecond))
	result := load.Result{
		Requests: 100, Unsent: 2, Statuses: map[int]int64{200: 99, 503: 1}, Elapsed: 2 * time.Second, Latency: all, Lateness: lateness, Behind: 3 * time.Millisecond,
	}
	result.ByName = map[string]*hdrhistogram.Histogram{"hot": fast, "large": slow}
	var out bytes.Buffer
	show(&out, mix.Outcome{Parts: []mix.Part{{Name: "both", Result: result}}, Notes: []mix.Note{{Name: "beside", Value: "something"}}})
	want := `         requests  a second    p50    p90    p99  p99.9    max      statuses  errors  unsent  reopened  behind p99  behind
   both       100        50  100µs  100µs  100µs  2.0ms  2.0ms  99×200 1×503       0       2         0        30µs   3.0ms
    hot        99            100µs  100µs  100µs  100µs  100µs                                                            
  large         1            2.0ms  2.0ms  2.0ms  2.0ms  2.0ms                                                            
  beside: something

`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error("(-want +got):", diff)
	}
}
