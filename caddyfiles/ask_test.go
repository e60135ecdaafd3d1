package caddyfiles_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/endpoint"
)

// TestAsk_JSONIsCatalogue holds the JSON that a Caddyfile becomes to the form of a catalogue file: read as one and printed
// again, it is what it was. Whatever one of the two can say of what policies are asked, the other can as well.
func TestAsk_JSONIsCatalogue(t *testing.T) {
	for _, story := range []string{"directive_endpoint_ask", "directive_endpoint_ask_choices"} {
		t.Run(story, func(t *testing.T) {
			text := storyText(t, story)
			printed, err := rowsAsCatalogue(t, text).Print()
			if err != nil {
				t.Fatal(err)
			}
			var got struct{ Endpoints []map[string]any }
			if err := json.Unmarshal(printed, &got); err != nil {
				t.Fatal(err)
			}
			want := adaptedRows(t, text)
			for _, rows := range [][]map[string]any{want, got.Endpoints} {
				for _, row := range rows {
					plain(row)
				}
			}
			if diff := cmp.Diff(want, got.Endpoints); diff != "" {
				t.Errorf("(-adapted +printed):\n%s", diff)
			}
		})
	}
}

// plain takes away what the two forms are free to leave out or write otherwise.
func plain(row map[string]any) {
	delete(row, "origin")
	if only, ok := row["permission"].(string); ok {
		row["permission"] = []any{only}
	}
	attributes, _ := row["attributes"].(map[string]any)
	for _, a := range attributes {
		if source, ok := a.(map[string]any); ok && source["multi"] == "each" {
			delete(source, "multi") // the default
		}
	}
}

// TestAsk_Loads makes sure that what the adapter takes is not refused on loading.
func TestAsk_Loads(t *testing.T) {
	isolate(t)
	for _, story := range []string{"directive_endpoint_ask", "directive_endpoint_ask_choices", "global_endpoint_ask"} {
		t.Run(story, func(t *testing.T) {
			config, err := adapt(storyText(t, story))
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(t, config); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAsk_JSONErrors is about what only a JSON config can get wrong, because the Caddyfile has no words for it, and about
// each key reaching the table.
//
// Attack: a config whose guard is misspelt or empty loads without it, and the row is decided by scopes alone. Fix: unknown
// keys are refused and an empty list counts as given. Invariant: a key that speaks of policies guards or stops the load.
func TestAsk_JSONErrors(t *testing.T) {
	isolate(t)
	const p = `"permission": ["a:b:c"], `
	for _, test := range []struct{ name, keys, want string }{
		{"no permissions", `"permission": []`, "a.json:7: GET /o/{id}: permission: expected 1 to 8 permissions"},
		{"empty attributes", `"attributes": {}`, "GET /o/{id}: permission: expected 1 to 8 permissions"},
		{"empty page keys", `"page_keys": []`, "GET /o/{id}: permission: expected 1 to 8 permissions"},
		{"empty query permissions", `"query_permissions": {}`, "GET /o/{id}: permission: expected 1 to 8 permissions"},
		{"only a limit", `"max_body": 1`, "GET /o/{id}: permission: expected 1 to 8 permissions"},
		{"negative limit", p + `"max_body": -1`, "max_body: expected 1 to 67108864 bytes"},
		{"page key", p + `"page_keys": [""]`, "page_keys: expected names of query parameters"},
		{"query permission", p + `"query_permissions": {"q": "a:b"}`, `query_permissions: "a:b" is malformed`},
		{"no place", p + `"attributes": {"a:x": {"split": ","}}`,
			"a.json:7: GET /o/{id}: attributes: a:x: nothing says where the value stands; expected path, query,"},
		{"two places", p + `"attributes": {"a:x": {"path": "id", "query": "id"}}`,
			"attributes: a:x: expected one place, found path and query; put them under alternatives or agree"},
		{"place and choice", p + `"attributes": {"a:x": {"query": "q", "agree": [{"path": "id"}, {"claim": "c"}]}}`,
			"attributes: a:x: expected one place, found query and agree"},
		{"two places in a choice", p + `"attributes": {"a:x": {"alternatives": [{"path": "id"}, {"query": "q", "body": "/q"}]}}`,
			"attributes: a:x: alternatives: expected one place, found query and body"},
		{"no place in a choice", p + `"attributes": {"a:x": {"agree": [{"path": "id"}, {}]}}`,
			"attributes: a:x: agree: nothing says where the value stands"},
		{"one in a choice", p + `"attributes": {"a:x": {"alternatives": [{"path": "id"}]}}`, "alternatives: expected at least two sources"},
		{"none in a choice", p + `"attributes": {"a:x": {"path": "id", "agree": []}}`, "expected one place, found path and agree"},
		{"split of a choice", p + `"attributes": {"a:x": {"split": ",", "agree": [{"path": "id"}, {"query": "q"}]}}`,
			"agree: split, decode and field belong to one of its sources"},
		{"multi", p + `"attributes": {"a:x": {"query": "q", "multi": "all"}}`, `attributes: a:x: multi: expected each or list, found "all"`},
		{"list of a body", p + `"attributes": {"a:x": {"body": "/q", "multi": "list"}}`, "body: a list ends in /*"},
		{"split", p + `"attributes": {"a:x": {"claim": "q", "split": ","}}`, "split is for query and header, not for claim"},
		{"decode", p + `"attributes": {"a:x": {"query": "q", "decode": "d", "field": "f"}}`, `there is no decoder "d"`},
		{"field", p + `"attributes": {"a:x": {"query": "q", "field": "f"}}`, "field belongs to decode, which is missing"},
		{"header", p + `"attributes": {"a:x": {"header": "cookie"}}`, "the header cookie holds secrets"},
		{"constant", p + `"attributes": {"a:x": {"constant": " "}}`, "constant: expected a text without control characters"},
		{"unknown key", p + `"attribute": {"a:x": {"query": "q"}}`, `unknown field "attribute"`},
		{"unknown place", p + `"attributes": {"a:x": {"cookie": "q"}}`, `unknown field "cookie"`},
		{"nested choice", p + `"attributes": {"a:x": {"agree": [{"alternatives": []}]}}`, `unknown field "alternatives"`},
		{"nested multi", p + `"attributes": {"a:x": {"agree": [{"query": "q", "multi": "list"}]}}`, `unknown field "multi"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			row := `{"endpoint": "GET /o/{id}", "any_token": true, "origin": "a.json:7", ` + test.keys + `}`
			err := validate(t, []byte(`{"apps": {"http": {"servers": {"a": {"listen": ["127.0.0.1:0"], "routes": [{"handle": [
				{"handler": "doorward", "endpoints": [`+row+`]}]}]}}}}}`))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// isolate keeps what loading writes out of the user's folders.
func isolate(t *testing.T) {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("XDG_DATA_HOME", folder)
	t.Setenv("XDG_CONFIG_HOME", folder)
}

// validate loads a config without starting it.
func validate(t *testing.T, config []byte) error {
	t.Helper()
	var parsed caddy.Config
	if err := json.Unmarshal(config, &parsed); err != nil {
		t.Fatal(err)
	}
	return caddy.Validate(&parsed)
}

// storyText is the Caddyfile of a story.
func storyText(t *testing.T, story string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("adapt", story+".caddyfiletest"))
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(data), separator)
	return text
}

// adaptedRows are the endpoints of the first handler in the JSON that a Caddyfile becomes.
func adaptedRows(t *testing.T, text string) []map[string]any {
	t.Helper()
	config, err := adapt(text)
	if err != nil {
		t.Fatal(err)
	}
	type handler struct {
		Endpoints []map[string]any `json:"endpoints"`
	}
	var parsed struct {
		Apps struct {
			HTTP struct {
				Servers struct {
					Srv0 struct {
						Routes []struct {
							Handle []handler `json:"handle"`
						} `json:"routes"`
					} `json:"srv0"`
				} `json:"servers"`
			} `json:"http"`
		} `json:"apps"`
	}
	if err := json.Unmarshal(config, &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed.Apps.HTTP.Servers.Srv0.Routes[0].Handle[0].Endpoints
}

// rowsAsCatalogue reads the rows of a Caddyfile as if they were a catalogue file.
func rowsAsCatalogue(t *testing.T, text string) *endpoint.Catalog {
	t.Helper()
	rows := adaptedRows(t, text)
	for _, row := range rows {
		delete(row, "origin") // the one key that a file does not need
	}
	file, err := json.Marshal(map[string]any{"catalog": "x", "endpoints": rows})
	if err != nil {
		t.Fatal(err)
	}
	return parseCatalogue(t, "x.json", string(file))
}

func parseCatalogue(t *testing.T, file, text string) *endpoint.Catalog {
	t.Helper()
	c, err := endpoint.Parse(file, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
