package module_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/moduletest"
)

// A token in the query ends up in logs, histories and referrers. It is refused unless the operator allows it; where it
// is allowed it never reaches the upstream or the log; and it always counts as a credential, so that it cannot ride
// along beside another one.
func TestTokensInTheQuery(t *testing.T) {
	site := func(options string) string {
		return strings.Replace(plainSite, "\tdoorward\n", "\tlog\n\tdoorward {\n"+options+"\n}\n", 1)
	}
	g := moduletest.Start(t, site(""))
	_, token := g.MintScopes("metrics.read")
	tests := []struct {
		name, options, query, header string
		status                       int
		forwarded                    string
	}{
		{"refused", "", "api-token=" + token, "", http.StatusUnauthorized, ""},
		{"refused in any case", "", "Api-Token=" + token, "", http.StatusUnauthorized, ""},
		{"refused with an escaped name", "", "api%2Dtoken=" + token, "", http.StatusUnauthorized, ""},
		{"beside a header", "", "api-token=" + token, "Authorization: Api-Token " + token, http.StatusBadRequest, ""},
		{"allowed", "query_token api-token", "a=1&api-token=" + token + "&b=%20", "", http.StatusOK, "/api/v2/metrics/query?a=1&b=%20"},
		{"alone", "query_token api-token", "api-token=" + token, "", http.StatusOK, "/api/v2/metrics/query"},
		{"twice", "query_token api-token", "api-token=" + token + "&Api-Token=" + token, "", http.StatusBadRequest, ""},
		{"empty", "query_token api-token", "api-token=", "", http.StatusUnauthorized, ""},
		{"allowed and beside a header", "query_token api-token", "api-token=" + token, "Authorization: Api-Token " + token, http.StatusBadRequest, ""},
		{"own name", "query_token key", "key=" + token, "", http.StatusOK, "/api/v2/metrics/query"},
		{"the usual name is not listed", "query_token key", "api-token=" + token, "", http.StatusUnauthorized, ""},
		{"both names", "query_token key", "key=" + token + "&api-token=" + token, "", http.StatusBadRequest, ""},
		{"an old-format token", "query_token key", "key=abcdefjhij1234567890", "", http.StatusUnauthorized, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g.Load(site(test.options))
			var header []string
			if test.header != "" {
				header = append(header, test.header)
			}
			response, body := send(t, g, http.MethodGet, "/api/v2/metrics/query?"+test.query, header...)
			if response.StatusCode != test.status {
				t.Fatalf("status %d %s, want %d", response.StatusCode, body, test.status)
			}
			seen := g.Upstream.Seen()
			if test.forwarded == "" && len(seen) != 0 || test.forwarded != "" && (len(seen) != 1 || seen[0].RequestURI != test.forwarded) {
				t.Errorf("the upstream saw %v, want %q", seen, test.forwarded)
			}
		})
	}
	if !strings.Contains(g.Logs(), "handled request") {
		t.Error("there is no access log, so nothing is proven about it")
	}
	if logs := g.Logs(); strings.Contains(logs, strings.Split(token, ".")[2]) || strings.Contains(logs, "abcdefjhij1234567890") {
		t.Error("the log holds a secret")
	}
}
