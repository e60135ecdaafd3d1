package module

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/module/auditapi"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

// gate is what outlives a config reload: the open store, the caches before it, the responses under way and the
// counters. Configs that describe the same gate share one, so a reload drops no cache and cuts no stream.
type gate struct {
	config   gateConfig
	store    store.Store
	verifier *tokens.Verifier
	switches *tokens.Switches
	sealer   *seal.Sealer // nil: no encryption key is configured
	formats  *tokens.Formats
	issuers  *issuers // nil where no JWTs are taken
	rules    *rules
	streams  *streams
	failures *failures
	bodies   bodies
	counters *counters
	history  history
	chain    *auditapi.Chain
	follower *feed.Follower
	logger   *zap.Logger
	opened   time.Time
	missed   atomic.Pointer[time.Time] // when the follower last had no answer of the store; nil: never

	authority *authority // nil: no access tokens are issued
	remote    *remoteDesk

	rehearsals chan struct{} // has a place for each request that may be explained at a time

	stop context.CancelFunc
	done chan struct{}
}

// gateConfig is all that a gate depends on. Two configs that encode alike are served by one gate.
type gateConfig struct {
	Store        string        `json:"store"`
	TokenFormats []TokenFormat `json:"token_formats"`
	LegacyTokens bool          `json:"legacy_tokens"`
	Cache        Cache         `json:"cache"`
	Issuers      []Issuer      `json:"issuers"`
	OAuthIssuer  string        `json:"oauth_issuer"`
	RemoteAccess *RemoteAccess `json:"remote_access"`

	PolicyCatalogs []string `json:"policy_catalogs"` // the texts, not the names of the files
	KeyMarks       []string `json:"key_marks"`       // of the encryption keys

	keys     encryptionKeys
	failed   *FailedAuthentications                       // the bound to begin with; an app that takes over an open gate sets its own
	failures *failures                                    // of the gate; nil: none are counted
	personal func(environment string, now time.Time) bool // instead of the administrator's switch; nil: the switch
}

// gates holds every gate in use in this process, by its encoded config.
var gates = caddy.NewUsagePool()

// acquireGate opens the gate that a config describes, or takes the one that is open. release gives it back.
func acquireGate(config gateConfig, logger *zap.Logger) (g *gate, release func() error, err error) {
	config.KeyMarks = config.keys.marks
	key, err := json.Marshal(config)
	if err != nil {
		return nil, nil, err
	}
	shared, _, err := gates.LoadOrNew(string(key), func() (caddy.Destructor, error) {
		config.failures = newFailures(config.failed)
		return openGate(config, logger)
	})
	if err != nil {
		return nil, nil, err
	}
	release = func() error {
		_, err := gates.Delete(string(key))
		return err
	}
	g, ok := shared.(*gate)
	if !ok {
		return nil, nil, errors.Join(fmt.Errorf("the pool of gates holds a %T", shared), release())
	}
	return g, release, nil
}

const (
	openTimeout  = 30 * time.Second // opening includes migrations and a bounded check for damage
	closeTimeout = 5 * time.Second
)

func openGate(config gateConfig, logger *zap.Logger) (*gate, error) {
	formats, err := tokenFormats(config.TokenFormats)
	if err != nil {
		return nil, err
	}
	trusted, err := newIssuers(config, logger)
	if err != nil {
		return nil, err
	}
	g, err := openGateOver(config, formats, trusted, logger)
	if err != nil {
		trusted.close()
	}
	return g, err
}

// openGateOver opens the store, and what stands on it.
func openGateOver(config gateConfig, formats *tokens.Formats, trusted *issuers, logger *zap.Logger) (*gate, error) {
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	s, err := store.Open(ctx, config.Store, store.Options{})
	if err != nil {
		return nil, err
	}
	start, err := s.Revision(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), s.Close())
	}
	g, err := assembleGate(ctx, config, s, formats, logger)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := errors.Join(g.trust(ctx, config, trusted), g.remote.openSenders(config.RemoteAccess)); err != nil {
		return nil, errors.Join(err, g.closeParts(ctx), s.Close())
	}
	g.follow(start)
	return g, nil
}

// trust has the gate take the JWTs of issuers, and issue its own where there is a key to keep theirs under. A store in which
// keys and revocations cannot be read yet is no reason to stay away: until they are, there is a fault for each such token.
func (g *gate) trust(ctx context.Context, config gateConfig, trusted *issuers) error {
	g.issuers = trusted
	if config.keys.sealer == nil {
		return nil
	}
	var err error
	if g.authority, err = newAuthority(config, g.store, config.keys.sealer, trusted, g.logger); err != nil {
		return err
	}
	g.authority.maintain(ctx)
	return nil
}

// assembleGate puts what decides before a store. It does not follow the store's changes yet; the store stays the
// caller's where there is an error.
func assembleGate(ctx context.Context, config gateConfig, s store.Store, formats *tokens.Formats, logger *zap.Logger) (g *gate, err error) {
	g = &gate{config: config, store: s, formats: formats, sealer: config.keys.sealer, counters: newCounters(), logger: logger,
		failures: config.failures, opened: time.Now(), done: make(chan struct{}), rehearsals: make(chan struct{}, rehearsalsAtOnce)}
	g.streams, g.chain = newStreams(g.counters), auditapi.NewChain(s, nil)
	g.switches = tokens.NewSwitches(config.switches(s, logger))
	if err := g.switches.Load(ctx); err != nil {
		g.switches.Close()
		return nil, fmt.Errorf("token settings: %w", err)
	}
	g.verifier = tokens.NewVerifier(config.verifier(s, formats, g.switches, logger))
	if g.rules, err = newRules(s, config, logger); err != nil {
		g.switches.Close()
		return nil, errors.Join(err, g.verifier.Close(ctx))
	}
	if err := g.rules.publish(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("policies: %w", err), g.closeParts(ctx))
	}
	if g.remote, err = newRemoteDesk(s, config, g.streams, logger); err != nil {
		return nil, errors.Join(err, g.closeParts(ctx))
	}
	g.remote.load(ctx, false)
	return g, nil
}

// closeParts gives back what stands before the store.
func (g *gate) closeParts(ctx context.Context) error {
	g.rules.close()
	g.switches.Close()
	return g.verifier.Close(ctx)
}

func (c gateConfig) switches(s tokens.Store, logger *zap.Logger) tokens.SwitchesConfig {
	return tokens.SwitchesConfig{
		Store:    s,
		Lifetime: time.Duration(c.Cache.Lifetime),
		StaleFor: time.Duration(c.Cache.StaleFor),
		OnError:  func(err error) { logger.Error("token settings", zap.Error(err)) },
	}
}

func (c gateConfig) verifier(s tokens.Store, formats *tokens.Formats, switches *tokens.Switches, logger *zap.Logger) tokens.VerifierConfig {
	personal := switches.PersonalTokens
	if c.personal != nil {
		personal = c.personal
	}
	return tokens.VerifierConfig{
		Store:         s,
		Formats:       formats,
		Admit:         c.failures.admit,
		Personal:      personal,
		Outdated:      switches.AreOutdated,
		Legacy:        c.LegacyTokens,
		CacheEntries:  c.Cache.Tokens,
		AbsentEntries: c.Cache.Absent,
		Lifetime:      time.Duration(c.Cache.Lifetime),
		StaleFor:      time.Duration(c.Cache.StaleFor),
		OnError:       func(err error) { logger.Error("tokens", zap.Error(err)) },
	}
}

// lookTimeout is how long a look at the store's changes may take. A look that takes longer says that the store is away, which is
// what administration and readiness go by.
const lookTimeout = 2 * time.Second

// follow starts the goroutine that applies the changes of other processes: the command line, and other gateways.
func (g *gate) follow(start int64) {
	ctx, cancel := context.WithCancel(context.Background())
	g.stop = cancel
	g.follower = feed.NewFollower(g.store, feed.FollowOptions{
		Start:   start,
		Timeout: lookTimeout,
		OnError: func(err error) {
			g.storeFailed(time.Now())
			g.logger.Error("following changes of the store", zap.Error(err))
		},
	}, func(changes []feed.Change, gap bool) { g.apply(ctx, changes, gap) })
	var running sync.WaitGroup
	running.Go(func() { g.follower.Run(ctx) })
	running.Go(func() { g.rules.run(ctx) })
	running.Go(func() { g.remote.run(ctx) })
	running.Go(func() { g.record(ctx) })
	if g.authority != nil {
		running.Go(func() {
			g.authority.run(ctx, func() { g.streams.recheckOwn(ctx, "", g.isLive) })
		})
	}
	go func() {
		defer close(g.done)
		running.Wait()
	}()
}

// apply makes the caches and the open streams agree with changes that have been committed.
func (g *gate) apply(ctx context.Context, changes []feed.Change, gap bool) {
	if gap {
		g.verifier.ForgetAll()
		g.switches.Forget()
		_ = g.switches.Load(ctx)
		g.authority.load(ctx, true, true)
		g.streams.recheck(ctx, "", g.isLive)
		g.remote.load(ctx, true)
		g.rules.forgetUsers()
		g.rules.wake()
		return
	}
	g.authority.follow(ctx, changes)
	for _, change := range changes {
		g.applyOne(ctx, change.Kind, change.ID)
	}
}

// applyOne has everything that depends on one thing hear that it has changed.
func (g *gate) applyOne(ctx context.Context, kind feed.Kind, id string) {
	switch kind {
	case feed.Token:
		g.verifier.Forget(id)
		g.streams.recheck(ctx, id, g.isLive)
	case feed.TenantToken:
		g.verifier.ForgetTenant(id)
		g.streams.recheck(ctx, tenantPrefix+id, g.isLive)
	case feed.TokenSettings:
		g.switches.Forget()
		_ = g.switches.Load(ctx) // what fails is logged by the switches themselves, and they are off until then
		g.streams.recheck(ctx, "", g.isLive)
	case feed.Revocation:
		g.streams.recheck(ctx, jwtPrefix+id, g.isLive)
	case feed.OAuthClient:
		g.streams.recheckOwn(ctx, id, g.isLive)
	case feed.RemoteRequest, feed.RemoteSetting:
		g.remote.load(ctx, true)
	default:
		g.rules.apply(kind)
	}
}

// isLive reports whether the token of an open stream is still good. One of an issuer is until it expires, which the stream
// sees to by itself: no store knows of it.
//
// Which of two tenant tokens a stream was opened with is not kept, so a change of them cuts it: agents connect again.
func (g *gate) isLive(ctx context.Context, st *stream) (bool, error) {
	if strings.HasPrefix(st.token, tenantPrefix) {
		return false, nil
	}
	if st.own.isOwn() {
		return g.authority.vouches(st.own, time.Now())
	}
	if strings.HasPrefix(st.token, jwtPrefix) {
		return true, nil
	}
	if st.visit != nil {
		return g.verifier.IsLiveUnderCeiling(ctx, st.token, st.environment, st.client, time.Now())
	}
	return g.verifier.IsLive(ctx, st.token, st.environment, st.client, time.Now())
}

// tenantPrefix begins the identifier of a tenant token; the environment follows.
const tenantPrefix = "tenant:"

// Destruct ends what the gate runs. Caddy's pool calls it when the last config that uses the gate is gone.
func (g *gate) Destruct() error {
	g.stop()
	<-g.done
	g.streams.close()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	g.issuers.close()
	g.chain.Close()
	return errors.Join(g.closeParts(ctx), g.store.Close())
}
