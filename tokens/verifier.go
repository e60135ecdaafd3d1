package tokens

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/doorward/doorward/internal/fault"
)

// VerifierConfig is what a Verifier works with. The zero value of each number and duration means its default.
type VerifierConfig struct {
	Store   Store    // required
	Formats *Formats // required

	Legacy bool // take old-format tokens, under Api-Token; off by default
	// Personal says whether personal tokens, existing ones too, are taken in an environment at now, as the settings in the
	// store have it: Switches.PersonalTokens is made for it. It is called for every request with a personal token, and must
	// not block. nil: they are taken nowhere.
	Personal func(environment string, now time.Time) bool
	// Outdated says that Personal is false for want of settings to go by, so that refusing a personal token would be a guess:
	// Switches.AreOutdated is made for it. nil: never.
	Outdated func(now time.Time) bool

	// Admit is asked before the store is asked about a credential from clientIP that is not remembered with this very secret.
	// Where it says no, the credential is Throttled. What it decides by is the caller's business; it is called from several
	// goroutines at once and must not block. nil: everybody is admitted.
	Admit func(clientIP string, now time.Time) bool

	CacheEntries  int // tokens kept; default 100,000
	AbsentEntries int // identifiers kept that no token has; default 20,000

	Lifetime    time.Duration // an entry is asked for again after this, however often it was used; default 30 s
	StaleFor    time.Duration // with the store down, an entry serves until it is this old; default 5 min
	LoadTimeout time.Duration // for one query of the store; default 3 s
	FlushEvery  time.Duration // how often the uses of tokens are written; default 10 s

	Lookups int // queries at a time about tokens that are not remembered; default 8
	Waiting int // of these that may wait for the others, for LoadTimeout at most; more are faults; default 10,000

	// OnError hears of every fault that no caller is told of: a stale entry served because the store is down, and
	// uses of tokens that could not be written. It is called from several goroutines at once and must not block.
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
	c.Lookups = cmp.Or(max(c.Lookups, 0), maxLookups)
	c.Waiting = cmp.Or(max(c.Waiting, 0), maxWaiting)
	if c.Admit == nil {
		c.Admit = func(string, time.Time) bool { return true }
	}
	if c.OnError == nil {
		c.OnError = func(error) {}
	}
	return c
}

// tenantEntries bounds the tenant tokens that are kept, and the environments that are known to have none.
const tenantEntries = 1000

// Verifier tells genuine credentials from others. It is safe for concurrent use. Close it, or what was noted of the uses
// of tokens in the last seconds is lost.
type Verifier struct {
	config     VerifierConfig
	tokens     *shelf
	tenants    *shelf // tenant tokens, by environment
	lookups    *lookups
	groups     scopeGroups
	uses       *backlog[string, Use]
	scopeUses  *backlog[scopeUseKey, ScopeUse]
	count      counters
	stop       context.CancelFunc
	background sync.WaitGroup

	// The two costly steps of a verification. Every request takes each equally often, whatever is wrong with it; tests
	// replace them to count.
	digest func(string) Digest
	equal  func(a, b Digest) bool
}

// NewVerifier starts a verifier and the one goroutine that writes uses of tokens.
func NewVerifier(config VerifierConfig) *Verifier {
	v := &Verifier{config: config.completed(), digest: DigestOf, equal: Digest.Equal}
	v.lookups = newLookups(v.config.Lookups, v.config.Waiting, v.config.LoadTimeout)
	v.tokens = v.newShelf(v.config.CacheEntries, v.config.AbsentEntries, v.askToken)
	v.tenants = v.newShelf(tenantEntries, tenantEntries, v.askTenant)
	v.uses = &backlog[string, Use]{
		what: "when tokens were last used", write: v.config.Store.RecordUses, timeout: v.config.LoadTimeout,
		dropped: &v.count.droppedUses, faults: &v.count.flushFaults,
	}
	v.scopeUses = &backlog[scopeUseKey, ScopeUse]{
		what: "which scopes tokens used", write: v.config.Store.RecordScopeUses, timeout: v.config.LoadTimeout,
		dropped: &v.count.droppedScopeUses, faults: &v.count.flushFaults,
	}
	ctx, cancel := context.WithCancel(context.Background())
	v.stop = cancel
	v.background.Go(func() { v.flushUntil(ctx) })
	return v
}

func (v *Verifier) newShelf(present, absent int, ask func(context.Context, key, *entry, time.Time) (*entry, error)) *shelf {
	return &shelf{cache: newCache(present, absent, v.config.Lifetime), config: &v.config, count: &v.count, lookups: v.lookups, ask: ask}
}

// Verify reads a credential for a request to environment from clientIP (empty when unknown) at now. It returns either a
// principal; or the reason for refusing; or, when the store could not be asked, a fault of kind fault.Unavailable.
//
// A token from the cache costs no query and no allocation, whether its secret is right or wrong.
func (v *Verifier) Verify(ctx context.Context, c Credential, environment, clientIP string, now time.Time) (*Principal, Refusal, error) {
	claim := v.read(c)
	digest := v.digest(claim.secret)
	found, refusal, err := v.tokens.look(ctx, claim, claim.key(digest), digest, clientIP, now)
	if err != nil {
		return nil, "", err
	}
	same := v.equal(digest, found.digest)
	return v.conclude(found, refusal, same, environment, clientIP, now)
}

// look finds what a claim is about. The entry is nobody's where there is a refusal, so that there is always one to
// compare with.
func (s *shelf) look(ctx context.Context, c claim, k key, digest Digest, clientIP string, now time.Time) (*entry, Refusal, error) {
	if c.refusal != "" {
		return nobody, c.refusal, nil
	}
	found, refusal, err := s.find(ctx, k, digest, clientIP, now)
	switch {
	case err != nil:
		return nil, "", err
	case found == nil:
		return nobody, cmp.Or(refusal, Unknown), nil
	}
	return found, "", nil
}

// conclude is the end of every verification, after the secret was compared.
func (v *Verifier) conclude(found *entry, refusal Refusal, same bool, environment, clientIP string, now time.Time) (*Principal, Refusal, error) {
	p := &found.principal
	if refusal == "" && !same {
		refusal = WrongSecret
	}
	if refusal == "" {
		refusal = found.judge(environment, clientIP, now)
	}
	if refusal == "" && p.Personal && (v.config.Personal == nil || !v.config.Personal(environment, now)) {
		if v.config.Outdated != nil && v.config.Outdated(now) {
			return nil, "", fault.New(fault.Unavailable, unchecked, errOutdated)
		}
		refusal = PersonalOff
	}
	if refusal != "" {
		return nil, refusal, nil
	}
	v.note(p, clientIP, now)
	return p, "", nil
}

var errOutdated = errors.New("the settings of tokens could not be read for too long")

// judge looks at a token whose secret was shown. Time is read by the wall clock, as an expiry date is; a token is dead
// at the very instant it expires.
func (e *entry) judge(environment, clientIP string, now time.Time) Refusal {
	p := &e.principal
	switch {
	case !e.enabled:
		return Disabled
	case !p.Expires.IsZero() && !now.Before(p.Expires):
		return Expired
	case !p.GoodFor(environment):
		return WrongEnvironment
	case !e.nets.admit(clientIP):
		return WrongNetwork
	}
	return ""
}

// Forget drops what is known about the token with this identifier, and about its absence. A verification that starts
// after Forget has returned never sees what the store said before. Call it for every change of a token.
func (v *Verifier) Forget(id string) {
	v.tokens.forget(id)
	if !strings.Contains(id, ".") {
		v.tokens.forgetLegacy(id)
	}
}

// ForgetTenant is Forget for the tenant token of an environment.
func (v *Verifier) ForgetTenant(environment string) { v.tenants.forget(environment) }

// ForgetAll drops everything, for a follower of changes that has missed some.
func (v *Verifier) ForgetAll() {
	v.tokens.forgetAll()
	v.tenants.forgetAll()
}

// Flush writes what was noted of the uses of tokens so far. What could not be written is kept for the next time.
func (v *Verifier) Flush(ctx context.Context) error {
	return errors.Join(v.uses.flush(ctx), v.scopeUses.flush(ctx))
}

// Close stops the writing goroutine and flushes. The verifier still verifies afterwards, but only Flush writes then.
func (v *Verifier) Close(ctx context.Context) error {
	v.stop()
	v.background.Wait()
	return v.Flush(ctx)
}
