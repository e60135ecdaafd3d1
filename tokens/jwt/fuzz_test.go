package jwt_test

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/tokens/jwt"
)

// FuzzVerify: no text makes Verify panic, and none is accepted that the private key did not sign, by the standard
// library's judgement.
func FuzzVerify(f *testing.F) {
	head := object{"alg": "EdDSA"}
	text := compact(headed(head), claiming(now, nil), ed(edKey))
	first, rest, _ := strings.Cut(text, ".")
	for _, seed := range []string{
		text, text[:len(text)-1], text + "=", text + ".", "", "..", "e30.e30.AA", first + "." + rest + "\n",
		compact(headed(object{"alg": "none"}), claiming(now, nil), func([]byte) []byte { return nil }),
		compact(headed(object{"alg": "HS256"}), claiming(now, nil), hs(edKey.Public().(ed25519.PublicKey))),
		compact(headed(object{"alg": "ES256", "kid": "two"}), claiming(now, nil), es(ecKey2, crypto.SHA256)),
		compact(headed(object{"alg": "EdDSA", "jwk": object{"kty": "oct", "k": "AA"}}), claiming(now, nil), ed(edKey)),
		compact(`{"alg":"EdDSA","alg":"none"}`, `{"exp":1e400}`, ed(edKey)),
	} {
		f.Add(seed)
	}
	v := newVerifier(f, jwt.Options{}, given(func(i *jwt.Issuer) {
		i.Keys = setOf(published("one", edKey.Public()), published("two", &ecKey.PublicKey))
	}))
	f.Fuzz(func(t *testing.T, text string) {
		id, refusal, err := v.Verify(t.Context(), text, now)
		if err != nil || (id == nil) == (refusal == "") {
			t.Fatalf("%v, %q, %v", id, refusal, err)
		}
		if id == nil {
			return
		}
		cut := strings.LastIndexByte(text, '.')
		signature, err := base64.RawURLEncoding.DecodeString(text[cut+1:])
		if err != nil || !ed25519.Verify(edKey.Public().(ed25519.PublicKey), []byte(text[:cut]), signature) {
			t.Fatalf("accepted unsigned: %q", text)
		}
	})
}

// FuzzClaims: whatever an issuer signs, what is accepted has an exact issuer and audience, an end in the future that is a
// whole number, and names in their canonical form.
func FuzzClaims(f *testing.F) {
	for _, seed := range []any{
		claiming(now, nil), claiming(now, object{"groups": []string{"b", "a"}, "email": "A@B.test", "scope": "x y"}),
		claiming(now, object{"exp": 1e300}), claiming(now, object{"aud": []any{audience, nil}}), "{}", "[]", "", "null", `{"exp":01}`,
	} {
		text, ok := seed.(string)
		if !ok {
			text = string(must(json.Marshal(seed)))
		}
		f.Add(text)
	}
	v := newVerifier(f, jwt.Options{}, given(func(i *jwt.Issuer) { i.Keys = setOf(published("one", edKey.Public())) }))
	f.Fuzz(func(t *testing.T, claims string) {
		text := compact(headed(object{"alg": "EdDSA"}), claims, ed(edKey))
		id, refusal, err := v.Verify(t.Context(), text, now)
		if err != nil || (id == nil) == (refusal == "") {
			t.Fatalf("%v, %q, %v", id, refusal, err)
		}
		if id == nil {
			return
		}
		var read struct {
			Exp int64  `json:"exp"`
			Iss string `json:"iss"`
		}
		canonical, ok := jwt.CanonicalUser(id.User)
		switch {
		case json.Unmarshal([]byte(claims), &read) != nil || read.Exp <= now.Unix() || id.Expires.Unix() != read.Exp:
			t.Errorf("accepted until %v", id.Expires)
		case read.Iss != issuerURL || id.Issuer != issuerURL || !slices.Contains(id.Audience, audience):
			t.Errorf("of %q for %q", id.Issuer, id.Audience)
		case !ok || canonical != id.User:
			t.Errorf("user %q", id.User)
		case !slices.IsSorted(id.Groups) || slices.Contains(id.Groups, "") || len(id.Groups) > 1000:
			t.Errorf("groups %q", id.Groups)
		}
	})
}
