package module_test

import (
	"strings"
	"testing"

	"github.com/doorward/doorward/module/moduletest"
)

// Attack: matchers or the order of handlers keep a request for the API away from it, and it goes to the upstream instead, for
// public rows without a credential. Fix: what has a row of the API is answered by the API or refused. Invariant: the upstream
// never sees a request whose row is the API's.
func TestAPI_NothingGoesPastIt(t *testing.T) {
	for name, test := range map[string]struct{ handlers, open, tokens string }{
		"behind the gate":    {"doorward\ndoorward_api\nreverse_proxy {UPSTREAM}", "200", "200"},
		"a matcher fits":     {"doorward\n@local remote_ip 127.0.0.1\ndoorward_api @local\nreverse_proxy {UPSTREAM}", "200", "200"},
		"a matcher does not": {"doorward\n@there remote_ip 192.0.2.0/24\ndoorward_api @there\nreverse_proxy {UPSTREAM}", "403", "403"},
		"after the proxy":    {"route {\ndoorward\nreverse_proxy {UPSTREAM}\ndoorward_api\n}", "200", "200"},
		"another handle comes first": {
			"doorward\nhandle /api/* {\nreverse_proxy {UPSTREAM}\n}\nhandle {\ndoorward_api\n}", "200", "403",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := moduletest.Start(t, "{\nadmin off\npersist_config off\ndefault_bind 127.0.0.1\ndoorward {\nstore sqlite {STORE}\n}\n}\n{SITE} {\n"+
				test.handlers+"\n}\n")
			_, token := g.MintScopes("apiTokens.read", "metrics.read")
			request := func(path, header string) string {
				return "GET " + path + " HTTP/1.1\r\nHost: a.test\r\n" + header + "Connection: close\r\n\r\n"
			}
			credential := "Authorization: Api-Token " + token + "\r\n"
			for path, want := range map[string]string{"/openapi.json": test.open, "/%6fpenapi.json": test.open} {
				if answer := g.Raw(request(path, "")); !strings.HasPrefix(answer, "HTTP/1.1 "+want) {
					t.Errorf("%s: %.60q, want %s", path, answer, want)
				}
			}
			if answer := g.Raw(request("/api/v2/apiTokens", credential)); !strings.HasPrefix(answer, "HTTP/1.1 "+test.tokens) {
				t.Errorf("tokens: %.60q, want %s", answer, test.tokens)
			}
			if seen := g.Upstream.Seen(); len(seen) != 0 {
				t.Errorf("the upstream saw %v", seen)
			}
		})
	}
}
