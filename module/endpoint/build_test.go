package endpoint

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/tokens/scope"
)

// layersOf parses one catalogue for each text.
func layersOf(t *testing.T, catalogs ...string) []Layer {
	t.Helper()
	var layers []Layer
	for _, text := range catalogs {
		c, err := Parse("layer.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		layers = append(layers, c.Layer())
	}
	return layers
}

func mustBuild(t *testing.T, layers ...Layer) *Table {
	t.Helper()
	table, err := Build(layers...)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// answers is what the table says to each request: the scopes in their words, "no row", "derived", "any" or "public".
func answers(table *Table, requests ...string) map[string]string {
	got := make(map[string]string)
	for _, request := range requests {
		method, path, _ := strings.Cut(request, " ")
		var p Params
		row := table.Match(method, path, &p)
		switch {
		case row == nil:
			got[request] = "no row"
		case row.Derived:
			got[request] = "derived"
		case row.AnyToken:
			got[request] = "any"
		case row.Public:
			got[request] = "public"
		default:
			got[request] = strings.TrimSpace(row.ScopeParameter + " / " + row.OAuthScopeParameter)
		}
	}
	return got
}

const base = `
catalog: base
scopes: [{ value: read, name: Read all }, { value: write }, { value: admin, cluster: true, creatable: false }]
aliases: [{ prefix: /platform, for: /api, bearer_only: true }]
endpoints:
  - { endpoint: "GET /api/{key}", scopes: [read], oauth_scopes: [o.read] }
  - { endpoint: "GET /api/query", scopes: [read], oauth_scopes: [o.query] }
  - { endpoint: "GET /api/private", scopes: [write] }
  - { endpoint: "PUT /api/{key}", scopes: [write, admin], oauth_scopes: [o.write], derived: true, personal: false }
`

func TestLayers(t *testing.T) {
	replaced := layersOf(t, base, `
catalog: own
endpoints:
  - { endpoint: "GET /api/{name}", any_token: true, oauth_scopes: [o.own] }
  - { endpoint: "GET /platform/query", public: true }
`)
	removed := append(layersOf(t, base), Layer{Name: "Caddyfile", Remove: patternLines(t, "GET /api/query\nGET /platform/{x}\n")})
	reopened := append(slices.Clip(removed), layersOf(t, "catalog: again\nendpoints: [{ endpoint: GET /api/query, scopes: [write], oauth_scopes: [o.again] }]")...)
	allowed := append(layersOf(t, base), Layer{Name: "Caddyfile", AllowDerived: patternLines(t, "PUT /api/{anything}\n")})
	all := append(layersOf(t, base), Layer{Name: "Caddyfile", AllowAllDerived: true})
	requests := []string{
		"GET /api/7", "GET /api/query", "GET /api/private", "PUT /api/7",
		"GET /platform/7", "GET /platform/query", "GET /platform/private", "PUT /platform/7",
	}
	plain := []string{"read / o.read", "read / o.query", "write /", "derived", "/ o.read", "/ o.query", "no row", "derived"}
	tests := []struct {
		name   string
		layers []Layer
		want   []string
	}{
		{"base", layersOf(t, base), plain},
		{"a later row replaces, and so does its alias; a written row beats an alias", replaced,
			[]string{"any", "read / o.query", "write /", "derived", "/ o.own", "public", "no row", "derived"}},
		{"removed rows and aliases are refused and fall to no weaker row", removed,
			[]string{"read / o.read", "no row", "write /", "derived", "no row", "no row", "no row", "derived"}},
		{"a row of the same shape opens again", reopened,
			[]string{"read / o.read", "write / o.again", "write /", "derived", "no row", "/ o.again", "no row", "derived"}},
		{"one derived row allowed, with its alias", allowed,
			[]string{"read / o.read", "read / o.query", "write /", "write admin / o.write", "/ o.read", "/ o.query", "no row", "/ o.write"}},
		{"all derived rows allowed", all,
			[]string{"read / o.read", "read / o.query", "write /", "write admin / o.write", "/ o.read", "/ o.query", "no row", "/ o.write"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := make(map[string]string)
			for i, request := range requests {
				want[request] = test.want[i]
			}
			if diff := cmp.Diff(want, answers(mustBuild(t, test.layers...), requests...)); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		})
	}
}

// Attack: an operator removes GET /metrics/query, and the request is let in by the row GET /metrics/{key} with another
// scope; or a row without OAuth scopes is reached under the alias of a weaker one. Fix: what is taken away, and what an
// alias does not serve, stays in the tree as a refusal. Invariant: taking away never lets anybody in.
func TestRemovingEmbeddedRowsNeverOpens(t *testing.T) {
	c, err := Embedded("dynatrace")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(c.Endpoints); i += 37 {
		gone := c.Endpoints[i]
		remove := Layer{Name: "Caddyfile", Remove: []Pattern{{Method: gone.Method, Template: gone.Template}}}
		table := mustBuild(t, c.Layer(), remove)
		values := []string{"x7", "x7", "x7", "x7", "x7"}
		for _, template := range []string{gone.Template, strings.Replace(gone.Template, "/api/", "/platform/classic/environment-api/", 1)} {
			var p Params
			if row := table.Match(gone.Method, expand(template, values), &p); row != nil {
				t.Errorf("%s %s was removed and is answered by %s", gone.Method, template, row.Pattern)
			}
		}
	}
}

// An alias ends at a segment: /apix is not below /api, and /api itself is.
func TestAliasBoundary(t *testing.T) {
	alias := Alias{Prefix: "/platform", For: "/api"}
	table := mustBuild(t, Layer{Name: "own", Aliases: []Alias{alias}, Rows: publicRows(t, "GET /api", "GET /apix", "GET /api/{id}")})
	want := map[string]string{
		"GET /platform": "public", "GET /platformx": "no row", "GET /platform/7": "public", "GET /platform/": "no row",
	}
	got := answers(table, "GET /platform", "GET /platformx", "GET /platform/7", "GET /platform/")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func TestPrecomputed(t *testing.T) {
	table := mustBuild(t, layersOf(t, base)...)
	var p Params
	row := table.Match("PUT", "/api/7", &p)
	want := Endpoint{
		Method: "PUT", Template: "/api/{key}", Catalog: "base", Origin: "layer.yaml:9",
		Scopes: []string{"write", "admin"}, OAuthScopes: []string{"o.write"}, Derived: true, Personal: No,
		Pattern: "PUT /api/{key}", Params: []string{"key"},
		MissingScope:      "Token is missing required scope. Use one of: write, admin",
		MissingScopePlain: "Token is missing required scope. Use one of: write, admin",
		MissingOAuthScope: "OAuth token is missing required scope. Use one of: [o.write]",
		ScopeParameter:    "write admin", OAuthScopeParameter: "o.write", ClusterScopes: []string{"admin"},
	}
	if diff := cmp.Diff(&want, row); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	if s, ok := table.Scopes().Lookup("admin"); !ok || !s.Cluster || table.Scopes().Len() != 3 {
		t.Errorf("scopes: got %+v", table.Scopes().All())
	}
}

// A table holds copies: a caller that goes on using its layer does not change what the gate decides.
func TestBuildCopiesRows(t *testing.T) {
	layer := Layer{Name: "own", Scopes: []scope.Scope{{Value: "read"}},
		Rows: []Endpoint{{Method: "GET", Template: "/a", Scopes: []string{"read"}}}}
	table := mustBuild(t, layer)
	layer.Rows[0].Public = true
	if diff := cmp.Diff(map[string]string{"GET /a": "read /"}, answers(table, "GET /a")); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}
