package tokens_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// flaky is a store that can be switched off, and counts the queries that reach it.
type flaky struct {
	tokenstest.Memory
	down    atomic.Bool
	queries atomic.Int64
}

var errDown = errors.New("connection refused")

func newFlaky() *flaky {
	f := &flaky{}
	f.Before = func(_ context.Context, method string) error {
		if method == "Token" {
			f.queries.Add(1)
		}
		if f.down.Load() {
			return errDown
		}
		return nil
	}
	return f
}

// at verifies in the time of the bubble.
func at(t *testing.T, v *tokens.Verifier, text string) (tokens.Refusal, error) {
	t.Helper()
	_, refusal, err := v.Verify(t.Context(), apiToken(text), "prod", "192.0.2.1", time.Now())
	return refusal, err
}

// Attack: a token that is in use all the time never leaves the cache, so that its revocation on another node never
// arrives. Invariant: an entry ends with its lifetime, and a hit does not prolong it.
func TestHitsDoNotExtendLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFlaky()
		g := newGate(t, tokens.VerifierConfig{Store: &store.Memory})
		defer g.Close(t.Context())
		minted := g.issue(t, "dt0c01", nil)
		text := minted.Secret.Reveal()
		absent := "dt0c01." + public24 + "." + secret64
		for second := range 61 {
			refusal, err := at(t, g.Verifier, text)
			if refusal != "" || err != nil {
				t.Fatalf("after %d s: %q, %v", second, refusal, err)
			}
			if refusal, _ := at(t, g.Verifier, absent); refusal != tokens.Unknown {
				t.Fatalf("absent after %d s: %q", second, refusal)
			}
			// Both are asked for at 0, 30 and 60 seconds.
			if want := int64(2 * (1 + second/30)); store.queries.Load() != want {
				t.Fatalf("after %d s: %d queries, want %d", second, store.queries.Load(), want)
			}
			time.Sleep(time.Second)
		}
	})
}

// Attack: use a token past its expiry date because the cache still has it, or because a clock is set back. Invariant:
// the date is read at every request, by the wall clock of that request.
func TestExpiryIsExactInCache(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	expires := now.Add(10 * time.Second)
	text := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Expires = expires }).Secret.Reveal()
	for _, test := range []struct {
		at   time.Time
		want tokens.Refusal
	}{
		{now, ""}, {expires.Add(-time.Nanosecond), ""}, {expires, tokens.Expired}, {expires.Add(time.Second), tokens.Expired},
		{now.Add(-time.Hour), ""}, {expires.Add(time.Hour), tokens.Expired}, {expires.Add(-time.Nanosecond), ""},
	} {
		_, refusal, err := g.Verify(t.Context(), apiToken(text), "prod", "", test.at)
		if refusal != test.want || err != nil {
			t.Errorf("at %v: %q, %v; want %q", test.at, refusal, err, test.want)
		}
	}
}

// Attack: the clock is set back by an hour, and what was cached lives an hour longer. Invariant: an age that is negative
// by more than the lifetime counts as too old.
func TestClockSetBackDoesNotKeepEntries(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	minted := g.issue(t, "dt0c01", nil)
	text := minted.Secret.Reveal()
	g.verify(t, apiToken(text))
	g.store.Put(tokens.Record{ID: minted.ID, Digest: minted.Digest, Environment: "prod"}) // disabled elsewhere
	if _, refusal, _ := g.Verify(t.Context(), apiToken(text), "prod", "", now.Add(-time.Hour)); refusal != tokens.Disabled {
		t.Errorf("%q", refusal)
	}
}

func TestStaleEntriesServeWhileStoreIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFlaky()
		var reports atomic.Int64
		g := newGate(t, tokens.VerifierConfig{Store: &store.Memory, OnError: func(err error) {
			if !errors.Is(err, errDown) {
				t.Errorf("reported: %v", err)
			}
			reports.Add(1)
		}, FlushEvery: time.Hour})
		defer g.Close(t.Context())
		expires := time.Now().Add(2 * time.Minute)
		text := g.issue(t, "dt0c01", nil).Secret.Reveal()
		mortal := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Expires = expires }).Secret.Reveal()
		for _, text := range []string{text, mortal} {
			if refusal, err := at(t, g.Verifier, text); refusal != "" || err != nil {
				t.Fatalf("%q, %v", refusal, err)
			}
		}
		store.down.Store(true)
		time.Sleep(time.Minute)
		before := store.queries.Load()
		for range 5 {
			if refusal, err := at(t, g.Verifier, text); refusal != "" || err != nil {
				t.Fatalf("a minute later: %q, %v", refusal, err)
			}
		}
		if asked := store.queries.Load() - before; asked != 1 || reports.Load() != 1 {
			t.Errorf("%d queries and %d reports, want one each within a second", asked, reports.Load())
		}
		time.Sleep(time.Minute)
		if refusal, err := at(t, g.Verifier, mortal); refusal != tokens.Expired || err != nil {
			t.Errorf("expired while the store is down: %q, %v", refusal, err)
		}
		time.Sleep(3*time.Minute - time.Nanosecond)
		if refusal, err := at(t, g.Verifier, text); refusal != "" || err != nil {
			t.Errorf("just within the bound: %q, %v", refusal, err)
		}
		time.Sleep(time.Nanosecond)
		if _, err := at(t, g.Verifier, text); fault.KindOf(err) != fault.Unavailable || err == nil {
			t.Errorf("at the bound: %v", err)
		}
		store.down.Store(false)
		if refusal, err := at(t, g.Verifier, text); refusal != "" || err != nil {
			t.Errorf("with the store back: %q, %v", refusal, err)
		}
	})
}

// Attack: a revocation arrives, then the store goes down, and the token is served from memory. Invariant: what was
// forgotten is not served stale.
func TestForgottenEntriesAreNotServedStale(t *testing.T) {
	for name, forget := range map[string]func(*tokens.Verifier, string){
		"one": (*tokens.Verifier).Forget,
		"all": func(v *tokens.Verifier, _ string) { v.ForgetAll() },
	} {
		t.Run(name, func(t *testing.T) {
			store := newFlaky()
			g := newGate(t, tokens.VerifierConfig{Store: &store.Memory})
			minted := g.issue(t, "dt0c01", nil)
			g.verify(t, apiToken(minted.Secret.Reveal()))
			store.down.Store(true)
			forget(g.Verifier, minted.ID)
			p, refusal, err := g.Verify(t.Context(), apiToken(minted.Secret.Reveal()), "prod", "", now)
			if p != nil || refusal != "" || err == nil {
				t.Errorf("%v, %q, %v", p, refusal, err)
			}
		})
	}
}

func TestUsesAreWrittenOncePerMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFlaky()
		g := newGate(t, tokens.VerifierConfig{Store: &store.Memory})
		minted := g.issue(t, "dt0c01", nil)
		start := time.Now().UTC()
		// Five minutes of five requests a second, over several reloads of the entry.
		for range 5 * 60 * 5 {
			if refusal, err := at(t, g.Verifier, minted.Secret.Reveal()); refusal != "" || err != nil {
				t.Fatalf("%q, %v", refusal, err)
			}
			time.Sleep(200 * time.Millisecond)
		}
		if err := g.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		var want [][]tokens.Use
		for minute := range 5 {
			want = append(want, []tokens.Use{{ID: minted.ID, At: start.Add(time.Duration(minute) * time.Minute), IP: "192.0.2.1"}})
		}
		if diff := cmp.Diff(want, store.Uses()); diff != "" {
			t.Errorf("uses (-want +got):\n%s", diff)
		}
	})
}

func TestUsesSurviveStoreFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFlaky()
		var reported atomic.Int64
		g := newGate(t, tokens.VerifierConfig{Store: &store.Memory, OnError: func(error) { reported.Add(1) }})
		minted := g.issue(t, "dt0c01", nil)
		if refusal, err := at(t, g.Verifier, minted.Secret.Reveal()); refusal != "" || err != nil {
			t.Fatalf("%q, %v", refusal, err)
		}
		store.down.Store(true)
		time.Sleep(25 * time.Second) // two attempts
		if reported.Load() != 2 || g.Stats().FlushFaults != 2 {
			t.Errorf("%d reports, %+v", reported.Load(), g.Stats())
		}
		if err := g.Flush(t.Context()); !errors.Is(err, errDown) {
			t.Errorf("Flush: %v", err)
		}
		store.down.Store(false)
		if err := g.Close(t.Context()); err != nil || len(store.Uses()) != 1 {
			t.Errorf("%v, %v", err, store.Uses())
		}
		if err := g.Close(t.Context()); err != nil || len(store.Uses()) != 1 {
			t.Errorf("closed again: %v, %v", err, store.Uses())
		}
	})
}

// A store that hangs holds up one write of last-used times, and neither a request nor Close.
func TestCloseInterruptsHangingWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hanging atomic.Bool
		store := &tokenstest.Memory{Before: func(ctx context.Context, method string) error {
			if hanging.Load() && method == "RecordUses" {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}}
		g := newGate(t, tokens.VerifierConfig{Store: store, LoadTimeout: time.Hour})
		if refusal, err := at(t, g.Verifier, g.issue(t, "dt0c01", nil).Secret.Reveal()); refusal != "" || err != nil {
			t.Fatalf("%q, %v", refusal, err)
		}
		hanging.Store(true)
		time.Sleep(11 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := g.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close: %v", err)
		}
		hanging.Store(false)
		if err := g.Flush(t.Context()); err != nil || len(store.Uses()) != 1 {
			t.Errorf("%v, %v", err, store.Uses())
		}
	})
}

// Attack: a header with a huge address, or more tokens in use than there is room for, fills the memory. Invariant: both
// are bounded, and what there was no room for is noted at the next sighting.
func TestPendingUsesAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("mints ten thousand tokens")
	}
	g := newGate(t, tokens.VerifierConfig{FlushEvery: time.Hour})
	texts := make([]string, 10_002)
	for i := range texts {
		texts[i] = g.issue(t, "dt0c01", nil).Secret.Reveal()
		g.verify(t, apiToken(texts[i]))
	}
	if dropped := g.Stats().DroppedUses; dropped != 2 {
		t.Errorf("%d dropped", dropped)
	}
	if err := g.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.verify(t, apiToken(texts[len(texts)-1]))
	if err := g.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	batches := g.store.Uses()
	if len(batches) != 11 {
		t.Fatalf("%d batches", len(batches))
	}
	for i, batch := range batches {
		if want := []int{1000, 1}[i/10]; len(batch) != want {
			t.Errorf("batch %d has %d, want %d", i, len(batch), want)
		}
	}
}
