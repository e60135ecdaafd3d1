package apitest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/doorward/doorward/module/moduletest"
)

// client asks a gate over one protocol.
type client struct {
	http   *http.Client
	scheme string
	major  int // of the protocol's version
}

// reply is an answer.
type reply struct {
	status int
	header http.Header
	body   string
}

// newClient speaks "h1", in the clear, or "h2", over TLS. Every host name leads to the gate.
func newClient(g *moduletest.Gate, protocol string) client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{ServerName: "a.test", RootCAs: g.Authority, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: protocol == "h2",
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasSuffix(address, ":443") {
				return dialer.DialContext(ctx, network, g.TLSAddr)
			}
			return dialer.DialContext(ctx, network, g.Addr)
		},
	}
	c := client{&http.Client{Transport: transport, Timeout: 30 * time.Second}, "http", 1}
	if protocol == "h2" {
		c.scheme, c.major = "https", 2
	}
	return c
}

func (c client) close() { c.http.CloseIdleConnections() }

// ask sends a request to a.test, or to the host that its header names.
func (c client) ask(r request) (reply, error) {
	target := strings.NewReplacer(`"`, "%22", " ", "%20").Replace(r.target) // readable in the files
	if strings.HasPrefix(target, "/") {
		target = c.scheme + "://a.test" + target
	}
	sent, err := http.NewRequestWithContext(context.Background(), r.method, target, bytes.NewReader([]byte(r.body)))
	if err != nil {
		return reply{}, err
	}
	sent.Header = r.header.Clone()
	if host := sent.Header.Get("Host"); host != "" {
		sent.Host = host
		sent.Header.Del("Host")
	}
	if r.body != "" && sent.Header.Get("Content-Type") == "" {
		sent.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(sent)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	if strings.HasPrefix(target, c.scheme+"://") && response.ProtoMajor != c.major {
		return reply{}, http.ErrNotSupported
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	return reply{response.StatusCode, response.Header, string(body)}, err
}
