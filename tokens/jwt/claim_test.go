package jwt_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/tokens/jwt"
)

func TestClaim(t *testing.T) {
	id := jwt.Identity{Claims: map[string]any{
		"department": "toys", "level": json.Number("1.0"), "admin": false, "none": nil, "empty": []any{},
		"tags":  []any{"a", json.Number("2"), true},
		"mixed": []any{"a", map[string]any{"b": "c"}},
		"null":  []any{"a", nil},
		"realm": map[string]any{"roles": []any{"ops"}, "a/b": "slash"},
		"/odd":  "never",
	}}
	for name, want := range map[string][]string{
		"department": {"toys"}, "level": {"1.0"}, "admin": {"false"}, "none": nil, "empty": {}, "tags": {"a", "2", "true"},
		"mixed": nil, "null": nil, "realm": nil, "/realm/roles": {"ops"}, "/realm/roles/0": {"ops"}, "/realm/a~1b": {"slash"},
		"missing": nil, "/odd": nil, "": nil,
	} {
		if diff := cmp.Diff(want, id.Claim(name)); diff != "" {
			t.Errorf("claim %q (-want +got):\n%s", name, diff)
		}
	}
}

func TestCheck(t *testing.T) {
	good := jwt.Issuer{URL: "https://login.example.com", Audiences: []string{"api"}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*jwt.Issuer){
		"no audience":   func(i *jwt.Issuer) { i.Audiences = nil },
		"none":          func(i *jwt.Issuer) { i.Algorithms = []string{"none"} },
		"unencrypted":   func(i *jwt.Issuer) { i.JWKS = "http://login.example.com/keys" },
		"stale at once": func(i *jwt.Issuer) { i.StaleFor = i.RefreshEvery + 1 },
	} {
		bad := good
		if spoil(&bad); bad.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
