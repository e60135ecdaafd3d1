package caddyfiles_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

// start runs an example as an operator does, with nothing but environment variables to change it.
func start(t *testing.T, name string) *moduletest.Gate {
	t.Helper()
	g := idle(t)
	g.Load(read(t, name))
	return g
}

// idle is a gate that serves nothing yet, with the environment variables of the examples set.
func idle(t *testing.T) *moduletest.Gate {
	t.Helper()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	g := moduletest.Start(t, "{\n\tadmin off\n\tpersist_config off\n}\n")
	_, port, _ := net.SplitHostPort(g.Addr)
	_, tlsPort, _ := net.SplitHostPort(g.TLSAddr)
	for name, value := range map[string]string{
		"ADMIN": "off", "BIND": "127.0.0.1", "PORT": port, "TLS_PORT": tlsPort, "DATA": g.Folder,
		"UPSTREAM": g.Upstream.Addr(), "STAGING": g.Upstream.Addr(),
	} {
		t.Setenv("DOORWARD_"+name, value)
	}
	return g
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// probe is one request, and what must come of it.
type probe struct {
	method, target string
	header         []string
	status         int
	body           string // contained in the answer's body; of an admitted request: "upstream"
}

func (p probe) run(t *testing.T, g *moduletest.Gate) *http.Response {
	t.Helper()
	host := "Host: api.test\r\n"
	if strings.HasPrefix(strings.Join(p.header, ""), "Host:") {
		host = ""
	}
	raw := g.Raw(p.method + " " + p.target + " HTTP/1.1\r\n" + host + "Connection: close\r\n" +
		strings.Join(append(p.header, "", ""), "\r\n"))
	response, body := moduletest.ParseResponse(t, p.method, raw)
	if response.StatusCode != p.status || !strings.Contains(body, p.body) {
		t.Errorf("%s %s: got %d %s, want %d with %q", p.method, p.target, response.StatusCode, body, p.status, p.body)
	}
	return response
}

func apiToken(text string) []string { return []string{"Authorization: Api-Token " + text} }
func bearer(text string) []string   { return []string{"Authorization: Bearer " + text} }

// last is the only request that the upstream got since the last look.
func last(t *testing.T, g *moduletest.Gate) moduletest.Request {
	t.Helper()
	seen := g.Upstream.Seen()
	if len(seen) != 1 {
		t.Fatalf("the upstream got %d requests, want 1", len(seen))
	}
	if _, sent := seen[0].Header["Authorization"]; sent {
		t.Error("the upstream got the credential")
	}
	return seen[0]
}

// TestFormat makes sure that `doorward fmt` leaves every example alone, and that the list of them is whole.
func TestFormat(t *testing.T) {
	files, err := filepath.Glob("*.Caddyfile")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	list := read(t, "README.md")
	for _, file := range files {
		text := read(t, file)
		if diff := cmp.Diff(text, string(caddyfile.Format([]byte(text)))); diff != "" {
			t.Errorf("`doorward fmt` changes %s (-is +formatted):\n%s", file, diff)
		}
		if !strings.Contains(list, "("+file+")") {
			t.Errorf("README.md does not list %s", file)
		}
	}
}

// TestDefaults loads no example but reads each without any variable set: what an operator gets who changes nothing.
func TestDefaults(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://doorward@db.example.com/doorward") // which has no default: see cluster.Caddyfile
	files, _ := filepath.Glob("*.Caddyfile")
	for _, file := range files {
		if _, err := adapt(read(t, file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestMinimal(t *testing.T) {
	g := start(t, "minimal.Caddyfile")
	id, text := g.MintScopes("metrics.read")
	probe{"GET", "/api/v2/metrics/query", apiToken(text), 200, "upstream"}.run(t, g)
	if got := last(t, g).Header.Get("X-Doorward-Token-Id"); got != id {
		t.Errorf("the upstream was told of token %q, want %q", got, id)
	}
	probe{"GET", "/api/v2/metrics/query", nil, 401, "Token Authentication failed"}.run(t, g)
	probe{"GET", "/api/v2/logs/search", apiToken(text), 403, "logs.read"}.run(t, g)
	// Whatever the Host header says, the gate is what answers.
	probe{"GET", "/api/v2/metrics/query", []string{"Host: somewhere.else"}, 401, "Token Authentication failed"}.run(t, g)
	if seen := g.Upstream.Seen(); len(seen) != 0 {
		t.Errorf("refused requests got through: %v", seen)
	}
}

func TestEnvironments(t *testing.T) {
	g := start(t, "environments.Caddyfile")
	_, production := g.MintScopes("metrics.read")
	_, staging := g.Mint("", tokens.Attributes{Environment: "staging", Scopes: []string{"metrics.read"}})
	const path = "/api/v2/metrics/query"
	probe{"GET", path, apiToken(production), 200, "upstream"}.run(t, g)
	if got := last(t, g).Header.Get("X-Doorward-Environment"); got != "production" {
		t.Errorf("environment %q, want production", got)
	}
	probe{"GET", "/e/staging" + path, apiToken(staging), 200, "upstream"}.run(t, g)
	if got := last(t, g); got.RequestURI != path || got.Header.Get("X-Doorward-Environment") != "staging" {
		t.Errorf("the upstream got %s for %q, want %s for staging", got.RequestURI, got.Header.Get("X-Doorward-Environment"), path)
	}
	byHost := append([]string{"Host: staging.localhost"}, apiToken(staging)...)
	probe{"GET", path, byHost, 200, "upstream"}.run(t, g)
	probe{"GET", "/e/production" + path, byHost, 400, ""}.run(t, g)
	probe{"GET", path, apiToken(staging), 401, ""}.run(t, g)
	probe{"GET", "/e/staging" + path, apiToken(production), 401, ""}.run(t, g)
}

func TestShop(t *testing.T) {
	g := start(t, "shop.Caddyfile")
	_, till := g.Mint("shop01", tokens.Attributes{Scopes: []string{"orders.read", "orders.write"}})
	_, boss := g.Mint("shop01", tokens.Attributes{Scopes: []string{"orders.admin", "prices.manage", "stock.read"}})
	for _, p := range []probe{
		{"GET", "/health", nil, 200, "upstream"},
		{"GET", "/me", bearer(till), 200, "upstream"},
		{"GET", "/orders/7", bearer(till), 200, "upstream"},
		{"POST", "/orders/7:cancel", bearer(till), 200, "upstream"},
		{"GET", "/stock/shelf/3", bearer(boss), 200, "upstream"},
		{"PUT", "/prices/7", bearer(boss), 200, "upstream"},
		{"DELETE", "/orders/7", bearer(boss), 200, "upstream"},

		{"GET", "/orders/7", apiToken(till), 401, ""}, // the kind of token is sent as Bearer only
		{"GET", "/stock/shelf/3", bearer(till), 403, "stock.read (Read stock)"},
		{"DELETE", "/orders/7", bearer(till), 403, "orders.admin"},       // replaced
		{"GET", "/orders/latest", bearer(till), 403, "No endpoint"},      // removed; {id} does not take over
		{"GET", "/api/v2/metrics", bearer(till), 403, "No endpoint"},     // the embedded catalogue is not loaded
		{"PATCH", "/orders/7", bearer(boss), 405, "method"},              // no row has the method
		{"POST", "/orders/7:refund", bearer(boss), 403, "No endpoint"},   // no row has the verb
		{"GET", "/orders//7", bearer(till), 400, "empty segment"},        // read in two ways
		{"GET", "/orders/7%2Fitems", bearer(till), 400, "encoded slash"}, // the row does not opt in
	} {
		p.run(t, g)
	}
}

func TestBrowser(t *testing.T) {
	g := start(t, "browser.Caddyfile")
	_, text := g.MintScopes("metrics.read")
	preflight := []string{"Origin: https://app.example.com", "Access-Control-Request-Method: GET"}
	response := probe{"OPTIONS", "/api/v2/logs/search", preflight, 204, ""}.run(t, g)
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":  "https://app.example.com",
		"Access-Control-Allow-Headers": "Authorization, Content-Type, X-Trace",
		"Access-Control-Allow-Methods": "GET, HEAD",
		"Access-Control-Max-Age":       "600",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if seen := g.Upstream.Seen(); len(seen) != 0 {
		t.Errorf("the preflight got through: %v", seen)
	}
	stranger := []string{"Origin: https://evil.example", "Access-Control-Request-Method: GET"}
	probe{"OPTIONS", "/api/v2/metrics/query", stranger, 401, "urn:doorward:problem:invalid_token"}.run(t, g)

	fromPage := append(apiToken(text), "Origin: http://localhost:3000")
	response = probe{"GET", "/api/v2/metrics/query", fromPage, 200, "upstream"}.run(t, g)
	if got := response.Header.Get("Access-Control-Allow-Origin"); got != "http://localhost:3000" {
		t.Errorf("the page may not read the answer: %q", got)
	}
	response = probe{"GET", "/api/v2/logs/search", fromPage, 403, `"scopes":["logs.read"]`}.run(t, g)
	if got := response.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type is %q", got)
	}
}

func TestOldClients(t *testing.T) {
	g := start(t, "oldclients.Caddyfile")
	_, text := g.MintScopes("metrics.read")
	const old = "abcdefghijklmnopqrstu"
	a := g.Administration()
	defer a.Close()
	_, err := a.Tokens.Import(t.Context(), "test", tokens.ImportRequest{
		Attributes: tokens.Attributes{Name: "old", Environment: a.Environment, Scopes: []string{"metrics.read"}},
		Text:       tokens.NewSecret(old),
	})
	if err != nil {
		t.Fatal(err)
	}
	const path = "/api/v2/metrics/query"
	for _, token := range []string{text, old} {
		probe{"GET", path + "?a=1&api-token=" + token + "&b=%20", nil, 200, "upstream"}.run(t, g)
		if got, want := last(t, g).RequestURI, path+"?a=1&b=%20"; got != want {
			t.Errorf("the upstream got %s, want %s", tokens.Mask(got), want)
		}
	}
	probe{"GET", path, apiToken(old), 200, "upstream"}.run(t, g)
	probe{"GET", path + "?api-token=" + text, apiToken(text), 400, "more than one credential"}.run(t, g)
	probe{"GET", path + "?api-token=abcdefghijklmnopqrstX", nil, 401, ""}.run(t, g)
}

func TestBehindProxy(t *testing.T) {
	g := idle(t)
	for _, test := range []struct{ proxies, wantProto, wantFor string }{
		{"127.0.0.1/32", "https", "192.0.2.7, 127.0.0.1"},
		{"192.0.2.1", "http", "127.0.0.1"},
	} {
		t.Setenv("DOORWARD_PROXIES", test.proxies)
		g.Load(read(t, "behindproxy.Caddyfile"))
		_, text := g.MintScopes("metrics.read")
		header := append(apiToken(text), "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https", "X-Real-IP: 192.0.2.7")
		probe{"GET", "/api/v2/metrics/query", header, 200, "upstream"}.run(t, g)
		got := last(t, g).Header
		if got.Get("X-Forwarded-Proto") != test.wantProto || got.Get("X-Forwarded-For") != test.wantFor {
			t.Errorf("trusting %s: the upstream was told %q from %q, want %q from %q", test.proxies,
				got.Get("X-Forwarded-Proto"), got.Get("X-Forwarded-For"), test.wantProto, test.wantFor)
		}
	}
	t.Setenv("DOORWARD_PROXIES", "0.0.0.0/0")
	err := g.TryLoad(read(t, "behindproxy.Caddyfile"))
	if err == nil || !strings.Contains(err.Error(), "trusts every client") {
		t.Errorf("trusting everybody: %v", err)
	}
}
