package jwt_test

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/doorward/doorward/tokens/jwt"
)

// Attack: none is needed where a gate forgets to ask whom a token is for. Invariant: an issuer that is not described
// completely and safely keeps the gate from starting.
func TestIssuersThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(*jwt.Issuer)
		want string // part of the error; "" for none
	}{
		"complete":              {nil, ""},
		"no audience":           {func(i *jwt.Issuer) { i.Audiences = nil }, "an audience is required"},
		"empty audience":        {func(i *jwt.Issuer) { i.Audiences = []string{"a", ""} }, "an audience is required"},
		"no URL":                {func(i *jwt.Issuer) { i.URL = "" }, "needs the URL"},
		"none":                  {func(i *jwt.Issuer) { i.Algorithms = []string{"none"} }, `algorithm "none"`},
		"HS256":                 {func(i *jwt.Issuer) { i.Algorithms = []string{"ES256", "HS256"} }, `algorithm "HS256"`},
		"http":                  {func(i *jwt.Issuer) { i.Keys, i.URL = nil, "http://login.test" }, "only https"},
		"http keys":             {func(i *jwt.Issuer) { i.Keys, i.JWKS = nil, "http://login.test/keys" }, "only https"},
		"loopback look-alike":   {func(i *jwt.Issuer) { i.Keys, i.JWKS = nil, "http://localhost.login.test/keys" }, "only https"},
		"loopback in user":      {func(i *jwt.Issuer) { i.Keys, i.JWKS = nil, "http://localhost@login.test/keys" }, "with a user"},
		"file":                  {func(i *jwt.Issuer) { i.Keys, i.JWKS = nil, "file:///etc/keys" }, "not an absolute URL"},
		"relative":              {func(i *jwt.Issuer) { i.Keys, i.JWKS = nil, "/keys" }, "not an absolute URL"},
		"fragment":              {func(i *jwt.Issuer) { i.Keys, i.JWKS = nil, "https://login.test/keys#x" }, "a fragment"},
		"query to discover":     {func(i *jwt.Issuer) { i.Keys, i.URL = nil, "https://login.test?x" }, "with a query"},
		"keys and their place":  {func(i *jwt.Issuer) { i.JWKS = "https://login.test/keys" }, "not both"},
		"skew":                  {func(i *jwt.Issuer) { i.ClockSkew = time.Minute + 1 }, "clock skew"},
		"negative skew":         {func(i *jwt.Issuer) { i.ClockSkew = -1 }, "clock skew"},
		"negative lifetime":     {func(i *jwt.Issuer) { i.MaxLifetime = -1 }, "lifetime"},
		"refresh too often":     {func(i *jwt.Issuer) { i.RefreshEvery = 1 }, "no oftener"},
		"negative interval":     {func(i *jwt.Issuer) { i.UnknownKeyInterval = -1 }, "no oftener"},
		"stale before fetched":  {func(i *jwt.Issuer) { i.StaleFor = 11 * time.Minute }, "too old before"},
		"no keys":               {func(i *jwt.Issuer) { i.Keys = setOf() }, "1 to 100 keys"},
		"private key":           {func(i *jwt.Issuer) { i.Keys = setOf(published("one", ecKey)) }, "key 1: not a public key"},
		"symmetric key":         {func(i *jwt.Issuer) { i.Keys = setOf(published("one", []byte("secret"))) }, "not a public key"},
		"no key at all":         {func(i *jwt.Issuer) { i.Keys = setOf(jose.JSONWebKey{}) }, "not a public key"},
		"short Ed25519 key":     {func(i *jwt.Issuer) { i.Keys = setOf(published("one", make(ed25519.PublicKey, 31))) }, "not a public key"},
		"key for encryption":    {func(i *jwt.Issuer) { i.Keys.Keys[0].Use = "enc" }, "use is not sig"},
		"weak key":              {func(i *jwt.Issuer) { i.Keys = setOf(published("one", &weakKey.PublicKey)) }, "fits no algorithm"},
		"key of long name":      {func(i *jwt.Issuer) { i.Keys.Keys[0].KeyID = strings.Repeat("k", 257) }, "kid is longer"},
		"key for another curve": {func(i *jwt.Issuer) { i.Keys.Keys[0].Algorithm = "ES384" }, "fits no algorithm"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := jwt.NewVerifier([]jwt.Issuer{given(test.edit)}, jwt.Options{})
			switch {
			case test.want == "" && err != nil, test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v; want %q", err, test.want)
			case err != nil && strings.Contains(err.Error(), "localhost@"):
				t.Errorf("the error shows the user of a URL: %v", err)
			case v != nil:
				v.Close()
			}
		})
	}
	if _, err := jwt.NewVerifier([]jwt.Issuer{given(nil), given(nil)}, jwt.Options{}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("one issuer twice: %v", err)
	}
}

// What the operator goes on to do with the description changes nothing.
func TestIssuerIsCopied(t *testing.T) {
	i := given(func(i *jwt.Issuer) { i.Algorithms, i.Types = []string{"ES256"}, []string{"AT+JWT"} })
	v := newVerifier(t, jwt.Options{}, i)
	i.Audiences[0], i.Algorithms[0], i.Types[0], i.Keys.Keys[0] = "x", "RS256", "x", jose.JSONWebKey{}
	expect(t, v, good(now, nil), now, "")
}

// over starts a server with TLS whose every answer is the handler's, and a verifier that discovers its keys there.
func over(t *testing.T, handler http.HandlerFunc) (issuer string, v *jwt.Verifier, errs chan error) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	errs = make(chan error, 100)
	v = newVerifier(t, jwt.Options{HTTPClient: server.Client(), OnError: func(err error) { errs <- err }},
		given(func(i *jwt.Issuer) { i.Keys, i.URL = nil, server.URL }))
	return server.URL, v, errs
}

func TestFetchOverTLS(t *testing.T) {
	a := newAuthority(published("one", &ecKey.PublicKey))
	issuer, v, _ := over(t, a.ServeHTTP)
	at := time.Now()
	expect(t, v, good(at, object{"iss": issuer}), at, "")
	if s := v.Stats().Issuers[0]; s.Keys != 1 || s.Loaded.IsZero() || s.Refreshes != 1 {
		t.Errorf("%+v", s)
	}
}

// A client of its own fetches from this machine without TLS, which is for development.
func TestFetchFromOwnMachine(t *testing.T) {
	server := httptest.NewServer(newAuthority(published("one", &ecKey.PublicKey)))
	defer server.Close()
	v := newVerifier(t, jwt.Options{}, given(func(i *jwt.Issuer) { i.Keys, i.JWKS = nil, server.URL+"/keys" }))
	at := time.Now()
	expect(t, v, good(at, nil), at, "")
}

// Attack: lead the fetch of keys to another place, by a redirect or in the metadata. Invariant: keys come from the
// configured issuer over https and from nowhere else; and the report shows nothing of the URL's query.
func TestFetchIsNotLedAway(t *testing.T) {
	evil := newAuthority(published("one", &ecKey2.PublicKey))
	plain := httptest.NewServer(evil)
	defer plain.Close()
	metadata := func(issuer, place string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/keys" {
				evil.ServeHTTP(w, r)
				return
			}
			self := "https://" + r.Host
			_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, strings.ReplaceAll(issuer, "SELF", self), strings.ReplaceAll(place, "SELF", self))
		}
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, plain.URL+"/keys", http.StatusFound)
		}, "answers 302"},
		"other issuer":     {metadata("SELF/", "SELF/keys"), "of another issuer"},
		"own machine":      {metadata("SELF", plain.URL+"/keys"), "away from https"},
		"not encrypted":    {metadata("SELF", "http://192.0.2.1/keys"), "only https"},
		"no place":         {metadata("SELF", ""), "not an absolute URL"},
		"file":             {metadata("SELF", "file:///keys"), "not an absolute URL"},
		"does not answer":  {metadata("SELF", "https://127.0.0.1:1/keys?secret=s3cr3t"), "does not answer"},
		"endless metadata": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, endless{}) }, "more than 1048576"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		}, "breaks off"},
	} {
		t.Run(name, func(t *testing.T) {
			issuer, v, errs := over(t, test.handler)
			text := good(time.Now(), object{"iss": issuer})
			if id, refusal, err := v.Verify(t.Context(), text, time.Now()); err == nil {
				t.Fatalf("%v, %q", id, refusal) // nothing would be reported
			}
			if err := <-errs; !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%v; want %q", err, test.want)
			}
		})
	}
	if n := evil.fetches.Load(); n != 0 {
		t.Errorf("fetched %d times", n)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, strings.Repeat(" ", len(p))), nil }
