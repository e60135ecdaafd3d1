package oauthtest_test

import (
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Attack: a text that the gateway's own key has signed, and that is no access token for this request, passes for one: an ID
// token, one for another audience or of another issuer, one without what a revocation goes by, one that lives for ever.
// Fix: every claim is held against what is issued. Invariant: 401, and the same bytes for all of them.
func TestForgedTokens(t *testing.T) {
	d := open(t, "")
	c := d.client("acme", "account-idm-read")
	d.token(c)
	stored, err := d.office.Store.SigningKeys(t.Context())
	d.must(err)
	der, err := d.sealer().Open(stored[0].Sealed, "signing key "+stored[0].ID)
	d.must(err)
	key, err := x509.ParsePKCS8PrivateKey(der)
	d.must(err)
	sign := func(typ string, change func(claims map[string]any)) string {
		now := time.Now().Unix()
		claims := map[string]any{
			"iss": "https://doorward.local", "sub": owner, "aud": []string{"urn:dtaccount:acme"}, "client_id": c.id,
			"scope": "account-idm-read", "iat": now, "exp": now + 300, "jti": "AAAAAAAAAAAAAAAAAAAAAA",
		}
		if change != nil {
			change(claims)
		}
		return d.sign(key, stored[0].ID, typ, claims)
	}
	set := func(name string, value any) string {
		return sign("at+jwt", func(claims map[string]any) {
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
		})
	}
	d.expect("the real thing", http.StatusOK, d.get(clientsOfAcme, sign("at+jwt", nil)))
	refused := d.get(clientsOfAcme, "dt0c01.nonsense")
	for name, token := range map[string]string{
		"an ID token":              sign("JWT", nil),
		"no type":                  sign("", nil),
		"for an upstream":          set("aud", "api"),
		"for nobody":               set("aud", nil),
		"for a longer account":     set("aud", "urn:dtaccount:acmes"),
		"for an account's part":    set("aud", "urn:dtaccount:acm"),
		"for every account":        set("aud", "urn:dtaccount:"),
		"for another environment":  set("aud", "urn:dtenvironment:prod"),
		"of another issuer":        set("iss", "https://doorward.local/"),
		"of no client":             set("client_id", nil),
		"of a client in disguise":  set("client_id", []string{c.id}),
		"without an identifier":    set("jti", nil),
		"without an end":           set("exp", nil),
		"over":                     set("exp", time.Now().Unix()-1),
		"for a year":               set("exp", time.Now().Unix()+365*24*3600),
		"of nobody":                set("sub", nil),
		"of a user in two lines":   set("sub", "alice\n@example.com"),
		"with another's signature": strings.TrimSuffix(sign("at+jwt", nil), "A")[:len(sign("at+jwt", nil))-6] + "AAAAAA",
	} {
		if a := d.get(clientsOfAcme, token); a.status != http.StatusUnauthorized || a.body != refused.body {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

// sign makes a JWT with the header type, as whoever has the key could.
func (d *desk) sign(key any, id, typ string, claims map[string]any) string {
	d.t.Helper()
	options := &jose.SignerOptions{}
	if typ != "" {
		options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: id}}, options)
	d.must(err)
	payload, err := json.Marshal(claims)
	d.must(err)
	signed, err := signer.Sign(payload)
	d.must(err)
	text, err := signed.CompactSerialize()
	d.must(err)
	return text
}

// TestDiscovery: with an issuer everything is below it; without, the endpoints are where the client finds them.
func TestDiscovery(t *testing.T) {
	type metadata struct {
		Issuer, Token, Keys string
		Scopes              int
	}
	read := func(d *desk, target string) metadata {
		a := d.get(target, "")
		d.expect(target, http.StatusOK, a)
		var said struct {
			Issuer string   `json:"issuer"`
			Token  string   `json:"token_endpoint"`
			Keys   string   `json:"jwks_uri"`
			Scopes []string `json:"scopes_supported"`
		}
		d.must(json.Unmarshal([]byte(a.body), &said))
		return metadata{said.Issuer, said.Token, said.Keys, min(len(said.Scopes), 9)}
	}
	places := []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}
	d := open(t, "")
	token := d.token(d.client("acme", "account-idm-read"))
	for _, place := range places {
		want := metadata{"https://doorward.local", "http://" + d.Addr + "/sso/oauth2/token", "http://" + d.Addr + "/.well-known/jwks.json", 9}
		if got := read(d, place); got != want {
			t.Errorf("%s: got %+v, want %+v", place, got, want)
		}
	}
	d.Load(d.site("oauth2 {\n issuer https://sso.example.com\n }"))
	for _, place := range places {
		want := metadata{"https://sso.example.com", "https://sso.example.com/sso/oauth2/token", "https://sso.example.com/.well-known/jwks.json", 9}
		if got := read(d, place); got != want {
			t.Errorf("%s: got %+v, want %+v", place, got, want)
		}
	}
	d.expect("a token of the issuer before", http.StatusUnauthorized, d.get(clientsOfAcme, token))
	d.expect("one of this issuer", http.StatusOK, d.get(clientsOfAcme, d.token(d.client("acme", "account-idm-read"))))
}
