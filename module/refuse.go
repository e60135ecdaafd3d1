package module

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/doorward/doorward/internal/throttle"
	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
)

const retryAfterFault = "5" // seconds

// deny notes why the request ends here. The detail may be read by the client.
func (x *exchange) deny(why reason, detail string) bool {
	x.reason, x.detail = why, detail
	return false
}

// refuse answers a request that the gate does not let through.
func (x *exchange) refuse() error {
	x.settle(x.reason)
	x.h.api.hearRefusal(x)
	x.recordRefusedVisit()
	return x.answerRefusal()
}

// answerRefusal writes what the client is told.
func (x *exchange) answerRefusal() error {
	header := x.ResponseWriter.Header()
	x.challenge(header)
	x.set(header, x.h.identityNames[identityDecisionID], x.id.inPlace())
	x.set(header, "Cache-Control", "no-store")
	x.set(header, "X-Content-Type-Options", "nosniff")
	x.allowOrigin(header)
	switch x.reason {
	case reasonFault:
		x.set(header, "Retry-After", retryAfterFault)
	case reasonBodySlow:
		if x.r.ProtoMajor == 1 { // the rest of the body would be taken for the next request (RFC 9110 section 15.5.9)
			x.set(header, "Connection", "close")
		}
	case reasonThrottled:
		x.set(header, "Retry-After", strconv.Itoa(throttle.Seconds(x.h.gate.failures.wait(x.clientIP(), x.now))))
	}
	contentType, body := x.h.errorBody(x)
	x.set(header, "Content-Type", contentType)
	x.set(header, "Content-Length", strconv.Itoa(len(body)))
	x.ResponseWriter.WriteHeader(x.reason.status())
	if x.r.Method == http.MethodHead {
		return nil
	}
	_, _ = x.ResponseWriter.Write(body) // a client that has gone needs no answer
	return nil
}

// challenge sets WWW-Authenticate. RFC 6750 section 3: no error code where no credential was sent, `invalid_token` for
// one that is not good, `insufficient_scope` with the scopes that would do. Tokens also travel under the scheme
// Api-Token, so 401 offers both.
func (x *exchange) challenge(header http.Header) {
	switch x.reason {
	case reasonNoCredential:
		x.set(header, "Www-Authenticate", `Bearer realm="doorward"`, `Api-Token realm="doorward"`)
	case reasonBadCredential:
		x.set(header, "Www-Authenticate",
			`Bearer realm="doorward", error="invalid_token", error_description="`+messageUnauthorized+`"`,
			`Api-Token realm="doorward"`)
	case reasonScope:
		x.set(header, "Www-Authenticate", x.scopeRefusal().challenge)
	}
}

// scopeRefusal is what a refusal for a missing scope says, made once for each row and class of credential: a client that
// keeps on asking must not cost more than one that is let through.
type scopeRefusal struct {
	challenge string
	body      []byte // in the catalogue's form
}

func newScopeRefusal(scopes, message string) scopeRefusal {
	return scopeRefusal{
		challenge: `Bearer realm="doorward", error="insufficient_scope", scope="` + scopes + `"`,
		body:      encode(envelope{envelopeError{http.StatusForbidden, message}}),
	}
}

func (x *exchange) scopeRefusal() scopeRefusal {
	of := x.h.rows[x.endpoint]
	if x.isOAuth() {
		return of.oauth
	}
	return of.token
}

func (x *exchange) isOAuth() bool {
	return x.principal.Class == tokens.ClassOAuth || x.endpoint.BearerOnly
}

// message is the sentence for the client.
func (x *exchange) message() string {
	switch {
	case x.reason == reasonScope:
		return x.h.missingScope(x.endpoint, x.isOAuth())
	case x.detail != "":
		return reasons[x.reason].message + ": " + x.detail
	}
	return reasons[x.reason].message
}

// missingScope names the scopes that would do. A row that has none for this class of credential can only say that.
func (h *Handler) missingScope(e *endpoint.Endpoint, oauth bool) string {
	message := e.MissingScope
	switch {
	case oauth:
		message = e.MissingOAuthScope
	case h.BareScopes:
		message = e.MissingScopePlain
	}
	return cmp.Or(message, reasons[reasonScope].message)
}

// The envelope of the catalogue's APIs. The code in the body equals the status, because clients read it instead.
type envelope struct {
	Error envelopeError `json:"error"`
}

type envelopeError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// problem is RFC 9457's form, with the decision's identifier and what would do as extension members.
type problem struct {
	Type       string   `json:"type"`
	Title      string   `json:"title"`
	Status     int      `json:"status"`
	Detail     string   `json:"detail,omitempty"`
	Code       string   `json:"code"`
	DecisionID string   `json:"decision_id"`
	Scopes     []string `json:"scopes,omitempty"`
	Role       string   `json:"role,omitempty"` // of remote access, that would do
	Ask        string   `json:"ask,omitempty"`  // where it can be asked for, by POST
}

const (
	envelopeType = "application/json; charset=utf-8"
	problemType  = "application/problem+json"
)

// unauthorizedBody is written for every failed authentication: the same bytes, made once.
var unauthorizedBody = encode(envelope{envelopeError{http.StatusUnauthorized, messageUnauthorized}})

// throttledBody is written for every request too many, whatever came with it.
var throttledBody = encode(envelope{envelopeError{http.StatusTooManyRequests, reasons[reasonThrottled].message}})

func (h *Handler) errorBody(x *exchange) (contentType string, body []byte) {
	if h.Errors == errorsProblem {
		return problemType, encode(x.problem())
	}
	switch x.reason {
	case reasonNoCredential, reasonBadCredential:
		return envelopeType, unauthorizedBody
	case reasonThrottled:
		return envelopeType, throttledBody
	case reasonScope:
		return envelopeType, x.scopeRefusal().body
	}
	return envelopeType, encode(envelope{envelopeError{x.reason.status(), x.message()}})
}

func (x *exchange) problem() problem {
	p := problem{
		Type:       "urn:doorward:problem:" + x.reason.code(),
		Title:      reasons[x.reason].message,
		Status:     x.reason.status(),
		Code:       x.reason.code(),
		DecisionID: x.id.String(),
	}
	if m := x.message(); m != p.Title {
		p.Detail = m
	}
	if x.reason == reasonScope {
		p.Scopes = x.endpoint.Scopes
		if x.isOAuth() {
			p.Scopes = x.endpoint.OAuthScopes
		}
	}
	if x.reason == reasonRemote && x.visit.verdict.Would != remote.NoRole {
		p.Role, p.Ask = x.visit.verdict.Would.String(), x.askAt()
	}
	return p
}

// encode marshals a value made of strings and numbers only, which cannot fail.
func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		return []byte(`{"error":{"code":500,"message":"The answer could not be written"}}`)
	}
	return body
}
