package throttle_test

import (
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/throttle"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestTake(t *testing.T) {
	const ms = time.Millisecond
	type step struct {
		at   time.Duration
		wait time.Duration // 0: one was spent
	}
	for name, test := range map[string]struct {
		rate  throttle.Rate
		steps []step
	}{
		"a burst, then one at a time": {
			throttle.Rate{Every: 100 * ms, Burst: 3},
			[]step{{0, 0}, {0, 0}, {0, 0}, {0, 100 * ms}, {40 * ms, 60 * ms}, {99 * ms, ms}, {100 * ms, 0}, {100 * ms, 100 * ms}, {200 * ms, 0}},
		},
		"what was refused costs nothing": {
			throttle.Rate{Every: time.Second, Burst: 1},
			[]step{{0, 0}, {0, time.Second}, {999 * ms, ms}, {1000 * ms, 0}},
		},
		"all comes back, and no more than all": {
			throttle.Rate{Every: 100 * ms, Burst: 2},
			[]step{{0, 0}, {0, 0}, {time.Hour, 0}, {time.Hour, 0}, {time.Hour, 100 * ms}},
		},
		"a clock set back gives nothing, and takes no more than all": {
			throttle.Rate{Every: 100 * ms, Burst: 2},
			[]step{{0, 0}, {-time.Hour, 100 * ms}, {-time.Hour + 100*ms, 0}, {-time.Hour + 100*ms, 100 * ms}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			limit := throttle.New[string](test.rate, 8)
			for i, s := range test.steps {
				now := start.Add(s.at)
				if wait := limit.Wait("a", now); wait != s.wait {
					t.Errorf("step %d: Wait is %s, want %s", i, wait, s.wait)
				}
				if wait := limit.Take("a", now); wait != s.wait {
					t.Errorf("step %d: Take is %s, want %s", i, wait, s.wait)
				}
			}
			if !limit.Untouched("b", start) || limit.Wait("b", start) != 0 {
				t.Error("another key pays for it")
			}
		})
	}
}

// Spend is for what has happened already, any number of times: the wait after it is no longer than that for one.
func TestSpendStopsAtNothing(t *testing.T) {
	limit := throttle.New[string](throttle.Rate{Every: time.Second, Burst: 2}, 8)
	if !limit.Untouched("a", start) {
		t.Error("touched before anything was spent")
	}
	for range 100 {
		limit.Spend("a", start)
	}
	if wait := limit.Wait("a", start); wait != time.Second {
		t.Errorf("waits %s", wait)
	}
	if limit.Untouched("a", start.Add(2*time.Second-1)) || !limit.Untouched("a", start.Add(2*time.Second)) {
		t.Error("not untouched exactly when all has come back")
	}
}

// bucket is the same limit told the naive way: what is left, filled up as time goes by.
type bucket struct {
	every, most, left time.Duration // left in nanoseconds of refill, so that nothing is rounded
	at                time.Time
}

func (b *bucket) take(now time.Time) (wait time.Duration) {
	b.left, b.at = min(b.most, b.left+now.Sub(b.at)), now
	if b.left < b.every {
		return b.every - b.left
	}
	b.left -= b.every
	return 0
}

// TestTakeIsABucket: the one instant that is kept of a key says as much as a bucket would, for every key by itself.
func TestTakeIsABucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := throttle.Rate{
			Every: time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "every")),
			Burst: rapid.IntRange(1, 20).Draw(t, "burst"),
		}
		limit := throttle.New[int](rate, 64)
		models := map[int]*bucket{}
		now := start
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 3*int64(rate.Every)).Draw(t, "later")))
			key := rapid.IntRange(0, 2).Draw(t, "key")
			if models[key] == nil {
				most := rate.Every * time.Duration(rate.Burst)
				models[key] = &bucket{every: rate.Every, most: most, left: most, at: now}
			}
			if got, want := limit.Take(key, now), models[key].take(now); got != want {
				t.Fatalf("key %d waits %s, want %s", key, got, want)
			}
		}
	})
}

// Attack: fail from one address, so that clients at another one are refused. Invariant: what one key spends, in whatever
// order and number, changes nothing for another, as long as the table has room for both.
func TestKeysDoNotTouch(t *testing.T) {
	rate := throttle.Rate{Every: 10 * time.Millisecond, Burst: 5}
	rapid.Check(t, func(t *rapid.T) {
		alone, crowded := throttle.New[string](rate, 8), throttle.New[string](rate, 8)
		now := start
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Millisecond)).Draw(t, "later")))
			for range rapid.IntRange(0, 10).Draw(t, "failures of others") {
				crowded.Spend(rapid.SampledFrom([]string{"b", "c", "d"}).Draw(t, "other"), now)
			}
			if got, want := crowded.Take("a", now), alone.Take("a", now); got != want {
				t.Fatalf("waits %s, and %s by itself", got, want)
			}
		}
	})
}

// Attack: fail from thousands of addresses once each, so that the table forgets the one that has used up its budget.
// Invariant: who owes least is forgotten first.
func TestCrowdDoesNotDriveOutDebtors(t *testing.T) {
	limit := throttle.New[int](throttle.Rate{Every: time.Second, Burst: 10}, 8)
	for range 10 {
		limit.Take(-1, start)
	}
	for other := range 10_000 {
		limit.Take(other, start)
	}
	if limit.Wait(-1, start) == 0 {
		t.Error("the debtor was forgotten")
	}
	spent := 0
	for other := range 10_000 {
		if !limit.Untouched(other, start) {
			spent++
		}
	}
	if spent != 7 {
		t.Errorf("%d others are known in a table of 8", spent)
	}
}

// The budget is spent exactly once, whoever comes at the same time.
func TestTakeAtOnce(t *testing.T) {
	limit := throttle.New[string](throttle.Rate{Every: time.Second, Burst: 100}, 1000)
	var running sync.WaitGroup
	taken := make(chan bool, 400)
	for range 4 {
		running.Go(func() {
			for range 100 {
				taken <- limit.Take("a", start) == 0
			}
		})
	}
	running.Wait()
	close(taken)
	n := 0
	for ok := range taken {
		if ok {
			n++
		}
	}
	if n != 100 {
		t.Errorf("%d were spent of 100", n)
	}
}

func TestTakeDoesNotAllocate(t *testing.T) {
	limit := throttle.New[throttle.Address](throttle.Rate{Every: time.Second, Burst: 100}, 1000)
	if n := testing.AllocsPerRun(1000, func() { limit.Take(throttle.AddressOf("192.0.2.1"), start) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSeconds(t *testing.T) {
	for wait, want := range map[time.Duration]int{
		0: 1, 1: 1, time.Second: 1, time.Second + 1: 2, 90 * time.Second: 90, 1999 * time.Millisecond: 2,
	} {
		if got := throttle.Seconds(wait); got != want {
			t.Errorf("%s: %d, want %d", wait, got, want)
		}
	}
}

func TestNewPanics(t *testing.T) {
	for _, rate := range []throttle.Rate{{}, {Every: time.Second}, {Burst: 1}, {Every: 1 << 60, Burst: 4}, {Every: -1, Burst: 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was taken", rate)
				}
			}()
			throttle.New[string](rate, 8)
		}()
	}
}

func BenchmarkTake(b *testing.B) {
	limit := throttle.New[throttle.Address](throttle.Rate{Every: 100 * time.Millisecond, Burst: 100}, 65_536)
	now := start
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Microsecond)
		limit.Take(throttle.AddressOf("192.0.2.1"), now)
	}
}
