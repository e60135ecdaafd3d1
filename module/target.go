package module

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// readTarget settles what the request asks for: its method, host, environment and path. Everything after reads what
// was settled here, and the upstream gets it too.
func (x *exchange) readTarget() bool {
	if x.r.TLS != nil && !x.r.TLS.HandshakeComplete {
		// Early data can be replayed, and its client address is not yet proven (RFC 8470).
		return x.deny(reasonEarlyData, "")
	}
	if !x.checkFraming() {
		return false
	}
	host, ok := canonicalHost(x.r.Host)
	if !ok {
		return x.deny(reasonBadHost, "")
	}
	x.authority = canonicalAuthority(x.r.Host, host)
	path, err := canonicalise(x.r.URL)
	if err != nil {
		return x.deny(reasonBadPath, err.Error())
	}
	x.path = path
	if err := x.h.environments.resolve(x, host); err != nil {
		return x.deny(reasonBadPath, err.Error())
	}
	return x.checkMethod() && x.checkOddities() && x.checkQuery()
}

// checkFraming ends the connection after every HTTP/1.0 request, and refuses one that should say how long its body is
// and does not (RFC 1945 section 8.3). Go drops a Transfer-Encoding there without a trace and reads no body; a proxy in
// front that honours it would take for a body what would be the next request here.
func (x *exchange) checkFraming() bool {
	if x.r.ProtoAtLeast(1, 1) {
		return true
	}
	x.ResponseWriter.Header().Set("Connection", "close")
	switch x.r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodDelete:
		return true
	}
	return x.r.Header["Content-Length"] != nil || x.deny(reasonBadFraming, "")
}

// checkMethod refuses every method that no endpoint has: what nobody described, nobody can have meant to allow.
// Methods are case-sensitive (RFC 9110 section 9.1), so "get" is not GET.
func (x *exchange) checkMethod() bool {
	if x.h.methods[x.r.Method] {
		return true
	}
	x.ResponseWriter.Header().Set("Allow", x.h.allowedMethods)
	return x.deny(reasonMethod, "")
}

// checkOddities refuses characters on which servers disagree, unless the endpoint that the path names opts in.
func (x *exchange) checkOddities() bool {
	if x.path.odd == 0 {
		return true
	}
	e := x.h.table.Match(x.r.Method, x.endpointURI, &x.params)
	if e != nil && (x.path.odd&encodedSlash == 0 || x.params.SlashesAdmitted()) &&
		(x.path.odd&semicolon == 0 || e.Semicolon) && (x.path.odd&nonASCII == 0 || e.NonASCII) {
		return true
	}
	return x.deny(reasonBadPath, errPathNotAllowed.Error())
}

// checkQuery refuses a query that no two servers would read alike, and the one parameter that frameworks take for the
// method. It counts the tokens on the way, so that the names are read once.
func (x *exchange) checkQuery() bool {
	query := x.r.URL.RawQuery
	if query == "" {
		return true
	}
	if strings.ContainsRune(query, '#') {
		return x.deny(reasonBadQuery, "the query has a raw '#'")
	}
	override := false
	err := queryNames(query, func(name string) bool {
		override = len(name) == len("_method") && strings.EqualFold(name, "_method")
		if x.queryTokens < 2 && x.h.isQueryToken(name) {
			x.queryTokens++
		}
		return !override
	})
	if err != nil {
		return x.deny(reasonBadQuery, err.Error())
	}
	if override {
		return x.deny(reasonBadQuery, "the query parameter _method would change the method after the decision")
	}
	return true
}

// canonicalHost is the host of the effective authority: lower case, without port and without one trailing dot. An empty
// or malformed host (HTTP/1.0 without Host) is refused: the upstream would get another one than we decided on.
func canonicalHost(host string) (string, bool) {
	name := host
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.HasSuffix(name, "]") {
		if strings.Trim(name[i+1:], "0123456789") != "" || len(name)-i > len(":65535") {
			return "", false
		}
		name = name[:i]
	}
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > 255 || name[0] == '.' || strings.HasSuffix(name, ".") || strings.Contains(name, "..") {
		return "", false
	}
	if name[0] == '[' {
		_, err := netip.ParseAddr(strings.Trim(name, "[]"))
		return strings.ToLower(name), err == nil
	}
	for i := range len(name) {
		if !hostByte(name[i]) {
			return "", false
		}
	}
	return strings.ToLower(name), true
}

// canonicalAuthority is a canonical host with the port of the authority that it was read from. The upstream gets it: a
// server that compares names byte for byte must find the host that was decided on.
func canonicalAuthority(authority, host string) string {
	port := ""
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && i+1 < len(authority) && !strings.HasSuffix(authority, "]") {
		port = authority[i:]
	}
	if len(authority) == len(host)+len(port) && strings.HasPrefix(authority, host) {
		return authority // nearly always, and then without a copy
	}
	return host + port
}

func hostByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_'
}

// clientIP is the address of the client as Caddy determined it: behind proxies that the server trusts, the one that
// they forwarded; the peer's otherwise.
func (x *exchange) clientIP() string {
	ip, _ := caddyhttp.GetVar(x.r.Context(), caddyhttp.ClientIPVarKey).(string)
	return ip
}

// fromTrustedProxy reports whether the peer is one of the server's trusted_proxies.
func fromTrustedProxy(r *http.Request) bool {
	trusted, _ := caddyhttp.GetVar(r.Context(), caddyhttp.TrustedProxyVarKey).(bool)
	return trusted
}
