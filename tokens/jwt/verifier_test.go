package jwt_test

import (
	"crypto"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
	"github.com/doorward/doorward/tokens/scope"
)

func TestIdentity(t *testing.T) {
	v := newVerifier(t, jwt.Options{}, given(func(i *jwt.Issuer) {
		i.UserClaim, i.GroupsClaim, i.EnvironmentClaim = "email", "/realm/roles", "env"
		i.ClockSkew = 10 * time.Second
	}))
	claims := object{
		"email": "Alice.M\u0075\u0308ller@Example.COM", "env": "prod", "jti": "j1", "scope": "b.read a.read  b.read no\"scope",
		"aud": []string{"other", audience}, "realm": object{"roles": []string{"ops", "cafe\u0301", "ops"}}, "level": 17,
	}
	got := expect(t, v, good(now, claims), now, "")
	if got == nil {
		t.FailNow()
	}
	if level := got.Claims["level"]; level != json.Number("17") {
		t.Errorf("a number is %#v", level)
	}
	got = new(*got)
	got.Claims = nil
	want := &jwt.Identity{
		Issuer: issuerURL, Subject: "alice", User: "alice.müller@example.com", Email: "alice.müller@example.com",
		Groups: []string{"café", "ops"}, Scopes: scope.NewSet("a.read", "b.read"), HasScopes: true, Environment: "prod",
		Audience: []string{"other", audience}, ID: "j1", KeyID: "one", IssuedAt: now, Expires: now.Add(5*time.Minute + 10*time.Second),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Every algorithm with every key: a signature counts only under the type and curve that belong to its algorithm.
func TestAlgorithmsFitKeys(t *testing.T) {
	keys := setOf(published("p256", &ecKey.PublicKey), published("p384", &ec384Key.PublicKey), published("p521", &ec521Key.PublicKey),
		published("ed", edKey.Public()), published("rsa", &rsaKey.PublicKey))
	all := []string{"ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"}
	v := newVerifier(t, jwt.Options{}, given(func(i *jwt.Issuer) { i.Keys, i.Algorithms = keys, all }))
	for made, sign := range map[string]signer{
		"ES256 p256": es(ecKey, crypto.SHA256), "ES384 p384": es(ec384Key, crypto.SHA384), "ES512 p521": es(ec521Key, crypto.SHA512),
		"EdDSA ed": ed(edKey), "PS256 rsa": ps(rsaKey), "RS256 rsa": rs(rsaKey),
	} {
		for _, alg := range append(all, "none", "HS256", "HS384", "HS512", "ES256K", "es256", "Ed25519", "RSA-OAEP", "") {
			for _, k := range keys.Keys {
				id, refusal, err := v.Verify(t.Context(), compact(headed(object{"alg": alg, "kid": k.KeyID}), claiming(now, nil), sign), now)
				if wanted := made == alg+" "+k.KeyID; (id != nil) != wanted || (refusal == "") != wanted || err != nil {
					t.Errorf("%s claimed to be %s %s: %q, %v", made, alg, k.KeyID, refusal, err)
				}
			}
		}
	}
}

func TestDefaultAlgorithms(t *testing.T) {
	v := newVerifier(t, jwt.Options{}, given(func(i *jwt.Issuer) {
		i.Keys = setOf(published("one", &ec521Key.PublicKey), published("two", &rsaKey.PublicKey))
	}))
	expect(t, v, compact(headed(object{"alg": "ES512"}), claiming(now, nil), es(ec521Key, crypto.SHA512)), now, jwt.WrongAlgorithm)
	expect(t, v, compact(headed(object{"alg": "RS256", "kid": "two"}), claiming(now, nil), rs(rsaKey)), now, "")
}

// An issuer that keeps a key but reserves it for another algorithm takes back what the first one signed, also from the cache.
func TestKeptKeyUnderOtherRules(t *testing.T) {
	k := published("one", &rsaKey.PublicKey)
	v := newVerifier(t, jwt.Options{}, given(func(i *jwt.Issuer) { i.Keys = setOf(k) }))
	text := compact(headed(object{"alg": "RS256"}), claiming(now, nil), rs(rsaKey))
	expect(t, v, text, now, "")
	k.Algorithm = "PS256"
	if err := v.SetKeys(issuerURL, setOf(k)); err != nil {
		t.Fatal(err)
	}
	expect(t, v, text, now, jwt.UnknownKey)
}

// Keys may share a name, and a token need not name its key; but no token has more than a few keys tried.
func TestCandidates(t *testing.T) {
	keys := setOf(published("one", &ec384Key.PublicKey), published("one", &ecKey2.PublicKey), published("one", &ecKey.PublicKey))
	v := newVerifier(t, jwt.Options{}, given(func(i *jwt.Issuer) { i.Keys = keys }))
	named, unnamed := good(now, nil), compact(headed(object{"kid": nil}), claiming(now, nil), es(ecKey, crypto.SHA256))
	expect(t, v, named, now, "")
	expect(t, v, unnamed, now, "")
	for n := range 3 {
		keys.Keys = append(keys.Keys, published("more"+strconv.Itoa(n), &ecKey2.PublicKey))
	}
	if err := v.SetKeys(issuerURL, keys); err != nil {
		t.Fatal(err)
	}
	expect(t, v, named, now, "")
	// Seen before, and its key is still there.
	expect(t, v, unnamed, now, "")
	expect(t, v, compact(headed(object{"kid": nil}), claiming(now, nil), es(ecKey, crypto.SHA256)), now, jwt.UnknownKey)
}

// The last accepted and the first refused instant of each date.
func TestTimes(t *testing.T) {
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	const s, m, h = time.Second, time.Minute, time.Hour
	for name, test := range map[string]struct {
		skew   time.Duration
		claims object
		want   tokens.Refusal
	}{
		"dies at exp":              {0, object{"exp": at(0)}, tokens.Expired},
		"lives before exp":         {0, object{"exp": at(s)}, ""},
		"skew after exp":           {m, object{"exp": at(-59 * s)}, ""},
		"skew after exp over":      {m, object{"exp": at(-60 * s)}, tokens.Expired},
		"starts at nbf":            {0, object{"nbf": at(0)}, ""},
		"not before nbf":           {0, object{"nbf": at(s)}, jwt.NotYetValid},
		"skew before nbf":          {m, object{"nbf": at(m)}, ""},
		"skew before nbf over":     {m, object{"nbf": at(61 * s)}, jwt.NotYetValid},
		"iat a little fast":        {0, object{"iat": at(m)}, ""},
		"iat in the future":        {0, object{"iat": at(61 * s)}, jwt.NotYetValid},
		"iat with skew":            {m, object{"iat": at(2 * m)}, ""},
		"iat far future":           {m, object{"iat": at(10000 * h), "exp": at(10001 * h)}, jwt.NotYetValid},
		"a day":                    {0, object{"exp": at(24 * h)}, ""},
		"more than a day":          {0, object{"exp": at(24*h + s)}, jwt.LivesTooLong},
		"more than a day from iat": {0, object{"iat": at(-23 * h), "exp": at(h + s)}, jwt.LivesTooLong},
		"no iat":                   {0, object{"iat": nil, "exp": at(24 * h)}, ""},
		"no iat, too long":         {0, object{"iat": nil, "exp": at(24*h + s)}, jwt.LivesTooLong},
		"the year 9999":            {0, object{"exp": 253402300799}, jwt.LivesTooLong},
		"beyond":                   {0, object{"exp": 253402300800}, jwt.BadClaim},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVerifier(t, jwt.Options{}, given(func(i *jwt.Issuer) { i.ClockSkew = test.skew }))
			text := good(now, test.claims)
			for range 2 { // the second time from the cache
				expect(t, v, text, now, test.want)
			}
		})
	}
}

func TestClaimForms(t *testing.T) {
	long := strings.Repeat("x", 257)
	many := make([]string, 1001)
	for i := range many {
		many[i] = "g" + strconv.Itoa(i)
	}
	for name, test := range map[string]struct {
		claims object
		want   tokens.Refusal
	}{
		"one group":               {object{"groups": "ops"}, ""},
		"no groups":               {object{"groups": []string{}}, ""},
		"null groups":             {object{"groups": json.RawMessage("null")}, ""},
		"a thousand groups":       {object{"groups": many[:1000]}, ""},
		"too many groups":         {object{"groups": many}, jwt.BadClaim},
		"long group":              {object{"groups": []string{long[1:]}}, ""},
		"too long group":          {object{"groups": []string{long}}, jwt.BadClaim},
		"empty group":             {object{"groups": []string{""}}, jwt.BadClaim},
		"group that is a number":  {object{"groups": []any{"ops", 7}}, jwt.BadClaim},
		"groups as object":        {object{"groups": object{"ops": true}}, jwt.BadClaim},
		"group with control":      {object{"groups": []string{"ops\n"}}, jwt.BadClaim},
		"groups elsewhere":        {object{"_claim_names": object{"groups": "src1"}}, jwt.BadClaim},
		"other claim elsewhere":   {object{"_claim_names": object{"address": "src1"}}, ""},
		"no sub":                  {object{"sub": nil}, jwt.BadClaim},
		"empty sub":               {object{"sub": ""}, jwt.BadClaim},
		"numeric sub":             {object{"sub": 12}, jwt.BadClaim},
		"long sub":                {object{"sub": long}, jwt.BadClaim},
		"sub with blank":          {object{"sub": "alice "}, jwt.BadClaim},
		"sub with invisible":      {object{"sub": "ali\u200bce"}, jwt.BadClaim},
		"sub with lone surrogate": {object{"sub": json.RawMessage(`"a\ud800"`)}, jwt.BadClaim},
		"numeric jti":             {object{"jti": 12}, jwt.BadClaim},
		"long jti":                {object{"jti": long}, jwt.BadClaim},
		"aud a number":            {object{"aud": 1}, jwt.WrongAudience},
		"aud with a number":       {object{"aud": []any{audience, 1}}, jwt.WrongAudience},
		"aud empty":               {object{"aud": []string{}}, jwt.WrongAudience},
		"scope a number":          {object{"scope": 1}, jwt.BadClaim},
		"scope list":              {object{"scope": []string{"a", "b"}}, ""},
		"scp list with a number":  {object{"scp": []any{"a", 1}}, jwt.BadClaim},
		"nbf a string":            {object{"nbf": "0"}, jwt.BadClaim},
		"iat a string":            {object{"iat": "0"}, jwt.BadClaim},
		"negative nbf":            {object{"nbf": -1}, jwt.BadClaim},
		"deep":                    {object{"x": json.RawMessage(strings.Repeat("[", 15) + strings.Repeat("]", 15))}, ""},
		"too deep":                {object{"x": json.RawMessage(strings.Repeat("[", 17) + strings.Repeat("]", 17))}, tokens.Malformed},
		"too many values":         {object{"x": json.RawMessage("[0" + strings.Repeat(",0", 4095) + "]")}, tokens.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVerifier(t, jwt.Options{}, given(nil))
			for range 2 {
				expect(t, v, good(now, test.claims), now, test.want)
			}
		})
	}
}

func TestScopes(t *testing.T) {
	v := newVerifier(t, jwt.Options{}, given(nil))
	for name, test := range map[string]struct {
		claims object
		want   []string
		has    bool
	}{
		"none":         {nil, nil, false},
		"null":         {object{"scope": json.RawMessage("null")}, nil, false},
		"empty":        {object{"scope": ""}, nil, true},
		"string":       {object{"scope": "b a"}, []string{"a", "b"}, true},
		"scp string":   {object{"scp": "b a"}, []string{"a", "b"}, true},
		"scp list":     {object{"scp": []string{"b", "a"}}, []string{"a", "b"}, true},
		"first counts": {object{"scope": "a", "scp": "b"}, []string{"a"}, true},
	} {
		if id := expect(t, v, good(now, test.claims), now, ""); id != nil {
			if diff := cmp.Diff(scope.NewSet(test.want...), id.Scopes); diff != "" || id.HasScopes != test.has {
				t.Errorf("%s: has %v (-want +got):\n%s", name, id.HasScopes, diff)
			}
		}
	}
}

func TestEnvironmentAndEmail(t *testing.T) {
	byEmail := newVerifier(t, jwt.Options{}, given(func(i *jwt.Issuer) { i.UserClaim, i.EmailClaim = "email", "mail" }))
	bySub := newVerifier(t, jwt.Options{}, given(func(i *jwt.Issuer) { i.EnvironmentClaim = "/tenant/0" }))
	mail := func(verified any) string {
		return good(now, object{"email": "a@b.test", "email_verified": verified, "tenant": []string{"prod"}})
	}
	for _, verified := range []any{true, "true", nil} {
		expect(t, byEmail, mail(verified), now, "")
		if id := expect(t, bySub, mail(verified), now, ""); id != nil && (id.Email != "a@b.test" || id.Environment != "prod") {
			t.Errorf("%v: %q in %q", verified, id.Email, id.Environment)
		}
	}
	// Attack: register with somebody else's address and never confirm it. Invariant: such an address is nobody's name.
	for _, unverified := range []any{false, "false", 1} {
		expect(t, byEmail, mail(unverified), now, jwt.BadClaim)
		if id := expect(t, bySub, mail(unverified), now, ""); id != nil && id.Email != "" {
			t.Errorf("%v: believed %q", unverified, id.Email)
		}
	}
	for _, tenant := range []any{nil, []string{}, []any{1}, object{"0": ""}} {
		expect(t, bySub, good(now, object{"tenant": tenant}), now, jwt.BadClaim)
	}
}

func TestSetKeys(t *testing.T) {
	v := newVerifier(t, jwt.Options{}, given(nil))
	text := good(now, nil)
	expect(t, v, text, now, "")
	second := compact(headed(object{"kid": "two"}), claiming(now, nil), es(ecKey2, crypto.SHA256))
	expect(t, v, second, now, jwt.UnknownKey)
	if err := v.SetKeys(issuerURL, setOf(published("two", &ecKey2.PublicKey))); err != nil {
		t.Fatal(err)
	}
	expect(t, v, second, now, "")
	expect(t, v, text, now, jwt.UnknownKey)
	for _, keys := range []string{"https://other.test", issuerURL} {
		if err := v.SetKeys(keys, setOf()); err == nil {
			t.Errorf("%s: no error", keys)
		}
	}
	expect(t, v, second, now, "")
}
