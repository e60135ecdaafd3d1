package module

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/auditapi"
	consolesession "github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/endpoint"
	"github.com/doorward/doorward/module/openapi"
	"github.com/doorward/doorward/policyengine/papapi"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/remoteapi"
	"github.com/doorward/doorward/remote/report"
	"github.com/doorward/doorward/tokens/scope"
	"github.com/doorward/doorward/tokens/tokenapi"
)

// operation is one that is served here.
type operation struct {
	rest.Operation
	params []string // names of the path's parameters, in order
}

func (o *operation) name() string { return o.Method + " " + o.Path }

// operations are all that is served, by the shape of their rows. What was decided is a row, so the row says what is done, and
// not the path once more. A row of the config with another shape never leads here, be it as wide as it may.
type operations map[string]*operation

// of finds the operation of the row that a gate has decided on, nil for a row that stands for something else.
func (o operations) of(x *exchange) *operation { return o[x.h.rows[x.endpoint].served] }

// servedAs is the shape under which a row is served: an alias as the row that it repeats.
func servedAs(e *endpoint.Endpoint) string {
	if e.AliasOf != "" {
		return shapeOf(e.AliasOf)
	}
	return shapeOf(e.Pattern)
}

// shapeOf makes one text of all patterns that match the same requests: parameters lose their names. A pattern of the table
// has been parsed before.
func shapeOf(pattern string) string {
	if strings.IndexByte(pattern, '{') < 0 {
		return pattern
	}
	p, err := endpoint.ParsePattern(pattern)
	if err != nil {
		return pattern
	}
	return p.Shape()
}

// newOperations checks that every operation has a stated row, and every row an operation.
func newOperations(served []rest.Operation) (operations, error) {
	catalog, err := endpoint.Embedded(endpoint.Own)
	if err != nil {
		return nil, err
	}
	unserved := map[string]string{}
	for _, row := range catalog.Endpoints {
		pattern := row.Method + " " + row.Template
		unserved[shapeOf(pattern)] = pattern
	}
	all := operations{}
	for _, o := range served {
		made := &operation{Operation: o}
		p, err := endpoint.ParsePattern(made.name())
		if err != nil {
			return nil, err
		}
		made.params = p.Names()
		shape := shapeOf(made.name())
		if _, stated := unserved[shape]; !stated {
			return nil, fmt.Errorf("%s: %w", made.name(), errUnguarded)
		}
		delete(unserved, shape)
		all[shape] = made
	}
	for _, pattern := range slices.Sorted(maps.Values(unserved)) {
		return nil, fmt.Errorf("%s: the catalogue has a row that nobody serves", pattern)
	}
	return all, nil
}

// surroundings are what the operations depend on besides the gate.
type surroundings struct {
	tables              []*endpoint.Table // of all sites
	scopes, oauthScopes *scope.Catalog
	accounts            *accounts
	endpoints           func(base string) []string // for agents
	now                 func() time.Time
}

// operations are those of every API.
func (g *gate) operations(s surroundings) []rest.Operation {
	services, now, endpoints := g.services(s.scopes, s.oauthScopes, s.now), s.now, s.endpoints
	ofTokens := tokenapi.Config{Tokens: services.tokens, Tenants: services.tenants, Now: now, Endpoints: endpoints}
	return slices.Concat(
		tokenapi.Operations(ofTokens),
		tokenapi.PlatformOperations(ofTokens),
		papapi.Operations(papapi.Config{Service: services.policies, Environments: s.accounts, Resolve: g.resolve, Settle: g.settle}),
		g.shadowOperations(s.accounts.AccountOf),
		scopeOperations(s.scopes, s.oauthScopes),
		remoteRoleOperations(s.tables),
		policyTextOperations(g.rules.known),
		consolesession.Operations(g.store, now),
		auditapi.Operations(auditapi.Config{Store: g.store, Now: now, Chain: g.chain}),
		g.oauthOperations(services.oauth, s.oauthScopes, s.accounts, now),
		g.remoteOperations(services.remote, now),
		openapi.Operations(),
	)
}

// remoteOperations are those of remote access.
func (g *gate) remoteOperations(service *remote.Service, now func() time.Time) []rest.Operation {
	return remoteapi.Operations(remoteapi.Config{Service: service, Report: func(ctx context.Context, r remote.Request) (report.Report, error) {
		made, err := RemoteReport(ctx, g.store, r, now())
		return made, fault.OfStore(err, "The audit trail did not answer.")
	}})
}
