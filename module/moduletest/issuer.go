package moduletest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Issuer is a real issuer of JWTs: an HTTP server on this machine that publishes its keys.
type Issuer struct {
	URL     string       // iss; its metadata are below /.well-known
	Fetches atomic.Int64 // how often the keys were asked for
	Away    atomic.Bool  // answers every request with 503

	t   testing.TB
	mu  sync.Mutex
	key *ecdsa.PrivateKey
	id  string
	set []byte // the published keys
}

// NewIssuer starts an issuer that ends with the test.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{t: t}
	i.Rotate()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.Fetches.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		_, _ = w.Write(i.set)
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i.Away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	i.URL = server.URL
	return i
}

// Rotate replaces the one key of the issuer.
func (i *Issuer) Rotate() {
	i.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.key, i.id = key, "key-"+strconv.FormatInt(time.Now().UnixNano(), 36)
	i.set, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: i.id, Use: "sig"}}})
	if err != nil {
		i.t.Fatal(err)
	}
}

// Sign issues a token for the audience "api" to the user "alice", good for five minutes, with these claims over that. A
// claim that is nil is left out.
func (i *Issuer) Sign(claims map[string]any) string {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.SignAs(jose.ES256, i.key, i.id, claims)
}

// SignAs is Sign with another algorithm, key or key identifier, as a forger has them.
func (i *Issuer) SignAs(algorithm jose.SignatureAlgorithm, key any, id string, claims map[string]any) string {
	i.t.Helper()
	now := time.Now().Unix()
	all := map[string]any{"iss": i.URL, "aud": "api", "sub": "alice", "iat": now, "exp": now + 300}
	for name, value := range claims {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	payload, err := json.Marshal(all)
	if err != nil {
		i.t.Fatal(err)
	}
	options := (&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", id)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		i.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return text
}

// Published is what everybody knows: the public key, and its identifier.
func (i *Issuer) Published() (public crypto.PublicKey, id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.key.Public(), i.id
}
