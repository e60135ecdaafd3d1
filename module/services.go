package module

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
	"github.com/doorward/doorward/tokens/scope"
)

// services administer what the gate decides by. What they change holds here when they return.
type services struct {
	tokens   *tokens.Service
	tenants  *tokens.Tenants
	policies *pap.Service
	oauth    *oauth2.Service
	remote   *remote.Service
}

// services makes the services of a gate. A change that went through one of them holds at this gate as soon as the service
// returns; other gates hear of it from the store.
func (g *gate) services(scopes, oauthScopes *scope.Catalog, now func() time.Time) services {
	heard := func(kind feed.Kind) func(id string) {
		return func(id string) {
			ctx, cancel := context.WithTimeout(context.Background(), changeTimeout)
			defer cancel()
			g.applyOne(ctx, kind, id)
		}
	}
	return services{
		remote: g.remote.service, // which the gate has for itself as well: it records what lapses
		tokens: tokens.NewService(tokens.ServiceConfig{
			Store: g.store, Formats: g.formats, Scopes: scopes, Now: now,
			OnChange: heard(feed.Token), OnSettings: heard(feed.TokenSettings),
		}),
		tenants: tokens.NewTenants(tokens.TenantsConfig{
			Store: g.store, Sealer: g.sealer, Now: now, OnChange: heard(feed.TenantToken),
		}),
		oauth: oauth2.NewService(oauth2.ServiceConfig{
			Store: g.store, Scopes: oauthScopes, Revoked: g.revocations(), Now: now,
			OnError: func(err error) { g.logger.Error("OAuth2 clients", zap.Error(err)) },
		}),
		// Members are forgotten here and now. New policies are on their way then, and settle waits for them.
		policies: pap.NewService(pap.ServiceConfig{
			Store: g.store, Mask: tokens.Mask, Catalog: g.rules.known, Now: now,
			OnChange: func(kind feed.Kind, _ string) { g.rules.apply(kind) },
		}),
	}
}

// changeTimeout bounds how long a change waits for those who have to hear of it.
const changeTimeout = 5 * time.Second
