package moduletest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Request is what the upstream received, as it was on the wire.
type Request struct {
	Method     string
	RequestURI string
	Host       string
	Header     http.Header
	Body       string
	Trailer    http.Header // nil where none was sent
}

// Upstream is a real HTTP server that notes every request and answers 200 "upstream". Replace Handler before the first
// request for other answers; requests are noted all the same.
type Upstream struct {
	Handler http.HandlerFunc

	server *httptest.Server
	mu     sync.Mutex
	seen   []Request
}

const maxBody = 1 << 20

// NewUpstream starts an upstream that ends with the test.
func NewUpstream(t testing.TB) *Upstream {
	u := &Upstream{Handler: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "upstream") }}
	u.server = httptest.NewServer(http.HandlerFunc(u.serve))
	t.Cleanup(u.server.Close)
	return u
}

func (u *Upstream) serve(w http.ResponseWriter, r *http.Request) {
	var body []byte
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		body, _ = io.ReadAll(io.LimitReader(r.Body, maxBody))
	}
	u.mu.Lock()
	u.seen = append(u.seen, Request{r.Method, r.RequestURI, r.Host, r.Header.Clone(), string(body), r.Trailer.Clone()})
	u.mu.Unlock()
	u.Handler(w, r)
}

// Addr is the upstream's host:port.
func (u *Upstream) Addr() string { return u.server.Listener.Addr().String() }

// Seen gives the requests received since the last call.
func (u *Upstream) Seen() []Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	seen := u.seen
	u.seen = nil
	return seen
}
