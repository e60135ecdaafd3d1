package module_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

const plainSite = `
{
	admin off
	default_bind 127.0.0.1
	auto_https off
	log {
		output file {LOG}
		format doorward json
		level DEBUG
	}
	doorward {
		store sqlite {STORE}
	}
}
{SITE} {
	doorward
	reverse_proxy {UPSTREAM}
}
`

// send makes a request with a client that does not clean the path.
func send(t *testing.T, g *moduletest.Gate, method, target string, header ...string) (*http.Response, string) {
	t.Helper()
	text := method + " " + target + " HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n"
	for _, line := range header {
		text += line + "\r\n"
	}
	return moduletest.ParseResponse(t, method, g.Raw(text+"\r\n"))
}

func TestServe(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	id, reader := g.MintScopes("metrics.read")
	_, other := g.MintScopes("logs.read")
	_, elsewhere := g.Mint("", tokens.Attributes{Environment: "elsewhere", Scopes: []string{"metrics.read"}})
	const unauthorized = `{"error":{"code":401,"message":"Token Authentication failed"}}`
	tests := []struct {
		name, method, target, authorization string
		status                              int
		body                                string
	}{
		{"admitted", "GET", "/api/v2/metrics/query", "Api-Token " + reader, 200, "upstream"},
		{"scheme in any case", "GET", "/api/v2/metrics/query", "api-TOKEN " + reader, 200, "upstream"},
		{"HEAD is decided as GET", "HEAD", "/api/v2/metrics/query", "Api-Token " + reader, 200, ""},
		{"environment in the path", "GET", "/e/elsewhere/api/v2/metrics/query", "Api-Token " + elsewhere, 200, "upstream"},
		{"public", "GET", "/api/v1/time", "", 200, "upstream"},
		{"no credential", "GET", "/api/v2/metrics/query", "", 401, unauthorized},
		{"wrong secret", "GET", "/api/v2/metrics/query", "Api-Token " + reader[:40] + other[40:], 401, unauthorized},
		{"other environment", "GET", "/api/v2/metrics/query", "Api-Token " + elsewhere, 401, unauthorized},
		{"wrong scheme", "GET", "/api/v2/metrics/query", "Bearer " + reader, 401, unauthorized},
		{"basic", "GET", "/api/v2/metrics/query", "Basic YTpi", 401, unauthorized},
		{"two spaces", "GET", "/api/v2/metrics/query", "Api-Token  " + reader, 401, unauthorized},
		{"a bad credential on a public endpoint", "GET", "/api/v1/time", "Api-Token x", 401, unauthorized},
		{"scope missing", "GET", "/api/v2/metrics/query", "Api-Token " + other, 403,
			`{"error":{"code":403,"message":"Token is missing required scope. Use one of: metrics.read (Read metrics)"}}`},
		{"unknown endpoint", "GET", "/api/v2/nothing", "Api-Token " + reader, 403,
			`{"error":{"code":403,"message":"No endpoint of this gateway covers the request"}}`},
		{"OPTIONS is no way in", "OPTIONS", "/api/v2/metrics/query", "Api-Token " + reader, 403,
			`{"error":{"code":403,"message":"No endpoint of this gateway covers the request"}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var header []string
			if test.authorization != "" {
				header = append(header, "Authorization: "+test.authorization)
			}
			response, body := send(t, g, test.method, test.target, header...)
			if response.StatusCode != test.status || body != test.body {
				t.Errorf("got %d %s, want %d %s", response.StatusCode, body, test.status, test.body)
			}
			for _, seen := range g.Upstream.Seen() {
				if test.status != 200 {
					t.Errorf("the upstream saw %s %s", seen.Method, seen.RequestURI)
				}
				if seen.Header.Get("Authorization") != "" {
					t.Error("the upstream saw the credential")
				}
			}
		})
	}
	if logs := g.Logs(); strings.Contains(logs, strings.Split(reader, ".")[2]) || !strings.Contains(logs, id) {
		t.Error("the log should name the token by its identifier and never hold its secret")
	}
}
