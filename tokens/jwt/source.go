package jwt

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

const (
	// maxAbsent bounds the unknown key identifiers that are remembered for one issuer.
	maxAbsent = 1000
	// firstRetry is the pause after a failed fetch. It doubles up to UnknownKeyInterval.
	firstRetry = time.Second
)

// source has the keys of one issuer. One goroutine fetches them; everybody else reads what it last found.
type source struct {
	issuer *Issuer
	fetch  func(context.Context) (*keySet, error)
	now    func() time.Time
	jitter func() float64
	report func(error)

	state atomic.Pointer[keyState] // nil until the first success
	tried chan struct{}            // closed when the first attempt is over
	hints chan struct{}            // has room for one: an unknown key was seen

	// absent are identifiers that had the keys fetched already, and when. So a client that keeps sending one such token
	// has no further effect.
	absent *lru.Cache[string, time.Time]
	count  sourceCounters
}

// keyState is a set of keys and when it was last seen at the issuer. Given keys have no such time, and never age.
type keyState struct {
	keys   *keySet
	loaded time.Time
}

func newSource(issuer *Issuer, o Options) (*source, error) {
	s := &source{
		issuer: issuer, now: o.Now, jitter: o.Jitter, report: o.OnError,
		tried: make(chan struct{}), hints: make(chan struct{}, 1),
	}
	s.absent, _ = lru.New[string, time.Time](maxAbsent) // fails for sizes below 1 only
	if issuer.Keys != nil {
		keys, err := staticKeys(issuer.Keys)
		if err != nil {
			return nil, fmt.Errorf("issuer %q: %w", issuer.URL, err)
		}
		s.state.Store(&keyState{keys: keys})
		close(s.tried)
		return s, nil
	}
	if issuer.KeysLater {
		close(s.tried) // nobody waits: they may be given at any time
		return s, nil
	}
	client := newClient(o.HTTPClient)
	s.fetch = func(ctx context.Context) (*keySet, error) { return issuer.fetchKeys(ctx, client) }
	return s, nil
}

// current are the keys that may be used at now. Only before the first attempt to fetch them is over does it wait.
func (s *source) current(ctx context.Context, now time.Time) (*keySet, error) {
	state := s.state.Load()
	if state == nil {
		select {
		case <-s.tried:
		case <-ctx.Done():
			return nil, s.unavailable(context.Cause(ctx))
		}
		if state = s.state.Load(); state == nil {
			return nil, s.unavailable(errors.New("its keys were never fetched"))
		}
	}
	// A clock that is set back makes nothing younger.
	if !state.loaded.IsZero() && now.Sub(state.loaded).Abs() >= s.issuer.StaleFor {
		return nil, s.unavailable(fmt.Errorf("its keys were last fetched at %s", state.loaded.UTC().Format(time.RFC3339)))
	}
	return state.keys, nil
}

func (s *source) unavailable(cause error) error {
	s.count.unavailable.Add(1)
	return fault.New(fault.Unavailable, "Credentials cannot be checked at the moment.", fmt.Errorf("issuer %s: %w", s.issuer.URL, cause))
}

// missed says that a token came whose key is not there, or did not make the signature: the issuer may have changed keys,
// under new names or the old ones. It returns at once; a flood of such tokens causes one fetch in UnknownKeyInterval.
func (s *source) missed(why tokens.Refusal, keyID string, now time.Time) {
	s.count.unknownKeys.Add(1)
	if why == UnknownKey {
		if seen, ok := s.absent.Get(keyID); ok && now.Sub(seen).Abs() < s.absentFor() {
			return
		}
		s.absent.Add(keyID, now)
	}
	select {
	case s.hints <- struct{}{}:
	default: // a fetch is asked for already
	}
}

// absentFor is short enough that naming the issuer's next key before it is there does not keep it out for long.
func (s *source) absentFor() time.Duration { return 4 * s.issuer.UnknownKeyInterval }

// run fetches the keys until ctx ends.
func (s *source) run(ctx context.Context) {
	over := sync.OnceFunc(func() { close(s.tried) })
	defer over()
	failures := 0
	for {
		if err := s.refresh(ctx); err == nil {
			failures = 0
		} else if ctx.Err() == nil {
			failures++
			s.report(fmt.Errorf("issuer %s: fetching its keys: %w", s.issuer.URL, err))
		}
		over()
		if !s.rest(ctx, s.pause(failures)) {
			return
		}
	}
}

// refresh replaces the keys, or leaves those that are there.
func (s *source) refresh(ctx context.Context) error {
	asked := s.now() // the answer may be as old as the question
	s.count.refreshes.Add(1)
	keys, err := s.fetch(ctx)
	if err != nil {
		s.count.faults.Add(1)
		return err
	}
	if old := s.state.Load(); old != nil && old.keys.digest == keys.digest {
		keys = old.keys // the same address says: nothing has changed
	}
	s.state.Store(&keyState{keys: keys, loaded: asked})
	return nil
}

// pause differs from gateway to gateway and from time to time, so that many of them do not ask at once.
func (s *source) pause(failures int) time.Duration {
	pause := s.issuer.RefreshEvery
	if failures > 0 {
		pause = min(firstRetry<<min(failures-1, 16), s.issuer.UnknownKeyInterval)
	}
	return time.Duration(float64(pause) * (0.9 + 0.2*s.jitter()))
}

// rest waits for the end of the pause, or less when an unknown key was seen, but then UnknownKeyInterval at least. It is
// false when ctx ended.
func (s *source) rest(ctx context.Context, pause time.Duration) bool {
	due, earliest := time.NewTimer(pause), time.NewTimer(s.issuer.UnknownKeyInterval)
	defer due.Stop()
	defer earliest.Stop()
	for wanted, allowed := false, false; !wanted || !allowed; {
		select {
		case <-ctx.Done():
			return false
		case <-due.C:
			return true
		case <-earliest.C:
			allowed = true
		case <-s.hints:
			wanted = true
		}
	}
	return true
}
