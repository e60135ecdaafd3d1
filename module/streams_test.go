package module_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

// revocationBound is how late a revocation may take effect, as the design promises.
const revocationBound = time.Second

// streamingSite has a plain address and one with TLS, where HTTP/2 and HTTP/3 are spoken.
const streamingSite = `
{
	admin off
	default_bind 127.0.0.1
	auto_https off
	log {
		output file {LOG}
		format doorward json
	}
	doorward {
		store sqlite {STORE}
		endpoint GET /events metrics.read
		endpoint GET /live metrics.read {
			websocket
		}
		endpoint GET /plain metrics.read
	}
}
(gate) {
	doorward
	reverse_proxy {UPSTREAM} {
		stream_close_delay 5m
	}
}
{SITE} {
	import gate
}
https://a.test:{TLS_PORT} {
	tls {FOLDER}/cert.pem {FOLDER}/key.pem
	import gate
}
`

// startStreaming runs streamingSite and gives the authority that its certificate is from.
func startStreaming(t *testing.T) (*moduletest.Gate, *x509.CertPool) {
	t.Helper()
	g := moduletest.Start(t, plainSite)
	g.Load(streamingCaddyfile(g))
	return g, g.Authority
}

func streamingCaddyfile(g *moduletest.Gate) string {
	_, port, _ := net.SplitHostPort(g.TLSAddr)
	return strings.ReplaceAll(streamingSite, "{TLS_PORT}", port)
}

// protocols are the ways to ask for a long-lived response.
func protocols(t *testing.T, g *moduletest.Gate, roots *x509.CertPool) map[string]func(*http.Request) (*http.Response, error) {
	t.Helper()
	config := func() *tls.Config { return &tls.Config{RootCAs: roots, ServerName: "a.test"} }
	var one, two http.Protocols
	one.SetHTTP1(true)
	two.SetHTTP2(true)
	http1 := &http.Transport{Protocols: &one}
	http2 := &http.Transport{Protocols: &two, TLSClientConfig: config()}
	http3 := &http3.Transport{TLSClientConfig: config()}
	t.Cleanup(func() {
		http1.CloseIdleConnections()
		http2.CloseIdleConnections()
		_ = http3.Close()
	})
	to := func(round http.RoundTripper, scheme, addr string, major int) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) {
			r.URL.Scheme, r.URL.Host, r.Host = scheme, addr, "a.test"
			response, err := round.RoundTrip(r)
			if err == nil && response.ProtoMajor != major {
				t.Errorf("%s was spoken, want HTTP/%d", response.Proto, major)
			}
			return response, err
		}
	}
	return map[string]func(*http.Request) (*http.Response, error){
		"HTTP/1.1": to(http1, "http", g.Addr, 1),
		"HTTP/2":   to(http2, "https", g.TLSAddr, 2),
		"HTTP/3":   to(http3, "https", g.TLSAddr, 3),
	}
}

// endless answers with one event and then nothing, until the gate lets go of it, which it tells over ended.
func endless(contentType string, ended chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, firstEvent)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		ended <- struct{}{}
	}
}

const firstEvent = "data: 1\n\n"

// open asks for /events and reads the first event.
func open(t *testing.T, round func(*http.Request) (*http.Response, error), token string) io.Reader {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://a.test/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Api-Token "+token)
	response, err := round(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %d, want 200", response.StatusCode)
	}
	event := make([]byte, len(firstEvent))
	if _, err := io.ReadFull(response.Body, event); err != nil || string(event) != firstEvent {
		t.Fatalf("first event %q, %v", event, err)
	}
	return response.Body
}

// mustEnd waits for a response to end before its time: as an error, so that no client takes what it got for all.
func mustEnd(t *testing.T, body io.Reader, since time.Time) {
	t.Helper()
	rest, err := io.ReadAll(body)
	if took := time.Since(since); took > revocationBound {
		t.Errorf("the response went on for %v, want at most %v", took, revocationBound)
	}
	if err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the response ended with %q and error %v, want it broken off", rest, err)
	}
}

// eventually waits for something that nobody announces.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}

// mustBeForgotten is for responses that are over.
func mustBeForgotten(t *testing.T, gate module.RunningGate) {
	t.Helper()
	eventually(t, "no response is registered any more", func() bool { return gate.OpenStreams(t) == 0 })
}

// Attack: a client opens an event stream and keeps reading after its token was revoked. Fix: the stream is registered
// under its token and ends with it. Invariant: in every version of HTTP, nothing is forwarded later than the bound after
// a revocation, and the upstream is let go.
func TestStreamEndsWithItsToken(t *testing.T) {
	g, roots := startStreaming(t)
	ended := make(chan struct{}, 1)
	ways := map[string]func(id string){
		"disabled": g.Disable,
		"deleted":  func(id string) { remove(t, g, id) },
	}
	for name, round := range protocols(t, g, roots) {
		for way, revoke := range ways {
			for _, contentType := range []string{"text/event-stream", "application/octet-stream"} {
				t.Run(name+" "+way+" "+contentType, func(t *testing.T) {
					gate := module.TheGate(t)
					before := gate.CutStreams(t, "revoked")
					g.Upstream.Handler = endless(contentType, ended)
					id, token := g.MintScopes("metrics.read")
					body := open(t, round, token)
					if n := gate.OpenStreams(t); n != 1 {
						t.Errorf("%v streams open, want 1", n)
					}
					revoke(id)
					mustEnd(t, body, time.Now())
					<-ended
					mustBeForgotten(t, gate)
					if n := gate.CutStreams(t, "revoked") - before; n != 1 {
						t.Errorf("%v streams were counted as cut, want 1", n)
					}
				})
			}
		}
	}
}

func remove(t *testing.T, g *moduletest.Gate, id string) {
	t.Helper()
	a := g.Administration()
	defer a.Close()
	if err := a.Tokens.Delete(t.Context(), "test", id); err != nil {
		t.Fatal(err)
	}
}

func TestStreamEndsWhenItsTokenExpires(t *testing.T) {
	g, roots := startStreaming(t)
	gate := module.TheGate(t)
	ended := make(chan struct{}, 1)
	g.Upstream.Handler = endless("text/event-stream", ended)
	cut := 0.0
	for name, round := range protocols(t, g, roots) {
		t.Run(name, func(t *testing.T) {
			expires := time.Now().Add(1500 * time.Millisecond).Truncate(time.Millisecond)
			_, token := g.Mint("", tokens.Attributes{Scopes: []string{"metrics.read"}, Expires: expires})
			body := open(t, round, token)
			mustEnd(t, body, expires)
			if early := time.Until(expires); early > 0 {
				t.Errorf("the response ended %v before its token", early)
			}
			<-ended
			mustBeForgotten(t, gate)
			if cut++; gate.CutStreams(t, "expired") != cut {
				t.Errorf("%v streams were counted as expired, want %v", gate.CutStreams(t, "expired"), cut)
			}
		})
	}
}

// Another token's revocation, and a response's own end, cut nothing.
func TestStreamOutlivesOtherTokens(t *testing.T) {
	g, roots := startStreaming(t)
	gate := module.TheGate(t)
	for name, round := range protocols(t, g, roots) {
		t.Run(name, func(t *testing.T) {
			finish := make(chan struct{})
			g.Upstream.Handler = func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, firstEvent)
				_ = http.NewResponseController(w).Flush()
				<-finish
				_, _ = io.WriteString(w, "data: 2\n\n")
			}
			_, token := g.MintScopes("metrics.read")
			otherID, other := g.MintScopes("metrics.read")
			body, cutBody := open(t, round, token), open(t, round, other)
			g.Disable(otherID)
			mustEnd(t, cutBody, time.Now())
			close(finish)
			rest, err := io.ReadAll(body)
			if string(rest) != "data: 2\n\n" || err != nil {
				t.Errorf("the other response ended with %q, %v", rest, err)
			}
			mustBeForgotten(t, gate)
		})
	}
}
