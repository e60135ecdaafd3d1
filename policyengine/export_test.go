package policyengine

import (
	"hash/maphash"
	"time"
)

// Key is the cache key of a request.
func (s *Set) Key(r Request) ([]byte, error) {
	return s.appendKey(nil, s.permissions[r.Permission], &r)
}

// Settle waits until the cache has taken in what it was given.
func (e *Engine) Settle() { e.cache.decisions.Wait() }

// CacheCost is how many bytes the cache thinks it holds.
func (e *Engine) CacheCost() int64 {
	return e.cache.decisions.MaxCost() - e.cache.decisions.RemainingCost()
}

// Collide puts a granting decision for one key where another key is looked up.
func (e *Engine) Collide(from, to []byte, now time.Time) {
	d := &decision{key: from, verdict: Verdict{Allow: true}, made: now, until: now.Add(time.Second)}
	e.cache.decisions.Set(maphash.Bytes(e.cache.seed, to), d, 1)
	e.cache.decisions.Wait()
}
