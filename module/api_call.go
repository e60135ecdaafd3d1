package module

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/tokens"
)

// call is the request as an operation sees it.
func (x *exchange) call(r *http.Request, o *operation) *rest.Call {
	origin := audit.Origin{Environment: x.environment, Address: x.clientIP(), Decision: x.id.String()}
	return &rest.Call{
		Request: r.WithContext(audit.WithOrigin(r.Context(), origin)),
		Caller:  x.caller(),
		Account: x.administers(),
		BaseURL: x.baseURL(),
		Param:   func(name string) string { return x.param(slices.Index(o.params, name)) },
		Permits: x.permits,
		Reaches: x.reaches,
	}
}

// reaches reports whether the caller's credential is good in an environment.
func (x *exchange) reaches(environment string) bool {
	switch b := x.bearer; {
	case x.principal == nil:
		return false
	case b == nil:
		return x.principal.GoodFor(environment)
	case !b.own.isOwn():
		return b.issuer.isGoodFor(b.identity.Environment, environment)
	case b.account == "":
		return environment == x.environment
	default:
		account, known := x.h.accounts.AccountOf(environment)
		return known && account == b.account
	}
}

// param is the unescaped value of the path's n-th parameter. The row of a config may name it otherwise than the operation does.
func (x *exchange) param(n int) string {
	if n < 0 || n >= len(x.endpoint.Params) {
		return ""
	}
	value, _ := x.params.Value(x.endpoint.Params[n])
	return value
}

func (x *exchange) caller() rest.Caller {
	p := x.principal
	if p == nil {
		p = &nobody
	}
	staff := ""
	if x.visit != nil {
		staff = x.visit.user
	}
	return rest.Caller{
		Staff:   staff,
		TokenID: p.TokenID, TokenName: p.TokenName, Kind: p.Kind, User: p.User,
		Environment: x.environment, Address: x.clientIP(),
		Personal: p.Personal, ActsForUser: actsForUser(p), Administrator: p.Administrator, Cluster: p.Cluster,
		Scopes: p.Scopes.Names(), Expires: p.Expires,
	}
}

// baseURL is how the client addressed the gateway. Only a trusted proxy may say that it was by TLS when it was not.
func (x *exchange) baseURL() string {
	scheme := "http"
	if x.r.TLS != nil || fromTrustedProxy(x.r) && x.r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + x.authority
}

// permits asks the caller's policies for a permission without conditions.
func (x *exchange) permits(ctx context.Context, permission string) (bool, error) {
	if x.principal == nil || !actsForUser(x.principal) {
		return false, nil
	}
	subject, err := x.subject()
	if err != nil {
		return false, err
	}
	account, environment := x.judgedIn()
	verdict, err := x.h.gate.rules.engine.DecideAll(ctx, []policyengine.Request{{
		Permission: permission, Subject: subject, Account: account, Environment: environment, Now: x.now,
	}})
	return err == nil && verdict.Allow, err
}

// actor is the caller in the words of the audit trail.
func (x *exchange) actor() string {
	if x.principal == nil {
		return "anonymous"
	}
	if x.bearer != nil {
		return cmp.Or(x.principal.User, x.principal.TokenID)
	}
	return cmp.Or(x.principal.TokenID, x.principal.User)
}

// hearRefusal has it in the audit trail when somebody known was not let in to change something here. Who cannot be named
// leaves no record, and neither does more of it than a few a second: a refusal must not become a way to fill the store. What
// remote staff try is recorded anyway.
func (a *API) hearRefusal(x *exchange) {
	if a == nil || a.app == nil || x.visit != nil || x.principal == nil || x.endpoint == nil || x.reason.status() != http.StatusForbidden || a.ready() != nil {
		return
	}
	o := a.operations.of(x)
	if o == nil || o.Action == "" || !a.refusals.take(x.now) {
		return
	}
	a.recordAttempt(x.r.Context(), x, o, x.message())
}

// recordAttempt writes an attempt that changed nothing. The answer does not wait for a trail that is away: it is a refusal.
func (a *API) recordAttempt(ctx context.Context, x *exchange, o *operation, message string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeTimeout)
	defer cancel()
	object := ""
	if o.Object != "" {
		object = attempted(o.Action, x.param(slices.Index(o.params, o.Object)))
	}
	e := audit.Event{
		Time: x.now.UTC(), Actor: tokens.Mask(x.actor()), Action: o.Action, Object: object, Failed: true, Message: tokens.Mask(message),
		Environment: x.environment, Origin: x.clientIP(), Decision: x.id.String(),
	}
	if err := a.app.gate.store.RecordAttempt(ctx, e); err != nil {
		a.logger.Error("an attempt could not be recorded", zap.String("operation", o.name()), zap.Error(err))
	}
}

// maxAttempted bounds what is kept of the name of a thing that somebody failed to change, in bytes. No identifier is longer.
const maxAttempted = 250

// attempted is the thing that an attempt was about, as the trail knows it. A token can be named by its whole secret, which in
// the old format looks like nothing in particular.
func attempted(action, name string) string {
	if strings.HasPrefix(action, "token.") {
		name = tokens.Identifier(name)
	}
	name = strings.TrimSuffix(tokens.Mask(name), ".***")
	return strings.ToValidUTF8(name[:min(len(name), maxAttempted)], "")
}
