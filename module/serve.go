package module

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// ServeHTTP takes a request through every stage of the gate, in the order in which they stand here. A stage says
// whether the request may go on; nothing skips one, and what the last lets through is forwarded as it was decided.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	x := h.begin(w, r)
	switch {
	case !x.isReady(): // 503, only for a config that contradicts itself
	case !x.in(stageTarget).readTarget(): // 400, 405, 425: one method, one host, one path, one reading of them
	case x.isPreflight():
		return x.answerPreflight(next) // the only request without a credential, and only where configured
	case !x.in(stageCredential).readCredential(): // 400, 401, 429: exactly one
	case !x.in(stagePrincipal).verifyPrincipal(): // 401, one message for every cause; 429 where an address fails too often; 503 when the store is away
	case !x.in(stageEndpoint).matchEndpoint(): // 403, default deny
	case !x.in(stageScopes).checkScopes(): // 403, names the scopes that would do
	case !x.in(stagePolicies).checkPolicies(): // 403, for credentials that act for a user; 400, 408, 413, 415 for a body that cannot be judged
	case !x.in(stageRemote).checkRemote(): // 403, for remote support staff; 503 where what they do cannot be recorded
	default:
		return x.forward(next)
	}
	return x.refuse()
}

// forward hands the request on as it was decided: canonical, without the credential, with our identity headers.
func (x *exchange) forward(next caddyhttp.Handler) error {
	x.settle(reasonAllowed)
	x.cleanRequest()
	x.setIdentity()
	x.noteScopes()
	if x.isOwn() {
		next = x.h.api.handler()
	}
	x.leash.Context = x.r.Context()
	defer x.conclude()
	// Deferred for the panic by which reverse_proxy ends a response that breaks off.
	defer x.leash.release()
	defer x.endStream()
	x.watchVisit()
	return x.pass(next)
}
