package module

import (
	"slices"
	"strings"

	"github.com/doorward/doorward/tokens"
)

// maxCredential bounds the Authorization value in bytes. A JWT with many groups stays well below.
const maxCredential = 16 << 10

// readCredential finds the one credential of the request. Two of them are refused even where both are good: which one
// would count differs from server to server. A request without any is let on to public endpoints only.
func (x *exchange) readCredential() bool {
	header := x.r.Header["Authorization"]
	query, ok := x.queryToken()
	found := query.name != ""
	switch {
	case !ok || len(header) > 1 || len(header) == 1 && found:
		return x.deny(reasonAmbiguousCredentials, "")
	case len(header) == 1:
		return x.readAuthorization(header[0])
	case found:
		return x.readQueryToken(query)
	}
	if e := x.h.table.Match(x.r.Method, x.endpointURI, &x.params); e != nil && e.Public {
		x.anonymous = true
		return true
	}
	return x.denyStranger(reasonNoCredential)
}

// readAuthorization splits "Scheme token" at exactly one space (RFC 9110 section 11.4). A comma would begin a second
// credential, which is ambiguous; anything else that does not fit is just not a credential.
func (x *exchange) readAuthorization(value string) bool {
	if strings.Contains(value, ",") {
		return x.deny(reasonAmbiguousCredentials, "")
	}
	name, text, found := strings.Cut(value, " ")
	scheme, known := tokens.ParseScheme(name)
	if !known && x.isLeftToEndpoint() {
		x.anonymous = true
		return true
	}
	if !found || !known || text == "" || len(value) > maxCredential || hasBlank(text) {
		return x.denyStranger(reasonBadCredential)
	}
	x.credential = tokens.Credential{Scheme: scheme, Text: text}
	return true
}

// hasBlank is strings.ContainsAny for two characters, which takes longer than the rest of reading a credential.
func hasBlank(text string) bool {
	return strings.IndexByte(text, ' ') >= 0 || strings.IndexByte(text, '\t') >= 0
}

// isLeftToEndpoint reports whether the row of the request checks credentials by itself that the gate does not know.
func (x *exchange) isLeftToEndpoint() bool {
	e := x.h.table.Match(x.r.Method, x.endpointURI, &x.params)
	return e != nil && e.OwnCredentials
}

// queryParameter is a token that a client put into the query.
type queryParameter struct{ name, text string }

// readQueryToken takes a token from the query where the operator allows it. It counts as an Api-Token.
func (x *exchange) readQueryToken(query queryParameter) bool {
	if !hasName(x.h.QueryTokens, query.name) || query.text == "" || len(query.text) > maxCredential {
		return x.denyStranger(reasonBadCredential)
	}
	x.credential = tokens.Credential{Scheme: tokens.APIToken, Text: query.text}
	return true
}

// defaultQueryTokens are the parameter names under which clients of the Dynatrace APIs send tokens. They always count as
// credentials, so that a token never passes for an ordinary parameter; a request that uses one is refused unless the
// operator allows that name: URLs end up in logs, histories and referrers.
var defaultQueryTokens = []string{"api-token"}

// queryToken finds the token among the query parameters; ok is false where there are several.
func (x *exchange) queryToken() (token queryParameter, ok bool) {
	if x.queryTokens == 0 {
		return queryParameter{}, true
	}
	// The names were read once already, by checkQuery, so a malformed query cannot get here.
	_ = queryNames(x.r.URL.RawQuery, func(name string) bool {
		if x.h.isQueryToken(name) {
			token.name = name
		}
		return true
	})
	if x.queryTokens == 1 {
		token.text = x.r.URL.Query().Get(token.name)
	}
	return token, x.queryTokens == 1
}

func (h *Handler) isQueryToken(name string) bool {
	return hasName(defaultQueryTokens, name) || hasName(h.QueryTokens, name)
}

// hasName compares as clients write: in any case.
func hasName(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// withoutQueryTokens is a raw query less the parameters that carry tokens, all others byte for byte as they came.
func (h *Handler) withoutQueryTokens(rawQuery string) string {
	kept := make([]string, 0, strings.Count(rawQuery, "&")+1)
	for pair := range strings.SplitSeq(rawQuery, "&") {
		isToken := false
		_ = queryNames(pair, func(name string) bool {
			isToken = isToken || h.isQueryToken(name)
			return true
		})
		if !isToken {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// verifyPrincipal asks who the credential stands for. A fault is never an answer: it ends in 503.
func (x *exchange) verifyPrincipal() bool {
	if x.anonymous {
		return true
	}
	x.changesSeen = x.h.gate.streams.changes.Load()
	principal, refusal, err := x.askWho()
	if err != nil {
		x.fault = err
		return x.deny(reasonFault, "")
	}
	if refusal != "" || principal == nil {
		x.refusal = refusal
		return x.denyStranger(reasonBadCredential)
	}
	x.principal = principal
	return x.identifyStaff()
}

// denyStranger refuses a request that nobody known has sent. Those without any credential count as well: to refuse them
// takes as long, and fills logs as fast.
//
// Whether the address has failed too often is not asked before this, so that a good credential costs nothing more, and
// passes from wherever it comes. The answer to one request too many says nothing about what came with it.
func (x *exchange) denyStranger(why reason) bool {
	if x.refusal == tokens.Throttled || !x.h.gate.failures.count(x.clientIP(), x.now) {
		why = reasonThrottled
	}
	return x.deny(why, "")
}

// askWho has the credential judged by those who know its kind: the trusted issuers, or the store.
func (x *exchange) askWho() (*tokens.Principal, tokens.Refusal, error) {
	if x.h.agents != (tokens.AgentKinds{}) {
		return x.askWhichAgent()
	}
	issuers := x.h.gate.issuers
	if !issuers.reads(x.credential) {
		return x.h.verifier.Verify(x.r.Context(), x.credential, x.environment, x.clientIP(), x.now)
	}
	found, refusal, err := issuers.verify(x.r.Context(), x.credential.Text, x.environment, x.clientIP(), x.now)
	if found != nil && found.issuer == issuers.own {
		refusal, err = x.admitOwn(found)
	}
	if found == nil || refusal != "" || err != nil {
		return nil, refusal, err
	}
	x.bearer = found
	return &found.principal, refusal, err
}

// matchEndpoint finds the row that the request falls under. It runs after the token was verified, so that strangers
// cannot find out which endpoints exist.
func (x *exchange) matchEndpoint() bool {
	x.endpoint = x.h.table.Match(x.r.Method, x.endpointURI, &x.params)
	switch {
	case x.endpoint == nil:
		return x.denyUncovered()
	case x.endpoint.Derived:
		return x.deny(reasonDerivedEndpoint, "")
	case x.isOwn() && !x.reachesAPI():
		return x.deny(reasonNoEndpoint, "")
	}
	return true
}
