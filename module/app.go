package module

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/doorward/doorward/module/endpoint"
)

func init() {
	caddy.RegisterModule(App{})
	httpcaddyfile.RegisterGlobalOption("doorward", parseGlobalOption)
}

// App holds what every `doorward` handler of a config shares: the store of tokens, the token formats, the caches and
// the catalogues of endpoints. A config without it gets one with all defaults.
//
// The store is opened when the config is loaded. A store that cannot be opened (corrupt, locked, not writable) keeps
// the config from loading, and the error says what to do.
type App struct {
	// Where tokens and their history are kept: `sqlite:<path>`, whose file and folder are made if they are missing, or
	// `postgres://<user>:<password>@<host>:<port>/<database>`, which several gateways can share.
	// Default: `sqlite:doorward/doorward.db` in Caddy's data folder.
	Store string `json:"store,omitempty"`

	// The environment of a request that names none, and of tokens issued without one. Default: `default`.
	Environment string `json:"environment,omitempty"`

	// The account that policies are administered in. Bindings at this account hold in every environment of it. Default:
	// the first of `accounts`, or `default`.
	Account string `json:"account,omitempty"`

	// The accounts, where there are several, or where they and their environments have names. The first one has every
	// environment that none of them lists. Default: one, with every environment.
	Accounts []Account `json:"accounts,omitempty"`

	// The catalogues that handlers start from, weakest first: the name of an embedded one, or a file. Default:
	// `dynatrace`. A handler that names catalogues of its own does not use these.
	Catalogs []string `json:"catalogs,omitempty"`

	// Rows that are added to the catalogues above, or replace rows of the same shape.
	Endpoints []EndpointRow `json:"endpoints,omitempty"`

	// Rows that are taken away from the catalogues above, as `METHOD /path/{template}`.
	RemoveEndpoints []string `json:"remove_endpoints,omitempty"`

	// Rows of the catalogues whose scopes are an inference and that are refused for that reason, as
	// `METHOD /path/{template}`; `*` allows all of them.
	AllowDerived []string `json:"allow_derived,omitempty"`

	// Kinds of tokens beyond those that are built in, or other settings for those.
	TokenFormats []TokenFormat `json:"token_formats,omitempty"`

	// Take imported tokens of the old opaque format. Default: off.
	LegacyTokens bool `json:"legacy_tokens,omitempty"`

	// Others whose JWTs are taken as well. Default: nobody.
	Issuers []Issuer `json:"issuers,omitempty"`

	// Files of services, permissions and conditions that policies may name beyond the built-in ones, in YAML or JSON.
	PolicyCatalogs []string `json:"policy_catalogs,omitempty"`

	// Files with the keys that secrets are encrypted with which have to be shown again: 32 random bytes each, in base64. The
	// first encrypts, all of them decrypt. Without any there are no tenant tokens.
	EncryptionKeys []string `json:"encryption_keys,omitempty"`

	// Who the remote support staff are, and how far they get. Default: only tokens with the mark `staff` belong to staff, and
	// the setting is `off` until an administrator makes another.
	RemoteAccess *RemoteAccess `json:"remote_access,omitempty"`

	// The access tokens that the gateway issues itself.
	OAuth2 *OAuth2 `json:"oauth2,omitempty"`

	// How many requests from one address may fail to authenticate. Default: 100 at once, and 10 a second.
	FailedAuthentications *FailedAuthentications `json:"failed_authentications,omitempty"`

	// How long a body may take to arrive that policies are asked about. A stricter `read_body` of the server holds for it too.
	// Default: 30s.
	BodyTimeout caddy.Duration `json:"body_timeout,omitempty"`

	// Bounds of the cache of verified tokens.
	Cache Cache `json:"cache,omitzero"`

	// The latest decisions, kept in files. Default: none are kept.
	DecisionLog *DecisionLog `json:"decision_log,omitempty"`

	ctx         caddy.Context
	logger      *zap.Logger
	gate        *gate
	release     func() error
	ring        *decisionRing // nil: no decisions are kept
	releaseRing func() error
	layers      []endpoint.Layer
	handlers    []*Handler // of this config
	apis        []*API
}

// Cache bounds what is remembered of tokens between requests, and for how long. Zero means the default.
type Cache struct {
	// Tokens remembered. Default: 100000.
	Tokens int `json:"tokens,omitempty"`
	// Identifiers remembered that no token has, apart from the former, so that a flood of these drives none of those
	// out. Default: 20000.
	Absent int `json:"absent,omitempty"`
	// A token is looked up again after this time, however often it was used. Default: 30s.
	Lifetime caddy.Duration `json:"lifetime,omitempty"`
	// While the store is away, a remembered token is taken until it is this old; then requests get 503. Default: 5m.
	StaleFor caddy.Duration `json:"stale_for,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "doorward", New: func() caddy.Module { return new(App) }}
}

// Provision opens the store and reads the catalogues.
func (a *App) Provision(ctx caddy.Context) error {
	a.ctx, a.logger = ctx, ctx.Logger()
	a.applyDefaults()
	if err := a.check(); err != nil {
		return err
	}
	a.Issuers = completeIssuers(a.Issuers, a.Environment)
	var err error
	if a.layers, err = readLayers(a.Catalogs, a.Endpoints, a.RemoveEndpoints, a.AllowDerived); err != nil {
		return err
	}
	config, err := a.gateConfig()
	if err != nil {
		return err
	}
	if a.gate, a.release, err = acquireGate(config, a.logger); err != nil {
		return err
	}
	if a.ring, a.releaseRing, err = acquireDecisionRing(a.DecisionLog, a.logger); err != nil {
		return err
	}
	return registerCollectors(ctx.GetMetricsRegistry(), append(a.gate.collectors(), a.ring.collector()))
}

// check looks at what needs nothing but the config.
func (a *App) check() error {
	if err := checkAccount(a.Account); err != nil {
		return err
	}
	if err := checkEnvironmentName(a.Environment); err != nil {
		return err
	}
	if _, err := a.accounts(); err != nil {
		return err
	}
	if err := errors.Join(a.OAuth2.check(), a.FailedAuthentications.check()); err != nil {
		return err
	}
	if a.BodyTimeout < 0 {
		return errors.New("body_timeout: expected no negative time")
	}
	return a.Cache.validate()
}

func (a *App) gateConfig() (gateConfig, error) {
	policyCatalogs, err := readPolicyCatalogs(a.PolicyCatalogs)
	if err != nil {
		return gateConfig{}, err
	}
	keys, err := readEncryptionKeys(a.EncryptionKeys)
	return gateConfig{
		Store: a.Store, TokenFormats: a.TokenFormats, LegacyTokens: a.LegacyTokens, Cache: a.Cache, Issuers: a.Issuers,
		PolicyCatalogs: policyCatalogs, OAuthIssuer: a.OAuth2.issuer(), RemoteAccess: a.RemoteAccess, keys: keys,
		failed: a.FailedAuthentications,
	}, err
}

func (a *App) applyDefaults() {
	if a.Store == "" {
		a.Store = DefaultStore()
	}
	if a.Environment == "" {
		a.Environment = DefaultEnvironment
	}
	if a.Account == "" && len(a.Accounts) > 0 {
		a.Account = a.Accounts[0].ID
	}
	if a.Account == "" {
		a.Account = DefaultAccount
	}
	if len(a.Catalogs) == 0 {
		a.Catalogs = []string{defaultCatalog}
	}
}

// checkAccount holds an account to the form of an environment's name: both stand in URL paths as they are.
func checkAccount(name string) error {
	if !isEnvironmentName(name) {
		return fmt.Errorf("account %q: expected 1 to 64 characters of A-Z a-z 0-9 . _ -", name)
	}
	return nil
}

// DefaultAccount is the account where none is named.
const DefaultAccount = "default"

// DefaultEnvironment is the environment of requests and tokens where none is named.
const DefaultEnvironment = "default"

// DefaultStore is the DSN of the store where none is named: a SQLite file in Caddy's data folder.
func DefaultStore() string {
	return "sqlite:" + filepath.Join(caddy.AppDataDir(), "doorward", "doorward.db")
}

func (c Cache) validate() error {
	if c.Tokens < 0 || c.Absent < 0 || c.Lifetime < 0 || c.StaleFor < 0 {
		return fmt.Errorf("cache: expected no negative number")
	}
	return nil
}

// registerCollectors adds the gate's metrics to a config's registry; a second app in one config is no fault.
func registerCollectors(registry *prometheus.Registry, collectors []prometheus.Collector) error {
	for _, c := range collectors {
		if err := registry.Register(c); err != nil {
			if _, again := errors.AsType[prometheus.AlreadyRegisteredError](err); !again {
				return err
			}
		}
	}
	return nil
}

// Start refuses a config in which everybody is a trusted proxy, and completes the handlers.
func (a *App) Start() error {
	if err := a.checkTrustedProxies(); err != nil {
		return err
	}
	for _, h := range a.handlers {
		if err := h.ready(); err != nil {
			return err
		}
	}
	for _, api := range a.apis {
		if err := api.ready(); err != nil {
			return err
		}
	}
	a.gate.failures.set(a.FailedAuthentications)
	running.add(a)
	return nil
}

// Stop has nothing to do: what the app holds is given back by Cleanup, when no request uses it any more.
func (*App) Stop() error { return nil }

// Cleanup gives the gate and the decision log back. The last config that uses them closes them.
func (a *App) Cleanup() error {
	running.remove(a)
	var failed []error
	for _, release := range []func() error{a.release, a.releaseRing} {
		if release != nil {
			failed = append(failed, release())
		}
	}
	return errors.Join(failed...)
}

// Interface guards.
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
