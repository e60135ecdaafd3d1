package module

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// IdentityHeaders are the names of the headers that tell the upstream who asks. Whatever a client sends under one of
// these names, in any spelling, is removed. An empty name means the default. `off` means that the upstream is not told;
// what a client sends under the default name is removed all the same.
type IdentityHeaders struct {
	// Owner of the token. Default: `X-Doorward-User`.
	User string `json:"user,omitempty"`
	// Identifier of the token, never its secret. Default: `X-Doorward-Token-Id`.
	TokenID string `json:"token_id,omitempty"`
	// Environment that the request is for. Default: `X-Doorward-Environment`.
	Environment string `json:"environment,omitempty"`
	// Scopes of the token, separated by spaces. Default: `X-Doorward-Scopes`.
	Scopes string `json:"scopes,omitempty"`
	// Identifier of the decision, as in the log. Default: `X-Doorward-Decision-Id`.
	DecisionID string `json:"decision_id,omitempty"`
}

// Places in the list of identity header names.
const (
	identityUser = iota
	identityTokenID
	identityEnvironment
	identityScopes
	identityDecisionID
	identityHeaderCount
)

var defaultIdentityHeaders = [identityHeaderCount]string{
	"X-Doorward-User", "X-Doorward-Token-Id", "X-Doorward-Environment", "X-Doorward-Scopes", "X-Doorward-Decision-Id",
}

// identityOff, for a name, is the word for a header that the upstream is not sent.
const identityOff = "off"

func (ih *IdentityHeaders) configured() [identityHeaderCount]string {
	if ih == nil {
		return [identityHeaderCount]string{}
	}
	return [identityHeaderCount]string{ih.User, ih.TokenID, ih.Environment, ih.Scopes, ih.DecisionID}
}

// told gives the names of those that the upstream is sent, empty for the others.
func (ih *IdentityHeaders) told(names [identityHeaderCount]string) [identityHeaderCount]string {
	for i, name := range ih.configured() {
		if name == identityOff {
			names[i] = ""
		}
	}
	return names
}

// names gives the canonical names, refusing those that are malformed, doubled or of use to HTTP itself.
func (ih *IdentityHeaders) names() ([identityHeaderCount]string, error) {
	names := defaultIdentityHeaders
	for i, name := range ih.configured() {
		if name == "" || name == identityOff {
			continue
		}
		if !isHeaderName(name) {
			return names, fmt.Errorf("identity header %q: expected letters, digits and '-'", name)
		}
		names[i] = http.CanonicalHeaderKey(name)
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return names, fmt.Errorf("identity header %q is used twice", name)
		}
		if !strings.HasPrefix(name, "X-") {
			return names, fmt.Errorf("identity header %q: expected a name that begins with X-", name)
		}
	}
	return names, nil
}

func isHeaderName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return name != ""
}

// fate is what happens to a header that a client sent.
type fate uint8

const (
	keep          fate = iota
	dropAlways         // identity headers, and those that would change what was decided
	dropUntrusted      // statements about the client that only a trusted proxy may make
	dropMalformed      // X-Forwarded-For: from a trusted proxy too, each element must be an address
	keepHandshake      // Connection and Upgrade, of which a WebSocket handshake is left
)

// The headers by which frameworks, servers and proxies let a client change the method or the path after the fact, and
// those by which a proxy vouches for the client's address, host or scheme.
var (
	overrideHeaders = []string{
		"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Method", "X-Original-Url",
		"X-Original-Uri", "X-Rewrite-Url", "X-Original-Host", "X-Override-Url", "Http2-Settings",
	}
	proxyHeaders = []string{
		"Forwarded", "X-Real-Ip", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Scheme",
		"X-Forwarded-Ssl", "X-Forwarded-Port", "X-Forwarded-Uri", "X-Forwarded-Path", "X-Forwarded-Prefix",
		"X-Forwarded-Method", "X-Forwarded-Server", "X-Forwarded-By", "X-Forwarded-User", "X-Forwarded-Email",
		"X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token",
		"X-Forwarded-Client-Cert", "X-Remote-User", "X-Remote-Addr", "X-Remote-Ip", "X-Host", "X-Url-Scheme",
		"X-Client-Ip", "X-Cluster-Client-Ip", "X-Originating-Ip", "True-Client-Ip", "Cf-Connecting-Ip",
		"Fastly-Client-Ip", "Front-End-Https",
	}
)

// headerFates maps canonical header names to what happens to them. Which letters names of a length begin and end with is
// kept apart, so that nearly every header of a request is passed over without hashing its name.
type headerFates struct {
	byName map[string]fate
	ends   [64]letterPair // by length; the last is for all longer names
}

// letterPair has a bit for each letter that some name begins and ends with, in either case.
type letterPair struct{ first, last uint32 }

func letter(c byte) uint32 { return 1 << (c & 31) }

func newHeaderFates(identity [identityHeaderCount]string) headerFates {
	f := headerFates{byName: map[string]fate{}}
	for _, name := range proxyHeaders {
		f.set(name, dropUntrusted)
	}
	f.set("X-Forwarded-For", dropMalformed)
	f.set("Connection", keepHandshake)
	f.set("Upgrade", keepHandshake)
	for _, name := range overrideHeaders {
		f.set(name, dropAlways)
	}
	for _, name := range identity {
		f.set(name, dropAlways)
	}
	return f
}

func (f *headerFates) set(name string, what fate) {
	f.byName[name] = what
	ends := &f.ends[min(len(name), len(f.ends)-1)]
	ends.first |= letter(name[0])
	ends.last |= letter(name[len(name)-1])
	if strings.HasSuffix(name, "-") { // an operator may choose such a name, and others may spell it
		ends.last |= letter('_') | letter('.')
	}
}

// mayKnow reports whether a name is of the length of one in the list, and begins and ends like one in some spelling.
func (f *headerFates) mayKnow(name string) bool {
	if name == "" {
		return false
	}
	ends := &f.ends[min(len(name), len(f.ends)-1)]
	return ends.first&letter(name[0]) != 0 && ends.last&letter(name[len(name)-1]) != 0
}

// of decides on a header name as the client spelled it. Servers that hand headers to programs as variables fold '-',
// '_' and '.' into one, so the spellings are one name to us too.
func (f *headerFates) of(name string) fate {
	if !f.mayKnow(name) {
		return keep
	}
	if isCanonicalName(name) {
		return f.byName[name]
	}
	what := f.byName[http.CanonicalHeaderKey(foldSeparators.Replace(name))]
	if what != keep {
		return dropAlways // an alias is never an honest proxy's spelling
	}
	return keep
}

// isCanonicalName reports whether a name is letters, digits and '-' in http.CanonicalHeaderKey's form, as nearly all are.
func isCanonicalName(name string) bool {
	first := true
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '-':
			first = true
			continue
		case c >= 'a' && c <= 'z':
			if first {
				return false
			}
		case c >= 'A' && c <= 'Z':
			if !first {
				return false
			}
		case c < '0' || c > '9':
			return false
		}
		first = false
	}
	return true
}

var foldSeparators = strings.NewReplacer("_", "-", ".", "-")

// cleanRequest removes what must not reach the upstream: the credential, headers that only we or a trusted proxy may
// set, and connection options that would take our own headers away again.
func (x *exchange) cleanRequest() {
	r, h := x.r, x.h
	x.h.environments.forwardedPath(x).apply(r.URL)
	r.Host = x.authority
	// Trailers pass every check of headers by, and servers are known to merge the two.
	r.Trailer = nil
	if !h.KeepCredential {
		if x.endpoint == nil || !x.endpoint.OwnCredentials || !x.anonymous {
			delete(r.Header, "Authorization")
		}
		if len(h.QueryTokens) > 0 && r.URL.RawQuery != "" {
			r.URL.RawQuery = h.withoutQueryTokens(r.URL.RawQuery)
		}
	}
	upgrades := false
	for name, values := range r.Header {
		switch h.fates.of(name) {
		case keep:
			continue
		case keepHandshake:
			upgrades = true
			continue
		case dropUntrusted:
			if fromTrustedProxy(r) {
				continue
			}
		case dropMalformed:
			if fromTrustedProxy(r) && allAddresses(values) {
				continue
			}
		}
		delete(r.Header, name)
	}
	if upgrades {
		x.rewriteConnection()
	}
}

// rewriteConnection leaves of Connection and Upgrade only a WebSocket handshake, and that only where the endpoint
// allows it. `reverse_proxy` deletes every header that Connection names, ours too, and passes on other upgrades (h2c)
// that would open a tunnel past the gate.
func (x *exchange) rewriteConnection() {
	header := x.r.Header
	websocket := x.endpoint != nil && x.endpoint.WebSocket && x.r.ProtoMajor == 1 &&
		len(header["Upgrade"]) == 1 && strings.EqualFold(header["Upgrade"][0], "websocket") &&
		hasToken(header["Connection"], "upgrade")
	delete(header, "Connection")
	delete(header, "Upgrade")
	if websocket {
		header["Connection"], header["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	}
}

func hasToken(values []string, token string) bool {
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// allAddresses reports whether every element of every X-Forwarded-For value is an IP address, as RFC 7239 section 7.4
// describes the header.
func allAddresses(values []string) bool {
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			if _, err := netip.ParseAddr(strings.TrimSpace(part)); err != nil {
				return false
			}
		}
	}
	return true
}

// setIdentity tells the upstream who asks.
func (x *exchange) setIdentity() {
	p := x.principal
	if p == nil {
		p = &nobody
	}
	for i, value := range [identityHeaderCount]string{p.User, p.TokenID, x.environment, p.Scopes.String(), x.id.inPlace()} {
		if name := x.h.identityTold[i]; name != "" && value != "" {
			x.set(x.r.Header, name, value)
		}
	}
}
