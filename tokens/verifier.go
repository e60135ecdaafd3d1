package tokens

import (
	"cmp"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// VerifierConfig is what a Verifier works with. The zero value of each number and duration means its default.
type VerifierConfig struct {
	Store   Store    // required
	Formats *Formats // required

	Legacy      bool // take old-format tokens, under Api-Token; off by default
	PersonalOff bool // refuse personal tokens, existing ones too

	CacheEntries  int // tokens kept; default 100,000
	AbsentEntries int // identifiers kept that no token has; default 20,000

	Lifetime    time.Duration // an entry is asked for again after this, however often it was used; default 30 s
	StaleFor    time.Duration // with the store down, an entry serves until it is this old; default 5 min
	LoadTimeout time.Duration // for one query of the store; default 3 s
	FlushEvery  time.Duration // how often last-used times are written; default 10 s

	// OnError hears of every fault that no caller is told of: a stale entry served because the store is down, and
	// last-used times that could not be written. It is called from several goroutines at once and must not block.
	// nil: nobody hears, Stats still counts.
	OnError func(error)
}

func (c VerifierConfig) completed() VerifierConfig {
	c.CacheEntries = cmp.Or(max(c.CacheEntries, 0), 100_000)
	c.AbsentEntries = cmp.Or(max(c.AbsentEntries, 0), 20_000)
	c.Lifetime = cmp.Or(max(c.Lifetime, 0), 30*time.Second)
	c.StaleFor = cmp.Or(max(c.StaleFor, 0), 5*time.Minute)
	c.LoadTimeout = cmp.Or(max(c.LoadTimeout, 0), 3*time.Second)
	c.FlushEvery = cmp.Or(max(c.FlushEvery, 0), 10*time.Second)
	if c.OnError == nil {
		c.OnError = func(error) {}
	}
	return c
}

// Verifier tells genuine credentials from others. It is safe for concurrent use. Close it, or the last-used times of the
// last seconds are lost.
type Verifier struct {
	config VerifierConfig
	cache  *cache
	uses   *uses
	count  counters

	flights singleflight.Group // concurrent loads of one token

	stop    context.CancelFunc
	stopped sync.WaitGroup

	// The two costly steps of a verification. Every request takes each exactly once, whatever is wrong with it; tests
	// replace them to count.
	digest func(string) Digest
	equal  func(a, b Digest) bool
}

// NewVerifier starts a verifier and the one goroutine that writes last-used times.
func NewVerifier(config VerifierConfig) *Verifier {
	v := &Verifier{config: config.completed(), digest: DigestOf, equal: Digest.Equal}
	v.cache = newCache(v.config.CacheEntries, v.config.AbsentEntries, v.config.Lifetime)
	v.uses = &uses{store: v.config.Store, timeout: v.config.LoadTimeout, count: &v.count, pending: make(map[string]Use)}
	ctx, cancel := context.WithCancel(context.Background())
	v.stop = cancel
	v.stopped.Go(func() { v.flushUntil(ctx) })
	return v
}

// Verify reads a credential for a request to environment from clientIP (empty when unknown) at now. It returns either a
// principal; or the reason for refusing; or, when the store could not be asked, a fault of kind fault.Unavailable.
//
// A token from the cache costs no query and no allocation, whether its secret is right or wrong.
func (v *Verifier) Verify(ctx context.Context, c Credential, environment, clientIP string, now time.Time) (*Principal, Refusal, error) {
	claim := v.read(c)
	digest := v.digest(claim.secret)
	found := nobody
	if claim.refusal == "" {
		loaded, err := v.find(ctx, claim.key(digest), now)
		if err != nil {
			return nil, "", err
		}
		if loaded == nil {
			claim.refusal = Unknown
		} else {
			found = loaded
		}
	}
	same := v.equal(digest, found.digest)
	if claim.refusal != "" {
		return nil, claim.refusal, nil
	}
	if !same {
		return nil, WrongSecret, nil
	}
	if refusal := v.judge(found, environment, now); refusal != "" {
		return nil, refusal, nil
	}
	v.note(found, clientIP, now)
	return &found.principal, "", nil
}

// judge looks at a token whose secret was shown. Time is read by the wall clock, as an expiry date is; a token is dead
// at the very instant it expires.
func (v *Verifier) judge(found *entry, environment string, now time.Time) Refusal {
	p := &found.principal
	switch {
	case !found.enabled:
		return Disabled
	case !p.Expires.IsZero() && !now.Before(p.Expires):
		return Expired
	case p.Environment != environment:
		return WrongEnvironment
	case p.Personal && v.config.PersonalOff:
		return PersonalOff
	}
	return ""
}

// Forget drops what is known about the token with this identifier, and about its absence. A verification that starts
// after Forget has returned never sees what the store said before. Call it for every change of a token.
func (v *Verifier) Forget(id string) { v.cache.forget(id) }

// ForgetAll drops everything, for a follower of changes that has missed some.
func (v *Verifier) ForgetAll() { v.cache.forgetAll() }

// Flush writes the last-used times collected so far. What could not be written is kept for the next time.
func (v *Verifier) Flush(ctx context.Context) error { return v.uses.flush(ctx) }

// Close stops the writing goroutine and flushes. The verifier still verifies afterwards, but only Flush writes then.
func (v *Verifier) Close(ctx context.Context) error {
	v.stop()
	v.stopped.Wait()
	return v.Flush(ctx)
}
