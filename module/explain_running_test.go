package module_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/decisionlog"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

// explainedByAPI asks a running gateway.
func explainedByAPI(t *testing.T, g *moduletest.Gate, admin, body string) (int, module.Explanation, string) {
	t.Helper()
	response, text := moduletest.ParseResponse(t, http.MethodPost, g.Raw(postJSON("/api/doorward/v1/explain", admin, body)))
	var explained module.Explanation
	if response.StatusCode == http.StatusOK {
		if err := json.Unmarshal([]byte(text), &explained); err != nil {
			t.Fatal(err)
		}
	}
	return response.StatusCode, explained, text
}

const explainedSite = `{
	admin off
	persist_config off
	default_bind 127.0.0.1
	doorward {
		store sqlite {STORE}
		endpoint GET /api/v2/own/{name} own.read
	}
}
{SITE} {
	doorward {
		errors problem
		environment {
			default other
		}
		remove_endpoint GET /api/v2/problems
		cors {
			origin https://app.example.com
		}
	}
	doorward_api
	reverse_proxy {UPSTREAM}
}
`

// Invariant: a running gateway explains a request as the command line does with its config, and so as it decides it. The
// handler that is rehearsed is made anew from the one that runs, whatever that has added to its config by then.
func TestExplainRunningAgreesWithExplain(t *testing.T) {
	g := moduletest.Start(t, explainedSite)
	_, admin := g.Mint("", tokens.Attributes{Environment: "other", Scopes: []string{"ServiceProviderAPI", "apiTokens.read"}, Cluster: true, AllowUncreatable: true})
	reader, _ := g.Mint("", tokens.Attributes{Environment: "other", Scopes: []string{"metrics.read"}})
	for _, test := range []struct{ method, target, header, value string }{
		{"GET", "/api/v2/metrics", "", ""},
		{"GET", "/e/default/api/v2/metrics", "", ""},
		{"GET", "/api/v2/problems", "", ""},
		{"GET", "/api/v2/own/a", "", ""},
		{"GET", "/api/doorward/v1/health", "", ""},
		{"OPTIONS", "/api/v2/metrics", "Origin", "https://app.example.com"},
		{"GET", "/api/v2//metrics", "", ""},
		{"GET", "/nothing", "", ""},
	} {
		body := map[string]any{"tokenId": reader, "method": test.method, "target": test.target}
		request := module.ExplainRequest{TokenID: reader, Method: test.method, Target: test.target, Header: http.Header{}}
		if test.header != "" {
			body["headers"] = map[string]string{test.header: test.value}
			request.Header.Set(test.header, test.value)
		}
		text, _ := json.Marshal(body)
		status, got, answer := explainedByAPI(t, g, admin, string(text))
		if status != http.StatusOK {
			t.Errorf("%s %s: %d %s", test.method, test.target, status, answer)
			continue
		}
		want, err := module.Explain(t.Context(), module.AdministrationOptions{Config: g.Config, Store: storeOf(g).Store}, request)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(decisionlog.Record{}, "Time"), cmpopts.IgnoreFields(decisionlog.Stage{}, "Took")); diff != "" {
			t.Errorf("%s %s (-command +gateway):\n%s", test.method, test.target, diff)
		}
	}
}

// Attack: a secret is pasted where an identifier or a request belongs, and comes back in an answer, or stands in a log. Fix: what holds one is
// refused before anything is made of it. Invariant: no answer repeats a secret, whichever part of the request it was in.
func TestExplainRunningTakesNoSecret(t *testing.T) {
	g := moduletest.Start(t, explainedSite)
	_, admin := g.Mint("", tokens.Attributes{Environment: "other", Scopes: []string{"ServiceProviderAPI", "apiTokens.read"}, Cluster: true, AllowUncreatable: true})
	reader, secret := g.Mint("", tokens.Attributes{Environment: "other", Scopes: []string{"metrics.read"}})
	for part, value := range map[string]any{
		"tokenId": secret, "user": secret, "method": secret, "target": "/a?b=" + secret, "host": secret, "body": secret, "address": secret,
		"environment": secret, "headers": map[string]string{"X-Any": secret},
	} {
		body := map[string]any{"tokenId": reader, "method": "GET", "target": "/api/v2/metrics"}
		if part == "user" {
			delete(body, "tokenId")
		}
		body[part] = value
		text, _ := json.Marshal(body)
		status, _, answer := explainedByAPI(t, g, admin, string(text))
		if status != http.StatusBadRequest || strings.Contains(answer, secret[len(secret)-40:]) {
			t.Errorf("%s: %d", part, status)
		}
	}
	for _, name := range []string{"Authorization", "proxy-authorization", "Cookie"} {
		text, _ := json.Marshal(map[string]any{"tokenId": reader, "method": "GET", "target": "/", "headers": map[string]string{name: "x"}})
		if status, _, _ := explainedByAPI(t, g, admin, string(text)); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
}

// TestExplainRunningPicksTheSite: on a listener of its own the API explains what the gate would do, and not its own listener; with several
// gates, the request has to say which it is for, by a host as a client would.
func TestExplainRunningPicksTheSite(t *testing.T) {
	const begins = "{\nadmin off\npersist_config off\ndefault_bind 127.0.0.1\ndoorward {\nstore sqlite {STORE}\n}\n}\nhttp://a.test:{PORT} {\ndoorward_api\n}\n" +
		"http://gate.test:{PORT} {\ndoorward {\nendpoint GET /own own.read\n}\nreverse_proxy {UPSTREAM}\n}\n"
	g := moduletest.Start(t, begins)
	_, admin := g.Mint("", tokens.Attributes{Scopes: []string{"ServiceProviderAPI", "apiTokens.read"}, Cluster: true, AllowUncreatable: true})
	reader, _ := g.MintScopes("metrics.read")
	for _, test := range []struct {
		host, target, want string
		status             int
	}{
		{"", "/own", "scope", 200},
		{"gate.test", "/api/v2/metrics", "allowed", 200},
		{"", "/openapi.json", "no_endpoint", 200}, // the API is not on that site
		{"elsewhere.test", "/own", "", 400},
	} {
		text, _ := json.Marshal(map[string]any{"tokenId": reader, "method": "GET", "target": test.target, "host": test.host})
		status, explained, answer := explainedByAPI(t, g, admin, string(text))
		if status != test.status || explained.Record.Reason != test.want {
			t.Errorf("%q %s: %d %s", test.host, test.target, status, answer)
		}
	}
	g.Load(begins + "http://*.more.test:{PORT} {\nroute {\ndoorward {\nenvironment {\ndefault other\n}\n}\nreverse_proxy {UPSTREAM}\n}\n}\n")
	for host, want := range map[string]string{"": "", "gate.test": "allowed", "b.more.test": "bad_credential"} {
		text, _ := json.Marshal(map[string]any{"tokenId": reader, "method": "GET", "target": "/api/v2/metrics", "host": host})
		status, explained, answer := explainedByAPI(t, g, admin, string(text))
		if explained.Record.Reason != want || (host == "") != (status == http.StatusBadRequest) {
			t.Errorf("%q: %d %s", host, status, answer)
		}
	}
}
