package mix

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"sync/atomic"

	"github.com/coder/websocket"
	"github.com/go-jose/go-jose/v4"
)

// Behind is a server for what the plain upstream cannot be: it gives back what is sent to a WebSocket below /live/, and is an issuer of
// JWTs with one published key that signs nothing.
type Behind struct {
	URL     string       // its own, http://host:port; set before it serves
	Fetches atomic.Int64 // how often the keys were asked for
	mux     http.ServeMux
	keys    []byte
}

// NewBehind is such a server for http.Serve at a URL.
func NewBehind(url string) (*Behind, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	published := jose.JSONWebKey{Key: key.Public(), KeyID: "published", Algorithm: string(jose.ES256), Use: "sig"}
	b := &Behind{URL: url}
	if b.keys, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{published}}); err != nil {
		return nil, err
	}
	b.mux.HandleFunc("GET /live/{channel}", echo)
	b.mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": b.URL, "jwks_uri": b.URL + "/keys"})
	})
	b.mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		b.Fetches.Add(1)
		w.Write(b.keys)
	})
	return b, nil
}

func (b *Behind) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

func echo(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	for {
		kind, message, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		if err := conn.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}
