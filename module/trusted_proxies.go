package module

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// checkTrustedProxies refuses `trusted_proxies static 0.0.0.0/0` and its kin. Whoever may reach such a server may say
// what address they come from and which host they asked for, and be believed.
func (a *App) checkTrustedProxies() error {
	for name, server := range a.servers() {
		var source struct {
			Ranges []string `json:"ranges"`
		}
		if json.Unmarshal(server.TrustedProxiesRaw, &source) != nil {
			continue // another source of ranges, with fields of its own
		}
		for _, text := range source.Ranges {
			if prefix, err := netip.ParsePrefix(text); err == nil && prefix.Bits() == 0 {
				return fmt.Errorf("server %q: trusted_proxies has %s, which trusts every client to say who it is; "+
					"name the addresses of your proxies", name, text)
			}
		}
	}
	return nil
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
