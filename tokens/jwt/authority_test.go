package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/jwt"
)

const (
	issuerURL = "https://login.test"
	audience  = "https://api.test"
)

// now is when tests without a clock of their own take place.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// The keys are made once: RSA ones take their time.
var (
	ecKey    = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ecKey2   = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ec384Key = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	ec521Key = must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	edKey    = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	rsaKey   = must(rsa.GenerateKey(rand.Reader, 2048))
	weakKey  = must(rsa.GenerateKey(rand.Reader, 1024))
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

type object = map[string]any

// signer makes signatures of one algorithm. It is written with the standard library alone, so that the tests do not share
// their notion of a good signature with the code under test.
type signer func(input []byte) []byte

func es(private *ecdsa.PrivateKey, hash crypto.Hash) signer {
	return func(input []byte) []byte {
		h := hash.New()
		h.Write(input)
		r, s, err := ecdsa.Sign(rand.Reader, private, h.Sum(nil))
		if err != nil {
			panic(err)
		}
		size := (private.Curve.Params().BitSize + 7) / 8
		signature := make([]byte, 2*size)
		r.FillBytes(signature[:size])
		s.FillBytes(signature[size:])
		return signature
	}
}

func rs(private *rsa.PrivateKey) signer {
	return func(input []byte) []byte {
		sum := sha256.Sum256(input)
		return must(rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:]))
	}
}

func ps(private *rsa.PrivateKey) signer {
	return func(input []byte) []byte {
		sum := sha256.Sum256(input)
		return must(rsa.SignPSS(rand.Reader, private, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
	}
}

func ed(private ed25519.PrivateKey) signer {
	return func(input []byte) []byte { return ed25519.Sign(private, input) }
}

func hs(secret []byte) signer {
	return func(input []byte) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

// compact writes a token with this header and these claims: objects, or texts to be taken as they are.
func compact(head, claims any, sign signer) string {
	input := encode(head) + "." + encode(claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(sign([]byte(input)))
}

func encode(part any) string {
	text, ok := part.(string)
	if !ok {
		text = string(must(json.Marshal(part)))
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// headed is the header of a good token, changed. A nil takes a member away.
func headed(changes object) object {
	return changed(object{"alg": "ES256", "kid": "one", "typ": "at+jwt"}, changes)
}

// claiming is what a good token says at a time, changed.
func claiming(at time.Time, changes object) object {
	return changed(object{
		"iss": issuerURL, "aud": audience, "sub": "alice", "iat": at.Unix(), "exp": at.Add(5 * time.Minute).Unix(),
	}, changes)
}

func changed(o, changes object) object {
	for name, value := range changes {
		if o[name] = value; value == nil {
			delete(o, name)
		}
	}
	return o
}

// good is a token that everybody accepts at this time.
func good(at time.Time, changes object) string {
	return compact(headed(nil), claiming(at, changes), es(ecKey, crypto.SHA256))
}

func published(id string, public any) jose.JSONWebKey { return jose.JSONWebKey{KeyID: id, Key: public} }

func setOf(keys ...jose.JSONWebKey) *jose.JSONWebKeySet { return &jose.JSONWebKeySet{Keys: keys} }

// given is an issuer whose keys need no fetching: "one" is ecKey.
func given(edit func(*jwt.Issuer)) jwt.Issuer {
	i := jwt.Issuer{URL: issuerURL, Audiences: []string{audience}, Keys: setOf(published("one", &ecKey.PublicKey))}
	if edit != nil {
		edit(&i)
	}
	return i
}

func newVerifier(t testing.TB, o jwt.Options, issuers ...jwt.Issuer) *jwt.Verifier {
	t.Helper()
	v, err := jwt.NewVerifier(issuers, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// expect verifies at a time and wants this refusal, "" for none, and no fault.
func expect(t testing.TB, v *jwt.Verifier, text string, at time.Time, want tokens.Refusal) *jwt.Identity {
	t.Helper()
	id, refusal, err := v.Verify(t.Context(), text, at)
	if refusal != want || err != nil || (id != nil) != (want == "") {
		t.Errorf("%v, refusal %q, %v; want %q", id != nil, refusal, err, want)
	}
	return id
}

// authority publishes keys at issuerURL. As a transport it answers without a network, so that time can be a bubble's own.
type authority struct {
	fetches atomic.Int64 // of keys

	mu     sync.Mutex
	answer string // document at /keys
	status int    // 0: 200
	down   error  // instead of an answer
	slow   bool   // no answer until the client gives up
}

func newAuthority(keys ...jose.JSONWebKey) *authority {
	a := &authority{}
	a.publish(keys...)
	return a
}

func (a *authority) publish(keys ...jose.JSONWebKey) {
	a.say(0, string(must(json.Marshal(setOf(keys...)))))
}

func (a *authority) say(status int, answer string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status, a.answer, a.down, a.slow = status, answer, nil, false
}

var errDown = errors.New("connection refused")

func (a *authority) goDown() { a.mu.Lock(); a.down = errDown; a.mu.Unlock() }
func (a *authority) goSlow() { a.mu.Lock(); a.slow = true; a.mu.Unlock() }

func (a *authority) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	down, slow := a.down, a.slow
	a.mu.Unlock()
	if r.URL.Path == "/keys" {
		a.fetches.Add(1)
	}
	switch {
	case slow:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case down != nil:
		return nil, down
	}
	recorder := httptest.NewRecorder()
	a.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case r.URL.Path == "/.well-known/openid-configuration":
		self := issuerURL
		if r.TLS != nil {
			self = "https://" + r.Host
		}
		_, _ = io.WriteString(w, `{"issuer":`+strconv.Quote(self)+`,"jwks_uri":`+strconv.Quote(self+"/keys")+`}`)
	case a.status != 0:
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(a.status)
		fallthrough
	default:
		_, _ = io.WriteString(w, a.answer)
	}
}

// options has the authority asked at exactly the times that the issuer says.
func (a *authority) options() jwt.Options {
	return jwt.Options{HTTPClient: &http.Client{Transport: a}, Jitter: func() float64 { return 0.5 }}
}

// fetched is an issuer whose keys are discovered.
func fetched() jwt.Issuer { return given(func(i *jwt.Issuer) { i.Keys = nil }) }
