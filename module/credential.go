package module

import (
	"strings"

	"github.com/doorward/doorward/tokens"
)

// maxCredential bounds the Authorization value in bytes. A JWT with many groups stays well below.
const maxCredential = 16 << 10

// readCredential finds the one credential of the request. Two of them are refused even where both are good: which one
// would count differs from server to server. A request without any is let on to public endpoints only.
func (x *exchange) readCredential() bool {
	header := x.r.Header["Authorization"]
	query, found, ok := x.queryToken()
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
	return x.deny(reasonNoCredential, "")
}

// readAuthorization splits "Scheme token" at exactly one space (RFC 9110 section 11.4). A comma would begin a second
// credential, which is ambiguous; anything else that does not fit is just not a credential.
func (x *exchange) readAuthorization(value string) bool {
	if strings.Contains(value, ",") {
		return x.deny(reasonAmbiguousCredentials, "")
	}
	name, text, found := strings.Cut(value, " ")
	scheme, known := tokens.ParseScheme(name)
	if !found || !known || text == "" || len(value) > maxCredential || strings.ContainsAny(text, " \t") {
		return x.deny(reasonBadCredential, "")
	}
	x.credential = tokens.Credential{Scheme: scheme, Text: text}
	return true
}

// readQueryToken takes a token from the query where the operator allows it. It counts as an Api-Token.
func (x *exchange) readQueryToken(text string) bool {
	if len(x.h.QueryTokens) == 0 || text == "" || len(text) > maxCredential {
		return x.deny(reasonBadCredential, "")
	}
	x.credential = tokens.Credential{Scheme: tokens.APIToken, Text: text}
	return true
}

// defaultQueryTokens are the parameter names under which clients of the Dynatrace APIs send tokens. A request that uses
// one is refused unless the operator allows tokens in the query: URLs end up in logs, histories and referrers.
var defaultQueryTokens = []string{"api-token"}

// queryToken finds a token among the query parameters; ok is false where there are several.
func (x *exchange) queryToken() (text string, found, ok bool) {
	if x.r.URL.RawQuery == "" {
		return "", false, true
	}
	count := 0
	// The names were read once already, so a malformed query cannot get here.
	_ = queryNames(x.r.URL.RawQuery, func(name string) bool {
		if x.h.isQueryToken(name) {
			count++
		}
		return true
	})
	if count == 0 {
		return "", false, true
	}
	for name, values := range x.r.URL.Query() {
		if x.h.isQueryToken(name) && len(values) > 0 {
			text = values[0]
		}
	}
	return text, true, count == 1
}

func (h *Handler) isQueryToken(name string) bool {
	names := h.QueryTokens
	if len(names) == 0 {
		names = defaultQueryTokens
	}
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
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
	principal, refusal, err := x.h.verifier.Verify(x.r.Context(), x.credential, x.environment, x.clientIP(), x.now)
	if err != nil {
		x.fault = err
		return x.deny(reasonFault, "")
	}
	if refusal != "" || principal == nil {
		x.refusal = refusal
		return x.deny(reasonBadCredential, "")
	}
	x.principal = principal
	return true
}

// matchEndpoint finds the row that the request falls under. It runs after the token was verified, so that strangers
// cannot find out which endpoints exist.
func (x *exchange) matchEndpoint() bool {
	x.endpoint = x.h.table.Match(x.r.Method, x.endpointURI, &x.params)
	switch {
	case x.endpoint == nil:
		return x.deny(reasonNoEndpoint, "")
	case x.endpoint.Derived:
		return x.deny(reasonDerivedEndpoint, "")
	}
	return true
}
