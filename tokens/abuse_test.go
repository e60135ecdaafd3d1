package tokens_test

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// stranger is a well-formed token that the store does not have.
func (g *gate) stranger(t *testing.T) string {
	t.Helper()
	minted, err := g.formats.Mint("dt0c01", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return minted.Secret.Reveal()
}

// Attack: fail so often that the own address is not admitted, then find out from the answers which tokens exist, or which
// are in use. Invariant: without the whole secret of a remembered token, a token that exists gets the answer of one that
// does not, and the store is asked about neither; with the secret, nothing changes.
func TestThrottledAnswersAreAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refuse atomic.Bool
		g := newGate(t, tokens.VerifierConfig{Admit: func(address string, _ time.Time) bool { return !refuse.Load() || address != "192.0.2.1" }})
		defer g.Close(t.Context())
		remembered, forgotten := g.issue(t, "dt0c01", nil).Secret.Reveal(), g.issue(t, "dt0c01", nil).Secret.Reveal()
		if refusal, err := at(t, g.Verifier, remembered); refusal != "" || err != nil {
			t.Fatalf("%q, %v", refusal, err)
		}
		refuse.Store(true)
		tests := map[string]struct {
			text    string
			want    tokens.Refusal
			queries int
		}{
			"its lifetime is over": {remembered, "", 1},
			"remembered now":       {remembered, "", 0},
			"not remembered":       {forgotten, tokens.Throttled, 0},
			"unknown":              {g.stranger(t), tokens.Throttled, 0},
		}
		time.Sleep(time.Minute)
		synctest.Wait() // until the uses of tokens are written, which are queries too
		if refusal, _ := at(t, g.Verifier, remembered[:95]+flip(remembered[95])); refusal != tokens.Throttled {
			t.Errorf("its lifetime is over, another secret: %q", refusal)
		}
		for _, name := range []string{"its lifetime is over", "remembered now", "not remembered", "unknown"} {
			clear(g.queries)
			test := tests[name]
			if refusal, err := at(t, g.Verifier, test.text); refusal != test.want || err != nil || g.queries["Token"] != test.queries {
				t.Errorf("%s: %q, %v, queries %v", name, refusal, err, g.queries)
			}
		}
		if _, refusal, err := g.Verify(t.Context(), apiToken(forgotten), "prod", "192.0.2.2", time.Now()); refusal != "" || err != nil {
			t.Errorf("from another address: %q, %v", refusal, err)
		}
		if s := g.Stats(); s.Throttled != 3 {
			t.Errorf("%+v", s)
		}
	})
}

// The work of a throttled refusal is that of every other.
func TestThrottledTakesTheSameWork(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{Admit: func(string, time.Time) bool { return false }})
	work := g.CountWork()
	good := g.issue(t, "dt0c01", nil).Secret.Reveal()
	for name, text := range map[string]string{"exists": good, "does not": g.stranger(t), "malformed": "x"} {
		*work = tokens.Work{}
		g.verify(t, apiToken(text))
		if diff := cmp.Diff(tokens.Work{Digests: 1, Comparisons: 1}, *work); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// gated is a store whose answers about tokens wait until they are let go.
type gated struct {
	tokenstest.Memory
	open          chan struct{}
	running, most atomic.Int64
}

func newGated() *gated {
	s := &gated{open: make(chan struct{})}
	s.Before = func(ctx context.Context, method string) error {
		if method != "Token" {
			return nil
		}
		n := s.running.Add(1)
		defer s.running.Add(-1)
		for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
			continue
		}
		select {
		case <-s.open:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s
}

// Attack: have thousands of tokens looked up at once that nobody has, so that the store is busy with them when a real one is
// due. Invariant: only so many are asked for at a time, and only so many wait; the others are faults at once, never let in.
// A token that is remembered is asked for again past all of them.
func TestUnknownTokensQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newGated()
		g := newGate(t, tokens.VerifierConfig{Store: &store.Memory, Lookups: 3, Waiting: 20, FlushEvery: time.Hour})
		defer g.Close(t.Context())
		known := g.issue(t, "dt0c01", nil).Secret.Reveal()
		var running sync.WaitGroup
		running.Go(func() { _, _ = at(t, g.Verifier, known) })
		synctest.Wait()
		close(store.open)
		running.Wait()
		time.Sleep(31 * time.Second) // the lifetime is over
		store.open, store.most = make(chan struct{}), atomic.Int64{}

		var unknown, faults atomic.Int64
		for range 100 {
			text := g.stranger(t)
			running.Go(func() {
				switch refusal, err := at(t, g.Verifier, text); {
				case refusal == tokens.Unknown && err == nil:
					unknown.Add(1)
				case fault.KindOf(err) == fault.Unavailable && err != nil:
					faults.Add(1)
				default:
					t.Errorf("%q, %v", refusal, err)
				}
			})
		}
		synctest.Wait()
		if store.running.Load() != 3 || faults.Load() != 77 {
			t.Errorf("%d under way, %d faults", store.running.Load(), faults.Load())
		}
		running.Go(func() {
			if refusal, err := at(t, g.Verifier, known); refusal != "" || err != nil {
				t.Errorf("a remembered token: %q, %v", refusal, err)
			}
		})
		synctest.Wait()
		if store.running.Load() != 4 {
			t.Errorf("%d under way: a remembered token waits for unknown ones", store.running.Load())
		}
		close(store.open)
		running.Wait()
		if s := g.Stats(); unknown.Load() != 23 || store.most.Load() > 4 || s.Crowded != 77 || !s.FailingSince.IsZero() {
			t.Errorf("%d unknown, at most %d at once, %+v", unknown.Load(), store.most.Load(), s)
		}
	})
}

// Who has waited too long for a place gets a fault, and when the store turns out to hang, those who wait for a place do not
// each wait for it again.
func TestUnknownTokensWaitNotForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newGated()
		g := newGate(t, tokens.VerifierConfig{Store: &store.Memory, Lookups: 1, Waiting: 100, LoadTimeout: 3 * time.Second, FlushEvery: time.Hour})
		defer g.Close(t.Context())
		begun := time.Now()
		var running sync.WaitGroup
		for range 50 {
			text := g.stranger(t)
			running.Go(func() {
				if refusal, err := at(t, g.Verifier, text); fault.KindOf(err) != fault.Unavailable || err == nil {
					t.Errorf("%q, %v", refusal, err)
				}
			})
		}
		running.Wait()
		if took, s := time.Since(begun), g.Stats(); took != 3*time.Second || s.Queries > 1 {
			t.Errorf("took %s, %d queries", took, s.Queries)
		}
	})
}

// Attack: use ever new good tokens, more than the cache has room for, so that it grows. Invariant: it does not; the tokens
// used longest ago are looked up again, and right answers stay right.
func TestManyGoodTokensDoNotGrow(t *testing.T) {
	const room = 50
	g := newGate(t, tokens.VerifierConfig{CacheEntries: room})
	texts := make([]string, 4*room)
	for i := range texts {
		texts[i] = g.issue(t, "dt0c01", nil).Secret.Reveal()
	}
	for range 3 {
		for i, text := range texts {
			if _, refusal := g.verify(t, apiToken(text)); refusal != "" {
				t.Fatalf("token %d: %q", i, refusal)
			}
			if cached := g.Stats().Cached; cached > room {
				t.Fatalf("%d tokens in a cache for %d", cached, room)
			}
			if _, refusal := g.verify(t, apiToken(strings.Replace(text, ".", ".A", 1)[:len(text)])); refusal == "" {
				t.Fatalf("token %d: another text is taken", i)
			}
		}
	}
}
