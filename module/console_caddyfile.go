package module

import (
	"cmp"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// parseConsole reads
//
//	doorward_console [<matcher>] {
//	    name             <text>
//	    gateway          <url>
//	    session_idle     <duration>
//	    session_lifetime <duration>
//	    sign_in          …
//	}
//
// Every option may be left out. For those of signing in see ConsoleSignIn.
func parseConsole(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	c := new(Console)
	if err := c.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return c, nil
}

// UnmarshalCaddyfile sets the console up from the tokens of its directive; see parseConsole for the grammar.
func (c *Console) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if err := parseNoArgs(d); err != nil {
		return err
	}
	known := c.ConsoleSignIn.options()
	known["name"] = func(d *caddyfile.Dispenser) error {
		return cmp.Or(parseOne(d, &c.Name, "the name of the installation"), atLine(d, c.checkName()))
	}
	known["gateway"] = func(d *caddyfile.Dispenser) error {
		return cmp.Or(parseOne(d, &c.Gateway, "a URL such as https://api.example.com"), atLine(d, c.checkGateway()))
	}
	return parseBlock(d, "doorward_console", known)
}

var _ caddyfile.Unmarshaler = (*Console)(nil)
