package module

import (
	"cmp"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// options are the lines of the console's block that say how people sign in:
//
//	sign_in oidc <issuer> {
//	    name               <text>
//	    client_id          <id>
//	    client_secret_file <path>
//	    scopes             <scope...>
//	    resource           <uri>
//	    audience           <audience>
//	}
//	sign_in issuers_only
//	session_idle     <duration>
//	session_lifetime <duration>
func (c *ConsoleSignIn) options() options {
	duration := func(name string, to *caddy.Duration) option {
		return func(d *caddyfile.Dispenser) error {
			return cmp.Or(parseDuration(d, to), atLine(d, checkSessionTime(name, *to)))
		}
	}
	return options{
		"sign_in":          c.parseSignIn,
		"session_idle":     duration("session_idle", &c.SessionIdle),
		"session_lifetime": duration("session_lifetime", &c.SessionLifetime),
	}
}

func (c *ConsoleSignIn) parseSignIn(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	switch {
	case len(args) == 1 && args[0] == "issuers_only":
		if c.IssuersOnly {
			return d.Err("sign_in issuers_only is given twice")
		}
		c.IssuersOnly = true
		return nil
	case len(args) == 2 && args[0] == "oidc" && args[1] != "":
		return c.parseIssuer(d, args[1])
	}
	return d.Err("sign_in: expected oidc and the URL of an issuer, or issuers_only")
}

func (c *ConsoleSignIn) parseIssuer(d *caddyfile.Dispenser, url string) error {
	head := placeOf(d)
	i := ConsoleIssuer{URL: url}
	one := func(to *string, what string) option {
		return func(d *caddyfile.Dispenser) error { return parseOne(d, to, what) }
	}
	err := parseBlock(d, "sign_in oidc", options{
		"name":               one(&i.Name, "a name"),
		"client_id":          one(&i.ClientID, "an identifier"),
		"client_secret_file": one(&i.ClientSecretFile, "a file"),
		"scopes":             func(d *caddyfile.Dispenser) error { return appendArgs(d, &i.Scopes, "scopes such as profile") },
		"resource":           one(&i.Resource, "a URI"),
		"audience":           one(&i.Audience, "an audience"),
	})
	if err != nil {
		return err
	}
	if slices.ContainsFunc(c.OIDC, func(other ConsoleIssuer) bool { return other.URL == i.URL }) {
		return head.Errf("sign_in oidc %s is given twice", i.URL)
	}
	c.OIDC = append(c.OIDC, i)
	return atLine(head, i.check())
}
