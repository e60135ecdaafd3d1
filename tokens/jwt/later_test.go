package jwt_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens/jwt"
)

// Keys that are given later make a fault of each token until they are there: nobody can tell whether it is genuine.
func TestKeysLater(t *testing.T) {
	i := given(func(i *jwt.Issuer) { i.Keys, i.KeysLater = nil, true })
	v := newVerifier(t, jwt.Options{}, i)
	now := time.Now()
	if _, refusal, err := v.Verify(t.Context(), good(now, nil), now); refusal != "" || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("before the keys: %q, %v", refusal, err)
	}
	if err := v.SetKeys(issuerURL, setOf(published("one", &ecKey.PublicKey))); err != nil {
		t.Fatal(err)
	}
	expect(t, v, good(now, nil), now, "")
	for name, edit := range map[string]func(*jwt.Issuer){
		"now and later":      func(i *jwt.Issuer) { i.KeysLater = true },
		"fetched and later":  func(i *jwt.Issuer) { i.Keys, i.KeysLater, i.JWKS = nil, true, "https://a.example.com/keys" },
		"an empty prefix":    func(i *jwt.Issuer) { i.AudiencePrefixes = []string{""} },
		"no audience at all": func(i *jwt.Issuer) { i.Audiences = nil },
	} {
		if err := given(edit).Check(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAudiencePrefixes(t *testing.T) {
	v := newVerifier(t, jwt.Options{}, given(func(i *jwt.Issuer) { i.Audiences, i.AudiencePrefixes = nil, []string{"urn:a:", "urn:b:"} }))
	now := time.Now()
	for aud, refusal := range map[any]bool{"urn:a:1": false, "urn:b:": false, "urn:c:1": true, "xurn:a:1": true, "urn:a": true, audience: true} {
		want := jwt.WrongAudience
		if !refusal {
			want = ""
		}
		expect(t, v, good(now, object{"aud": aud}), now, want)
	}
	expect(t, v, good(now, object{"aud": []string{"urn:c:1", "urn:b:2"}}), now, "")
}
