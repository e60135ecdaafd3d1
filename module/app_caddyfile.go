package module

import (
	"encoding/json"
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
)

// parseGlobalOption reads
//
//	doorward {
//	    store              sqlite <file> | postgres <connection> | <dsn>
//	    account            <id> [<name>] { … }
//	    environment        <name>
//	    catalog            <name|file...>
//	    endpoint           <method[,method...]> <path> [<scope...>] { … }
//	    remove_endpoint    <method[,method...]> <path>
//	    allow_derived      [<method[,method...]> <path>]
//	    token_format       <prefix> {
//	        name               <name>
//	        public             <length...>
//	        secret             <length>
//	        schemes            <scheme...>
//	        oauth
//	    }
//	    legacy_tokens
//	    policy_catalog     <file...>
//	    encryption_key     <file...>
//	    oauth2 {
//	        issuer             <url>
//	    }
//	    issuer             <url> { … }
//	    remote_access { … }
//	    failed_authentications { … }
//	    body_timeout       <duration>
//	    cache {
//	        tokens             <number>
//	        absent             <number>
//	        lifetime           <duration>
//	        stale_for          <duration>
//	    }
//	    decision_log [<folder>] {
//	        max_size           <size>
//	        mask               <field...>
//	        sample             <number>
//	        off
//	    }
//	}
//
// The options about endpoints are those of the `doorward` directive, and hold for every site. For accounts see
// parseAccount, for issuers parseIssuer, for remote access parseRemoteAccess, for failed authentications
// parseFailedAuthentications.
func parseGlobalOption(d *caddyfile.Dispenser, existing any) (any, error) {
	if existing != nil {
		d.Next() // to where the line is known
		return nil, d.Err("the global option doorward is given twice")
	}
	app := new(App)
	if err := app.UnmarshalCaddyfile(d); err != nil {
		return nil, err
	}
	value, err := json.Marshal(app)
	if err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "doorward", Value: value}, nil
}

// UnmarshalCaddyfile sets the app up from the tokens of the global option; see parseGlobalOption for the grammar.
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the option's name
	if err := parseNoArgs(d); err != nil {
		return err
	}
	err := parseBlock(d, "doorward", options{
		"store":           a.parseStore,
		"account":         a.parseAccount,
		"environment":     func(d *caddyfile.Dispenser) error { return parseEnvironmentName(d, &a.Environment) },
		"catalog":         func(d *caddyfile.Dispenser) error { return parseCatalogs(d, &a.Catalogs) },
		"endpoint":        func(d *caddyfile.Dispenser) error { return parseEndpoint(d, &a.Endpoints) },
		"remove_endpoint": func(d *caddyfile.Dispenser) error { return parsePatterns(d, &a.RemoveEndpoints) },
		"allow_derived":   func(d *caddyfile.Dispenser) error { return parseAllowDerived(d, &a.AllowDerived) },
		"token_format":    a.parseTokenFormat,
		"legacy_tokens":   func(d *caddyfile.Dispenser) error { return parseFlag(d, &a.LegacyTokens) },
		"issuer":          a.parseIssuer,
		"policy_catalog":  func(d *caddyfile.Dispenser) error { return appendArgs(d, &a.PolicyCatalogs, "a file") },
		"encryption_key":  func(d *caddyfile.Dispenser) error { return appendArgs(d, &a.EncryptionKeys, "a file") },
		"body_timeout":    func(d *caddyfile.Dispenser) error { return parseDuration(d, &a.BodyTimeout) },
		"cache":           a.parseCache,
		"decision_log":    a.parseDecisionLog,
		"oauth2":          a.parseOAuth2,
		"remote_access":   a.parseRemoteAccess,

		"failed_authentications": a.parseFailedAuthentications,
	})
	a.settleAccounts()
	return err
}

// parseStore takes both `sqlite ./doorward.db` and the DSN in one piece. An engine alone is what an environment variable leaves that
// is not set.
func (a *App) parseStore(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	switch {
	case a.Store != "":
		return d.Err("store is given twice")
	case len(args) == 1 && args[0] != "postgres":
		a.Store = args[0]
	case len(args) == 2:
		a.Store = args[0] + ":" + args[1]
	default:
		return d.Err("store: expected sqlite and a file, such as `store sqlite ./data/doorward.db`, or postgres and a connection, such as `store postgres {$DATABASE_URL}`")
	}
	return nil
}

func (a *App) parseTokenFormat(d *caddyfile.Dispenser) error {
	var f TokenFormat
	if err := parseOne(d, &f.Prefix, "a prefix such as shop01"); err != nil {
		return err
	}
	err := parseBlock(d, "token_format", options{
		"name":    func(d *caddyfile.Dispenser) error { return parseOne(d, &f.Name, "a name") },
		"public":  func(d *caddyfile.Dispenser) error { return parseLengths(d, &f.Public) },
		"secret":  func(d *caddyfile.Dispenser) error { return parseNumber(d, &f.Secret) },
		"schemes": func(d *caddyfile.Dispenser) error { return appendArgs(d, &f.Schemes, "Api-Token or Bearer") },
		"oauth":   func(d *caddyfile.Dispenser) error { return parseFlag(d, &f.OAuth) },
	})
	if err != nil {
		return err
	}
	a.TokenFormats = append(a.TokenFormats, f)
	_, err = tokenFormats(a.TokenFormats)
	return atLine(d, err)
}

func parseLengths(d *caddyfile.Dispenser, to *[]int) error {
	name, args := d.Val(), d.RemainingArgs()
	if len(args) == 0 {
		return d.Errf("%s: expected at least one length", name)
	}
	for _, arg := range args {
		n, err := strconv.Atoi(arg)
		if err != nil || n < 0 {
			return d.Errf("%s: expected a length in characters, got %q", name, arg)
		}
		*to = append(*to, n)
	}
	return nil
}

func (a *App) parseCache(d *caddyfile.Dispenser) error {
	if err := parseNoArgs(d); err != nil {
		return err
	}
	return parseBlock(d, "cache", options{
		"tokens":    func(d *caddyfile.Dispenser) error { return parseNumber(d, &a.Cache.Tokens) },
		"absent":    func(d *caddyfile.Dispenser) error { return parseNumber(d, &a.Cache.Absent) },
		"lifetime":  func(d *caddyfile.Dispenser) error { return parseDuration(d, &a.Cache.Lifetime) },
		"stale_for": func(d *caddyfile.Dispenser) error { return parseDuration(d, &a.Cache.StaleFor) },
	})
}

var _ caddyfile.Unmarshaler = (*App)(nil)
