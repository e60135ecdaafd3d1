package module

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/scope"
)

// AdministrationOptions say which store to administer.
type AdministrationOptions struct {
	Config []byte // a config in Caddy's JSON; nil for the defaults
	Store  string // DSN of the store, instead of the config's
}

// Administration is what the command line works with: the same services as the gateway's, over the same store, without
// a gateway.
type Administration struct {
	Tokens       *tokens.Service
	Policies     *pap.Service
	Permissions  *catalog.Catalog // what policies may name
	Store        store.Store
	Account      string         // that policies, groups and users are administered in
	Environment  string         // of tokens that are issued without one
	Scopes       *scope.Catalog // every scope of every catalogue and handler of the config
	LegacyTokens bool           // the config takes tokens of the old format
}

// OpenAdministration opens the store that a config names, and reads from the config which scopes and kinds of tokens
// there are. The caller closes it.
func OpenAdministration(ctx context.Context, o AdministrationOptions) (*Administration, error) {
	app, handlers, err := readConfig(o.Config)
	if err != nil {
		return nil, err
	}
	if o.Store != "" {
		app.Store = o.Store
	}
	app.applyDefaults()
	scopes, err := app.scopes(handlers)
	if err != nil {
		return nil, err
	}
	formats, err := tokenFormats(app.TokenFormats)
	if err != nil {
		return nil, err
	}
	permissions, err := app.permissions()
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, app.Store, store.Options{})
	if err != nil {
		return nil, err
	}
	return &Administration{
		Tokens:       tokens.NewService(tokens.ServiceConfig{Store: s, Formats: formats, Scopes: scopes}),
		Permissions:  permissions,
		Policies:     pap.NewService(pap.ServiceConfig{Store: s, Mask: tokens.Mask, Catalog: permissions}),
		Store:        s,
		Account:      app.Account,
		Environment:  app.Environment,
		Scopes:       scopes,
		LegacyTokens: app.LegacyTokens,
	}, nil
}

// Close closes the store.
func (a *Administration) Close() error { return a.Store.Close() }

// scopes lists what the app and every handler of a config know. Where two of them know a scope, the app's description
// counts, then the first handler's.
func (a *App) scopes(handlers []*Handler) (*scope.Catalog, error) {
	layers, err := readLayers(a.Catalogs, a.Endpoints, a.RemoveEndpoints, a.AllowDerived)
	if err != nil {
		return nil, err
	}
	var all []scope.Scope
	seen := map[string]bool{}
	for _, h := range append([]*Handler{{}}, handlers...) {
		table, err := h.endpointTable(layers)
		if err != nil {
			return nil, err
		}
		for _, s := range table.Scopes().All() {
			if !seen[s.Value] {
				seen[s.Value] = true
				all = append(all, s)
			}
		}
	}
	return scope.NewCatalog(all...)
}

// readConfig finds the app and the handlers of Doorward in a config, wherever the handlers stand.
func readConfig(config []byte) (*App, []*Handler, error) {
	app := new(App)
	if len(config) == 0 {
		return app, nil, nil
	}
	var whole struct {
		Apps map[string]json.RawMessage `json:"apps"`
	}
	if err := json.Unmarshal(config, &whole); err != nil {
		return nil, nil, fmt.Errorf("config: %w", err)
	}
	if raw, ok := whole.Apps["doorward"]; ok {
		if err := json.Unmarshal(raw, app); err != nil {
			return nil, nil, fmt.Errorf("config: app doorward: %w", err)
		}
	}
	handlers, err := findHandlers(whole.Apps["http"])
	return app, handlers, err
}

// findHandlers walks a part of a config for objects with `"handler": "doorward"`.
func findHandlers(part json.RawMessage) ([]*Handler, error) {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	switch {
	case json.Unmarshal(part, &object) == nil:
		var name string
		if json.Unmarshal(object["handler"], &name) == nil && name == "doorward" {
			h := new(Handler)
			if err := json.Unmarshal(part, h); err != nil {
				return nil, fmt.Errorf("config: handler doorward: %w", err)
			}
			return []*Handler{h}, nil
		}
		for _, value := range object {
			list = append(list, value)
		}
	case json.Unmarshal(part, &list) == nil:
	default:
		return nil, nil // a text, a number: no handler stands in it
	}
	var found []*Handler
	for _, value := range list {
		handlers, err := findHandlers(value)
		if err != nil {
			return nil, err
		}
		found = append(found, handlers...)
	}
	return found, nil
}
