package caddyfiles_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/policyengine/pap"
)

// TestIssuer lets the users of a login in, and no further than the policies of their groups go.
func TestIssuer(t *testing.T) {
	login := moduletest.NewIssuer(t)
	t.Setenv("DOORWARD_ISSUER", login.URL)
	g := start(t, "issuer.Caddyfile")
	grant(t, g, "analysts", `ALLOW settings:objects:read WHERE settings:schemaId = "builtin:rule";`)
	token := func(more map[string]any) []string {
		claims := map[string]any{"aud": "https://api.example.com", "email": "Alice@Example.com", "groups": []string{"analysts"}}
		for name, value := range more {
			claims[name] = value
		}
		return bearer(login.Sign(claims))
	}
	const objects, permitted = "/api/v2/settings/objects?schemaIds=builtin:rule", "The policies of the user do not permit"
	for _, p := range []probe{
		{"GET", objects, token(nil), 200, "upstream"},
		{"GET", "/api/v2/settings/objects?schemaIds=builtin:other", token(nil), 403, permitted},
		{"GET", objects, token(map[string]any{"groups": []string{"guests"}}), 403, permitted},
		{"GET", "/reports", token(map[string]any{"report": "builtin:rule"}), 200, "upstream"},
		{"GET", "/reports?report=builtin:rule", token(nil), 403, permitted},
		{"GET", "/reports", token(map[string]any{"report": "builtin:rule", "scope": "other"}), 403, "reports.read"},
		{"GET", objects, token(map[string]any{"aud": "https://other.example.com"}), 401, "Token Authentication failed"},
		{"GET", objects, token(map[string]any{"email": nil}), 401, "Token Authentication failed"},
		{"GET", objects, token(map[string]any{"exp": time.Now().Add(2 * time.Hour).Unix()}), 401, "Token Authentication failed"},
	} {
		p.run(t, g)
	}
	g.Upstream.Seen()
	probe{"GET", objects, token(nil), 200, "upstream"}.run(t, g)
	if got, want := last(t, g).Header.Get("X-Doorward-User"), login.URL+"#alice@example.com"; got != want {
		t.Errorf("the upstream was told of %q, want %q", got, want)
	}
}

// grant gives a policy to the group that issuers know by this name, and waits until the gate has heard of it.
func grant(t *testing.T, g *moduletest.Gate, name, statement string) {
	t.Helper()
	a := g.Administration()
	defer a.Close()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	group, err := a.Policies.CreateGroup(t.Context(), "test", a.Account, pap.GroupAttributes{Name: name, FederatedValues: []string{name}})
	check(err)
	level := pap.AccountLevel(a.Account)
	policy, _, err := a.Policies.CreatePolicy(t.Context(), "test", level, "", pap.PolicyAttributes{Name: name, Statement: statement})
	check(err)
	_, _, err = a.Policies.Bind(t.Context(), "test", pap.BindRequest{Level: level, Policy: policy.UUID, Groups: []string{group.UUID}})
	check(err)
	// The running gate reads the store by itself; one that is started now has read it.
	g.Load("{\n\tadmin off\n\tpersist_config off\n}\n")
	g.Load(read(t, "issuer.Caddyfile"))
}
