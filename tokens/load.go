package tokens

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/doorward/doorward/internal/fault"
)

// retryAfter is how long a stale entry serves before the store is asked again, so that a store that hangs does not hold
// up every request.
const retryAfter = time.Second

// find returns the token's entry, nil when the store has no such token.
func (v *Verifier) find(ctx context.Context, k key, now time.Time) (*entry, error) {
	old, cached := v.cache.present.Get(k)
	if cached && v.cache.fresh(old.loaded, now) {
		v.count.hits.Add(1)
		return old, nil
	}
	if cached && v.stillServes(old, now) && now.UnixNano() < old.retryAt.Load() {
		v.count.stale.Add(1)
		return old, nil
	}
	if !cached && v.cache.knownAbsent(k, now) {
		v.count.absentHits.Add(1)
		return nil, nil
	}
	v.count.misses.Add(1)
	return v.reload(ctx, k, old, now)
}

// reload asks the store, and falls back on the old entry (nil for none) while that one may still serve.
func (v *Verifier) reload(ctx context.Context, k key, old *entry, now time.Time) (*entry, error) {
	found, err := v.load(ctx, k, old, now)
	if err == nil {
		return found, nil
	}
	// The cache is asked once more: a change may have dropped the entry while the store kept us waiting, and what is
	// known to be revoked is not served stale.
	current, cached := v.cache.present.Peek(k)
	if !cached || !v.stillServes(current, now) || ctx.Err() != nil {
		return nil, fault.New(fault.Unavailable, "Credentials cannot be checked at the moment.", err)
	}
	current.retryAt.Store(now.Add(retryAfter).UnixNano())
	v.count.stale.Add(1)
	v.config.OnError(fmt.Errorf("token %s serves from memory, loaded %s ago: %w",
		current.principal.TokenID, now.Sub(current.loaded).Round(time.Second), err))
	return current, nil
}

func (v *Verifier) stillServes(old *entry, now time.Time) bool {
	return now.Sub(old.loaded).Abs() < v.config.StaleFor
}

// load shares one query between all who ask for the same token at the same time. The query runs apart from its callers:
// one who gives up leaves the others waiting for their answer.
func (v *Verifier) load(ctx context.Context, k key, old *entry, now time.Time) (*entry, error) {
	generation := v.cache.generation.Load()
	shared := v.flights.DoChan(k.flight(generation), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), v.config.LoadTimeout)
		defer cancel()
		found, err := v.query(ctx, k, old, now)
		if err == nil {
			v.cache.keep(k, found, now, generation)
		}
		return found, err
	})
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case answer := <-shared:
		found, _ := answer.Val.(*entry) // nil where there is none, or an error
		return found, answer.Err
	}
}

// query asks the store. A record that is not the one asked for counts as none: a store that folds case, say, must not
// turn one token into another.
func (v *Verifier) query(ctx context.Context, k key, old *entry, now time.Time) (*entry, error) {
	v.count.queries.Add(1)
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
		v.count.faults.Add(1)
		return nil, err
	case k.id == "" && !r.Legacy, k.id != "" && (r.Legacy || r.ID != k.id):
		return nil, nil
	}
	return &entry{
		principal: v.config.Formats.principalOf(r), digest: r.Digest, enabled: r.Enabled, loaded: now, noted: lastNoted(r, old),
	}, nil
}
