package module

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/rewrite"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
)

// upstreamModels are the ways in which servers turn a request target into the path that their own rules see.
var upstreamModels = map[string]func(target string) string{
	// Go's ServeMux decodes once and cleans.
	"ServeMux": func(target string) string { return path.Clean(decode(target)) },
	// nginx decodes once, merges slashes and then resolves dots.
	"nginx merge_slashes": func(target string) string { return resolve(decode(target)) },
	// Tomcat cuts every segment at its ';', then decodes, then resolves.
	"Tomcat": func(target string) string {
		segments := strings.Split(target, "/")
		for i, segment := range segments {
			segments[i], _, _ = strings.Cut(segment, ";")
		}
		return resolve(decode(strings.Join(segments, "/")))
	},
	// IIS takes a backslash for a slash, and ignores dots and blanks at the end of a segment and the case of letters.
	"IIS": func(target string) string {
		segments := strings.Split(strings.ReplaceAll(decode(target), `\`, "/"), "/")
		for i, segment := range segments {
			if trimmed := strings.TrimRight(segment, ". "); trimmed != "" {
				segments[i] = trimmed
			} else if strings.HasPrefix(segment, "..") {
				segments[i] = ".."
			} else {
				segments[i] = ""
			}
		}
		return resolve(strings.ToLower(strings.Join(segments, "/")))
	},
	// Express does not resolve anything, and ignores case.
	"Express": func(target string) string { return strings.ToLower(decode(target)) },
	// A proxy that decodes before a server that decodes.
	"decode twice": func(target string) string { return resolve(decode(decode(target))) },
}

// decode undoes percent-escapes; text that has a broken one is left as it is, as lenient servers do.
func decode(text string) string {
	decoded, err := url.PathUnescape(text)
	if err != nil {
		return text
	}
	return decoded
}

// resolve merges slashes and resolves dot segments.
func resolve(p string) string { return path.Clean("/" + p) }

// modelRows are the rows of the attack corpus without those that opt in to something: there a character of several
// readings is the operator's wish.
var modelRows = []EndpointRow{
	{Endpoint: "GET /public/{rest...}", Public: true},
	{Endpoint: "GET /admin/{rest...}", Scopes: []string{"admin"}},
	{Endpoint: "GET /api/v2/{rest...}", Scopes: []string{"read"}},
}

// modelHandler is a gate of these rows without a store, for a request to be decided in memory.
func modelHandler(t testing.TB, pathMode string) *Handler {
	t.Helper()
	h := &Handler{Endpoints: modelRows, Environment: &Environment{Path: pathMode}}
	for _, step := range []func(*App) error{h.buildTable, h.readEnvironments, h.readHeaders} {
		if err := step(&App{Environment: DefaultEnvironment}); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// decideFor takes a request through the stages that look at it, for a token with the scope "read" or for nobody, and
// gives the target that would be forwarded.
func decideFor(h *Handler, r *http.Request, withToken bool) (target string, allowed bool) {
	x := &exchange{h: h, r: r}
	x.ResponseWriter = httptest.NewRecorder()
	if !x.readTarget() || !x.matchEndpoint() {
		return "", false
	}
	x.principal = &tokens.Principal{}
	if withToken {
		x.principal.Scopes = scope.NewSet("read")
	}
	if !x.checkScopes() {
		return "", false
	}
	x.cleanRequest()
	return r.URL.EscapedPath(), true
}

// mayUse says whether a path, as a server reads it, is one that the token was let through for. The environment that may
// stand before it selects data, not a right.
func mayUse(p string, withToken, keepsEnvironment bool) bool {
	if keepsEnvironment && strings.HasPrefix(p, "/e/") {
		if i := strings.IndexByte(p[len("/e/"):], '/'); i > 0 {
			p = p[len("/e/")+i:]
		}
	}
	return strings.HasPrefix(p, "/public/") || p == "/public" || withToken && (strings.HasPrefix(p, "/api/v2/") || p == "/api/v2")
}

// Attack: the gate reads a path as one row and the server behind it as another, which is how nearly every gateway has
// been passed by once. Invariant: where the gate lets a request through, every model of a server finds the forwarded
// target within a row that the token may use.
func FuzzUpstreamModels(f *testing.F) {
	for _, seed := range []string{
		"/public/../admin/x", "/public/%2e%2e/admin/x", "/public/.%2E/admin", "/public/..%2fadmin/x", "//admin/users", "///admin",
		"/public//../admin", `/public\..\admin`, `/public/..\..\admin/x`, "/public/a%5c..%5c..%5cadmin/x", "/public%5c..%5cadmin", "/public/..;/admin", "/public/.;/../admin", "/admin;a=b/users",
		"/%c0%ae%c0%ae/admin", "/．．/admin", "/ADMİN", "/ADMIN/x", "/admin#/public", "/admin%23/public", "/admin?x=/public",
		"/admin%3fx=/public", "/api/v2x/secret", "/public-evil", "http://evil.test/admin", "http://a.test", "*", "admin/x",
		"/app%2f..%2fadmin", "/app../admin", "/public/%252e%252e/admin", "/public/x/.. /admin", "/public/..%20/admin", "/api/v2/a%23b",
		"/e/x/public/y", "/e/../admin/x", "/e/admin/public/x", "/e/x/e/y/admin", "/public/%25%32%65", "/api/v2/..%00/x", "/public/....//admin",
	} {
		f.Add(seed, true, true)
		f.Add(seed, false, false)
	}
	keep, strip := modelHandler(f, "keep"), modelHandler(f, "strip")
	f.Fuzz(func(t *testing.T, target string, withToken, keeps bool) {
		// Read as the server does, so that only what can arrive is tried.
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: a.test\r\n\r\n")))
		if err != nil {
			return
		}
		h := strip
		if keeps {
			h = keep
		}
		forwarded, allowed := decideFor(h, r, withToken)
		if allowed {
			checkModels(t, target, forwarded, withToken, keeps)
		}
	})
}

func checkModels(t interface{ Errorf(string, ...any) }, target, forwarded string, withToken, keeps bool) {
	for name, read := range upstreamModels {
		if p := read(forwarded); !mayUse(p, withToken, keeps) {
			t.Errorf("%q was let through as %q, which %s reads as %q", target, forwarded, name, p)
		}
	}
}

// Attack: a handler before the gate strips a prefix and changes only one of the two fields in which Go keeps a path
// (Traefik CVE-2026-40912). Invariant: after Caddy's own strip_prefix, what the gate decides on is still what goes over
// the wire.
func TestStrippedPathsStayInStep(t *testing.T) {
	h := modelHandler(t, "keep")
	part := rapid.SampledFrom([]string{"/", "app", "%61pp", "public", "admin", "api", "v2", "..", ".", "%2e", "%2f", "%2F", "//", ";", "%5c", "%23", "%20", "a"})
	rapid.Check(t, func(rt *rapid.T) {
		target := "/app" + strings.Join(rapid.SliceOfN(part, 1, 8).Draw(rt, "parts"), "")
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		r := &http.Request{Method: http.MethodGet, URL: u, Host: "a.test", Header: http.Header{}, ProtoMajor: 1, ProtoMinor: 1, RequestURI: target}
		(rewrite.Rewrite{StripPathPrefix: "/app"}).Rewrite(r, caddy.NewReplacer())
		forwarded, allowed := decideFor(h, r, true)
		if allowed {
			checkModels(rt, target, forwarded, true, true)
		}
	})
}
