package module

import (
	"net/http"
	"slices"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/tokens/oauth2"
	"github.com/doorward/doorward/tokens/scope"
)

// oauthOperations are the token endpoint with what belongs to it, and the administration of its clients. A gate that cannot
// issue tokens says so at each of them.
func (g *gate) oauthOperations(service *oauth2.Service, scopes *scope.Catalog, as *accounts, now func() time.Time) []rest.Operation {
	config := oauth2.Config{Service: service, Scopes: scopes, EnvironmentOf: as.AccountOf, Now: now}
	a := g.authority
	if a == nil {
		served := oauth2.Operations(config)
		for i := range served {
			served[i].Serve = refuseOAuth
		}
		return served
	}
	config.Keys, config.Revoked = a.keys, a.revoked
	config.Issuer, config.FollowCaller = a.issuer.URL, a.configured == ""
	return oauth2.Operations(config)
}

func refuseOAuth(http.ResponseWriter, *rest.Call) error {
	return fault.New(fault.Unavailable, "OAuth2 is off: no encryption_key is configured.", nil)
}

// revocations is the gate's own set, nil where it has none.
func (g *gate) revocations() *oauth2.Revocations {
	if g.authority == nil {
		return nil
	}
	return g.authority.revoked
}

// oauthScopes lists every OAuth scope that a row asks for or that a token scope stands for, and every permission that policies
// may name: a client may ask for those as well. They have no names of their own.
func oauthScopes(tables []*endpoint.Table, known *catalog.Catalog) (*scope.Catalog, error) {
	var all []scope.Scope
	add := func(values []string) {
		for _, value := range values {
			all = append(all, scope.Scope{Value: value})
		}
	}
	for permission := range known.Permissions() {
		add([]string{permission.Name})
	}
	for _, table := range tables {
		for _, e := range table.All() {
			add(e.OAuthScopes)
		}
		for _, s := range table.Scopes().All() {
			add(s.OAuth)
		}
	}
	return scope.NewCatalog(slices.DeleteFunc(all, func(s scope.Scope) bool { return !scope.Valid(s.Value) })...)
}
