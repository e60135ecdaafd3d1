package caddyfiles_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module/moduletest"
)

// TestWebSocket upgrades where a row allows it, and sees the connection end when the token is revoked.
func TestWebSocket(t *testing.T) {
	g := start(t, "websocket.Caddyfile")
	g.Upstream.Handler = upgrade
	id, text := g.MintScopes("live.read", "metrics.read")

	conn, answer := handshake(t, g, "/live/prices", text)
	line, err := answer.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 101 ") {
		t.Fatalf("got %q (%v), want 101", line, err)
	}
	readHeader(t, answer)
	hello := make([]byte, 7)
	if _, err := io.ReadFull(answer, hello); err != nil || string(hello[2:]) != "hello" {
		t.Fatalf("got %q (%v), want a frame with hello", hello, err)
	}
	g.Disable(id)
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	rest, err := io.ReadAll(answer)
	// A close frame with status 1008, then the end.
	if err != nil || string(rest) != "\x88\x02\x03\xf0" {
		t.Errorf("after the token was revoked: %q (%v), want a close frame", rest, err)
	}
}

// TestWebSocket_ElsewhereNoUpgrade tells of the tunnel past the gate: a connection that is upgraded on an ordinary
// endpoint would carry requests that nobody decides on. The headers are taken out, so that the API sees a plain request.
func TestWebSocket_ElsewhereNoUpgrade(t *testing.T) {
	g := start(t, "websocket.Caddyfile")
	_, text := g.MintScopes("live.read", "metrics.read")
	_, answer := handshake(t, g, "/api/v2/metrics/query", text)
	if line, err := answer.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 200 ") {
		t.Fatalf("got %q (%v), want 200", line, err)
	}
	if got := last(t, g).Header; got.Get("Upgrade") != "" || strings.Contains(got.Get("Connection"), "pgrade") {
		t.Errorf("the upstream was asked to upgrade: %v", got)
	}
}

func handshake(t *testing.T, g *moduletest.Gate, path, token string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", g.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, err = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: api.test\r\nAuthorization: Api-Token "+token+"\r\n"+
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

func readHeader(t *testing.T, answer *bufio.Reader) {
	t.Helper()
	for {
		line, err := answer.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == "\r\n" {
			return
		}
	}
}

// upgrade is an upstream that takes a WebSocket, says hello, and waits for the other side to go.
func upgrade(w http.ResponseWriter, _ *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	// The accept value belongs to the key above (RFC 6455 section 1.3).
	_, _ = io.WriteString(buffered, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x05hello")
	_ = buffered.Flush()
	_, _ = io.Copy(io.Discard, buffered)
}
