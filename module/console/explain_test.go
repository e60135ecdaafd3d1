package console_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/tokens"
)

// TestExplain: a request of a token that lacks a scope is explained stage by stage, with what would allow it, under an
// address that anybody can open again; with the scope it is let through.
func TestExplain(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/explain").Want(200).Has("Explain", "Nothing is sent or recorded").Lacks("What would allow it")
	id, _ := s.Mint("", tokens.Attributes{Name: "asked about", Scopes: []string{"logs.read"}})
	question := url.Values{"tokenId": {id}, "method": {"GET"}, "target": {"/api/v2/apiTokens?pageSize=10"}}
	here := s.Post("/explain", question).Location()
	if here != "/explain?method=GET&target=%2Fapi%2Fv2%2FapiTokens%3FpageSize%3D10&tokenId="+id {
		t.Errorf("leads to %s", here)
	}
	page := s.Get(here).Want(200).Has(
		"The request is refused", "scope, 403", "The client is told:", "Endpoint Passed", "Scopes Refused", "Policies Not asked",
		"Why", "The token holds: logs.read.", "What would allow it", "give the token one of: apiTokens.read")
	if to := page.Link("Address of this answer"); to != here {
		t.Errorf("the address is %s", to)
	}
	if form := page.Form("/explain"); form.Get("tokenId") != id || form.Get("target") != question.Get("target") || form.Get("method") != "GET" {
		t.Errorf("the form has %v", form)
	}
	for _, sign := range []string{"✓", "✗", "–"} { // not by colour alone
		if !slices.Contains(page.All("span"), sign) {
			t.Errorf("no sign %s", sign)
		}
	}
	s.Get("/explain?target=/nowhere&tokenId="+id).Want(200).Has("The request is refused", "no_endpoint", "Endpoint Refused", "Scopes Not asked")
}

// A decision that is none of these, and one that lets the request through, are told apart in words.
func TestExplainVerdicts(t *testing.T) {
	s := consoletest.Start(t)
	for decision, want := range map[string][]string{
		"allow": {"The request goes on", "Scopes Passed", "Policies Not asked"},
		"deny":  {"The request is refused", "Scopes Refused", "Endpoint Passed"},
		"fault": {"The request cannot be decided", "Scopes Could not be decided", "it is broken"},
	} {
		s.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"record": {"decision": "`+decision+`", "reason": "r", "fault": "it is broken", "cut": true, "token_id": "dt0c01.A", "user": "ann@example.com",
				"questions": [{"permission": "a:b:c", "verdict": "`+decision+`", "attributes": {"a:x": ["1", "2"]}, "missing": ["a:y"], "reasons": [
					{"policy": "p-1", "name": "<closed>", "level": "environment", "level_id": "prod", "effect": "DENY", "boundary": "fence", "note": "so it is", "line": 3, "column": 1}]}],
				"stages": [
				{"stage": "target", "ns": 1200}, {"stage": "endpoint", "ns": 1}, {"stage": "scopes", "ns": -1}]}}`)
		})
		page := s.Get("/explain?target=/x&user=ann@example.com").Want(200).Has(want...).Has("1.2µs", "something is left out", "Asked about a:x = 1, 2",
			"DENY of the policy <closed> (environment prod), line 3, column 1, under the boundary fence: so it is", "The request does not say a:y").Lacks("What would allow it")
		if page.Link("<closed>") != "/policies/environment:prod/p-1" || page.Link("The token") != "/tokens/dt0c01.A" || page.Link("The user ann@example.com") != "/users?q=ann%40example.com" {
			t.Errorf("the links are %v", page.Links())
		}
	}
}

// A user is asked about without a token: what policies say.
func TestExplainUser(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/explain?user=nobody@example.com&target=/api/v2/apiTokens").Want(200).
		Has("The request is refused", "Policies Refused", "What the policies were asked", "environment:roles:viewer", "Denied", "The token is made up", "make the user a member of a group")
}

// What is wrong with a question stands beside its field in the API's words.
func TestExplainViolations(t *testing.T) {
	s := consoletest.Start(t)
	s.Post("/explain", url.Values{"method": {"GET"}, "target": {"/x"}}).Want(303)
	s.Get("/explain?target=/x").Want(400).Has("Expected either tokenId or user.")
	s.Get("/explain?target=x&user=ann@example.com").Want(400).Has("Expected a path such as")
	s.Get("/explain?target=/x&user=ann@example.com&method=G-T").Want(400).Has("Expected a method such as GET.")
	s.Get("/explain?target=/x&user=ann@example.com&address=here").Want(400).Has("Expected an IP address.")
	s.Get("/explain?target=/x&tokenId=dt0c01." + strings.Repeat("A", 24)).Has("There is no such token")
	s.Post("/explain", url.Values{"target": {""}, "user": {"ann@example.com"}}).Want(400).Has("Expected a path such as")
	again := s.Post("/explain", url.Values{"target": {"/x"}, "user": {"ann@example.com"}, "headers": {"no colon"}}).Want(400).Has("Expected one header a line")
	if got := again.Form("/explain").Get("headers"); got != "no colon" {
		t.Errorf("the headers come back as %q", got)
	}
}

// Attack: a question with a secret in it, which a person pasted, gets into an address, and from there into the history of the
// browser and the logs of proxies; or it is repeated on the page. Fix: such a question is answered in place, and masked.
// Invariant: no answer leads to an address with it, and no page has it.
func TestExplainKeepsSecretsOutOfAddresses(t *testing.T) {
	s := consoletest.Start(t)
	_, text := s.Mint("", tokens.Attributes{Name: "leaky", Scopes: []string{"logs.read"}})
	for field, form := range map[string]url.Values{
		"tokenId":   {"tokenId": {text}, "target": {"/api/v2/metrics"}},
		"user":      {"user": {text}, "target": {"/api/v2/metrics"}},
		"target":    {"user": {"ann@example.com"}, "target": {"/api/v2/metrics?x=" + text}},
		"host":      {"user": {"ann@example.com"}, "target": {"/api/v2/metrics"}, "host": {text}},
		"headers":   {"user": {"ann@example.com"}, "target": {"/api/v2/metrics"}, "headers": {"X-Any: " + text}},
		"body":      {"user": {"ann@example.com"}, "target": {"/api/v2/metrics"}, "body": {text}},
		"authorize": {"user": {"ann@example.com"}, "target": {"/api/v2/metrics"}, "headers": {"Authorization: Api-Token x"}},
	} {
		page := s.Post("/explain", form)
		if page.Status != http.StatusBadRequest || strings.Contains(page.Body, text) || strings.Contains(page.Header.Get("Location"), text) {
			t.Errorf("%s: %d, with the secret: %t", field, page.Status, strings.Contains(page.Body, text))
		}
	}
	for _, field := range []string{"tokenId", "user", "target", "host"} {
		if to := s.Get("/explain?" + url.Values{field: {text}}.Encode()).Location(); strings.Contains(to, text) || !strings.HasSuffix(to, "done=secret") {
			t.Errorf("an address with a secret leads to %s", tokens.Mask(to))
		}
	}
	s.Get("/explain?done=secret").Has("known to others now: replace it")
	for name, form := range map[string]url.Values{
		"headers":   {"headers": {"X-Api-Key: hunter2\r\nAccept: text/plain"}},
		"body":      {"body": {`{"password": "hunter2"}`}},
		"parameter": {"target": {"/api/v2/metrics?x_secret=hunter2"}},
	} {
		form.Set("user", "ann@example.com")
		if !form.Has("target") {
			form.Set("target", "/api/v2/metrics")
		}
		page := s.Post("/explain", form).Want(200).Has("The request is refused")
		for to := range page.Links() {
			if strings.HasPrefix(to, "/explain?") {
				t.Errorf("%s: the answer has the address %s", name, to)
			}
		}
	}
}

// Hostile texts are inert and whole.
func TestHostileQuestions(t *testing.T) {
	s := consoletest.Start(t)
	for _, name := range slices.Concat(hostile, unnameable[:3]) {
		query := url.Values{"user": {name + "@example.com"}, "target": {"/api/v2/metrics?q=" + url.QueryEscape(name)}, "method": {"GET"}}
		page := s.Get("/explain?" + query.Encode())
		if page.Status != http.StatusOK && page.Status != http.StatusBadRequest {
			t.Errorf("%q: %d", name, page.Status)
		}
		if got := page.Form("/explain"); got.Get("user") != query.Get("user") || got.Get("target") != query.Get("target") {
			t.Errorf("%q comes back as %v", name, got)
		}
	}
}

// Who has no right is told which one is missing, beside what was asked.
func TestExplainWithoutTheRight(t *testing.T) {
	s := consoletest.Start(t)
	id, _ := s.Mint("", tokens.Attributes{Name: "asked about", Scopes: []string{"logs.read"}})
	s.SignIn(tokens.Attributes{Name: "reader", Scopes: []string{"apiTokens.read"}})
	s.Get("/explain").Want(200)
	page := s.Get("/explain?target=/x&tokenId=" + id).Want(403).Has("ServiceProviderAPI")
	if got := page.Form("/explain").Get("tokenId"); got != id {
		t.Errorf("the form has %q", got)
	}
}
