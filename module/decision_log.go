package module

import (
	"cmp"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/tokens"
)

// Refusals are logged at most so many a second and every so many-th after that, so that a flood of bad requests cannot
// fill a disk or cost more than serving them would. Faults are never left out. Requests that were let through are logged
// at level debug only, and all of them: who asks for that level wants to see them, and Caddy's `log` can sample.
const (
	decisionsLogged      = 50
	decisionsLoggedAfter = 100
)

// decisionLogger is `http.log.doorward`, beside Caddy's `http.log.access`: a decision is a fact about a request, not about
// the handler, and a `log` of a config can pick the two in the same way. The context's own logger would put the
// handler's identifier in front.
func decisionLogger(ctx caddy.Context) *zap.Logger {
	return ctx.Logger(new(caddyhttp.App)).Named("log.doorward")
}

func sampleDecisions(logger *zap.Logger) *zap.Logger {
	return logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, time.Second, decisionsLogged, decisionsLoggedAfter)
	}))
}

// settle makes the decision final: it is counted, it is logged, and who observes is told. Fields are built only where they are written.
func (x *exchange) settle(r reason) {
	x.reason = r
	x.h.counters.byReason[r].Inc()
	x.h.counters.latency.note(x)
	if x.refusal != "" {
		x.h.counters.credentials.WithLabelValues(string(x.refusal)).Inc()
	}
	switch r.decision() {
	case "allow":
		if entry := x.h.faults.Check(zap.DebugLevel, "allowed"); entry != nil {
			entry.Write(x.logFields()...)
		}
	case "deny":
		if entry := x.h.decisions.Check(zap.InfoLevel, "refused"); entry != nil {
			entry.Write(x.logFields()...)
		}
	default:
		if entry := x.h.faults.Check(zap.ErrorLevel, "could not decide"); entry != nil {
			entry.Write(append(x.logFields(), zap.Error(x.fault))...)
		}
	}
	if x.h.observer != nil {
		x.h.observer.settled(x)
	}
	x.recordSpans()
}

// logFields are the facts of a decision. Tokens may stand in paths (a token is deleted by its text), so the path is
// masked; the query is left out. What a client chose freely is quoted by the encoder.
func (x *exchange) logFields() []zap.Field {
	fields := []zap.Field{
		zap.Stringer("decision_id", x.id),
		zap.Stringer("reason", x.reason),
		zap.Int("status", x.reason.status()),
		zap.String("method", tokens.Mask(x.r.Method)),
		zap.String("host", tokens.Mask(cmp.Or(x.authority, x.r.Host))),
		zap.String("path", tokens.Mask(x.path.escaped)),
		zap.String("client_ip", x.clientIP()),
		zap.String("environment", x.environment),
	}
	if x.refusal != "" {
		fields = append(fields, zap.String("cause", string(x.refusal)))
	}
	if x.detail != "" {
		fields = append(fields, zap.String("detail", x.detail))
	}
	if p := x.principal; p != nil {
		fields = append(fields, zap.String("token_id", p.TokenID), zap.String("user", p.User), zap.Strings("scopes", loggedScopes(p)))
	}
	if x.endpoint != nil {
		fields = append(fields, zap.String("endpoint", x.endpoint.Pattern))
	}
	if a := x.judged; a != nil {
		fields = append(fields, zap.String("permission", a.request.Permission), zap.Any("attributes", loggedAttributes(a.request)),
			zap.Bool("policy_cached", a.Cached), zap.Strings("policy_reasons", policyReasons(&a.Verdict)))
	}
	return fields
}

// maxLogged bounds the lists of one entry: a token can hold a hundred scopes, an attribute ten thousand values.
const maxLogged = 20

func loggedScopes(p *tokens.Principal) []string {
	names := p.Scopes.Names()
	return names[:min(len(names), maxLogged)]
}

// loggedAttributes are the attributes that were asked about; one that is not known has no values.
func loggedAttributes(asked *policyengine.Request) map[string][]string {
	logged := make(map[string][]string, len(asked.Attributes))
	for _, a := range asked.Attributes {
		values := make([]string, 0, min(len(a.Values), maxLogged))
		for _, value := range a.Values[:min(len(a.Values), maxLogged)] {
			values = append(values, tokens.Mask(value))
		}
		logged[a.Name] = values
	}
	return logged
}

// policyReasons names the statements that decided, as policy:line:column.
func policyReasons(v *policyengine.Verdict) []string {
	named := make([]string, len(v.Reasons))
	for i, r := range v.Reasons {
		named[i] = fmt.Sprintf("%s %s:%d:%d", r.Effect, tokens.Mask(r.PolicyName), r.Line, r.Column)
	}
	return named
}
