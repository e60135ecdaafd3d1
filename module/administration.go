package module

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
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
	OAuth2       *oauth2.Service // gateways hear of its changes from the store
	Policies     *pap.Service
	Remote       *remote.Service  // as OAuth2; what is to be told is sent by the gateways
	Permissions  *catalog.Catalog // what policies may name
	Store        store.Store
	Account      string         // that policies, groups and users are administered in
	Environment  string         // of tokens that are issued without one
	Scopes       *scope.Catalog // every scope of every catalogue and handler of the config
	LegacyTokens bool           // the config takes tokens of the old format
	KeyFiles     []string       // of the encryption keys of the config; see Tenants
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
	if err := app.check(); err != nil {
		return nil, err
	}
	tables, err := app.tablesOf(handlers)
	if err != nil {
		return nil, err
	}
	scopes, err := joinScopes(tables)
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
	clientScopes, err := oauthScopes(tables, permissions)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, app.Store, store.Options{})
	if err != nil {
		return nil, err
	}
	access, err := app.RemoteAccess.service(s, app.Issuers)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &Administration{
		Tokens:       tokens.NewService(tokens.ServiceConfig{Store: s, Formats: formats, Scopes: scopes}),
		OAuth2:       oauth2.NewService(oauth2.ServiceConfig{Store: s, Scopes: clientScopes}),
		Permissions:  permissions,
		Policies:     pap.NewService(pap.ServiceConfig{Store: s, Mask: tokens.Mask, Catalog: permissions}),
		Remote:       access,
		Store:        s,
		Account:      app.Account,
		Environment:  app.Environment,
		Scopes:       scopes,
		LegacyTokens: app.LegacyTokens,
		KeyFiles:     app.EncryptionKeys,
	}, nil
}

// Tenants administer the tenant tokens, with the keys in these files; with none, they refuse everything. The keys are not
// read before: whoever may work on the store, and not read the keys, can do everything else.
func (a *Administration) Tenants(keyFiles []string) (*tokens.Tenants, error) {
	keys, err := readEncryptionKeys(keyFiles)
	if err != nil {
		return nil, err
	}
	return tokens.NewTenants(tokens.TenantsConfig{Store: a.Store, Sealer: keys.sealer}), nil
}

// Close closes the store.
func (a *Administration) Close() error { return a.Store.Close() }

// tablesOf are the endpoints of the app and of every handler of a config.
func (a *App) tablesOf(handlers []*Handler) ([]*endpoint.Table, error) {
	layers, err := readLayers(a.Catalogs, a.Endpoints, a.RemoveEndpoints, a.AllowDerived)
	if err != nil {
		return nil, err
	}
	var tables []*endpoint.Table
	for _, h := range append([]*Handler{{}}, handlers...) {
		table, err := h.endpointTable(layers)
		if err != nil {
			return nil, err
		}
		tables = append(tables, table)
	}
	return tables, nil
}

// tables is tablesOf for a config that is loaded.
func (a *App) tables() ([]*endpoint.Table, error) {
	table, err := new(Handler).endpointTable(a.layers)
	if err != nil {
		return nil, err
	}
	tables := []*endpoint.Table{table}
	for _, h := range a.handlers {
		if err := h.ready(); err != nil {
			return nil, err
		}
		tables = append(tables, h.table)
	}
	return tables, nil
}

// joinScopes lists the scopes of all tables. Where two of them know a scope, the first one's description counts.
func joinScopes(tables []*endpoint.Table) (*scope.Catalog, error) {
	var all []scope.Scope
	seen := map[string]bool{}
	for _, table := range tables {
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

// findHandlers walks a part of a config for objects with `"handler": "doorward"`, and for the API, which has a gate as well.
func findHandlers(part json.RawMessage) ([]*Handler, error) {
	var object map[string]json.RawMessage
	var list []json.RawMessage
	switch {
	case json.Unmarshal(part, &object) == nil:
		var name string
		_ = json.Unmarshal(object["handler"], &name) // what is no text names no handler of ours
		switch name {
		case "doorward":
			h := new(Handler)
			if err := json.Unmarshal(part, h); err != nil {
				return nil, fmt.Errorf("config: handler doorward: %w", err)
			}
			return []*Handler{h}, nil
		case "doorward_api":
			return []*Handler{{Catalogs: []string{endpoint.Own}}}, nil
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
