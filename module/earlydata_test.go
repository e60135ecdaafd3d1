package module_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
)

// Attack: a TLS client sends a request as early data, which whoever recorded it can send again, and whose source
// address is not proven. Fix: until the handshake is complete the answer is 425 Too Early (RFC 8470 section 5.2).
// Invariant: no early request reaches the upstream, nor a decision about its token.
func TestEarlyDataIsTooEarly(t *testing.T) {
	g, roots := startStreaming(t)
	_, token := g.MintScopes("metrics.read")
	config := &tls.Config{
		RootCAs: roots, ServerName: "a.test", NextProtos: []string{http3.NextProtoH3},
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	takeTicket(t, g, config, token)
	g.Upstream.Seen()

	gate := module.TheGate(t)
	before := gate.Decisions(t)
	wire := &halfDeaf{}
	conn := dialQUIC(t, g, config, wire)
	status := make(chan int, 1)
	go func() { status <- getEarly(t, conn, token) }()
	eventually(t, "the request has been decided", func() bool { return gate.Decisions(t) > before })
	wire.heals.Store(true)
	if got := <-status; got != http.StatusTooEarly {
		t.Errorf("status %d, want 425", got)
	}
	<-conn.HandshakeComplete()
	if !conn.ConnectionState().Used0RTT {
		t.Error("the server took no early data, so this test has shown nothing")
	}
	if seen := g.Upstream.Seen(); len(seen) != 0 {
		t.Errorf("the upstream saw %d requests, want none", len(seen))
	}
}

// takeTicket completes a handshake and waits for what a later one can be resumed with. It also shows that the same
// request is admitted after the handshake.
func takeTicket(t *testing.T, g *moduletest.Gate, config *tls.Config, token string) {
	t.Helper()
	cache := &announcedCache{ClientSessionCache: config.ClientSessionCache, put: make(chan struct{}, 16)}
	first := config.Clone()
	first.ClientSessionCache = cache
	conn := dialQUIC(t, g, first, nil)
	<-conn.HandshakeComplete()
	if status := getEarly(t, conn, token); status != http.StatusOK {
		t.Fatalf("status %d after the handshake, want 200", status)
	}
	select {
	case <-cache.put:
	case <-t.Context().Done():
	case <-time.After(10 * time.Second):
		t.Fatal("no session ticket came")
	}
	_ = conn.CloseWithError(0, "")
}

// announcedCache says when a ticket has come.
type announcedCache struct {
	tls.ClientSessionCache
	put chan struct{}
}

func (c *announcedCache) Put(key string, state *tls.ClientSessionState) {
	c.ClientSessionCache.Put(key, state)
	c.put <- struct{}{}
}

func dialQUIC(t *testing.T, g *moduletest.Gate, config *tls.Config, wire *halfDeaf) *quic.Conn {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	if wire != nil {
		wire.PacketConn = socket
		socket = wire
	}
	server, err := net.ResolveUDPAddr("udp", g.TLSAddr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	conn, err := quic.DialEarly(ctx, socket, server, config, &quic.Config{DisablePathMTUDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// getEarly sends a request without waiting for the handshake, and gives the status of its answer.
func getEarly(t *testing.T, conn *quic.Conn, token string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http3.MethodGet0RTT, "https://a.test/plain", nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	r.Header.Set("Authorization", "Api-Token "+token)
	response, err := new(http3.Transport).NewClientConn(conn).RoundTrip(r)
	if err != nil {
		t.Error(err)
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// halfDeaf is a client's socket that loses the last message of the handshake until it heals. What the server decides
// before that, it decides early.
type halfDeaf struct {
	net.PacketConn
	heals atomic.Bool
}

// WriteTo drops datagrams with a packet that ends the handshake.
func (h *halfDeaf) WriteTo(datagram []byte, to net.Addr) (int, error) {
	if !h.heals.Load() && endsHandshake(datagram) {
		return len(datagram), nil
	}
	return h.PacketConn.WriteTo(datagram, to)
}

// endsHandshake looks for a Handshake packet, or one with a short header, in a datagram of QUIC version 1: RFC 9000
// sections 12.2 and 17.2.
func endsHandshake(datagram []byte) bool {
	const long, initial, early = 0x80, 0, 1
	for len(datagram) > 7 && datagram[0]&long != 0 {
		kind := datagram[0] >> 4 & 3
		if kind != initial && kind != early {
			return true
		}
		rest := datagram[5:]         // flags and version
		rest = rest[1+int(rest[0]):] // destination
		rest = rest[1+int(rest[0]):] // source
		if kind == initial {
			token, after := variableLength(rest)
			rest = after[token:]
		}
		length, after := variableLength(rest)
		datagram = after[length:]
	}
	return len(datagram) > 0 && datagram[0] != 0 && datagram[0]&long == 0
}

// variableLength reads RFC 9000's integers, section 16.
func variableLength(b []byte) (uint64, []byte) {
	size := 1 << (b[0] >> 6)
	var wide [8]byte
	copy(wide[8-size:], b[:size])
	wide[8-size] &= 0x3f
	return binary.BigEndian.Uint64(wide[:]), b[size:]
}
