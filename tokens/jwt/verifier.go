package jwt

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/doorward/doorward/tokens"
)

// Options is what a Verifier works with. The zero value of each field means its default.
type Options struct {
	HTTPClient *http.Client     // its transport is used, its redirects and cookies are not; default: a client of its own
	Now        func() time.Time // when keys were fetched; default time.Now
	Jitter     func() float64   // in [0, 1), spreads the fetches; default from math/rand/v2

	// Admit is asked before a token from address is examined that is not remembered, good or bad. Where it says no, the token
	// is tokens.Throttled. It is called from several goroutines at once and must not block. nil: everybody is admitted.
	Admit func(address string, now time.Time) bool

	CacheEntries  int           // verified tokens kept; default 10,000
	RefusedFor    time.Duration // a refusal is kept as long; default 10 s
	RefuseEntries int           // refused tokens kept; default 10,000

	// OnError hears of every fetch that failed. It is called from one goroutine for each issuer and must not block. nil:
	// nobody hears, Stats still counts.
	OnError func(error)
}

func (o Options) completed() Options {
	o.CacheEntries = cmp.Or(max(o.CacheEntries, 0), 10_000)
	o.RefuseEntries = cmp.Or(max(o.RefuseEntries, 0), 10_000)
	o.RefusedFor = cmp.Or(max(o.RefusedFor, 0), 10*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64 // no secret depends on it
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	if o.Admit == nil {
		o.Admit = func(string, time.Time) bool { return true }
	}
	return o
}

// Verifier tells genuine tokens of trusted issuers from others. It is safe for concurrent use.
type Verifier struct {
	sources map[string]*source // by the exact iss
	cache   *cache
	admit   func(address string, now time.Time) bool
	count   counters

	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// NewVerifier starts a verifier, with a goroutine for each issuer whose keys are fetched. It does not wait for the keys.
// The error names every mistake in the issuers: one without an audience, two of one URL, keys from an unencrypted place.
func NewVerifier(issuers []Issuer, options Options) (*Verifier, error) {
	o := options.completed()
	v := &Verifier{sources: make(map[string]*source, len(issuers)), cache: newCache(o), admit: o.Admit}
	var errs []error
	for _, given := range issuers {
		issuer, err := given.completed()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s, err := newSource(issuer, o)
		if v.sources[issuer.URL] != nil {
			err = fmt.Errorf("issuer %q is there twice", issuer.URL)
		}
		v.sources[issuer.URL] = s
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	v.stop = cancel
	for _, s := range v.sources {
		if s.fetch != nil {
			v.stopped.Go(func() { s.run(ctx) })
		}
	}
	return v, nil
}

// Close stops fetching keys, also in the middle. The verifier goes on with those it has, until they are too old.
func (v *Verifier) Close() {
	v.stop()
	v.stopped.Wait()
}

// SetKeys replaces keys that were given for an issuer. Tokens under a key that is no longer there are refused from then on.
func (v *Verifier) SetKeys(issuer string, keys *jose.JSONWebKeySet) error {
	s := v.sources[issuer]
	if s == nil || s.fetch != nil {
		return fmt.Errorf("issuer %.200q is none whose keys are given", issuer)
	}
	set, err := staticKeys(keys)
	if err != nil {
		return fmt.Errorf("issuer %q: %w", issuer, err)
	}
	s.state.Store(&keyState{keys: set})
	return nil
}

// Verify reads a token at now. It returns either an identity; or the reason for refusing; or, when the keys of the token's
// issuer are not to be had, a fault of kind fault.Unavailable.
//
// Keys are never fetched for a request; one that comes before the first fetch is over waits for it, until ctx ends. A
// token from the cache costs no signature check and no allocation. It is judged by the time and by its issuer's keys
// again all the same.
func (v *Verifier) Verify(ctx context.Context, text string, now time.Time) (*Identity, tokens.Refusal, error) {
	return v.VerifyFrom(ctx, text, "", now)
}

// VerifyFrom is Verify for a token that came from a client's address, by which Options.Admit decides.
func (v *Verifier) VerifyFrom(ctx context.Context, text, address string, now time.Time) (*Identity, tokens.Refusal, error) {
	if !Shaped(text) {
		v.count.refused.Add(1)
		return nil, tokens.Malformed, nil
	}
	found, refusal, err := v.find(ctx, digestOf(text), text, address, now)
	if err != nil {
		return nil, "", err
	}
	if refusal == "" {
		refusal = found.window.judge(now)
	}
	if refusal != "" {
		v.count.refused.Add(1)
		return nil, refusal, nil
	}
	return found.identity, "", nil
}

// find takes a token from the cache, or examines it and keeps the outcome. What it returns is not yet judged by the time.
func (v *Verifier) find(ctx context.Context, d digest, text, address string, now time.Time) (*verified, tokens.Refusal, error) {
	if found, ok := v.cache.verified.Get(d); ok {
		keys, err := found.source.current(ctx, now)
		if err != nil {
			return nil, "", err
		}
		if found.standsUnder(keys) {
			v.count.hits.Add(1)
			return found, "", nil
		}
		v.cache.verified.Remove(d)
	} else if refusal := v.cache.knownRefusal(d, now); refusal != "" {
		v.count.refusedHits.Add(1)
		return nil, refusal, nil
	} else if !v.admit(address, now) {
		return nil, tokens.Throttled, nil
	}
	v.count.misses.Add(1)
	found, refusal, err := v.examine(ctx, d, text, now)
	if err == nil && refusal == "" && found.window.judge(now) == "" {
		v.cache.verified.Add(d, found, found.weight())
	}
	return found, refusal, err
}

// examine is the whole way of a token that is not in the cache.
func (v *Verifier) examine(ctx context.Context, d digest, text string, now time.Time) (*verified, tokens.Refusal, error) {
	head, payload, ok := parts(text)
	if !ok {
		return nil, tokens.Malformed, nil
	}
	h, refusal := readHeader(head)
	if refusal != "" {
		return nil, refusal, nil
	}
	claims, err := decodeObject(payload, maxClaims)
	if err != nil {
		return nil, tokens.Malformed, nil
	}
	name, _ := claims["iss"].(string)
	s := v.sources[name]
	if s == nil {
		return nil, UntrustedIssuer, nil
	}
	if refusal := s.issuer.judgeHeader(h); refusal != "" {
		return nil, refusal, nil
	}
	keys, err := s.current(ctx, now)
	if err != nil {
		return nil, "", err
	}
	signer, refusal := keys.signer(text, h, payload)
	if refusal != "" {
		s.missed(refusal, h.keyID, now)
		v.cache.refuse(d, refusal, s, keys, now)
		return nil, refusal, nil
	}
	identity, span, refusal := s.issuer.identify(h, claims)
	if refusal != "" {
		v.cache.refuse(d, refusal, s, keys, now)
		return nil, refusal, nil
	}
	return newVerified(identity, span, s, keys, signer, h.algorithm), "", nil
}

// signer finds the key that made the signature.
func (s *keySet) signer(text string, h header, payload []byte) (*key, tokens.Refusal) {
	candidates := s.candidates(h)
	if len(candidates) == 0 {
		return nil, UnknownKey
	}
	parsed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.algorithm)})
	if err != nil || len(parsed.Signatures) != 1 {
		return nil, BadSignature
	}
	for _, k := range candidates {
		// What was signed has to be what was read.
		if signed, err := parsed.Verify(k.public); err == nil && bytes.Equal(signed, payload) {
			return k, ""
		}
	}
	return nil, BadSignature
}
