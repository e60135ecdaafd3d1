package module

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// parseDirective reads
//
//	doorward [<matcher>] {
//	    catalog            <name|file...>
//	    endpoint           <method[,method...]> <path> [<scope...>] {
//	        scopes             <scope...>
//	        oauth_scopes       <scope...>
//	        any_token
//	        public
//	        own_credentials
//	        websocket
//	        encoded_slash
//	        semicolon
//	        non_ascii
//	        no_personal_tokens
//	        permission         <permission...>
//	        attribute          <name> <place> <where> { … }
//	        page_keys          <parameter...>
//	        query_permission   <parameter> <permission>
//	        max_body           <bytes>
//	    }
//	    remove_endpoint    <method[,method...]> <path>
//	    allow_derived      [<method[,method...]> <path>]
//	    environment [<default>] {
//	        default            <name>
//	        path               keep|strip|off
//	        host               <pattern...>
//	    }
//	    identity_headers {
//	        user|token_id|environment|scopes|decision_id <header>|off
//	    }
//	    query_token        <parameter...>
//	    credential         tenant_token|activegate_token...
//	    keep_credential
//	    errors             catalogue|problem
//	    bare_scopes
//	    cors [<origin...>] {
//	        origin             <origin...>
//	        header             <name...>
//	        max_age            <duration>
//	        forward
//	    }
//	}
//
// Every option may be left out; `doorward` alone guards with the app's catalogues.
func parseDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(Handler)
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return handler, nil
}

// UnmarshalCaddyfile sets the handler up from the tokens of its directive; see parseDirective for the grammar.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if err := parseNoArgs(d); err != nil {
		return err
	}
	return parseBlock(d, "doorward", options{
		"catalog":          func(d *caddyfile.Dispenser) error { return parseCatalogs(d, &h.Catalogs) },
		"endpoint":         func(d *caddyfile.Dispenser) error { return parseEndpoint(d, &h.Endpoints) },
		"remove_endpoint":  func(d *caddyfile.Dispenser) error { return parsePatterns(d, &h.RemoveEndpoints) },
		"allow_derived":    func(d *caddyfile.Dispenser) error { return parseAllowDerived(d, &h.AllowDerived) },
		"environment":      h.parseEnvironment,
		"identity_headers": h.parseIdentityHeaders,
		"query_token":      h.parseQueryTokens,
		"credential":       h.parseCredentials,
		"keep_credential":  func(d *caddyfile.Dispenser) error { return parseFlag(d, &h.KeepCredential) },
		"errors":           func(d *caddyfile.Dispenser) error { return parseChoice(d, &h.Errors, errorsCatalogue, errorsProblem) },
		"bare_scopes":      func(d *caddyfile.Dispenser) error { return parseFlag(d, &h.BareScopes) },
		"cors":             h.parseCORS,
	})
}

func (h *Handler) parseEnvironment(d *caddyfile.Dispenser) error {
	if h.Environment != nil {
		return d.Err("environment is given twice")
	}
	h.Environment = &Environment{}
	e := h.Environment
	if d.CountRemainingArgs() > 0 {
		if err := parseEnvironmentName(d, &e.Default); err != nil {
			return err
		}
	}
	return parseBlock(d, "environment", options{
		"default": func(d *caddyfile.Dispenser) error { return parseEnvironmentName(d, &e.Default) },
		"path":    func(d *caddyfile.Dispenser) error { return parseChoice(d, &e.Path, "keep", "strip", "off") },
		"host": func(d *caddyfile.Dispenser) error {
			if err := appendArgs(d, &e.Hosts, "a pattern such as {environment}.example.com"); err != nil {
				return err
			}
			_, err := newEnvironments(&Environment{Hosts: e.Hosts}, DefaultEnvironment)
			return atLine(d, err)
		},
	})
}

func (h *Handler) parseQueryTokens(d *caddyfile.Dispenser) error {
	if err := appendArgs(d, &h.QueryTokens, "a query parameter"); err != nil {
		return err
	}
	return atLine(d, h.checkQueryTokens())
}

func (h *Handler) parseCredentials(d *caddyfile.Dispenser) error {
	if err := appendArgs(d, &h.Credentials, "tenant_token or activegate_token"); err != nil {
		return err
	}
	_, err := agentKinds(h.Credentials)
	return atLine(d, err)
}

func (h *Handler) parseIdentityHeaders(d *caddyfile.Dispenser) error {
	if err := parseNoArgs(d); err != nil {
		return err
	}
	if h.IdentityHeaders == nil {
		h.IdentityHeaders = &IdentityHeaders{}
	}
	ih := h.IdentityHeaders
	header := func(to *string) option {
		return func(d *caddyfile.Dispenser) error {
			if err := parseOne(d, to, "a header name, or off"); err != nil {
				return err
			}
			_, err := ih.names()
			return atLine(d, err)
		}
	}
	return parseBlock(d, "identity_headers", options{
		"user": header(&ih.User), "token_id": header(&ih.TokenID), "environment": header(&ih.Environment),
		"scopes": header(&ih.Scopes), "decision_id": header(&ih.DecisionID),
	})
}

func (h *Handler) parseCORS(d *caddyfile.Dispenser) error {
	if h.CORS != nil {
		return d.Err("cors is given twice")
	}
	h.CORS = &CORS{Origins: d.RemainingArgs()}
	c := h.CORS
	if err := c.checkOrigins(); err != nil {
		return atLine(d, err)
	}
	err := parseBlock(d, "cors", options{
		"origin":  checked(&c.Origins, "an origin", c.checkOrigins),
		"header":  checked(&c.Headers, "a header name", c.checkHeaders),
		"max_age": func(d *caddyfile.Dispenser) error { return parseDuration(d, &c.MaxAge) },
		"forward": func(d *caddyfile.Dispenser) error { return parseFlag(d, &c.Forward) },
	})
	if err != nil {
		return err
	}
	return atLine(d, c.checkAny())
}

// checked reads an option with one or more arguments and looks at what has come together.
func checked(to *[]string, what string, check func() error) option {
	return func(d *caddyfile.Dispenser) error {
		if err := appendArgs(d, to, what); err != nil {
			return err
		}
		return atLine(d, check())
	}
}

var _ caddyfile.Unmarshaler = (*Handler)(nil)
