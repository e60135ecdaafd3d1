package masking_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/masking"
)

// refusal is how the gate of these tests answers what cannot be masked.
const refusal = "refused"

// startGate is a client's way to an upstream: a server that masks, and a reverse proxy behind it.
func startGate(t *testing.T, upstream http.HandlerFunc) *httptest.Server {
	t.Helper()
	origin := httptest.NewServer(upstream)
	t.Cleanup(origin.Close)
	target, err := url.Parse(origin.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	plan := compile(t, "/id")
	gate := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := masking.NewWriter(w, r, plan, testLimit).Run(func(w http.ResponseWriter, r *http.Request) error {
			proxy.ServeHTTP(w, r)
			return nil
		})
		if errors.Is(err, masking.ErrUnmaskable) {
			http.Error(w, refusal, http.StatusForbidden)
		}
	}))
	gate.Config.ErrorLog = log.New(io.Discard, "", 0)
	gate.EnableHTTP2 = true
	gate.StartTLS()
	t.Cleanup(gate.Close)
	return gate
}

// upstream is an answer, and what a client must get of it; body is empty where it is refused.
type upstream struct {
	handler http.HandlerFunc
	status  int
	body    string
}

func upstreams() map[string]upstream {
	flush := func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }
	return map[string]upstream{
		"plain": {answer(200, secretDoc, contentType, asJSON), 200, maskedDoc},
		"gzip":  {answer(200, packed(secretDoc), contentType, asJSON, encoding, "gzip"), 200, maskedDoc},
		"error": {answer(404, secretDoc, contentType, asJSON), 404, maskedDoc},
		"chunks": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(contentType, asJSON)
			for _, c := range []byte(secretDoc) {
				_, _ = w.Write([]byte{c})
				flush(w)
			}
		}, 200, maskedDoc},
		"trailers": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			answer(200, secretDoc, contentType, asJSON)(w, r)
			w.Header().Set("X-Sum", "secret")
			w.Header().Set(http.TrailerPrefix+"X-Other", "secret")
		}, 200, maskedDoc},
		"early hints": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</secret>")
			w.WriteHeader(http.StatusEarlyHints)
			answer(200, secretDoc, contentType, asJSON)(w, r)
		}, 200, maskedDoc},
		"range": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(contentType, asJSON)
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(secretDoc))
		}, 200, maskedDoc},
		"guess": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(contentType, asJSON)
			w.Header().Set("Etag", `"guess"`)
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(secretDoc))
		}, 200, maskedDoc},
		"nothing":     {answer(204, ""), 204, ""},
		"broken JSON": {answer(200, secretDoc[:20], contentType, asJSON), 403, ""},
		"page":        {answer(200, "<p>secret", contentType, "text/html"), 403, ""},
		"part":        {answer(206, `"secret"`, contentType, asJSON), 403, ""},
		"large": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(contentType, asJSON)
			for r.Context().Err() == nil { // until it is ended
				if _, err := io.WriteString(w, `["secret",`); err != nil {
					return
				}
			}
		}, 403, ""},
		"bomb": {answer(200, packed(secretDoc+strings.Repeat(" ", 1<<20)), contentType, asJSON, encoding, "gzip"), 403, ""},
		"event stream": {func(w http.ResponseWriter, r *http.Request) {
			answer(200, "data: secret\n\n", contentType, "text/event-stream")(w, r)
			flush(w)
			<-r.Context().Done()
		}, 403, ""},
		"silent event stream": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(contentType, "text/event-stream")
			flush(w)
			<-r.Context().Done()
		}, 403, ""},
		"other protocol": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: secret\r\n\r\nsecret")
		}, 502, ""}, // unasked for: the proxy refuses it before the Writer sees it
	}
}

// Invariant: whatever an upstream does, and in both versions of HTTP, its client sees the masked document or a refusal, and
// not a word of the rest in header, trailer, 1xx response or body.
func TestProxy(t *testing.T) {
	for name, c := range upstreams() {
		for _, version := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s over HTTP/%d", name, version), func(t *testing.T) {
				gate := startGate(t, c.handler)
				transport := gate.Client().Transport.(*http.Transport).Clone()
				defer transport.CloseIdleConnections()
				transport.ForceAttemptHTTP2 = version == 2
				if version == 1 {
					transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
				}
				status, body, all := ask(t, transport, gate.URL, version)
				if body == refusal+"\n" {
					body = ""
				}
				if status != c.status || body != c.body {
					t.Errorf("got %d %q, want %d %q", status, body, c.status, c.body)
				}
				if strings.Contains(all, "secret") {
					t.Errorf("it got through: %s", all)
				}
			})
		}
	}
}

// ask is a client that tries what makes a response hard to mask. all is everything that it was told.
func ask(t *testing.T, transport http.RoundTripper, address string, version int) (status int, body, all string) {
	t.Helper()
	var hints []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			hints = append(hints, fmt.Sprint(code, header))
			return nil
		},
	})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range [][2]string{
		{"Range", "bytes=20-27"}, {"If-None-Match", `"guess"`}, {"Accept-Encoding", "br, gzip"}, {"Te", "trailers"},
	} {
		r.Header.Set(header[0], header[1])
	}
	if version == 1 {
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.ProtoMajor != version {
		t.Fatalf("%s was spoken", response.Proto)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), fmt.Sprint(hints, response.Header, response.Trailer, string(text))
}

// Attack: staff ask for a WebSocket on a masked endpoint, through a proxy that passes the upgrade on all the same. Fix: the
// Writer refuses 101 and cannot be hijacked. Invariant: the connection stays the gate's own.
func TestProxy_refusesAnUpgrade(t *testing.T) {
	gate := startGate(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			t.Error("the upgrade was passed on")
		}
		answer(200, secretDoc, contentType, asJSON)(w, r)
	})
	transport := gate.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.NextProtos, transport.ForceAttemptHTTP2 = []string{"http/1.1"}, false
	defer transport.CloseIdleConnections()
	if status, body, _ := ask(t, transport, gate.URL, 1); status != 200 || body != maskedDoc {
		t.Errorf("got %d %q", status, body)
	}

	// A handler that does what it was not asked for.
	_, err := run(t, http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.WriteHeader(http.StatusSwitchingProtocols)
		if _, _, err := http.NewResponseController(w).Hijack(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("Hijack: %v", err)
		}
	})
	if !errors.Is(err, masking.ErrUnmaskable) {
		t.Errorf("got %v", err)
	}
}

// Attack: an upstream breaks off in the middle, where what came so far could be taken for the whole. Invariant: the client
// sees a broken connection, and nothing of the document.
func TestProxy_upstreamBreaksOff(t *testing.T) {
	gate := startGate(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n%s", secretDoc)
	})
	response, err := gate.Client().Get(gate.URL)
	if err == nil {
		defer response.Body.Close()
		text, _ := bufio.NewReader(response.Body).ReadString(0)
		t.Errorf("got %d %q, want a broken connection", response.StatusCode, text)
	}
}

// The upstream's early hint reaches the client as a bare status.
func TestProxy_passesInformational(t *testing.T) {
	gate := startGate(t, upstreams()["early hints"].handler)
	transport := gate.Client().Transport
	_, _, all := ask(t, transport, gate.URL, 2)
	if diff := cmp.Diff("[103 map[]]", all[:min(len(all), len("[103 map[]]"))]); diff != "" {
		t.Errorf("(-want +got)\n%s\n%s", diff, all)
	}
}
