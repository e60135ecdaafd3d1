package module

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// cutting makes a stream that notes its cuts.
func cutting(token string, cuts chan<- string) *stream {
	return &stream{token: token, environment: "default", cut: func(error) { cuts <- token }}
}

func answer(live bool, err error) liveness {
	return func(context.Context, *stream) (bool, error) { return live, err }
}

func TestRecheck(t *testing.T) {
	tests := []struct {
		name, changed string
		isLive        liveness
		cuts          int
	}{
		{"revoked", "a", answer(false, nil), 1},
		{"still good", "a", answer(true, nil), 0},
		{"another token", "b", answer(false, nil), 0},
		{"everything, after a gap", "", answer(false, nil), 1},
		{"it may have been revoked, and the store is away", "a", answer(false, errors.New("away")), 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cuts := make(chan string, 10)
			s := newStreams(newCounters())
			st := cutting("a", cuts)
			s.add(st, 0)
			s.recheck(t.Context(), test.changed, test.isLive)
			s.recheck(t.Context(), test.changed, test.isLive) // a stream is cut once, however often it is told
			if len(cuts) != test.cuts {
				t.Errorf("cut %d times, want %d", len(cuts), test.cuts)
			}
			s.remove(st)
			s.remove(st)
			if open := read(t, s.counters.streamsOpen).GetGauge().GetValue(); open != 0 || len(s.byToken) != 0 {
				t.Errorf("%v streams open, %d tokens remembered, want none", open, len(s.byToken))
			}
		})
	}
}

func TestStreamLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cuts := make(chan string, 10)
		s := newStreams(newCounters())
		long, over := cutting("long", cuts), cutting("over", cuts)
		s.add(long, time.Hour)
		s.add(over, time.Minute)
		s.remove(over)
		time.Sleep(time.Hour - 1)
		synctest.Wait()
		if len(cuts) != 0 {
			t.Fatalf("cut %s before its time", <-cuts)
		}
		time.Sleep(1)
		synctest.Wait()
		if len(cuts) != 1 || <-cuts != "long" {
			t.Error("want exactly the long one cut")
		}
	})
}

// Attack: a token is revoked between the moment a request was verified and the moment its response is registered, so that
// the revocation meets no stream and the stream no revocation. Fix: the number of changes is noted before verification and
// compared after registration. Invariant: a stream whose token changed in between is looked at again.
func TestRevocationBeforeRegistration(t *testing.T) {
	g := testGate(t)
	id, text := g.mint(t, "metrics.read")
	for _, revoked := range []bool{false, true} {
		h := &Handler{gate: g.gate, verifier: g.verifier, counters: g.counters, now: time.Now}
		x := verifiedExchange(t, h, text)
		if revoked {
			g.disable(t, id)
			g.apply(t.Context(), nil, true) // what the follower does on hearing of it; nothing is registered yet
		}
		var cause error
		x.beginStream(func(err error) { cause = err })
		if got := errors.Is(cause, errStreamCut); got != revoked {
			t.Errorf("revoked %v: cut %v", revoked, got)
		}
		x.endStream()
	}
}

// Attack: a config is reloaded into another gate, and the responses of the old one go on without anybody who hears of
// revocations. Fix: what is closed cuts what it watched. Invariant: no stream is ever open under a gate that is closed,
// nor opened under it.
func TestClosedGateLeavesNoStream(t *testing.T) {
	cuts := make(chan string, 10)
	s := newStreams(newCounters())
	s.add(cutting("before", cuts), 0)
	s.close()
	s.add(cutting("after", cuts), 0)
	if len(cuts) != 2 {
		t.Errorf("cut %d, want both", len(cuts))
	}
	if n := read(t, s.counters.streamsCut.WithLabelValues(cutClosed)).GetCounter().GetValue(); n != 2 {
		t.Errorf("%v streams counted, want 2", n)
	}
}
