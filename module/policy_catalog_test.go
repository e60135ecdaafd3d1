package module_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

// An API of one's own brings its own services: policies may name them once a file says which there are, and an endpoint
// says what it asks.
func TestPolicyCatalog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "orders.yaml")
	if err := os.WriteFile(file, []byte("permissions:\n  orders:orders:read:\n    orders:region: [\"=\", IN]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	site := strings.Replace(plainSite, "store sqlite {STORE}", "store sqlite {STORE}\n\t\tpolicy_catalog "+file, 1)
	site = strings.Replace(site, "\tdoorward\n", `	doorward {
		endpoint GET /orders orders.read {
			permission orders:orders:read
			attribute orders:region query region
		}
	}
`, 1)
	g := moduletest.Start(t, site)
	o := newOffice(t, g)
	_, token := g.Mint("", tokens.Attributes{Owner: "sales@example.com", Scopes: []string{"orders.read"}})
	_, personal := g.Mint("dt0s16", tokens.Attributes{Owner: "sales@example.com", Scopes: []string{"orders:read"}})
	o.bind(o.policy("north", `ALLOW orders:orders:read WHERE orders:region = "north";`), "Sales")
	ask := func(token, region string) func() (*http.Response, string) {
		return func() (*http.Response, string) {
			return send(t, g, http.MethodGet, "/orders?region="+region, "Authorization: Api-Token "+token)
		}
	}
	answersWith(t, http.StatusOK, ask(token, "south")) // by its scopes alone
	answersWith(t, http.StatusForbidden, ask(personal, "north"))

	g.Load(strings.Replace(site, "permission orders", "oauth_scopes orders:read\n\t\t\tpermission orders", 1))
	answersWith(t, http.StatusOK, ask(personal, "north"))
	answersWith(t, http.StatusForbidden, ask(personal, "south"))
	answersWith(t, http.StatusForbidden, ask(personal, "north&region=south"))

	for name, text := range map[string]string{"missing": "", "broken": "permissions: 7\n"} {
		bad := filepath.Join(t.TempDir(), name+".yaml")
		if text != "" {
			if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.TryLoad(strings.Replace(site, file, bad, 1)); err == nil || !strings.Contains(err.Error(), "policy catalog") {
			t.Errorf("%s: error %v, want one about the policy catalog", name, err)
		}
	}
}
