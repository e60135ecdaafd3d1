package endpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/tokens/scope"
)

const everyKey = `
catalog: shop
scopes:
  - { value: orders.read, name: Read orders, group: Orders, personal: true, oauth: [shop:orders:read] }
  - { value: orders.admin, creatable: false, cluster: true }
aliases:
  - { prefix: /platform/shop, for: /orders, bearer_only: true }
endpoints:
  - { endpoint: "GET /orders/{id}", api: orders-v1, realm: cluster, scopes: [orders.read, orders.admin],
      oauth_scopes: [shop:orders:read], permissions: [shop:orders:read], personal: true, derived: true,
      deprecated: true, possibly_removed: true, websocket: true, encoded_slash: [id], non_ascii: true, semicolon: true }
  - { endpoint: "POST /orders/{id}:cancel", oauth_scopes: [shop:orders:write], bearer_only: true, personal: false }
  - { endpoint: GET /any, any_token: true }
  - { endpoint: GET /status, public: true }
`

func TestParseEveryKey(t *testing.T) {
	got, err := Parse("shop.yaml", []byte(everyKey))
	if err != nil {
		t.Fatal(err)
	}
	want := &Catalog{
		Name: "shop",
		Scopes: []scope.Scope{
			{Value: "orders.read", Name: "Read orders", Group: "Orders", Creatable: true, Personal: true, OAuth: []string{"shop:orders:read"}},
			{Value: "orders.admin", Cluster: true},
		},
		Aliases: []Alias{{Prefix: "/platform/shop", For: "/orders", BearerOnly: true, Origin: "shop.yaml:7"}},
		Endpoints: []Endpoint{
			{
				Method: "GET", Template: "/orders/{id}", API: "orders-v1", Catalog: "shop", Origin: "shop.yaml:9",
				Scopes: []string{"orders.read", "orders.admin"}, OAuthScopes: []string{"shop:orders:read"},
				Permissions: []string{"shop:orders:read"}, Derived: true, Deprecated: true, PossiblyRemoved: true,
				ClusterRealm: true, WebSocket: true, EncodedSlash: true, SlashParams: []string{"id"},
				NonASCII: true, Semicolon: true, Personal: Yes,
			},
			{
				Method: "POST", Template: "/orders/{id}:cancel", Catalog: "shop", Origin: "shop.yaml:12",
				OAuthScopes: []string{"shop:orders:write"}, BearerOnly: true, Personal: No,
			},
			{Method: "GET", Template: "/any", Catalog: "shop", Origin: "shop.yaml:13", AnyToken: true},
			{Method: "GET", Template: "/status", Catalog: "shop", Origin: "shop.yaml:14", Public: true},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("catalogue (-want +got):\n%s", diff)
	}
	checkPrints(t, got)
}

// checkPrints reads back what the catalogue prints.
func checkPrints(t *testing.T, c *Catalog) {
	t.Helper()
	printed, err := c.Print()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse("printed.json", printed)
	if err != nil {
		t.Fatalf("%v in\n%s", err, printed)
	}
	origins := cmp.Options{cmpopts.IgnoreFields(Endpoint{}, "Origin"), cmpopts.IgnoreFields(Alias{}, "Origin"),
		cmpopts.IgnoreFields(RemoteLine{}, "Origin"), cmpopts.EquateEmpty()}
	if diff := cmp.Diff(c, again, origins); diff != "" {
		t.Errorf("printed and read back (-want +got):\n%s", diff)
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var rows strings.Builder
	for i := range maxRows + 1 {
		fmt.Fprintf(&rows, "  - { endpoint: GET /%d, public: true }\n", i)
	}
	deep := strings.Repeat("[", maxNesting+2) + strings.Repeat("]", maxNesting+2)
	tests := []struct{ name, text, want string }{
		{"good.yml", everyKey, ""},
		{"good.JSON", `{"catalog":"shop"}`, ""},
		{"large.yaml", strings.Repeat("#", maxFile+1), "large.yaml: larger than 8 MiB"},
		{"rows.yaml", "catalog: shop\nendpoints:\n" + rows.String(), "rows.yaml:3: endpoints: 20001 items, at most 20000 are allowed"},
		{"deep.yaml", deep, "deep.yaml:1: nested more than 32 deep"},
		{"deep.json", deep, "deep.json:1: nested more than 32 deep"},
		{"utf8.yaml", "catalog: \xff", "utf8.yaml: not valid UTF-8"},
		{"utf8.json", "\xff", "utf8.json: not valid UTF-8"},
		{"empty.json", "", "empty.json:1: unexpected end of JSON input"},
		{"tag.yaml", "!!binary YQ==", "tag.yaml:1: the tag !!binary is not supported"},
		{"key.yaml", "1: 2", `key.yaml:1: expected a key, found "1"`},
	}
	for _, test := range tests {
		got := ""
		if _, err := ReadFile(write(test.name, test.text)); err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	if _, err := ReadFile(filepath.Join(dir, "missing.yaml")); !os.IsNotExist(err) {
		t.Errorf("a missing file: got %v", err)
	}
}

// FuzzCatalog: no text makes Parse or Build panic; what loads can be printed and loads again to the same; and what
// builds has a row for each of its endpoints.
func FuzzCatalog(f *testing.F) {
	f.Add(everyKey, false)
	f.Add(base, false)
	f.Add(everyAsk, false)
	f.Add(everyRemote, false)
	for _, text := range []string{
		`{"catalog":"shop","endpoints":[{"endpoint":"GET /a&<b>","public":true}]}`,
		`{"catalog":"shop","scopes":[{"value":"a","name":"\u2028\"\\"}]}`, `{"catalog":"shop","catalog":1}`, `[{}`, `null`,
	} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, asJSON bool) {
		file := "fuzzed.yaml"
		if asJSON {
			file = "fuzzed.json"
		}
		c, err := Parse(file, []byte(text))
		if err != nil {
			return
		}
		checkPrints(t, c)
		if table, err := Build(c.Layer()); err == nil && table.Len() < len(c.Endpoints) {
			t.Errorf("%d rows of %d endpoints", table.Len(), len(c.Endpoints))
		}
	})
}
