package policyengine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/doorward/doorward/internal/fault"
)

// set finds the compiled statements of a request's subject, nil for a subject to whom nothing is bound.
func (e *Engine) set(ctx context.Context, current *policies, r *Request) (*Set, error) {
	if current == nil {
		return nil, fault.New(fault.Unavailable, "The policies are not loaded yet.", nil)
	}
	var few [64]uint32
	held := current.held(few[:0], r)
	if len(held) == 0 {
		return nil, nil
	}
	key := keyOf(held)
	if s, ok := current.subjects.Get(key); ok {
		if known, ok := e.sets.get(s.set); ok {
			return known.set, known.err
		}
	}
	statements, revision := current.statements(held)
	set, err := e.sets.obtain(ctx, statements, revision)
	if ctx.Err() != nil && err != nil {
		return nil, fault.New(fault.Unavailable, "The policies are not ready yet.", err)
	}
	if err != nil {
		return nil, err
	}
	current.remember(key, revision, r)
	return set, nil
}

// Set returns the compiled statements that apply to a subject at a place, nil where there are none; of the request only
// the subject and the place count. The error is a fault.
func (e *Engine) Set(ctx context.Context, r Request) (*Set, error) {
	return e.set(ctx, e.current.Load(), &r)
}

// Decide answers one request, from the cache where it can. The verdict refuses whenever there is an error, which is a
// fault: policies that are not there or do not compile, a request that is incomplete or too large, an evaluation that
// fails or takes too long, or ctx being done while waiting for one.
func (e *Engine) Decide(ctx context.Context, r Request) (Verdict, error) {
	return e.decideBy(ctx, e.current.Load(), r)
}

// decideBy answers one request by these policies, which are the current ones or were just now.
func (e *Engine) decideBy(ctx context.Context, current *policies, r Request) (Verdict, error) {
	if err := r.check(); err != nil {
		return Verdict{}, err
	}
	// The set, and with it the revision in the key, is read once. A decision of policies that are replaced meanwhile is
	// kept under their revision and answers nobody else.
	set, err := e.set(ctx, current, &r)
	if err != nil || set == nil {
		return Verdict{}, err
	}
	p, ok := set.permissions[r.Permission]
	if !ok {
		return Verdict{}, nil
	}
	buffer, ok := keyBuffers.Get().(*[]byte)
	if !ok {
		return Verdict{}, broken(errors.New("the pool of keys holds something else"))
	}
	defer keyBuffers.Put(buffer)
	key, err := set.appendKey((*buffer)[:0], p, &r)
	if err != nil {
		return Verdict{}, err
	}
	if cap(key) <= maxPooledKey {
		*buffer = key
	}
	if d, ok := e.cache.lookup(key, r.Now); ok {
		v := d.verdict // a copy: the decision itself is shared
		v.Cached = true
		return v, nil
	}
	return e.evaluate(ctx, set, p, string(key), r)
}

// keyBuffers are reused from request to request, but for very large ones.
var keyBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 512); return &b }}

const maxPooledKey = 64 << 10

// evaluate makes a decision, together with all who ask the same at this moment.
func (e *Engine) evaluate(ctx context.Context, set *Set, p *permission, key string, r Request) (Verdict, error) {
	flying, first := e.deciding.join(key)
	if first {
		d, err := e.decide(ctx, set, p, key, &r)
		e.deciding.land(key, flying, d, err)
	}
	d, err := flying.wait(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return Verdict{}, fault.New(fault.Unavailable, "The request was given up.", err)
	case err != nil:
		return Verdict{}, err
	case first || d.serves(r.Now):
		return d.verdict, nil
	}
	// The one who made it stands on the other side of a limit in time.
	return set.evaluate(ctx, p, &r, e.options.Evaluation)
}

// decide evaluates and keeps. Its own panics are faults too: others are waiting for a result.
func (e *Engine) decide(ctx context.Context, set *Set, p *permission, key string, r *Request) (d *decision, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			d, err = nil, broken(fmt.Errorf("deciding panicked: %v", caught))
		}
	}()
	// The result is for all who wait, so it does not end with the one who began.
	verdict, err := set.evaluate(context.WithoutCancel(ctx), p, r, e.options.Evaluation)
	if err != nil {
		return nil, err
	}
	until := r.Now.Add(e.options.Lifetime)
	if !verdict.ValidUntil.IsZero() && verdict.ValidUntil.Before(until) {
		until = verdict.ValidUntil
	}
	d = &decision{key: []byte(key), verdict: verdict, made: r.Now, until: until}
	e.cache.keep(d)
	return d, nil
}

// DecideAll answers for a request that touches several things, 1 to MaxRequests: it is granted only if every one of them
// is. Each is decided and cached by itself. A refusal is the first one's, with its reasons; a grant has the reasons of
// all, at most 20, and is valid as long as all are. No things at all are a fault, never a grant.
func (e *Engine) DecideAll(ctx context.Context, requests []Request) (Verdict, error) {
	if len(requests) == 0 || len(requests) > MaxRequests {
		return Verdict{}, invalid(fmt.Sprintf("%d things were asked about; 1 to %d can be", len(requests), MaxRequests))
	}
	// One publication for all of them. Were the first decided by the old policies and the last by the new ones, together
	// they could be granted what neither grants.
	current := e.current.Load()
	if len(requests) == 1 { // as nearly always
		return e.decideBy(ctx, current, requests[0])
	}
	all := Verdict{Allow: true, Cached: true}
	for i, r := range requests {
		// One after the other: most come from the cache, and a refusal ends it.
		v, err := e.decideBy(ctx, current, r)
		if err != nil {
			return Verdict{}, err
		}
		if !v.Allow {
			v.Index = i
			return v, nil
		}
		all.join(v)
	}
	return all, nil
}

// join adds another grant to a grant.
func (v *Verdict) join(other Verdict) {
	v.Cached = v.Cached && other.Cached
	if v.ValidUntil.IsZero() || !other.ValidUntil.IsZero() && other.ValidUntil.Before(v.ValidUntil) {
		v.ValidUntil = other.ValidUntil
	}
	for _, reason := range other.Reasons {
		if len(v.Reasons) < maxReasons && !slices.Contains(v.Reasons, reason) {
			v.Reasons = append(v.Reasons, reason)
		}
	}
}
