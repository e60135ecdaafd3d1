package module

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/tokens"
)

func init() {
	caddy.RegisterModule(new(Handler))
	httpcaddyfile.RegisterHandlerDirective("doorward", parseDirective)
	// Before everything that can answer a request, not just before reverse_proxy: `handle`, `route` and named routes hold
	// a reverse_proxy of their own, and one that ran first would be a way around the gate.
	httpcaddyfile.RegisterDirectiveOrder("doorward", httpcaddyfile.Before, "invoke")
	// Right after it, which is why both are registered here: of two that come before the same one, the later is nearer to it.
	httpcaddyfile.RegisterDirectiveOrder("doorward_api", httpcaddyfile.Before, "invoke")
}

// Handler lets a request through to the next handler only if its credential is genuine and holds a scope that the
// endpoint asks for. Everything else is answered here: 400 for a request that can be read in more than one way, 401 for
// a credential that is missing or not good, 403 for an endpoint that no row covers or a scope that is missing, 405 for a
// method that no endpoint has, 425 for TLS early data, 429 with Retry-After when too many from one address have failed to
// authenticate, and 503 with Retry-After when a decision cannot be reached.
//
// The next handler gets the canonical path, no credential, and headers that say who asks. What a client sent under the
// names of these headers is removed, as are headers that would change method or path after the decision, and those by
// which only a trusted proxy may speak.
//
// Placeholders, empty where nothing is known: `{http.doorward.token_id}`, `.token_name`, `.token_kind`, `.user`,
// `.scopes`, `.environment`, `.endpoint` (the row, as `METHOD /path/{template}`), `.decision` (allow, deny, fault),
// `.reason` (one word) and `.decision_id`.
type Handler struct {
	// The catalogues of endpoints to start from, weakest first, instead of the app's.
	Catalogs []string `json:"catalogs,omitempty"`

	// Rows that are added, or replace rows of the same shape.
	Endpoints []EndpointRow `json:"endpoints,omitempty"`

	// Rows that are taken away, as `METHOD /path/{template}`.
	RemoveEndpoints []string `json:"remove_endpoints,omitempty"`

	// Rows whose scopes are an inference and that are refused for that reason, as `METHOD /path/{template}`; `*`
	// allows all of them.
	AllowDerived []string `json:"allow_derived,omitempty"`

	// How a request names its environment.
	Environment *Environment `json:"environment,omitempty"`

	// Names of the headers that tell the upstream who asks.
	IdentityHeaders *IdentityHeaders `json:"identity_headers,omitempty"`

	// Query parameters that may carry a token; it is removed before the request goes on. Default: none, and a request
	// with a token under `api-token` is refused.
	QueryTokens []string `json:"query_tokens,omitempty"`

	// Which credentials the site takes, all of them as `Authorization: Api-Token`: `tenant_token`, the environment's secret for
	// agents, and `activegate_token`. With these, it takes no others. Default: API tokens and JWTs.
	Credentials []string `json:"credentials,omitempty"`

	// Forward the credential to the next handler. Default: it is removed.
	KeepCredential bool `json:"keep_credential,omitempty"`

	// The form of refusals: `catalogue`, which is `{"error":{"code":…,"message":…}}`, or `problem`, which is RFC 9457.
	// Default: `catalogue`.
	Errors string `json:"errors,omitempty"`

	// Name scopes in refusals without their display names. Default: with them.
	BareScopes bool `json:"bare_scopes,omitempty"`

	// Browsers of which origins may call.
	CORS *CORS `json:"cors,omitempty"`

	decisions *zap.Logger // of refusals, sampled
	faults    *zap.Logger // of those that could not
	observer  observer    // nil: nobody is told of decisions
	now       func() time.Time

	app  *App
	ctx  caddy.Context // of the config; empty outside of one
	link linking
	api  *API    // behind this handler on its site; nil: there is none
	way  passage // from here to the API

	gate           *gate
	accounts       *accounts
	verifier       *tokens.Verifier
	counters       *counters
	table          *endpoint.Table
	methods        map[string]bool
	allowedMethods string
	rows           map[*endpoint.Endpoint]row // what the gate knows of a row beyond the table
	bodyTimeout    time.Duration
	agents         tokens.AgentKinds // the zero value: credentials of the API are taken
	environments   environments
	identityNames  [identityHeaderCount]string
	identityTold   [identityHeaderCount]string // those that the upstream is sent
	fates          headerFates
}

// The forms of a refusal.
const (
	errorsCatalogue = "catalogue"
	errorsProblem   = "problem"
)

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.doorward", New: func() caddy.Module { return new(Handler) }}
}

// Provision takes the gate from the app and builds the endpoint table.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.now = time.Now
	h.faults = decisionLogger(ctx)
	h.decisions = sampleDecisions(h.faults)
	module, err := ctx.App("doorward")
	if err != nil {
		return err
	}
	app, ok := module.(*App)
	if !ok {
		return fmt.Errorf("the app doorward is a %T", module)
	}
	if app.ring != nil {
		h.observer = app.ring
	}
	h.ctx = ctx
	app.handlers = append(app.handlers, h)
	return h.attach(app)
}

// attach makes the handler ready for the gate of an app.
func (h *Handler) attach(app *App) error {
	var err error
	if h.accounts, err = app.accounts(); err != nil {
		return err
	}
	h.app = app
	h.gate, h.verifier, h.counters = app.gate, app.gate.verifier, app.gate.counters
	h.bodyTimeout = cmp.Or(time.Duration(app.BodyTimeout), defaultBodyTimeout)
	for _, step := range []func(*App) error{h.buildTable, h.readEnvironments, h.readHeaders, h.readForms} {
		if err := step(app); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) buildTable(app *App) error {
	var err error
	if h.table, err = h.endpointTable(app.layers); err != nil {
		return err
	}
	h.methods = map[string]bool{}
	for _, method := range h.table.Methods() {
		h.methods[method] = method != "CONNECT" && method != "TRACE"
	}
	h.methods["OPTIONS"] = true
	h.methods["HEAD"] = h.methods["HEAD"] || h.methods["GET"]
	var allowed []string
	for method, ok := range h.methods {
		if ok {
			allowed = append(allowed, method)
		}
	}
	slices.Sort(allowed)
	h.allowedMethods = strings.Join(allowed, ", ")
	return nil
}

// endpointTable lays the handler's own rows over the app's, or over catalogues of its own.
//
// Where Doorward's own API is behind the handler, its rows are the strongest of the catalogues, and what the config says of
// them is stronger.
func (h *Handler) endpointTable(layers []endpoint.Layer) (*endpoint.Table, error) {
	if len(h.Catalogs) > 0 {
		layers = nil
	}
	own, err := readLayers(h.Catalogs, h.Endpoints, h.RemoveEndpoints, h.AllowDerived)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(layers, own)
	if h.api != nil {
		catalog, err := endpoint.Embedded(endpoint.Own)
		if err != nil {
			return nil, err
		}
		all = slices.Insert(all, catalogsIn(all), catalog.Layer())
	}
	table, err := endpoint.Build(declareScopes(all)...)
	if err != nil {
		return nil, fmt.Errorf("endpoints: %w", err)
	}
	return table, nil
}

func (h *Handler) readEnvironments(app *App) error {
	var err error
	if h.environments, err = newEnvironments(h.Environment, app.Environment); err != nil {
		return err
	}
	if !h.environments.path {
		return nil
	}
	for _, e := range h.table.All() {
		if strings.HasPrefix(e.Template, "/e/") {
			return fmt.Errorf("endpoint %s (%s) can never match: /e/{environment} selects the environment; "+
				"turn that off with `environment { path off }`", e.Pattern, e.Origin)
		}
	}
	return nil
}

func (h *Handler) readHeaders(*App) error {
	var err error
	if h.identityNames, err = h.IdentityHeaders.names(); err != nil {
		return err
	}
	h.identityTold = h.IdentityHeaders.told(h.identityNames)
	h.fates = newHeaderFates(h.identityNames)
	if err := h.checkQueryTokens(); err != nil {
		return err
	}
	if h.agents, err = agentKinds(h.Credentials); err != nil {
		return err
	}
	for _, name := range h.QueryTokens {
		maskedParameters.Store(strings.ToLower(name), nil)
	}
	return h.CORS.provision()
}

func (h *Handler) checkQueryTokens() error {
	for _, name := range h.QueryTokens {
		if name == "" || strings.ContainsAny(name, "&=;#%+ ") {
			return fmt.Errorf("query token %q: expected the name of a query parameter", name)
		}
	}
	return nil
}

func (h *Handler) readForms(*App) error {
	switch h.Errors {
	case "":
		h.Errors = errorsCatalogue
	case errorsCatalogue, errorsProblem:
	default:
		return fmt.Errorf("errors %q: expected catalogue or problem", h.Errors)
	}
	return h.readRows()
}

// Interface guards.
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
