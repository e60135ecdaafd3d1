package feed

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// source is a list of changes in memory that can forget, fail, hang and go back in time.
type source struct {
	mu     sync.Mutex
	newest int64
	kept   int64 // the oldest revision that is kept
	broken error
	hangs  bool
	looks  int
}

func (s *source) commit(count int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest += int64(count)
}

// set changes anything under the lock.
func (s *source) set(change func(*source)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *source) lookCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looks
}

func (s *source) Revision(ctx context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest, s.broken
}

func (s *source) ChangesAfter(ctx context.Context, after int64, limit int) ([]Change, bool, error) {
	s.mu.Lock()
	hangs := s.hangs
	s.looks++
	s.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return nil, false, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return nil, false, s.broken
	}
	var list []Change
	for r := max(after+1, s.kept); r <= s.newest && len(list) < limit; r++ {
		list = append(list, change(r))
	}
	return list, after > s.newest || after < s.newest && after+1 < s.kept, nil
}

func change(revision int64) Change {
	return Change{Revision: revision, Kind: Token, ID: strconv.FormatInt(revision, 10)}
}

// applied notes what a follower was given.
type applied struct {
	mu      sync.Mutex
	changes []Change
	gaps    int
	calls   int
}

func (a *applied) apply(changes []Change, gap bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	a.changes = append(a.changes, changes...)
	if gap {
		a.gaps++
	}
}

func (a *applied) want(t *testing.T, what string, first, last int64, gaps int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	var want []Change
	for r := first; r <= last; r++ {
		want = append(want, change(r))
	}
	if diff := cmp.Diff(want, a.changes); diff != "" || a.gaps != gaps {
		t.Errorf("%s: %d gaps, want %d; changes (-want +got):\n%s", what, a.gaps, gaps, diff)
	}
}

// follow runs a follower inside a synctest bubble until the test ends.
func follow(t *testing.T, s Source, opt FollowOptions) (*Follower, *applied) {
	t.Helper()
	a := &applied{}
	f := NewFollower(s, opt, a.apply)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { f.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		group.Wait()
	})
	synctest.Wait()
	return f, a
}

// reports notes the errors a follower tells.
type reports struct {
	mu   sync.Mutex
	list []error
}

func (r *reports) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, err)
}

func (r *reports) all() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}

// pass lets fake time pass and everything that is due then happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestFollowInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{newest: 2*batch + 7}
		f, a := follow(t, s, FollowOptions{Start: 5})
		a.want(t, "at the start", 6, 2*batch+7, 0)
		for range 50 {
			s.commit(rand.IntN(4))
			pass(time.Duration(rand.IntN(300)) * time.Millisecond)
		}
		s.commit(batch) // exactly one batch
		pass(250 * time.Millisecond)
		a.want(t, "at the end", 6, s.newest, 0)
		if f.Position() != s.newest {
			t.Errorf("position %d, want %d", f.Position(), s.newest)
		}
	})
}

// hinting is a source with hints.
type hinting struct {
	*source
	hints chan struct{}
}

func (h hinting) Hints(context.Context) <-chan struct{} { return h.hints }

// A hint brings the news at once. Hints that are missed, repeated or sent for nothing change nothing but the delay, and neither does
// their end.
func TestFollowHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hinting{&source{}, make(chan struct{}, 1)}
		f, a := follow(t, s, FollowOptions{Interval: time.Minute})
		for range 5 {
			s.commit(2)
			s.hints <- struct{}{}
			synctest.Wait()
			if f.Position() != s.newest {
				t.Fatalf("position %d after the hint, want %d", f.Position(), s.newest)
			}
			s.hints <- struct{}{} // for nothing
			synctest.Wait()
		}
		s.commit(1) // and nobody says so
		pass(time.Minute)
		close(s.hints)
		s.commit(1)
		looks := s.lookCount()
		pass(time.Minute)
		a.want(t, "at the end", 1, 12, 0)
		if more := s.lookCount() - looks; more > 4 {
			t.Errorf("%d looks in a minute after the end of the hints", more)
		}
	})
}

// The bound that is published: a change is applied at most one interval after it was committed, whatever the jitter.
func TestFollowIsPrompt(t *testing.T) {
	for _, jitter := range []float64{0, 0.5, 0.999999} {
		synctest.Test(t, func(t *testing.T) {
			s := &source{}
			f, _ := follow(t, s, FollowOptions{Jitter: func() float64 { return jitter }})
			for n := range 20 {
				pass(time.Duration(n*17) * time.Millisecond)
				s.commit(1)
				committed := time.Now()
				pass(250 * time.Millisecond)
				if f.Position() != s.newest {
					t.Fatalf("jitter %v: change %d is not applied after an interval", jitter, s.newest)
				}
				if f.LastLook().Before(committed) {
					t.Errorf("jitter %v: last look %v before the commit", jitter, committed.Sub(f.LastLook()))
				}
			}
		})
	}
}

func TestPoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		f, a := follow(t, s, FollowOptions{Interval: time.Hour})
		start := time.Now()
		s.commit(3)
		for range 5 {
			f.Poke()
		}
		synctest.Wait()
		a.want(t, "after a poke", 1, 3, 0)
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}

// A look that finds nothing must not bother the caches.
func TestQuietSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{newest: 4}
		_, a := follow(t, s, FollowOptions{Start: 4})
		pass(time.Minute)
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.calls != 0 {
			t.Errorf("apply was called %d times", a.calls)
		}
		if looks := s.lookCount(); looks < 240 || looks > 481 {
			t.Errorf("%d looks in a minute", looks)
		}
	})
}

// A store that is down is asked a bounded number of times, and what was missed is applied within the longest back-off
// once it is up again.
func TestFollowThroughErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		var told reports
		f, a := follow(t, s, FollowOptions{OnError: told.note})
		up := time.Now()
		s.set(func(s *source) { s.broken, s.looks = errors.New("down"), 0 })
		s.commit(2)
		pass(time.Minute)
		looks, reported := s.lookCount(), len(told.all())
		if looks < 60 || looks > 123 || reported != looks {
			t.Errorf("%d looks and %d reports in a minute of errors", looks, reported)
		}
		if !f.LastLook().Equal(up) {
			t.Errorf("last look moved by %v while the source was down", f.LastLook().Sub(up))
		}
		a.want(t, "while down", 1, 0, 0)
		s.set(func(s *source) { s.broken = nil })
		pass(time.Second)
		a.want(t, "up again", 1, 2, 0)
	})
}

// A source that never answers must show as an error and as an old last look, not as silence.
func TestHangingSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{hangs: true}
		var told reports
		f, a := follow(t, s, FollowOptions{OnError: told.note})
		pass(6 * time.Second)
		if got := told.all(); len(got) != 1 || !errors.Is(got[0], context.DeadlineExceeded) || !f.LastLook().IsZero() {
			t.Errorf("got errors %v, last look %v", got, f.LastLook())
		}
		s.set(func(s *source) { s.hangs = false })
		s.commit(1)
		pass(6 * time.Second)
		a.want(t, "answering again", 1, 1, 0)
	})
}

func TestGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{newest: 10, kept: 8}
		f, a := follow(t, s, FollowOptions{Start: 2})
		a.want(t, "some are kept", 8, 10, 1)

		s.set(func(s *source) { s.newest, s.kept = 20, 21 })
		pass(time.Second)
		a.want(t, "none is kept", 8, 10, 2)

		// An older copy of the store was put back.
		s.set(func(s *source) { s.newest, s.kept = 7, 1 })
		pass(time.Second)
		a.want(t, "gone back", 8, 10, 3)
		if f.Position() != 7 {
			t.Errorf("position %d, want 7", f.Position())
		}
		s.commit(1)
		pass(time.Second)
		a.mu.Lock()
		defer a.mu.Unlock()
		if got := a.changes[len(a.changes)-1]; got != change(8) || a.gaps != 3 {
			t.Errorf("after going back: %+v, %d gaps", got, a.gaps)
		}
	})
}

func TestFollowEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, s := range []*source{{}, {hangs: true}, {broken: errors.New("down")}} {
			ctx, cancel := context.WithCancel(t.Context())
			var told reports
			opt := FollowOptions{OnError: told.note}
			var group sync.WaitGroup
			group.Go(func() { Follow(ctx, s, opt, func([]Change, bool) {}) })
			synctest.Wait()
			cancel()
			group.Wait()
			if slices.ContainsFunc(told.all(), func(err error) bool { return errors.Is(err, context.Canceled) }) {
				t.Errorf("the end was reported as an error: %v", told.all())
			}
		}
	})
}

// cutting ends its context while it answers.
type cutting struct {
	source
	cut context.CancelFunc
}

func (c *cutting) ChangesAfter(ctx context.Context, after int64, limit int) ([]Change, bool, error) {
	c.cut()
	return []Change{change(1)}, false, nil
}

// Caches may be gone once the context has ended, so an answer that comes too late is dropped.
func TestNothingIsAppliedAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	Follow(ctx, &cutting{cut: cancel}, FollowOptions{}, func([]Change, bool) { t.Error("applied") })
}

// TestFollowNeverStale plays a random history against a cache that does what apply says. The invariant: once the
// follower has caught up, the cache holds nothing that was loaded before the newest change of the same thing.
func TestFollowNeverStale(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 1))
			s := &source{newest: 3}
			var mu sync.Mutex
			stale := map[string]bool{} // changed since it was loaded
			f := NewFollower(s, FollowOptions{Start: 3, Jitter: rand.New(rand.NewPCG(seed, 2)).Float64}, func(changes []Change, gap bool) {
				mu.Lock()
				defer mu.Unlock()
				if gap {
					clear(stale)
				}
				for _, c := range changes {
					delete(stale, c.ID)
				}
			})
			ctx, cancel := context.WithCancel(t.Context())
			var group sync.WaitGroup
			group.Go(func() { f.Run(ctx) })
			for range 60 {
				switch dice.IntN(5) {
				case 0, 1:
					mu.Lock()
					s.set(func(s *source) { s.newest++; stale[change(s.newest).ID] = true })
					mu.Unlock()
				case 2:
					s.set(func(s *source) { s.kept = max(s.kept, s.newest-int64(dice.IntN(3))) })
				case 3:
					s.set(func(s *source) { s.broken = []error{nil, errors.New("down")}[dice.IntN(2)] })
				case 4:
					f.Poke()
				}
				pass(time.Duration(dice.IntN(200)) * time.Millisecond)
			}
			s.set(func(s *source) { s.broken = nil })
			pass(time.Second)
			if len(stale) > 0 || f.Position() != s.newest {
				t.Errorf("seed %d: stale %v, position %d of %d", seed, stale, f.Position(), s.newest)
			}
			cancel()
			group.Wait()
		})
	}
}
