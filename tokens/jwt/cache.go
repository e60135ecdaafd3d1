package jwt

import (
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/doorward/doorward/tokens"
)

// cache has two lists, so that a flood of bad tokens pushes out other bad ones, and no good one.
type cache struct {
	verified   *lru.Cache[digest, *verified]
	refused    *lru.Cache[digest, *refused]
	refusedFor time.Duration
}

// verified is a token whose signature and claims are good. All but keys is immutable.
//
// It needs no lifetime of its own: time, and whether its key is still there, are asked at every use, and nothing else
// that was decided can change.
type verified struct {
	identity  *Identity
	window    window
	source    *source
	signer    *key
	algorithm string
	keys      atomic.Pointer[keySet] // the last set in which signer was found
}

// refused is a token that is bad whatever the time. It holds while its issuer's keys are the same.
type refused struct {
	refusal tokens.Refusal
	source  *source
	keys    *keySet
	at      time.Time
}

func newCache(o Options) *cache {
	c := &cache{refusedFor: o.RefusedFor}
	// lru.New fails for sizes below 1 only, which completed() has replaced.
	c.verified, _ = lru.New[digest, *verified](o.CacheEntries)
	c.refused, _ = lru.New[digest, *refused](o.RefuseEntries)
	return c
}

func newVerified(identity *Identity, span window, s *source, keys *keySet, signer *key, algorithm string) *verified {
	found := &verified{identity: identity, window: span, source: s, signer: signer, algorithm: algorithm}
	found.keys.Store(keys)
	return found
}

// standsUnder reports whether the key that made the signature is among keys, and still fit for it.
func (e *verified) standsUnder(keys *keySet) bool {
	if e.keys.Load() == keys {
		return true
	}
	if !keys.holds(e.signer, e.algorithm) {
		return false
	}
	e.keys.Store(keys)
	return true
}

func (c *cache) refuse(d digest, refusal tokens.Refusal, s *source, keys *keySet, now time.Time) {
	if !dependsOnTime(refusal) {
		c.refused.Add(d, &refused{refusal: refusal, source: s, keys: keys, at: now})
	}
}

// knownRefusal is why this token was refused a moment ago, "" when that is not known or may have changed.
func (c *cache) knownRefusal(d digest, now time.Time) tokens.Refusal {
	r, ok := c.refused.Get(d)
	if !ok || now.Sub(r.at).Abs() >= c.refusedFor {
		return ""
	}
	if state := r.source.state.Load(); state == nil || state.keys != r.keys {
		return ""
	}
	return r.refusal
}
