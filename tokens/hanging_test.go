package tokens_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// hanging is a store that, while it hangs, leaves every question about a token unanswered.
type hanging struct {
	tokenstest.Memory
	hangs   atomic.Bool
	waiting atomic.Int64
	asked   atomic.Int64
}

func newHanging() *hanging {
	h := &hanging{}
	h.Before = func(ctx context.Context, method string) error {
		if method != "Token" {
			return nil
		}
		h.asked.Add(1)
		if !h.hangs.Load() {
			return nil
		}
		h.waiting.Add(1)
		defer h.waiting.Add(-1)
		<-ctx.Done()
		return ctx.Err()
	}
	return h
}

// Attack: the way to the store is cut so that nothing is refused, and every request waits for its time to run out: those of tokens that
// could be served from memory, and those of strangers, as many as they like. Fix: while the store leaves a query unanswered one request
// waits for the next. Invariant: all others are answered at once, the known from memory and the rest with a fault; and when the store
// is back, it is asked once for each token.
func TestOneWaitsForAHangingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newHanging()
		g := newGate(t, tokens.VerifierConfig{Store: &store.Memory, FlushEvery: time.Hour})
		defer g.Close(t.Context())
		known := make([]string, 5)
		for i := range known {
			known[i] = g.issue(t, "dt0c01", nil).Secret.Reveal()
			if refusal, err := at(t, g.Verifier, known[i]); refusal != "" || err != nil {
				t.Fatalf("%q, %v", refusal, err)
			}
		}
		never := g.issue(t, "dt0c01", nil).Secret.Reveal()
		store.hangs.Store(true)
		time.Sleep(time.Minute) // past the lifetime, within the bound
		if refusal, err := at(t, g.Verifier, known[0]); refusal != "" || err != nil {
			t.Fatalf("who came first: %q, %v", refusal, err)
		}
		since := g.Stats().FailingSince
		if since.IsZero() {
			t.Error("nobody is told that tokens cannot be read")
		}
		for range 3 {
			time.Sleep(2 * time.Second)
			begin := time.Now()
			var quick atomic.Int64
			var asking sync.WaitGroup
			for n := range 20 {
				asking.Go(func() {
					refusal, err := at(t, g.Verifier, known[n%len(known)])
					if refusal != "" || err != nil {
						t.Errorf("known: %q, %v", refusal, err)
					}
					if time.Since(begin) == 0 {
						quick.Add(1)
					}
				})
			}
			synctest.Wait()
			if waiting := store.waiting.Load(); waiting != 1 || quick.Load() != 19 {
				t.Errorf("%d wait for the store, and %d of 20 were answered at once", waiting, quick.Load())
			}
			if _, err := at(t, g.Verifier, never); fault.KindOf(err) != fault.Unavailable || err == nil || time.Since(begin) != 0 {
				t.Errorf("never seen: %v after %v", err, time.Since(begin))
			}
			asking.Wait()
		}
		if now := g.Stats().FailingSince; !now.Equal(since) {
			t.Errorf("failing since %v, then since %v", since, now)
		}
		store.hangs.Store(false)
		time.Sleep(2 * time.Second)
		before := store.asked.Load()
		for range 3 {
			for _, text := range append(known, never) {
				if refusal, err := at(t, g.Verifier, text); refusal != "" || err != nil {
					t.Errorf("with the store back: %q, %v", refusal, err)
				}
			}
		}
		if asked := store.asked.Load() - before; asked != int64(len(known)+1) {
			t.Errorf("the store was asked %d times for %d tokens", asked, len(known)+1)
		}
		if !g.Stats().FailingSince.IsZero() {
			t.Error("still failing")
		}
	})
}

// A personal token that cannot be judged for want of settings is a fault, and not a token that is bad: a client that gets 401 throws
// it away.
func TestPersonalTokenWithoutSettings(t *testing.T) {
	for name, test := range map[string]struct {
		on, outdated bool
		refusal      tokens.Refusal
		fault        bool
	}{
		"on": {true, false, "", false}, "off": {false, false, tokens.PersonalOff, false}, "nobody knows": {false, true, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t, tokens.VerifierConfig{
				Personal: func(string, time.Time) bool { return test.on },
				Outdated: func(time.Time) bool { return test.outdated },
			})
			text := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Personal, r.Owner = true, "ann" }).Secret.Reveal()
			_, refusal, err := g.Verify(t.Context(), apiToken(text), "prod", "", now)
			if refusal != test.refusal || (err != nil) != test.fault || err != nil && fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%q, %v", refusal, err)
			}
		})
	}
}
