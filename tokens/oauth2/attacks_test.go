package oauth2_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
	"github.com/doorward/doorward/tokens/oauth2"
)

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// Attack: change a token of ours, or sign one with what everybody can download. Invariant: neither the gate nor
// introspection takes it, nor does revocation do anything with it.
func TestForgedTokens(t *testing.T) {
	o := newOffice(t)
	c := o.client(account, "account-idm-read")
	good := o.token(c, "")
	parts := strings.Split(good, ".")
	kid := o.keys.Current(o.now)
	public := o.keys.Public().Keys[0]
	jwk, err := public.MarshalJSON()
	must(t, err)
	der, err := x509.MarshalPKIXPublicKey(public.Key)
	must(t, err)
	hs := func(secret []byte) string {
		input := encoded(`{"alg":"HS256","kid":"`+kid+`","typ":"at+jwt"}`) + "." + parts[1]
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	inflated := encoded(strings.Replace(string(payload), "account-idm-read", "account-idm-write", 1))
	gate := o.gate()
	if o.passes(gate, good) != "" || !o.active(c, good) {
		t.Fatal("the good token is not good")
	}
	for name, text := range map[string]string{
		"none":               encoded(`{"alg":"none","kid":"`+kid+`","typ":"at+jwt"}`) + "." + parts[1] + ".",
		"none, signed":       encoded(`{"alg":"none","kid":"`+kid+`","typ":"at+jwt"}`) + "." + parts[1] + "." + parts[2],
		"HS256 with the JWK": hs(jwk), "HS256 with the DER": hs(der), "HS256 with nothing": hs(nil),
		"inflated scope":    parts[0] + "." + inflated + "." + parts[2],
		"another kid":       encoded(`{"alg":"ES256","kid":"x","typ":"at+jwt"}`) + "." + parts[1] + "." + parts[2],
		"typ JWT":           encoded(`{"alg":"ES256","kid":"`+kid+`","typ":"JWT"}`) + "." + parts[1] + "." + parts[2],
		"own key in header": encoded(`{"alg":"ES256","kid":"`+kid+`","typ":"at+jwt","jwk":`+string(jwk)+`}`) + "." + parts[1] + "." + parts[2],
		"no signature":      parts[0] + "." + parts[1] + ".",
		"too long":          good + strings.Repeat("A", 20<<10),
	} {
		if o.passes(gate, text) == "" {
			t.Errorf("%s: the gate takes it", name)
		}
		if o.active(c, text) {
			t.Errorf("%s: it is active", name)
		}
		o.revoke(c, text)
	}
	if o.revoked.Len() != 0 || o.passes(gate, good) != "" {
		t.Error("a forged token was revoked")
	}
}

// Attack: show a text that our key has signed, but as something else than an access token. Invariant: the type is part of
// what is asked for (RFC 9068 section 4).
func TestSignedForSomethingElse(t *testing.T) {
	o := newOffice(t)
	c := o.client(account)
	stored, err := o.store.SigningKeys(t.Context())
	must(t, err)
	der, err := sealer(t, 1).Open(stored[0].Sealed, "signing key "+stored[0].ID)
	must(t, err)
	private, err := x509.ParsePKCS8PrivateKey(der)
	must(t, err)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(o.token(c, ""), ".")[1])
	must(t, err)
	for kind, want := range map[jose.ContentType]bool{"at+jwt": true, "JWT": false, "logout+jwt": false, "": false} {
		options := &jose.SignerOptions{}
		if kind != "" {
			options = options.WithType(kind)
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: stored[0].ID}}, options)
		must(t, err)
		signed, err := signer.Sign(payload)
		must(t, err)
		text, err := signed.CompactSerialize()
		must(t, err)
		if o.active(c, text) != want || (o.passes(o.gate(), text) == "") != want {
			t.Errorf("typ %q: active %v", kind, !want)
		}
	}
}

// TestIntrospection compares the whole answer, under both names, and looks over the border of the account.
func TestIntrospection(t *testing.T) {
	o := newOffice(t)
	c, colleague, foreign := o.client(account, "account-idm-read"), o.client(account), o.client(otherAccount)
	text := o.token(c, "&resource=urn:dtenvironment:abc12345")
	claims := claimsOf(t, text)
	want := map[string]any{
		"active": true, "scope": "account-idm-read", "client_id": c.Client.ID, "token_type": "Bearer", "sub": owner, "iss": issuerURL,
		"aud": []any{"urn:dtenvironment:abc12345"}, "exp": claims["exp"], "iat": claims["iat"], "jti": claims["jti"],
	}
	inactive := map[string]any{"active": false}
	for _, path := range []string{"/sso/oauth2/introspect", "/sso/oauth2/tokeninfo"} {
		for name, tt := range map[string]struct {
			as   oauth2.Created
			text string
			want map[string]any
		}{
			"own": {c, text, want}, "of the account": {colleague, text, want}, "foreign": {foreign, text, inactive},
			"own secret": {c, c.Secret.Reveal(), inactive}, "nonsense": {c, "\x00", inactive},
		} {
			t.Run(path+" "+name, func(t *testing.T) {
				w := o.form(path, basicOf(tt.as), url.Values{"token": {tt.text}}.Encode())
				var got map[string]any
				must(t, json.Unmarshal(w.Body.Bytes(), &got))
				same(t, tt.want, got)
				same(t, []string{"no-store", "no-cache"}, []string{w.Header().Get("Cache-Control"), w.Header().Get("Pragma")})
			})
		}
		if w := o.form(path, "", "token="+text); w.Code != http.StatusUnauthorized {
			t.Errorf("a stranger: %d", w.Code)
		}
		if w := o.form(path, basicOf(c), "token="); w.Code != http.StatusBadRequest {
			t.Errorf("no token: %d", w.Code)
		}
	}
	o.now = o.now.Add(oauth2.Lifetime)
	o.maintain()
	if o.active(c, text) {
		t.Error("active after its end")
	}
	o.leaks(secretPart(c))
}

// TestIssued is a property: whatever client asks for whatever it has, at whatever time, the gate takes the token from the
// first instant to the last and not a millisecond longer, with exactly the owner, scopes and audience asked for.
func TestIssued(t *testing.T) {
	o := newOffice(t)
	rapid.Check(t, func(r *rapid.T) {
		o.now = start.Add(time.Duration(rapid.Int64Range(0, int64(20*24*time.Hour)).Draw(r, "at"))).Truncate(time.Millisecond)
		o.maintain()
		scopes := rapid.SliceOfNDistinct(rapid.SampledFrom(nine), 1, len(nine), rapid.ID[string]).Draw(r, "scopes")
		asked := rapid.SliceOfDistinct(rapid.SampledFrom(scopes), rapid.ID[string]).Draw(r, "asked")
		c := o.client(account, scopes...)
		text := o.token(c, "&resource=urn:dtaccount:"+account+"&scope="+url.QueryEscape(strings.Join(asked, " ")))
		must(t, o.service.DeleteClient(t.Context(), "ann", account, c.Client.ID)) // there is room for 200
		v := o.gate()
		defer v.Close()
		issued := o.now
		if len(asked) == 0 {
			asked = scopes
		}
		expires := issued.Truncate(time.Second).Add(oauth2.Lifetime)
		for at, want := range map[time.Time]tokens.Refusal{
			issued: "", expires.Add(-time.Millisecond): "", expires: tokens.Expired, expires.Add(time.Hour): tokens.Expired,
		} {
			id, refusal, err := v.Verify(t.Context(), text, at)
			if err != nil || refusal != want {
				r.Fatalf("at %s: %q, %v", at, refusal, err)
			}
			if id != nil && (id.User != owner || id.Scopes.Len() != len(asked) || !id.Expires.Equal(expires) || id.Claims["client_id"] != c.Client.ID) {
				r.Fatalf("%+v", id)
			}
			for _, one := range asked {
				if id != nil && !id.Scopes.Contains(one) {
					r.Fatalf("%s is not in %s", one, id.Scopes)
				}
			}
		}
	})
}

// TestGateFollowsKeys: the gate takes tokens of before and after a change of keys when it hears of every new set.
func TestGateFollowsKeys(t *testing.T) {
	o := newOffice(t)
	var v *jwt.Verifier
	k, err := oauth2.NewKeys(oauth2.KeysConfig{Store: o.store, Sealer: sealer(t, 1), OnChange: func(set *jose.JSONWebKeySet) {
		if v != nil {
			must(t, v.SetKeys(issuerURL, set))
		}
	}})
	must(t, err)
	must(t, k.Maintain(t.Context(), o.now))
	v = o.gate()
	c := o.client(account)
	used := map[string]bool{}
	for range 24 * 62 {
		must(t, k.Maintain(t.Context(), o.now))
		o.maintain()
		if text := o.token(c, ""); o.passes(v, text) != "" {
			t.Fatalf("refused at %s", o.now)
		}
		used[o.keys.Current(o.now)] = true
		o.now = o.now.Add(time.Hour)
	}
	if len(used) != 3 {
		t.Errorf("%d keys were used", len(used))
	}
}
