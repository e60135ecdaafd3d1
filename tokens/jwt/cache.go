package jwt

import (
	"encoding/json"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/doorward/doorward/internal/weighed"
	"github.com/doorward/doorward/tokens"
)

// maxVerified bounds what the verified tokens may say together, by weightOf. A token says 1 or 2 KiB; one of 16 KiB that is
// made of empty lists takes some hundred.
const maxVerified = 64 << 20

// cache has two lists, so that a flood of bad tokens pushes out other bad ones, and no good one.
type cache struct {
	verified   *weighed.Cache[digest, *verified]
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
	// Neither fails but for sizes below 1, which completed() has replaced.
	c.verified, _ = weighed.New[digest, *verified](o.CacheEntries, maxVerified)
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

// Weights are about what Go takes, in bytes, on a machine of 64 bits.
const (
	weightOfValue = 48  // in a list or a map, with the room that is left free in these
	weightOfToken = 800 // all that does not depend on what a token says
)

// weight is about what a verified token takes in memory, in bytes.
func (e *verified) weight() int64 {
	return weightOfToken + weightOf(e.identity.Claims) + 2*int64(len(e.identity.Scopes.String())) + weightOfValue*int64(len(e.identity.Groups))
}

// weightOf is about what claims take. They are of the token's own depth and number, so this ends.
func weightOf(claim any) int64 {
	sum := int64(weightOfValue)
	switch c := claim.(type) {
	case string:
		sum += int64(len(c))
	case json.Number:
		sum += int64(len(c))
	case []any:
		for _, one := range c {
			sum += weightOf(one)
		}
	case map[string]any:
		for name, one := range c {
			sum += weightOfValue + int64(len(name)) + weightOf(one)
		}
	}
	return sum
}
