package tokens

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/doorward/doorward/internal/fault"
)

// retryAfter is how long a stale entry serves before the store is asked again, so that a store that is away is not asked for
// every request.
const retryAfter = time.Second

// shelf is a cache with the way to the store behind it.
type shelf struct {
	*cache
	config  *VerifierConfig
	count   *counters
	lookups *lookups           // of all shelves
	flights singleflight.Group // concurrent loads of one token
	hangs   atomic.Int64       // the store left a query unanswered: only one is to be asked of it before, Unix nanoseconds; 0: it answers

	// ask reads a token from the store: nil when there is none. The old entry, nil for none, is the one that the answer
	// takes the place of.
	ask func(ctx context.Context, k key, old *entry, now time.Time) (*entry, error)
}

// find returns the token's entry, nil when the store has no such token, or is not to be asked about it for this client.
func (s *shelf) find(ctx context.Context, k key, shown Digest, clientIP string, now time.Time) (*entry, Refusal, error) {
	old, cached := s.present.Get(k)
	if cached && s.fresh(old.loaded, now) {
		s.count.hits.Add(1)
		return old, "", nil
	}
	// Where the store hangs, the turn below is for all tokens; one that was taken here as well would be given back by nobody.
	if cached && s.stillServes(old, now) && s.hangs.Load() == 0 && !old.takesTurn(now, s.config.LoadTimeout) {
		s.count.stale.Add(1)
		return old, "", nil
	}
	if !cached && s.knownAbsent(k, now) {
		s.count.absentHits.Add(1)
		return nil, "", nil
	}
	// Who holds the secret of a remembered token is let through, whatever others do at the same address. Whether a token of
	// this name exists makes no difference to anybody else.
	if !s.config.Admit(clientIP, now) && !(cached && old.opensTo(shown)) {
		s.count.throttled.Add(1)
		return nil, Throttled, nil
	}
	if !s.takesTurn(now) {
		if cached && s.stillServes(old, now) {
			s.count.stale.Add(1)
			return old, "", nil
		}
		return nil, "", fault.New(fault.Unavailable, unchecked, errHangs)
	}
	s.count.misses.Add(1)
	found, err := s.reload(ctx, k, old, now)
	return found, "", err
}

// opensTo reports whether this secret was good for the token when it was last looked up.
func (e *entry) opensTo(shown Digest) bool {
	return shown.Equal(e.digest) || e.old != nil && shown.Equal(*e.old)
}

const unchecked = "Credentials cannot be checked at the moment."

var errHangs = errors.New("the store left the last query unanswered, and one request waits for it already")

// takesTurn reports whether the caller is to ask a store that has left a query unanswered. One at a time does: if everybody did,
// each would wait for nothing, and all of them would come down on the store when it is back.
func (s *shelf) takesTurn(now time.Time) bool {
	at := s.hangs.Load()
	if at == 0 {
		return true
	}
	return now.UnixNano() >= at && s.hangs.CompareAndSwap(at, now.Add(s.config.LoadTimeout).UnixNano())
}

// reload asks the store, and falls back on the old entry (nil for none) while that one may still serve.
func (s *shelf) reload(ctx context.Context, k key, old *entry, now time.Time) (*entry, error) {
	found, err := s.load(ctx, k, old, now)
	if err == nil {
		if old != nil {
			old.retryAt.Store(0) // it may still be in the cache, where another change kept the answer out
		}
		return found, nil
	}
	// The cache is asked once more: a change may have dropped the entry while the store kept us waiting, and what is
	// known to be revoked is not served stale.
	current, cached := s.present.Peek(k)
	if !cached || !s.stillServes(current, now) || ctx.Err() != nil {
		return nil, fault.New(fault.Unavailable, unchecked, err)
	}
	current.retryAt.Store(now.Add(retryAfter).UnixNano())
	s.count.stale.Add(1)
	s.config.OnError(fmt.Errorf("token %s serves from memory, loaded %s ago: %w",
		current.principal.TokenID, now.Sub(current.loaded).Round(time.Second), err))
	return current, nil
}

func (s *shelf) stillServes(old *entry, now time.Time) bool {
	return now.Sub(old.loaded).Abs() < s.config.StaleFor
}

// takesTurn reports whether the caller is to ask the store about a stale entry. After a failure one request at a time does, for
// as long as that may take: a store that hangs must not hold up all the others too.
func (e *entry) takesTurn(now time.Time, atMost time.Duration) bool {
	retryAt := e.retryAt.Load()
	if retryAt == 0 {
		return true
	}
	return now.UnixNano() >= retryAt && e.retryAt.CompareAndSwap(retryAt, now.Add(atMost).UnixNano())
}

// load shares one query between all who ask for the same token at the same time. The query runs apart from its callers:
// one who gives up leaves the others waiting for their answer.
func (s *shelf) load(ctx context.Context, k key, old *entry, now time.Time) (*entry, error) {
	generation := s.generation.Load()
	shared := s.flights.DoChan(k.flight(generation), func() (any, error) {
		if old == nil {
			if err := s.enter(); err != nil {
				s.count.crowded.Add(1)
				return nil, err
			}
			defer s.lookups.leave()
		}
		found, err := s.query(ctx, k, old, now)
		if err != nil {
			return nil, err
		}
		s.keep(k, found, now, generation)
		return found, nil
	})
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case answer := <-shared:
		found, _ := answer.Val.(*entry) // nil where there is none, or an error
		return found, answer.Err
	}
}

// enter waits until the store may be asked about one more unknown token. When it is found to hang meanwhile, those who
// waited do not each wait for it again.
func (s *shelf) enter() error {
	before := s.hangs.Load()
	if err := s.lookups.enter(); err != nil {
		return err
	}
	if after := s.hangs.Load(); after != 0 && after != before {
		s.lookups.leave()
		return errHangs
	}
	return nil
}

// query asks the store, and notes how it fares.
func (s *shelf) query(ctx context.Context, k key, old *entry, now time.Time) (*entry, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.LoadTimeout)
	defer cancel()
	s.count.queries.Add(1)
	found, err := s.ask(ctx, k, old, now)
	if err == nil {
		s.hangs.Store(0)
		s.count.failing.Store(nil)
		return found, nil
	}
	s.count.faults.Add(1)
	s.count.failing.CompareAndSwap(nil, &now)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		s.hangs.Store(now.Add(s.config.LoadTimeout).UnixNano())
	} else {
		s.hangs.Store(0) // it refuses, which is an answer and takes no time
	}
	return nil, err
}

// askToken asks the store for a token. A record that is not the one asked for counts as none: a store that folds case,
// say, must not turn one token into another.
func (v *Verifier) askToken(ctx context.Context, k key, old *entry, now time.Time) (*entry, error) {
	var r Record
	var err error
	if k.id == "" {
		r, err = v.config.Store.LegacyToken(ctx, k.legacy)
	} else {
		r, err = v.config.Store.Token(ctx, k.id)
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case k.id == "" && !r.Legacy, k.id != "" && (r.Legacy || r.ID != k.id):
		return nil, nil
	}
	found, err := v.entryOf(r, now)
	if err != nil {
		return nil, err
	}
	found.principal.seen = sightingsOf(r, old)
	return found, nil
}

// entryOf reads a stored token. A record that cannot be read is a fault: what it would forbid is not known.
func (v *Verifier) entryOf(r Record, now time.Time) (*entry, error) {
	nets, err := readNets(r.Networks)
	if err != nil {
		return nil, fmt.Errorf("token %s: %w", r.ID, err)
	}
	return &entry{principal: v.config.Formats.principalOf(r), digest: r.Digest, nets: nets, enabled: r.Enabled, loaded: now}, nil
}
