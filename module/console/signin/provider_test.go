package signin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	clientID     = "console"
	clientSecret = "the secret of the console: with / and +"
)

// provider is a real issuer with an authorization endpoint and a token endpoint. Whoever gets there is signed in at once as User.
type provider struct {
	URL string

	t   testing.TB
	key *ecdsa.PrivateKey

	mu       sync.Mutex
	User     string
	Identity map[string]any    // claims over those of ID tokens; nil leaves one out
	Access   func() string     // makes the access token
	Answer   map[string]string // parameters over those of the way back; "" leaves one out
	AuthTime time.Time         // when the user was asked; zero: just now
	Lax      bool              // takes a code more than once, and any verifier
	Away     bool
	codes    map[string]url.Values // what was asked for, by code
	asked    []url.Values          // at the authorization endpoint
	redeemed int
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	p := &provider{t: t, User: "alice", codes: map[string]url.Values{}}
	p.Access = func() string { return p.sign(map[string]any{"aud": "api"}) }
	var err error
	if p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.metadata)
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: "k", Use: "sig", Algorithm: "ES256"}}})
	})
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.Away {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// set changes what the provider does.
func (p *provider) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *provider) metadata(w http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(w).Encode(map[string]any{
		"issuer": p.URL, "jwks_uri": p.URL + "/keys", "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"id_token_signing_alg_values_supported": []string{"ES256"}, "code_challenge_methods_supported": []string{"S256"},
	})
}

// authorize sends the browser back with a code.
func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	p.asked = append(p.asked, query)
	code := "code-" + strconv.Itoa(len(p.asked)) + "-" + rand.Text()
	query.Set("user", p.User)
	p.codes[code] = query
	back := url.Values{"code": {code}, "state": {query.Get("state")}, "iss": {p.URL}}
	for name, value := range p.Answer {
		if back.Set(name, value); value == "" {
			back.Del(name)
		}
	}
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

// token changes a code for tokens, if all is as it was when the code was given out.
func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	secret, _ = url.QueryUnescape(secret) // RFC 6749, section 2.3.1
	code := r.PostFormValue("code")
	asked := p.codes[code]
	verifier := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	proven := asked.Get("code_challenge_method") == "S256" && asked.Get("code_challenge") == base64.RawURLEncoding.EncodeToString(verifier[:])
	if id != clientID || secret != clientSecret || asked == nil || !proven && !p.Lax || asked.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"` + code + `"}`))
		return
	}
	if !p.Lax {
		delete(p.codes, code)
	}
	p.redeemed++
	at := p.AuthTime
	if at.IsZero() {
		at = time.Now()
	}
	claims := map[string]any{"sub": asked.Get("user"), "aud": clientID, "nonce": asked.Get("nonce"), "auth_time": at.Unix()}
	maps.Copy(claims, p.Identity)
	p.User = asked.Get("user")
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": p.Access(), "token_type": "Bearer", "expires_in": 300, "id_token": p.sign(claims),
	})
}

// sign issues a token to the user, good for five minutes, with these claims over that.
func (p *provider) sign(claims map[string]any) string {
	now := time.Now().Unix()
	all := map[string]any{"iss": p.URL, "sub": p.User, "iat": now, "exp": now + 300}
	for name, value := range claims {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	payload, _ := json.Marshal(all)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "k"))
	if err != nil {
		p.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}
