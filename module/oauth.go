package module

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/tokens/jwt"
	"github.com/doorward/doorward/tokens/oauth2"
)

// OAuth2 is about the access tokens that the gateway issues itself. That takes an encryption key: the keys that the tokens
// are signed with are stored under it. Without one no tokens are issued, and the calls about them answer 503.
type OAuth2 struct {
	// What the tokens have as `iss`, and below which the endpoints are published: `https://host[:port]`, or http on this
	// machine. Another one makes all tokens so far those of somebody else. Default: `https://doorward.local`, and endpoints
	// are published as each client addresses the gateway.
	Issuer string `json:"issuer,omitempty"`
}

// DefaultIssuer is the issuer of the gateway's own tokens where none is configured.
const DefaultIssuer = "https://doorward.local"

// check wants what stands before the path of an endpoint.
func (o *OAuth2) check() error {
	if o == nil || o.Issuer == "" {
		return nil
	}
	u, err := url.Parse(o.Issuer)
	if err == nil && u.Host != "" && u.Scheme+"://"+u.Host == o.Issuer &&
		(u.Scheme == "https" || u.Scheme == "http" && isThisMachine(u.Hostname())) {
		return nil
	}
	return fmt.Errorf("oauth2 issuer %q: expected https://host[:port] and nothing after it, or http on this machine", o.Issuer)
}

func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (o *OAuth2) issuer() string {
	if o == nil {
		return ""
	}
	return o.Issuer
}

// authority is what a gate needs to issue access tokens, and to take them: the keys, and which tokens were taken back.
// It belongs to the gate, so that a reload neither makes keys nor forgets a revocation.
type authority struct {
	configured string  // issuer; "" for none
	issuer     *Issuer // under which tokens are taken
	keys       *oauth2.Keys
	revoked    *oauth2.Revocations
	logger     *zap.Logger
	refresh    chan struct{} // holds one while there is something that could not be read
	failures   atomic.Int32  // of maintain, one after another
}

// ownIssuer is what tokens of the gateway are taken by. Their users are the gateway's users. What each token is for is
// asked later, because accounts are a matter of the config and not of the gate.
func ownIssuer(configured string) (*Issuer, jwt.Issuer) {
	name := cmp.Or(configured, DefaultIssuer)
	return &Issuer{URL: name, LocalUsers: true}, jwt.Issuer{
		URL: name, AudiencePrefixes: []string{oauth2.AccountURN, oauth2.EnvironmentURN}, KeysLater: true,
		Algorithms: []string{string(jose.ES256)}, Types: []string{"at+jwt"}, ScopeClaims: []string{"scope"},
		MaxLifetime: oauth2.Lifetime,
	}
}

// newAuthority makes no key yet, and reads nothing.
func newAuthority(config gateConfig, s oauth2.Store, sealer *seal.Sealer, trusted *issuers, logger *zap.Logger) (*authority, error) {
	a := &authority{
		configured: config.OAuthIssuer, issuer: trusted.own, revoked: oauth2.NewRevocations(s), logger: logger,
		refresh: make(chan struct{}, 1),
	}
	var err error
	a.keys, err = oauth2.NewKeys(oauth2.KeysConfig{Store: s, Sealer: sealer, OnChange: func(set *jose.JSONWebKeySet) {
		if len(set.Keys) == 0 {
			return // a new store has no key until maintain makes one; the verifier takes no token before that
		}
		if err := trusted.verifier.SetKeys(a.issuer.URL, set); err != nil {
			logger.Error("keys of access tokens", zap.Error(err))
		}
	}})
	return a, err
}

// maintain makes and removes keys where it is time, and reads what has changed. What fails is tried again soon.
func (a *authority) maintain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, maintainTimeout)
	defer cancel()
	now := time.Now()
	if err := errors.Join(a.revoked.Maintain(ctx, now), a.keys.Maintain(ctx, now)); err != nil {
		a.failures.Add(1)
		a.logger.Error("keys and revocations of access tokens", zap.Error(err))
		return
	}
	a.failures.Store(0)
}

const (
	maintainTimeout = 20 * time.Second
	maintainEvery   = time.Minute // ± 10 %, so that gateways do not all come at once
	maintainRetry   = time.Second // and twice as long each time, up to maintainEvery
)

// pause is how long to wait until the next maintain.
func (a *authority) pause() time.Duration {
	pause := maintainEvery
	if failures := a.failures.Load(); failures > 0 {
		pause = min(pause, maintainRetry<<min(failures-1, 6))
	}
	return time.Duration(float64(pause) * (0.9 + 0.2*rand.Float64())) //nolint:gosec // no secret depends on it
}

// run maintains until ctx ends, and tells each time that it has.
func (a *authority) run(ctx context.Context, maintained func()) {
	for {
		timer := time.NewTimer(a.pause())
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		case <-a.refresh:
			timer.Stop()
		}
		a.maintain(ctx)
		maintained()
	}
}

// follow reads what changes in the store are about, once for all of them.
func (a *authority) follow(ctx context.Context, changes []feed.Change) {
	if a == nil {
		return
	}
	var revocations, keys bool
	for _, change := range changes {
		switch change.Kind {
		case feed.Revocation, feed.OAuthClient:
			revocations = true
		case feed.SigningKey:
			keys = true
		}
	}
	a.load(ctx, revocations, keys)
}

// load reads the store again. What could not be read is read as soon as it can be; until then a token that another
// gateway took back is taken here, for oauth2.StaleFor at most.
func (a *authority) load(ctx context.Context, revocations, keys bool) {
	if a == nil {
		return
	}
	var errs []error
	if revocations {
		errs = append(errs, a.revoked.Load(ctx, time.Now()))
	}
	if keys {
		errs = append(errs, a.keys.Load(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		a.failures.CompareAndSwap(0, 1)
		a.logger.Error("keys and revocations of access tokens", zap.Error(err))
		select {
		case a.refresh <- struct{}{}:
		default:
		}
	}
}
