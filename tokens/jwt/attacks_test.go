package jwt_test

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

// Attack: declare a symmetric algorithm and take for its secret what everybody can download, the public key. Invariant:
// no algorithm without a public key is ever accepted, and none with a key of another type.
func TestPublicKeyIsNoSecret(t *testing.T) {
	v := newVerifier(t, jwt.Options{}, given(func(i *jwt.Issuer) {
		i.Keys = setOf(published("one", &rsaKey.PublicKey), published("two", &ecKey.PublicKey))
	}))
	der := must(x509.MarshalPKIXPublicKey(&rsaKey.PublicKey))
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	public := published("one", &rsaKey.PublicKey)
	jwk := must(public.MarshalJSON())
	for name, secret := range map[string][]byte{
		"PEM": block, "PEM without newline": block[:len(block)-1], "DER": der, "PKCS1": x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey),
		"JWK": jwk, "modulus": rsaKey.N.Bytes(), "empty": {},
	} {
		for _, alg := range []string{"HS256", "HS384", "HS512"} {
			expect(t, v, compact(headed(object{"alg": alg}), claiming(now, nil), hs(secret)), now, jwt.WrongAlgorithm)
		}
		for _, alg := range []string{"RS256", "PS256"} { // the right name over the wrong signature
			if id := expect(t, v, compact(headed(object{"alg": alg}), claiming(now, nil), hs(secret)), now, jwt.BadSignature); id != nil {
				t.Error(name)
			}
		}
	}
}

// Attack: have the token choose the key it is checked with, or change what a signature means. Invariant: the header names
// an algorithm and a key of the issuer, and anything more is refused or means nothing.
func TestHeaders(t *testing.T) {
	own := must(published("one", &ecKey2.PublicKey).MarshalJSON())
	sign, theirs := es(ecKey, crypto.SHA256), es(ecKey2, crypto.SHA256)
	v := newVerifier(t, jwt.Options{}, given(nil))
	claims := claiming(now, nil)
	for name, test := range map[string]struct {
		head any
		sign signer
		want tokens.Refusal
	}{
		"own key":                 {headed(object{"jwk": json.RawMessage(own)}), theirs, jwt.BadHeader},
		"own key, good signature": {headed(object{"jwk": json.RawMessage(own)}), sign, jwt.BadHeader},
		"jku":                     {headed(object{"jku": "https://evil.test/keys"}), theirs, jwt.BadHeader},
		"x5u":                     {headed(object{"x5u": "https://evil.test/cert"}), theirs, jwt.BadHeader},
		"x5c":                     {headed(object{"x5c": []string{"MIIB"}}), theirs, jwt.BadHeader},
		"x5t means nothing":       {headed(object{"x5t": "abc"}), sign, ""},
		"crit unknown":            {headed(object{"crit": []string{"x"}, "x": 1}), sign, jwt.BadHeader},
		"crit exp":                {headed(object{"crit": []string{"exp"}}), sign, jwt.BadHeader},
		"crit empty":              {headed(object{"crit": []string{}}), sign, jwt.BadHeader},
		"crit null":               {`{"alg":"ES256","kid":"one","typ":"at+jwt","crit":null}`, sign, jwt.BadHeader},
		"b64 false":               {headed(object{"b64": false, "crit": []string{"b64"}}), sign, jwt.BadHeader},
		"b64 false, not crit":     {headed(object{"b64": false}), sign, jwt.BadHeader},
		"kid as path":             {headed(object{"kid": "../../x"}), sign, jwt.UnknownKey},
		"kid as SQL":              {headed(object{"kid": "' OR 1=1 --"}), sign, jwt.UnknownKey},
		"kid as URL":              {headed(object{"kid": "https://evil.test/keys"}), theirs, jwt.UnknownKey},
		"kid with NUL":            {headed(object{"kid": "one\x00"}), sign, jwt.UnknownKey},
		"kid long":                {headed(object{"kid": strings.Repeat("k", 257)}), sign, jwt.BadHeader},
		"kid a number":            {headed(object{"kid": 1}), sign, jwt.BadHeader},
		"kid empty":               {headed(object{"kid": ""}), sign, jwt.BadHeader},
		"no kid":                  {headed(object{"kid": nil}), sign, ""},
		"no kid, other key":       {headed(object{"kid": nil}), theirs, jwt.BadSignature},
		"other key":               {headed(nil), theirs, jwt.BadSignature},
		"alg missing":             {headed(object{"alg": nil}), sign, jwt.BadHeader},
		"alg none":                {headed(object{"alg": "none"}), func([]byte) []byte { return []byte{0} }, jwt.WrongAlgorithm},
		"alg nOnE":                {headed(object{"alg": "nOnE"}), sign, jwt.WrongAlgorithm},
		"alg a list":              {headed(object{"alg": []string{"ES256"}}), sign, jwt.BadHeader},
		"alg twice":               {`{"alg":"ES256","alg":"none","kid":"one","typ":"JWT"}`, sign, tokens.Malformed},
		"alg twice, escaped":      {`{"alg":"ES256","\u0061lg":"ES256","kid":"one","typ":"JWT"}`, sign, tokens.Malformed},
		"Alg is not alg":          {`{"Alg":"ES256","kid":"one","typ":"JWT"}`, sign, jwt.BadHeader},
		"two objects":             {`{"alg":"ES256","kid":"one","typ":"JWT"}{}`, sign, tokens.Malformed},
		"not UTF-8":               {"{\"alg\":\"ES256\",\"kid\":\"\xff\",\"typ\":\"JWT\"}", sign, tokens.Malformed},
		"long header":             {headed(object{"x": strings.Repeat("x", 4096)}), sign, tokens.Malformed},
		"typ JWT":                 {headed(object{"typ": "JWT"}), sign, ""},
		"typ in full":             {headed(object{"typ": "application/AT+JWT"}), sign, ""},
		"typ missing":             {headed(object{"typ": nil}), sign, jwt.WrongType},
		"typ empty":               {headed(object{"typ": ""}), sign, jwt.BadHeader},
		"typ a number":            {headed(object{"typ": 1}), sign, jwt.BadHeader},
		"typ id token":            {headed(object{"typ": "id_token"}), sign, jwt.WrongType},
		"typ logout":              {headed(object{"typ": "logout+jwt"}), sign, jwt.WrongType},
		"typ security event":      {headed(object{"typ": "secevent+jwt"}), sign, jwt.WrongType},
		"typ proof":               {headed(object{"typ": "dpop+jwt"}), sign, jwt.WrongType},
		"typ client":              {headed(object{"typ": "client-authentication+jwt"}), sign, jwt.WrongType},
	} {
		t.Run(name, func(t *testing.T) {
			text := compact(test.head, claims, test.sign)
			for range 2 {
				expect(t, v, text, now, test.want)
			}
		})
	}
}

// Attack: a token that the issuer really signed, for somebody else, for something else or without an end. Invariant: iss,
// aud and exp are required, exact, and of one form.
func TestClaimAttacks(t *testing.T) {
	v := newVerifier(t, jwt.Options{}, given(nil))
	number := func(text string) json.RawMessage { return json.RawMessage(text) }
	for name, test := range map[string]struct {
		claims any
		want   tokens.Refusal
	}{
		"wrong aud":          {object{"aud": "https://other.test"}, jwt.WrongAudience},
		"aud with slash":     {object{"aud": audience + "/"}, jwt.WrongAudience},
		"aud in other case":  {object{"aud": strings.ToUpper(audience)}, jwt.WrongAudience},
		"aud as prefix":      {object{"aud": audience + ".evil.test"}, jwt.WrongAudience},
		"no aud":             {object{"aud": nil}, jwt.WrongAudience},
		"empty aud":          {object{"aud": ""}, jwt.WrongAudience},
		"iss with slash":     {object{"iss": issuerURL + "/"}, jwt.UntrustedIssuer},
		"iss in other case":  {object{"iss": "https://LOGIN.test"}, jwt.UntrustedIssuer},
		"iss with port":      {object{"iss": issuerURL + ":443"}, jwt.UntrustedIssuer},
		"no iss":             {object{"iss": nil}, jwt.UntrustedIssuer},
		"iss a list":         {object{"iss": []string{issuerURL}}, jwt.UntrustedIssuer},
		"exp string":         {object{"exp": "1900000000"}, jwt.BadClaim},
		"exp float":          {object{"exp": number("1795349000.5")}, jwt.BadClaim},
		"exp exponent":       {object{"exp": number("1.795349e9")}, jwt.BadClaim},
		"exp 1e400":          {object{"exp": number("1e400")}, jwt.BadClaim},
		"exp beyond int64":   {object{"exp": number("99999999999999999999")}, jwt.BadClaim},
		"exp negative":       {object{"exp": -1}, jwt.BadClaim},
		"exp null":           {object{"exp": number("null")}, jwt.BadClaim},
		"exp true":           {object{"exp": true}, jwt.BadClaim},
		"no exp":             {object{"exp": nil}, jwt.BadClaim},
		"nonce":              {object{"nonce": "n"}, ""}, // the type says access token
		"bound to a key":     {object{"cnf": object{"jkt": "x"}}, jwt.WrongUse},
		"claim twice":        {`{"iss":"` + issuerURL + `","aud":"a","aud":"` + audience + `"}`, tokens.Malformed},
		"nested claim twice": {`{"iss":"` + issuerURL + `","x":[{"a":1,"a":1}]}`, tokens.Malformed},
		"a list":             {`[]`, tokens.Malformed},
		"nothing":            {``, tokens.Malformed},
		"a nested token":     {good(now, nil), tokens.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			claims := test.claims
			if changes, ok := claims.(object); ok {
				claims = claiming(now, changes)
			}
			text := compact(headed(nil), claims, es(ecKey, crypto.SHA256))
			for range 2 {
				expect(t, v, text, now, test.want)
			}
		})
	}
}

// Attack: show an ID token or a logout token, which have the type JWT like any other and are handed to more parties than
// an access token is. Invariant: the signs of those are looked for unless the type is at+jwt.
func TestOtherUses(t *testing.T) {
	v := newVerifier(t, jwt.Options{}, given(nil))
	for name, test := range map[string]struct {
		claims object
		want   tokens.Refusal
	}{
		"plain":           {nil, ""},
		"nonce":           {object{"nonce": "n"}, jwt.WrongUse},
		"at_hash":         {object{"at_hash": "h"}, jwt.WrongUse},
		"c_hash":          {object{"c_hash": "h"}, jwt.WrongUse},
		"events":          {object{"events": object{"http://schemas.openid.net/event/backchannel-logout": object{}}}, jwt.WrongUse},
		"token_use id":    {object{"token_use": "id"}, jwt.WrongUse},
		"token_use":       {object{"token_use": "access"}, ""},
		"typ ID":          {object{"typ": "ID"}, jwt.WrongUse},
		"typ Refresh":     {object{"typ": "Refresh"}, jwt.WrongUse},
		"typ Bearer":      {object{"typ": "Bearer", "nonce": "n"}, ""},
		"events, Bearer":  {object{"typ": "Bearer", "events": object{}}, jwt.WrongUse},
		"cnf, Bearer":     {object{"typ": "Bearer", "cnf": object{}}, jwt.WrongUse},
		"typ as a number": {object{"typ": 1}, jwt.WrongUse},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, v, compact(headed(object{"typ": "JWT"}), claiming(now, test.claims), es(ecKey, crypto.SHA256)), now, test.want)
		})
	}
}

// Attack: another spelling of a token that was refused or revoked elsewhere. Invariant: a token has exactly one spelling.
func TestSpellings(t *testing.T) {
	v := newVerifier(t, jwt.Options{}, given(nil))
	text := good(now, nil)
	expect(t, v, text, now, "")
	first, rest, _ := strings.Cut(text, ".")
	second, third, _ := strings.Cut(rest, ".")
	last := strings.IndexByte(base64url, third[len(third)-1]) // 86 characters carry 64 bytes: 4 bits are left over
	for name, other := range map[string]string{
		"empty":               "",
		"two parts":           first + "." + second,
		"four parts":          text + ".e30",
		"no signature":        first + "." + second + ".",
		"no claims":           first + ".." + third,
		"no header":           "." + second + "." + third,
		"padding":             text + "=",
		"line break":          text + "\n",
		"line break within":   first + ".\r\n" + second + "." + third,
		"blank":               " " + text,
		"leftover bits":       text[:len(text)-1] + string(base64url[last^1]),
		"standard alphabet":   strings.NewReplacer("-", "+", "_", "/").Replace(text) + "+",
		"JSON serialization":  `{"protected":"` + first + `","payload":"` + second + `","signature":"` + third + `"}`,
		"too long":            text + strings.Repeat("A", 16<<10),
		"encrypted, compact":  "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a.b.c.d",
		"an access token":     "dt0c01.ABCDEFGHIJKLMNOPQRSTUVWX.ABC",
		"header not an array": encode("[1]") + "." + second + "." + third,
	} {
		t.Run(name, func(t *testing.T) { expect(t, v, other, now, tokens.Malformed) })
	}
}

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// Attack: have keys used for what they are not for: one for encryption, a weak one, one that its owner keeps for another
// algorithm. Invariant: a key's own rules bind.
func TestKeyPolicy(t *testing.T) {
	with := func(k jose.JSONWebKey, members string) string {
		text := string(must(k.MarshalJSON()))
		return text[:len(text)-1] + members + "}"
	}
	ec := published("one", &ecKey.PublicKey)
	for name, test := range map[string]struct {
		key  string
		alg  string
		sign signer
		good bool
	}{
		"plain":                 {with(ec, ``), "ES256", es(ecKey, crypto.SHA256), true},
		"for signatures":        {with(ec, `,"use":"sig","alg":"ES256","key_ops":["verify"]`), "ES256", es(ecKey, crypto.SHA256), true},
		"for encryption":        {with(ec, `,"use":"enc"`), "ES256", es(ecKey, crypto.SHA256), false},
		"use twice":             {with(ec, `,"use":"enc","use":"sig"`), "ES256", es(ecKey, crypto.SHA256), false},
		"operations":            {with(ec, `,"key_ops":["sign"]`), "ES256", es(ecKey, crypto.SHA256), false},
		"operations a string":   {with(ec, `,"key_ops":"verify"`), "ES256", es(ecKey, crypto.SHA256), false},
		"for another curve":     {with(ec, `,"alg":"ES384"`), "ES256", es(ecKey, crypto.SHA256), false},
		"RSA":                   {with(published("one", &rsaKey.PublicKey), ``), "RS256", rs(rsaKey), true},
		"RSA for another":       {with(published("one", &rsaKey.PublicKey), `,"alg":"PS256"`), "RS256", rs(rsaKey), false},
		"RSA for encryption":    {with(published("one", &rsaKey.PublicKey), `,"alg":"RSA-OAEP"`), "RS256", rs(rsaKey), false},
		"RSA of 1024 bits":      {with(published("one", &weakKey.PublicKey), ``), "RS256", rs(weakKey), false},
		"private key published": {with(published("one", ecKey), ``), "ES256", es(ecKey, crypto.SHA256), false},
		"symmetric key":         {`{"kty":"oct","kid":"one","k":"c2VjcmV0"}`, "HS256", hs([]byte("secret")), false},
		"another name":          {with(published("two", &ecKey.PublicKey), ``), "ES256", es(ecKey, crypto.SHA256), false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority()
			// Another good key, so that the set as a whole is accepted.
			a.say(0, `{"keys":[`+test.key+`,`+with(published("other", &ecKey2.PublicKey), ``)+`]}`)
			v := newVerifier(t, a.options(), fetched())
			at := time.Now()
			_, refusal, err := v.Verify(t.Context(), compact(headed(object{"alg": test.alg}), claiming(at, nil), test.sign), at)
			// A set with one member twice is no set at all, which is a fault.
			if accepted := refusal == "" && err == nil; accepted != test.good {
				t.Errorf("%q, %v", refusal, err)
			}
		})
	}
}

// Attack: Alice@example.test and alice@example.test as two users of whom a policy names one. Invariant: variants have one
// canonical name, or none.
func TestCanonicalUser(t *testing.T) {
	for name, want := range map[string]string{
		"alice": "alice", "Alice": "Alice", "alice@example.test": "alice@example.test", "Alice@EXAMPLE.test": "alice@example.test",
		"MU\u0308LLER@example.test": "müller@example.test", "MÜLLER@example.test": "müller@example.test",
		"cafe\u0301": "café", "café": "café", "\u212Aelvin@example.test": "kelvin@example.test",
		"adm\u0130n@example.test": "", "": "", " alice": "", "alice\t": "", "al\u200dice": "", "al\u202eice": "", "al\x00ice": "",
		"al\ufffdice": "", "al\u2028ice": "", strings.Repeat("x", 257): "", "\u00ad": "",
	} {
		if got, ok := jwt.CanonicalUser(name); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", name, got, ok, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOf(rapid.RuneFrom(slices.Collect(func(yield func(rune) bool) {
			for _, r := range "aAzZ@.ÜüİıſßẞΣςKÅ\u0301\u0308\u0345\u200b \u1e9e\u0390" {
				if !yield(r) {
					return
				}
			}
		}))).Draw(t, "name")
		once, ok := jwt.CanonicalUser(name)
		if !ok {
			return
		}
		if twice, ok := jwt.CanonicalUser(once); !ok || twice != once || !utf8.ValidString(once) {
			t.Fatalf("%q, then %q, %v", once, twice, ok)
		}
	})
}
