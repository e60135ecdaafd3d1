package module

import (
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseIssuer reads
//
//	issuer <url> {
//	    audience          <audience...>
//	    jwks              <url>
//	    algorithms        <algorithm...>
//	    types             <type...>
//	    user_claim        <claim>
//	    email_claim       <claim>
//	    groups_claim      <claim>
//	    scope_claim       <claim...>
//	    environment_claim <claim>
//	    environments      <name...>
//	    local_users
//	    clock_skew        <duration>
//	    max_lifetime      <duration>
//	    refresh           <duration>
//	    stale_for         <duration>
//	}
//
// and adds an issuer. What is wrong with it is found here, where its line is known; its keys are fetched on loading.
func (a *App) parseIssuer(d *caddyfile.Dispenser) error {
	head := placeOf(d)
	var i Issuer
	if err := parseOne(d, &i.URL, "the URL that its tokens have as iss"); err != nil {
		return err
	}
	if slices.ContainsFunc(a.Issuers, func(other Issuer) bool { return other.URL == i.URL }) {
		return d.Errf("issuer %s is given twice", i.URL)
	}
	if err := parseBlock(d, "issuer", i.options()); err != nil {
		return err
	}
	if len(i.Audiences) == 0 {
		return head.Errf("issuer %s: expected an audience; without one, tokens meant for other services would be accepted", i.URL)
	}
	a.Issuers = append(a.Issuers, i)
	return atLine(head, i.check())
}

func (i *Issuer) options() options {
	list := func(to *[]string, what string) option {
		return func(d *caddyfile.Dispenser) error { return appendArgs(d, to, what) }
	}
	claim := func(to *string) option {
		return func(d *caddyfile.Dispenser) error { return parseOne(d, to, "a claim") }
	}
	return options{
		"audience":          list(&i.Audiences, "an audience"),
		"jwks":              func(d *caddyfile.Dispenser) error { return parseOne(d, &i.JWKS, "a URL") },
		"algorithms":        list(&i.Algorithms, "an algorithm such as ES256"),
		"types":             list(&i.Types, "a type such as at+jwt"),
		"user_claim":        claim(&i.UserClaim),
		"email_claim":       claim(&i.EmailClaim),
		"groups_claim":      claim(&i.GroupsClaim),
		"scope_claim":       list(&i.ScopeClaims, "a claim"),
		"environment_claim": claim(&i.EnvironmentClaim),
		"environments":      list(&i.Environments, "an environment"),
		"local_users":       func(d *caddyfile.Dispenser) error { return parseFlag(d, &i.LocalUsers) },
		"clock_skew":        func(d *caddyfile.Dispenser) error { return parseDuration(d, &i.ClockSkew) },
		"max_lifetime":      func(d *caddyfile.Dispenser) error { return parseDuration(d, &i.MaxLifetime) },
		"refresh":           func(d *caddyfile.Dispenser) error { return parseDuration(d, &i.Refresh) },
		"stale_for":         func(d *caddyfile.Dispenser) error { return parseDuration(d, &i.StaleFor) },
	}
}
