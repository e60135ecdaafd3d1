package module

import (
	"errors"
	"net/http"
	"strings"

	"github.com/doorward/doorward/module/attribute"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/tokens"
)

// checkPolicies asks whether the policies of the user that the credential stands for permit what the request is about.
// A token that acts for itself is judged by its scopes alone; so is everybody on an endpoint that names no permission.
func (x *exchange) checkPolicies() bool {
	if x.anonymous || !actsForUser(x.principal) {
		return true
	}
	switch {
	case x.endpoint.Plan != nil:
		return x.askPlan()
	case len(x.endpoint.Permissions) > 0:
		return x.askAny(x.endpoint.Permissions)
	}
	return true
}

// actsForUser tells tokens that borrow a user's rights from those that have rights of their own.
func actsForUser(p *tokens.Principal) bool { return p.Personal || p.Class == tokens.ClassOAuth }

// askPlan asks once for each thing that the request touches; all of them must be permitted.
func (x *exchange) askPlan() bool {
	questions, err := x.endpoint.Plan.Questions(input{x})
	if err != nil {
		return x.denyUnreadable(err)
	}
	asked := make([]policyengine.Request, len(questions))
	for i, q := range questions {
		asked[i] = policyengine.Request{Permission: q.Permission, Attributes: attributesOf(q.Attributes)}
	}
	verdict, ok := x.ask(asked)
	return ok && (verdict.Allow || x.denyPolicy(questions[verdict.Index].Permission, verdict))
}

// askAny asks for permissions of which one is enough. Nothing is known of what the request touches, so only a grant
// without conditions holds.
func (x *exchange) askAny(permissions []string) bool {
	var last policyengine.Verdict
	for _, permission := range permissions {
		verdict, ok := x.ask([]policyengine.Request{{Permission: permission}})
		if !ok || verdict.Allow {
			return ok
		}
		last = verdict
	}
	return x.denyPolicy(strings.Join(permissions, " or "), last)
}

// ask completes the requests with who asks, where and when. It reports false where the gate has to stop.
func (x *exchange) ask(requests []policyengine.Request) (policyengine.Verdict, bool) {
	ctx, rules := x.r.Context(), x.h.gate.rules
	subject, err := x.subject()
	if err != nil {
		return policyengine.Verdict{}, x.denyFault(err)
	}
	account, environment := x.judgedIn()
	for i := range requests {
		r := &requests[i]
		r.Subject, r.Account, r.Environment, r.Now = subject, account, environment, x.now
	}
	onTrial := rules.shadows.current.Load() // before the live policies are asked; see shadows.ask
	verdict, err := rules.engine.DecideAll(ctx, requests)
	x.noteAnswer(requests, verdict, err)
	if err != nil {
		return policyengine.Verdict{}, x.denyFault(err)
	}
	if onTrial != nil {
		rules.shadows.ask(onTrial, x, requests, verdict)
	}
	x.judged = &judged{&requests[verdict.Index], verdict}
	return verdict, true
}

func attributesOf(read []attribute.Attribute) []policyengine.Attribute {
	attributes := make([]policyengine.Attribute, len(read))
	for i, a := range read {
		attributes[i] = policyengine.Attribute{Name: a.Name, Values: a.Values, Known: a.Known, List: a.List}
	}
	return attributes
}

// denyPolicy refuses with the permission that is missing and, where a condition could not be judged, the attributes that
// the request did not give. Which policies there are is not for the client.
func (x *exchange) denyPolicy(permission string, verdict policyengine.Verdict) bool {
	detail := permission
	if len(verdict.Missing) > 0 {
		detail += " (the request does not say " + strings.Join(verdict.Missing, ", ") + ")"
	}
	return x.deny(reasonPolicy, detail)
}

func (x *exchange) denyFault(err error) bool {
	x.fault = err
	return x.deny(reasonFault, "")
}

// denyUnreadable refuses a request of which it cannot be told what it touches.
func (x *exchange) denyUnreadable(err error) bool {
	unreadable, ok := errors.AsType[*attribute.Error](err)
	if !ok {
		return x.denyFault(err)
	}
	if x.denyBody(err) {
		return false
	}
	switch unreadable.Kind.Status() {
	case http.StatusRequestEntityTooLarge:
		return x.deny(reasonBodyTooLarge, unreadable.Public)
	case http.StatusUnsupportedMediaType:
		return x.deny(reasonBodyUnsupported, unreadable.Public)
	}
	return x.deny(reasonBodyUnreadable, unreadable.Public)
}

// input is the request as the gate has settled it, for attribute.Plan.
type input struct{ x *exchange }

// Param is a path parameter of the matched row.
func (in input) Param(name string) (string, bool) { return in.x.params.Value(name) }

// RawQuery is the query as it will be forwarded.
func (in input) RawQuery() string {
	if len(in.x.h.QueryTokens) == 0 || in.x.h.KeepCredential {
		return in.x.r.URL.RawQuery
	}
	return in.x.h.withoutQueryTokens(in.x.r.URL.RawQuery)
}

// Header gives the lines of a header.
func (in input) Header(name string) []string { return in.x.r.Header[name] }

// Claim is what the issuer of a JWT has signed. No other credential carries claims.
func (in input) Claim(name string) []string {
	if in.x.bearer == nil {
		return nil
	}
	return in.x.bearer.identity.Claim(name)
}
