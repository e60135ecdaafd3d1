package module

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Addresses that belong to nobody (RFC 5737, RFC 3849, RFC 9637). A server that trusts all of a family trusts everybody.
var nobodysAddresses = [][]string{
	{"192.0.2.1", "198.51.100.1", "203.0.113.1"},
	{"2001:db8::1", "3fff::1"},
}

// checkTrustedProxies refuses `trusted_proxies static 0.0.0.0/0` and its kin. Whoever may reach such a server may say
// what address they come from and which host they asked for, and be believed. Caddy forgets the text of the option once
// it has read it, so the server itself is asked, which also covers other sources of ranges.
func (a *App) checkTrustedProxies() error {
	for name, server := range a.servers() {
		for _, family := range nobodysAddresses {
			if trustsAll(server, family) {
				return fmt.Errorf("server %q: trusted_proxies has %s and its like, which trusts every client to say who it is; "+
					"name the addresses of your proxies", name, family[0])
			}
		}
	}
	return nil
}

func trustsAll(server *caddyhttp.Server, addresses []string) bool {
	for _, address := range addresses {
		if !trusts(server, address) {
			return false
		}
	}
	return true
}

// trusts asks a server about a request that was never sent.
func trusts(server *caddyhttp.Server, address string) bool {
	r := &http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: "/"}, Header: http.Header{}, Host: "localhost",
		RemoteAddr: net.JoinHostPort(address, "1"),
	}
	r = caddyhttp.PrepareRequest(r.WithContext(context.Background()), caddy.NewReplacer(), nil, server)
	return fromTrustedProxy(r)
}

// servers are the HTTP servers of the config that is being started.
func (a *App) servers() map[string]*caddyhttp.Server {
	app, err := a.ctx.AppIfConfigured("http")
	if err != nil {
		return nil
	}
	if http, ok := app.(*caddyhttp.App); ok {
		return http.Servers
	}
	return nil
}
