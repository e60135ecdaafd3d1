package module

import (
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/tokens"
)

// exchange is one request and what the gate has found out about it so far. It is also the ResponseWriter that the next
// handler writes to, the context of what it gets, and that request itself, so that one allocation serves all of it: with
// its 888 bytes, and 8 of the allocator, it just fits a class of 896, and the next has 1,024. It is not reused: the access log
// reads its placeholders after the handler has returned, and what a transport does behind a request, such as dialling,
// goes on with its context.
type exchange struct {
	caddyhttp.ResponseWriterWrapper
	h   *Handler
	r   *http.Request
	now time.Time

	authority   string // canonical host and port; "" until settled
	path        canonicalPath
	endpointURI string // the part of path.escaped that endpoints are matched on: without the environment prefix
	environment string
	credential  tokens.Credential
	used        uint8 // of values
	anonymous   bool  // a public endpoint, and no credential sent that the gate reads
	answering   bool  // Doorward's own API writes the answer, and not the upstream
	wroteHeader bool  // of the answer
	queryTokens uint8 // parameters of the query that carry a token: 0, 1, or 2 for several
	reason      reason
	id          decisionID
	principal   *tokens.Principal
	bearer      *bearer // what a JWT says beyond principal; nil for other credentials
	endpoint    *endpoint.Endpoint
	params      endpoint.Params

	judged  *judged // of the user's policies; nil where they were not asked
	trace   *trace  // nil where nobody observes and no span is recorded
	detail  string  // for the client, where the reason's own sentence is not enough
	fault   error
	refusal tokens.Refusal // why a credential was refused; for logs and metrics only

	leash       leash   // ends the proxied request
	stream      *stream // set while the response is a long-lived one
	visit       *visit  // nil: the caller is not remote support staff
	changesSeen uint64  // changes of tokens before this one was verified

	values  [7]string    // backing of the header values that set writes
	request http.Request // what the next handler gets, once pass has made it
}

// judged is the verdict of policies about a request: the one that was refused, or the first.
type judged struct {
	request *policyengine.Request
	policyengine.Verdict
}

// begin reads the clock once for the whole request and makes the placeholders available.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{h: h, r: r, now: h.now(), id: newDecisionID()}
	x.ResponseWriter = w
	if h.observer != nil || isTraced(r.Context()) {
		x.trace = new(trace)
	}
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(x.placeholder)
	}
	return x
}

// set writes a header under its canonical name. The values lie in the exchange, so that they cost no allocation each; they
// are not shared between requests, because handlers may write into them.
func (x *exchange) set(header http.Header, name string, values ...string) {
	free := x.values[x.used:]
	if len(free) < len(values) {
		header[name] = slices.Clone(values)
		return
	}
	n := copy(free, values)
	x.used += uint8(n) //nolint:gosec // at most as many as there is room for
	header[name] = free[:n:n]
}

// placeholder answers `{http.doorward.…}`; what is not known (yet) is the empty string.
func (x *exchange) placeholder(key string) (any, bool) {
	const prefix = "http.doorward."
	if len(key) <= len(prefix) || key[:len(prefix)] != prefix {
		return nil, false
	}
	switch key[len(prefix):] {
	case "decision":
		return x.reason.decision(), true
	case "decision_id":
		return x.id.String(), true
	case "reason":
		return x.reason.String(), true
	case "environment":
		return x.environment, true
	case "endpoint":
		if x.endpoint != nil {
			return x.endpoint.Pattern, true
		}
		return "", true
	}
	return x.principalPlaceholder(key[len(prefix):])
}

func (x *exchange) principalPlaceholder(name string) (any, bool) {
	p := x.principal
	if p == nil {
		p = &nobody
	}
	switch name {
	case "token_id":
		return p.TokenID, true
	case "token_name":
		return p.TokenName, true
	case "token_kind":
		return p.Kind, true
	case "user":
		return p.User, true
	case "scopes":
		return p.Scopes.String(), true
	}
	return nil, false
}

var nobody tokens.Principal
