package module_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// storeOf names the store of a running gate, for those who come beside it.
func storeOf(g *moduletest.Gate) module.AdministrationOptions {
	return module.AdministrationOptions{Store: "sqlite:" + filepath.Join(g.Folder, "doorward.db")}
}

func explain(t *testing.T, g *moduletest.Gate, r module.ExplainRequest) module.Explanation {
	t.Helper()
	explained, err := module.Explain(t.Context(), storeOf(g), r)
	if err != nil {
		t.Fatal(err)
	}
	return explained
}

// Invariant: a request is explained as it is decided. Every request here goes through a running gate and through Explain,
// under the token's identifier and under its text, and all three say the same.
func TestExplainAgreesWithTheGate(t *testing.T) {
	g := moduletest.Start(t, recording("sample 1"))
	o := newOffice(t, g)
	o.bind(o.policy("closed", `DENY settings:objects:read WHERE settings:schemaId = "builtin:secret";`), "Sales")
	o.bind(builtIn(t, "Settings Reader"), "Sales")
	scopes := []string{"settings.read", "settings.write"}
	texts := map[string]string{}
	mint := func(prefix string, a tokens.Attributes) string {
		id, text := g.Mint(prefix, a)
		texts[id] = text
		return id
	}
	sales := mint("", tokens.Attributes{Owner: "sales@example.com", Personal: true, Scopes: scopes})
	reader := mint("", tokens.Attributes{Scopes: []string{"metrics.read"}})
	elsewhere := mint("", tokens.Attributes{Environment: "elsewhere", Scopes: scopes})
	platform := mint("dt0s16", tokens.Attributes{Owner: "sales@example.com", Scopes: []string{"settings:objects:read"}})
	off := mint("", tokens.Attributes{Scopes: scopes})
	g.Disable(off)
	const objects = "/api/v2/settings/objects"
	answersWith(t, http.StatusOK, func() (*http.Response, string) { // the policies have arrived
		return send(t, g, http.MethodGet, objects+"?schemaIds=builtin:a", "Authorization: Api-Token "+texts[sales])
	})
	for _, test := range []struct{ id, method, target, body string }{
		{sales, "GET", objects + "?schemaIds=builtin:a", ""},
		{sales, "GET", objects + "?schemaIds=builtin:a,builtin:secret", ""},
		{sales, "GET", objects, ""},
		{sales, "POST", objects, `[{"schemaId":"builtin:a","scope":"environment","value":{}}]`},
		{sales, "POST", objects, `[{"schemaId":`},
		{sales, "GET", "/api/v2/metrics/query", ""},
		{platform, "GET", objects + "?schemaIds=builtin:a", ""},
		{platform, "GET", objects + "?schemaIds=builtin:secret", ""},
		{reader, "GET", "/api/v2/metrics/query", ""},
		{reader, "HEAD", "/api/v2/metrics/query", ""},
		{reader, "GET", objects, ""},
		{reader, "GET", "/api/v2/nothing", ""},
		{reader, "GET", "/api/v2//metrics", ""},
		{reader, "GET", "/api/v2/metrics/query?_method=PUT", ""},
		{reader, "PROPFIND", "/api/v2/metrics/query", ""},
		{elsewhere, "GET", objects, ""},
		{elsewhere, "GET", "/e/elsewhere" + objects, ""},
		{off, "GET", objects, ""},
	} {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			token := texts[test.id]
			response, _ := moduletest.ParseResponse(t, test.method, g.Raw(strings.Replace(postJSON(test.target, token, test.body), "POST", test.method, 1)))
			r := module.ExplainRequest{Method: test.method, Target: test.target, TokenID: test.id}
			if test.body != "" {
				r.Body = []byte(test.body)
			}
			byID := explain(t, g, r)
			r.TokenID, r.Token = "", tokens.NewSecret(token)
			byText := explain(t, g, r)
			for _, explained := range []module.Explanation{byID, byText} {
				status := explained.Record.Status
				if explained.Record.Decision == "allow" {
					status = http.StatusOK
				}
				if status != response.StatusCode {
					t.Errorf("explained as %d (%s), answered with %d", status, explained.Record.Reason, response.StatusCode)
				}
				if text, _ := json.Marshal(explained); strings.Contains(string(text), token[len(token)-40:]) {
					t.Error("an explanation holds the secret")
				}
			}
			if byID.Record.Reason != byText.Record.Reason {
				t.Errorf("by identifier %s, by text %s", byID.Record.Reason, byText.Record.Reason)
			}
		})
	}
	if seen := g.Upstream.Seen(); slices.ContainsFunc(seen, func(r moduletest.Request) bool { return r.Method == "PROPFIND" }) {
		t.Error("an explanation was sent")
	}
}

// Attack: a token stands in the path, where some APIs want it, and its explanation goes into a ticket. Invariant: no part
// of an explanation repeats a secret.
func TestExplainMasks(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	id, text := g.MintScopes("metrics.read")
	for _, target := range []string{"/api/v2/tokens/" + text, "/api/v2/metrics/" + text + "/x?" + text + "=" + text} {
		explained := explain(t, g, module.ExplainRequest{
			Method: "GET", Target: target, TokenID: id, Header: http.Header{"X-Token": {text}},
		})
		said, err := json.Marshal(explained)
		if err != nil || strings.Contains(string(said), text[len(text)-40:]) || !strings.Contains(string(said), id) {
			t.Errorf("%v: %s", err, said)
		}
	}
}

// Explaining leaves no trace: the token does not count as used, and nothing is recorded.
func TestExplainLeavesNoTrace(t *testing.T) {
	g := moduletest.Start(t, recording("sample 1"))
	id, text := g.MintScopes("metrics.read")
	for _, r := range []module.ExplainRequest{{TokenID: id}, {Token: tokens.NewSecret(text)}, {User: "alice@example.com"}} {
		r.Method, r.Target = "GET", "/api/v2/metrics/query"
		explain(t, g, r)
	}
	a := g.Administration()
	defer func() { _ = a.Close() }()
	record, err := a.Tokens.Show(t.Context(), id)
	if err != nil || !record.LastUsed.IsZero() {
		t.Errorf("last used %v, %v", record.LastUsed, err)
	}
	response, _ := send(t, g, "GET", "/api/v2/metrics/query", "Authorization: Api-Token "+text)
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d: the token should still have its own secret", response.StatusCode)
	}
	if n := len(recorded(t, g)); n != 1 {
		t.Errorf("%d records, want the one of the request that was sent", n)
	}
}

func TestExplainNamesTheChange(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	o := newOffice(t, g)
	narrow := `ALLOW settings:objects:read WHERE settings:schemaId IN ("builtin:a", "builtin:b") AND global:environmentId = "default";`
	o.bind(o.policy("narrow", narrow), "Sales")
	o.bind(o.policy("closed", "\n  DENY settings:objects:read WHERE settings:schemaId = \"builtin:secret\" AND settings:scope = \"environment\";"), "IT")
	o.bind(builtIn(t, "Settings Reader"), "IT")
	_, err := o.Policies.CreateUser(t.Context(), "test", o.Account, pap.UserAttributes{Email: "idle@example.com"})
	o.check(err)
	reader, _ := g.MintScopes("metrics.read")
	expired, _ := g.Mint("", tokens.Attributes{Scopes: []string{"metrics.read"}, Expires: time.Now().Add(time.Hour)})
	const objects = "/api/v2/settings/objects"
	for _, test := range []struct {
		name    string
		request module.ExplainRequest
		reason  string
		why     string // contained in one of the sentences
		change  string
	}{
		{"let through", module.ExplainRequest{User: "sales@example.com", Target: objects + "?schemaIds=builtin:b"}, "allowed", "made up", ""},
		{
			"condition", module.ExplainRequest{User: "sales@example.com", Target: objects + "?schemaIds=builtin:c"}, "policy",
			`Its condition ` + "`" + `settings:schemaId IN ("builtin:a", "builtin:b")` + "`" + ` does not hold: the request says "builtin:c".`,
			`widen those conditions to settings:schemaId "builtin:c", or bind a further policy that allows it`,
		},
		{
			"not said", module.ExplainRequest{User: "sales@example.com", Target: objects}, "policy",
			"does not hold: the request does not say it", "say settings:schemaId in the request",
		},
		{
			"another environment", module.ExplainRequest{User: "sales@example.com", Target: objects + "?schemaIds=builtin:a", Environment: "prod"},
			"policy", "does not hold: the request is made by this user, here and now", "bind a further policy",
		},
		{
			"no statement", module.ExplainRequest{User: "sales@example.com", Method: "POST", Target: objects, Body: []byte(`[{"schemaId":"builtin:a","scope":"environment"}]`)},
			"policy", "No statement that is bound to the groups of the user is about settings:objects:write.", `bind the built-in policy "Settings Writer" to a group of the user`,
		},
		{
			"deny", module.ExplainRequest{User: "it@example.com", Target: objects + "?schemaIds=builtin:secret&scopes=environment"}, "policy",
			`settings:objects:read is refused by the DENY of the policy "closed" (account default), line 2, column 3.`, "out of the DENY",
		},
		{
			"deny for want of an attribute", module.ExplainRequest{User: "it@example.com", Target: objects + "?schemaIds=builtin:secret"}, "policy",
			"A DENY also holds where the request does not say", "say settings:scope in the request",
		},
		{"no groups", module.ExplainRequest{User: "idle@example.com", Target: objects}, "policy", "is in no group", "make the user a member"},
		{"nobody", module.ExplainRequest{User: "nobody@example.com", Target: objects}, "policy", "is in no group", "make the user a member"},
		{"scope", module.ExplainRequest{TokenID: reader, Target: objects}, "scope", "The token holds: metrics.read.", "give the token one of: settings.read"},
		{"near row", module.ExplainRequest{TokenID: reader, Target: "/api/v2/metric/query"}, "no_endpoint", "No row covers the path.", "ask for GET /api/v2/metrics/query"},
		{"method of a path", module.ExplainRequest{TokenID: reader, Method: "PUT", Target: "/api/v2/metrics/query"}, "no_endpoint", "No row has the method PUT", "use one of DELETE, GET, HEAD"},
		{"method", module.ExplainRequest{TokenID: reader, Method: "BREW", Target: "/"}, "method", "No row of any path", "use one of DELETE, GET"},
		{"environment", module.ExplainRequest{TokenID: reader, Target: "/e/prod/api/v2/metrics/query"}, "bad_credential", "for the environment prod", "/e/{environment}"},
		{
			"expired", module.ExplainRequest{TokenID: expired, Target: "/api/v2/metrics/query", Now: func() time.Time { return time.Now().Add(2 * time.Hour) }},
			"bad_credential", "has expired", "make another token",
		},
		{"wrong secret", module.ExplainRequest{Token: tokens.NewSecret(reader + "." + strings.Repeat("A", 64)), Target: "/"}, "bad_credential", "its secret is another", "whole text"},
		{"no token", module.ExplainRequest{Token: tokens.NewSecret("a.b.c"), Target: "/"}, "bad_credential", "no token that the gate can read", "whole text"},
		{"personal", module.ExplainRequest{User: "it@example.com", Target: "/api/v2/metrics/query"}, "personal_token", "takes no personal tokens", "not personal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.request.Method == "" {
				test.request.Method = "GET"
			}
			got := explain(t, g, test.request)
			if got.Record.Reason != test.reason {
				t.Errorf("reason %s, want %s", got.Record.Reason, test.reason)
			}
			contains := func(part string) func(string) bool {
				return func(s string) bool { return strings.Contains(s, part) }
			}
			if !slices.ContainsFunc(got.Why, contains(test.why)) {
				t.Errorf("why: nothing says %q:\n%s", test.why, strings.Join(got.Why, "\n"))
			}
			if test.change == "" && len(got.Changes) > 0 || test.change != "" && !slices.ContainsFunc(got.Changes, contains(test.change)) {
				t.Errorf("changes: nothing says %q:\n%s", test.change, strings.Join(got.Changes, "\n"))
			}
		})
	}
}

func TestExplainDerived(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	catalog, err := endpoint.Embedded("dynatrace")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(catalog.Endpoints, func(e endpoint.Endpoint) bool {
		return e.Derived && !strings.Contains(e.Template, "{") && strings.HasPrefix(e.Template, "/api/")
	})
	row := catalog.Endpoints[i]
	got := explain(t, g, module.ExplainRequest{User: "it@example.com", Method: row.Method, Target: row.Template})
	if want := []string{"allow the row: `allow_derived " + row.Method + " " + row.Template + "`"}; got.Record.Reason != "derived_endpoint" || cmp.Diff(want, got.Changes) != "" {
		t.Errorf("got %s, %v", got.Record.Reason, got.Changes)
	}
}

// TestExplainSites has two sites with rows of their own, told apart by host and by port.
func TestExplainSites(t *testing.T) {
	site := func(scope string) string {
		return `{"handler":"subroute","routes":[{"handle":[{"handler":"doorward","catalogs":[],"endpoints":[{"endpoint":"GET /x","scopes":["` + scope + `"]}]}]}]}`
	}
	config := `{"apps":{"http":{"servers":{
		"srv0":{"listen":[":8080"],"routes":[
			{"match":[{"host":["a.test"]}],"handle":[` + site("a.read") + `]},
			{"match":[{"host":["*.b.test"]}],"handle":[` + site("b.read") + `]}]},
		"srv1":{"listen":["127.0.0.1:8081"],"routes":[{"handle":[` + site("c.read") + `]}]}}}}}`
	options := module.AdministrationOptions{Config: []byte(config), Store: "sqlite:" + filepath.Join(t.TempDir(), "s.db")}
	a, err := module.OpenAdministration(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	created, err := a.Tokens.Create(t.Context(), "test", tokens.CreateRequest{Attributes: tokens.Attributes{
		Name: "x", Environment: "default", Scopes: []string{"metrics.read"},
	}})
	if err != nil || a.Close() != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"a.test": "a.read", "A.test:8080": "a.read", "x.b.test": "b.read", "x.b.test:8081": "c.read", "localhost:8081": "c.read",
		"":                "error: The config has several sites. Name the host that the request is for: *.b.test, a.test, localhost:8081.",
		"x.y.b.test:8080": "error: No site of the config answers for this host. There are: *.b.test, a.test, localhost:8081.",
	} {
		t.Run(host, func(t *testing.T) {
			got, err := module.Explain(t.Context(), options, module.ExplainRequest{Method: "GET", Target: "/x", Host: host, TokenID: created.Record.ID})
			if text, failing := strings.CutPrefix(want, "error: "); failing {
				if err == nil || fault.Public(err) != text {
					t.Errorf("got %v, want %s", err, text)
				}
				return
			}
			if err != nil || !slices.Contains(got.Changes, "give the token one of: "+want) || got.Record.Host != strings.ToLower(host) {
				t.Errorf("got %v %v, want %s", got.Changes, err, want)
			}
		})
	}
}

func TestExplainRefusesWhatCannotBeMeant(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	id, _ := g.MintScopes("metrics.read")
	for name, test := range map[string]struct {
		request module.ExplainRequest
		want    string
	}{
		"nobody":           {module.ExplainRequest{Target: "/"}, "Nothing says whose request it is."},
		"no such token":    {module.ExplainRequest{Target: "/", TokenID: "dt0c01.AAAAAAAAAAAAAAAAAAAAAAAA"}, "There is no such token."},
		"a JWT":            {module.ExplainRequest{Target: "/", Token: tokens.NewSecret("eyJhbGciOiJub25lIn0.e30.AAAA")}, "A JWT cannot be explained"},
		"no path":          {module.ExplainRequest{Target: "api", TokenID: id}, "The path cannot be read"},
		"a whole URL":      {module.ExplainRequest{Target: "http://a.test/", TokenID: id}, "The path cannot be read"},
		"two credentials":  {module.ExplainRequest{Target: "/?api-token=x", TokenID: id}, "The request must not hold a credential of its own."},
		"a header of them": {module.ExplainRequest{Target: "/", TokenID: id, Header: http.Header{"Authorization": {"x"}}}, "The request must not hold a credential"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := module.Explain(t.Context(), storeOf(g), test.request)
			if !strings.HasPrefix(fault.Public(err), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
