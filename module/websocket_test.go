package module_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

// policyViolation is RFC 6455's close status for "the endpoint ends this for a reason of policy".
const policyViolation = 1008

// openSocket gives a WebSocket that echoes.
func openSocket(t *testing.T, g *moduletest.Gate, token string) *moduletest.Websocket {
	t.Helper()
	s, response := g.DialWebsocket("/live", token)
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("status %d, want 101", response.StatusCode)
	}
	return s
}

func mustEcho(t *testing.T, s *moduletest.Websocket, text string) {
	t.Helper()
	if err := s.Send(moduletest.TextFrame, []byte(text)); err != nil {
		t.Fatal(err)
	}
	frame, err := s.Receive()
	if err != nil || string(frame.Payload) != text {
		t.Fatalf("echo %.40q, %v, want %.40q", frame.Payload, err, text)
	}
}

// mustClose waits for the close frame that a revocation sends, and for the end after it.
func mustClose(t *testing.T, s *moduletest.Websocket, since time.Time) {
	t.Helper()
	frame, err := s.Receive()
	if err != nil || frame.Status() != policyViolation {
		t.Fatalf("received opcode %#x, %d bytes, status %d, %v; want a close frame with 1008",
			frame.Opcode, len(frame.Payload), frame.Status(), err)
	}
	if took := time.Since(since); took > revocationBound {
		t.Errorf("closed after %v, want at most %v", took, revocationBound)
	}
	if _, err := s.Receive(); !errors.Is(err, io.EOF) {
		t.Errorf("after the close frame came %v, want the end", err)
	}
}

// Attack: a WebSocket is opened with a token, the token is revoked, and the socket goes on. Fix: the socket is
// registered under its token. Invariant: it gets a close frame with status 1008 within the bound, and is counted.
func TestWebsocketEndsWithItsToken(t *testing.T) {
	g, _ := startStreaming(t)
	gate := module.TheGate(t)
	g.Upstream.Handler = moduletest.EchoWebsocket
	for name, revoke := range map[string]func(id string){
		"disabled": g.Disable, "deleted": func(id string) { remove(t, g, id) },
	} {
		t.Run(name, func(t *testing.T) {
			before := gate.CutStreams(t, "revoked")
			id, token := g.MintScopes("metrics.read")
			_, other := g.MintScopes("metrics.read")
			s, untouched := openSocket(t, g, token), openSocket(t, g, other)
			mustEcho(t, s, "hello")
			mustEcho(t, s, strings.Repeat("long", 1<<16))
			revoke(id)
			mustClose(t, s, time.Now())
			mustEcho(t, untouched, "still here")
			untouched.Close()
			mustBeForgotten(t, gate)
			if n := gate.CutStreams(t, "revoked") - before; n != 1 {
				t.Errorf("%v sockets were counted as cut, want 1", n)
			}
		})
	}
}

func TestWebsocketEndsWhenItsTokenExpires(t *testing.T) {
	g, _ := startStreaming(t)
	gate := module.TheGate(t)
	g.Upstream.Handler = moduletest.EchoWebsocket
	expires := time.Now().Add(1500 * time.Millisecond).Truncate(time.Millisecond)
	_, token := g.Mint("", tokens.Attributes{Scopes: []string{"metrics.read"}, Expires: expires})
	s := openSocket(t, g, token)
	mustEcho(t, s, "hello")
	mustClose(t, s, expires)
	mustBeForgotten(t, gate)
	if n := gate.CutStreams(t, "expired"); n != 1 {
		t.Errorf("%v sockets were counted as expired, want 1", n)
	}
}

// halfFrame sends the first half of a large frame, says so, and waits to be told before it sends the rest.
func halfFrame(payload []byte, half chan<- struct{}, finish <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := moduletest.AcceptWebsocket(w, r)
		if err != nil {
			return
		}
		defer s.Close()
		frame := moduletest.AppendFrame(nil, moduletest.TextFrame, payload, false)
		_, _ = s.Write(frame[:len(frame)/2])
		half <- struct{}{}
		<-finish
		// More than the rest of the frame, in one write: what follows the frame must not get through.
		_, _ = s.Write(moduletest.AppendFrame(frame[len(frame)/2:], moduletest.TextFrame, []byte("too late"), false))
		_, _ = s.Receive()
	}
}

// A close frame inside another frame would be read as its payload. So it waits for the frame's end.
func TestWebsocketClosesBetweenFrames(t *testing.T) {
	g, _ := startStreaming(t)
	gate := module.TheGate(t)
	payload := bytes.Repeat([]byte("0123456789abcdef"), 1<<12)
	half, finish := make(chan struct{}, 1), make(chan struct{})
	g.Upstream.Handler = halfFrame(payload, half, finish)
	id, token := g.MintScopes("metrics.read")
	s := openSocket(t, g, token)
	<-half
	g.Disable(id)
	eventually(t, "the socket is being cut", func() bool { return gate.CutStreams(t, "revoked") == 1 })
	close(finish)
	frame, err := s.Receive()
	if err != nil || !bytes.Equal(frame.Payload, payload) {
		t.Fatalf("the frame under way came as %d bytes, %v, want all %d", len(frame.Payload), err, len(payload))
	}
	mustClose(t, s, time.Now())
	mustBeForgotten(t, gate)
}

// An upstream that never finishes its frame, and a client that reads nothing, must not hold up the cut: after the grace
// time the connection just ends.
func TestWebsocketIsCutAfterTheGrace(t *testing.T) {
	const grace = 2 * time.Second // to finish the frame, and then to get the close frame across
	t.Run("a frame without an end", func(t *testing.T) {
		g, _ := startStreaming(t)
		half, finish := make(chan struct{}, 1), make(chan struct{})
		defer close(finish)
		g.Upstream.Handler = halfFrame(make([]byte, 1<<16), half, finish)
		id, token := g.MintScopes("metrics.read")
		s := openSocket(t, g, token)
		<-half
		g.Disable(id)
		revoked := time.Now()
		if _, err := s.Receive(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("ended with %v, want the frame broken off", err)
		}
		if took := time.Since(revoked); took > revocationBound+grace {
			t.Errorf("ended after %v, want at most %v", took, revocationBound+grace)
		}
		mustBeForgotten(t, module.TheGate(t))
	})
	t.Run("a client that does not read", func(t *testing.T) {
		g, _ := startStreaming(t)
		gate := module.TheGate(t)
		stuck := make(chan error, 1)
		g.Upstream.Handler = func(w http.ResponseWriter, r *http.Request) {
			s, err := moduletest.AcceptWebsocket(w, r)
			for err == nil { // until every buffer between here and the client is full, and then until the cut
				err = s.Send(moduletest.TextFrame, make([]byte, 1<<20))
			}
			stuck <- err
		}
		id, token := g.MintScopes("metrics.read")
		openSocket(t, g, token)
		g.Disable(id)
		revoked := time.Now()
		<-stuck
		mustBeForgotten(t, gate)
		if took := time.Since(revoked); took > revocationBound+grace {
			t.Errorf("the upstream was let go after %v, want at most %v", took, revocationBound+grace)
		}
	})
}

// Attack: `Upgrade: h2c` opens a tunnel to the upstream in which the gate sees no further request. Fix: nothing but
// `websocket` is ever passed on, and that only where the endpoint says so. Invariant: the upstream sees no Upgrade
// otherwise.
func TestUpgradeIsForWebsocketEndpointsOnly(t *testing.T) {
	g, _ := startStreaming(t)
	_, token := g.MintScopes("metrics.read")
	for _, test := range []struct {
		name, path string
		header     []string
	}{
		{"no websocket endpoint", "/plain", []string{"Connection: Upgrade", "Upgrade: websocket"}},
		{"h2c", "/plain", []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"}},
		{"h2c on a websocket endpoint", "/live", []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"}},
		{"h2c and websocket", "/live", []string{"Connection: Upgrade", "Upgrade: h2c, websocket"}},
		{"h2c, then websocket", "/live", []string{"Connection: Upgrade", "Upgrade: h2c", "Upgrade: websocket"}},
		{"without Connection", "/live", []string{"Upgrade: websocket"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, _ := send(t, g, "GET", test.path, append(test.header, "Authorization: Api-Token "+token)...)
			if response.StatusCode == http.StatusSwitchingProtocols {
				t.Error("the protocol was switched")
			}
			for _, seen := range g.Upstream.Seen() {
				for _, name := range []string{"Upgrade", "Http2-Settings"} {
					if value := seen.Header.Values(name); len(value) > 0 {
						t.Errorf("the upstream saw %s: %q", name, value)
					}
				}
			}
		})
	}
}

// A socket outlives a reload as far as reverse_proxy lets it (stream_close_delay), and is watched as before.
func TestWebsocketAcrossReload(t *testing.T) {
	g, _ := startStreaming(t)
	gate := module.TheGate(t)
	g.Upstream.Handler = moduletest.EchoWebsocket
	id, token := g.MintScopes("metrics.read")
	s := openSocket(t, g, token)
	g.Load(streamingCaddyfile(g))
	if !module.TheGate(t).Same(gate) {
		t.Fatal("the reload opened another gate")
	}
	mustEcho(t, s, "after the reload")
	g.Disable(id)
	mustClose(t, s, time.Now())
	mustBeForgotten(t, gate)
}

// Attack: a config is reloaded into a gate of other settings, and the sockets of the old one go on with nobody following
// the store for them. Invariant: they are closed with the gate that watched them.
func TestWebsocketEndsWithItsGate(t *testing.T) {
	g, _ := startStreaming(t)
	g.Upstream.Handler = moduletest.EchoWebsocket
	_, token := g.MintScopes("metrics.read")
	s := openSocket(t, g, token)
	mustEcho(t, s, "hello")
	g.Load(strings.Replace(streamingCaddyfile(g), "store sqlite {STORE}", "store sqlite {STORE}\n\t\tlegacy_tokens", 1))
	mustClose(t, s, time.Now())
}
