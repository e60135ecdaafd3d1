package module

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/endpoint"
)

func init() {
	caddy.RegisterModule(new(API))
	httpcaddyfile.RegisterHandlerDirective("doorward_api", parseAPI)
}

// API serves Doorward's own APIs: access tokens, ActiveGate tokens, the tenant token and its rotation, OAuth2 clients and
// their tokens, the audit log, and a description of all of them at `/openapi.json`. They are guarded as every endpoint is, by a credential, a scope and
// policies.
//
// Behind a `doorward` handler on the same site it answers the requests that are for it, and hands on the others. On a site
// without one it has a gate of its own, with all defaults, that lets nothing but these requests in.
type API struct {
	// URLs at which agents reach this environment, as connectioninfo tells them. Default: `/communication` on the host that the
	// request was sent to.
	CommunicationEndpoints []string `json:"communication_endpoints,omitempty"`

	app        *App
	own        *Handler // for a site without a gate
	logger     *zap.Logger
	operations operations
	building   sync.Once
	failed     error
	rehearsed  bool      // nothing is answered: a request is only explained
	refusals   allowance // of records about those who were not let in
}

// CaddyModule returns the Caddy module information.
func (*API) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.doorward_api", New: func() caddy.Module { return new(API) }}
}

// Provision takes the gate from the app and makes one for sites without.
func (a *API) Provision(ctx caddy.Context) error {
	a.logger = ctx.Logger()
	for _, text := range a.CommunicationEndpoints {
		if err := checkCommunicationEndpoint(text); err != nil {
			return err
		}
	}
	a.own = &Handler{Catalogs: []string{endpoint.Own}}
	if err := a.own.Provision(ctx); err != nil {
		return err
	}
	a.app, a.own.api = a.own.app, a
	if err := a.own.readRows(); err != nil {
		return err
	}
	a.app.apis = append(a.app.apis, a)
	return nil
}

func checkCommunicationEndpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return fmt.Errorf("communication_endpoint %q: expected a URL such as https://agents.example.com/communication", text)
	}
	return nil
}

// ready makes the operations, once all handlers of the config are there: together they say which scopes there are.
func (a *API) ready() error {
	a.building.Do(func() { a.operations, a.failed = a.build() })
	return a.failed
}

// ServeHTTP answers what is for the API. What has passed no gate passes one here.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	x := gatedBy(r.Context())
	if x == nil {
		return a.own.ServeHTTP(w, r, a.handler())
	}
	return a.answer(x, w, r, next)
}

// handler is the API as the last handler of a chain.
func (a *API) handler() caddyhttp.Handler {
	if a.rehearsed {
		return nowhere
	}
	return caddyhttp.HandlerFunc(a.answerGated)
}

// answerGated is what stands behind a gate for the rows of the API, which lets in nothing else.
func (a *API) answerGated(w http.ResponseWriter, r *http.Request) error {
	return a.answer(gatedBy(r.Context()), w, r, caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		rest.WriteError(w, a.own.errorForm(), rest.Errorf(http.StatusNotFound, "There is nothing here."))
		return nil
	}))
}

func (a *API) answer(x *exchange, w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if err := a.ready(); err != nil {
		return caddyhttp.Error(http.StatusServiceUnavailable, err)
	}
	operation := a.operations.of(x)
	if operation == nil {
		return next.ServeHTTP(w, r)
	}
	x.answering = true
	call := x.call(r, operation)
	if err := a.app.gate.administer(w, call, operation); err != nil {
		a.fail(x, w, call, operation, err)
	}
	return nil
}

// fail answers an error, and has it in the audit trail where something was to be changed.
func (a *API) fail(x *exchange, w http.ResponseWriter, call *rest.Call, operation *operation, err error) {
	e := rest.Of(err)
	if e.Status >= http.StatusInternalServerError {
		a.logger.Error("an operation failed", zap.String("operation", operation.name()), zap.Stringer("decision_id", x.id), zap.Error(err))
	} else if operation.Action != "" {
		a.recordAttempt(call.Context(), x, operation, attemptMessage(e))
	}
	rest.WriteError(w, x.h.errorForm(), e)
}

// toldViolations is how much of what was wrong with an attempt is kept.
const toldViolations = 5

// attemptMessage is what the audit trail says of a refusal: its sentence, and what was wrong where that was a part of the
// request.
func attemptMessage(e *rest.Error) string {
	message := e.Message
	for _, v := range e.Violations[:min(len(e.Violations), toldViolations)] {
		message += " " + v.Path + ": " + v.Message
	}
	return message
}

// errorForm is the form of errors on the site of the handler.
func (h *Handler) errorForm() rest.Form {
	if h.Errors == errorsProblem {
		return rest.Problem
	}
	return rest.Envelope
}

// build makes every operation and checks that a stated row guards each.
func (a *API) build() (operations, error) {
	tables, err := a.app.tables()
	if err != nil {
		return nil, err
	}
	s := surroundings{tables: tables, accounts: a.own.accounts, endpoints: a.communicationEndpoints, now: time.Now}
	if s.scopes, err = joinScopes(tables); err != nil {
		return nil, err
	}
	if s.oauthScopes, err = oauthScopes(tables, a.app.gate.rules.known); err != nil {
		return nil, err
	}
	return newOperations(slices.Concat(a.app.gate.operations(s), a.explainOperations(), a.gatewayOperations()))
}

func (a *API) communicationEndpoints(base string) []string {
	if len(a.CommunicationEndpoints) > 0 {
		return a.CommunicationEndpoints
	}
	return []string{base + "/communication"}
}

// Interface guards.
var (
	_ caddy.Provisioner           = (*API)(nil)
	_ caddyhttp.MiddlewareHandler = (*API)(nil)

	errUnguarded = errors.New("no row of the catalogue guards the operation")
)
