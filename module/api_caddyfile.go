package module

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// parseAPI reads
//
//	doorward_api [<matcher>] {
//	    communication_endpoint <url...>
//	}
//
// Every option may be left out.
func parseAPI(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	api := new(API)
	if err := api.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return api, nil
}

// UnmarshalCaddyfile sets the API up from the tokens of its directive; see parseAPI for the grammar.
func (a *API) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if err := parseNoArgs(d); err != nil {
		return err
	}
	return parseBlock(d, "doorward_api", options{
		"communication_endpoint": func(d *caddyfile.Dispenser) error {
			if err := appendArgs(d, &a.CommunicationEndpoints, "a URL such as https://agents.example.com/communication"); err != nil {
				return err
			}
			for _, text := range a.CommunicationEndpoints {
				if err := checkCommunicationEndpoint(text); err != nil {
					return atLine(d, err)
				}
			}
			return nil
		},
	})
}

var _ caddyfile.Unmarshaler = (*API)(nil)
