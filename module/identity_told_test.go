package module_test

import (
	"net/http"
	"testing"

	"github.com/doorward/doorward/module/moduletest"
)

const discreetSite = `{
	admin off
	persist_config off
	default_bind 127.0.0.1
	doorward {
		store sqlite {STORE}
	}
}
{SITE} {
	doorward {
		endpoint GET /scoped read
		identity_headers {
			user off
			token_id off
			environment off
			scopes off
			decision_id off
		}
	}
	reverse_proxy {UPSTREAM}
}
`

// An API that is not told who asks must not be told by the client either: a gate that does not set these headers still
// takes them away, and a refusal still names its decision.
func TestIdentityHeadersOff(t *testing.T) {
	g := moduletest.Start(t, discreetSite)
	_, token := g.MintScopes("read")
	response, body := send(t, g, http.MethodGet, "/scoped", "Authorization: Api-Token "+token,
		"X-Doorward-User: root", "x-doorward-scopes: everything", "X-Other: kept")
	if response.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s", response.StatusCode, body)
	}
	got := g.Upstream.Seen()[0].Header
	for _, name := range []string{"X-Doorward-User", "X-Doorward-Token-Id", "X-Doorward-Environment", "X-Doorward-Scopes", "X-Doorward-Decision-Id"} {
		if values := got.Values(name); len(values) > 0 {
			t.Errorf("the upstream was told %s: %q", name, values)
		}
	}
	if got.Get("X-Other") != "kept" {
		t.Error("a header of the client's own was taken away")
	}
	refused, _ := send(t, g, http.MethodGet, "/scoped")
	if refused.StatusCode != http.StatusUnauthorized || refused.Header.Get("X-Doorward-Decision-Id") == "" {
		t.Errorf("a refusal: %d, decision %q", refused.StatusCode, refused.Header.Get("X-Doorward-Decision-Id"))
	}
}
