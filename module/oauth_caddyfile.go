package module

import "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

// parseOAuth2 reads
//
//	oauth2 {
//	    issuer <url>
//	}
func (a *App) parseOAuth2(d *caddyfile.Dispenser) error {
	if a.OAuth2 != nil {
		return d.Err("oauth2 is given twice")
	}
	if err := parseNoArgs(d); err != nil {
		return err
	}
	a.OAuth2 = new(OAuth2)
	return parseBlock(d, "oauth2", options{
		"issuer": func(d *caddyfile.Dispenser) error {
			if err := parseOne(d, &a.OAuth2.Issuer, "a URL such as https://sso.example.com"); err != nil {
				return err
			}
			return atLine(d, a.OAuth2.check())
		},
	})
}
