package mix

import (
	"context"
	_ "embed" // the Caddyfile
	"encoding/json"
	"errors"

	"github.com/doorward/doorward/benchmarks/fill"
	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// Caddyfile configures a gateway that has all that the mixes need. In the environment of the process it takes LOAD_FOLDER (for what
// Caddy keeps), LOAD_PORT, LOAD_STORE (a file of SQLite), LOAD_ACCOUNT and LOAD_ENVIRONMENT (those of package fill), LOAD_UPSTREAM (host:port) and LOAD_BEHIND
// (the URL of a server with the handler Behind).
//
//go:embed gateway.Caddyfile
var Caddyfile []byte

const (
	actor = "load"
	user  = "load@example.org"
)

// Prepare makes the store that a DSN names, which must be new, with so many tokens that work and everything else that the mixes need. Address,
// Issuer and Restart are left to the caller.
func Prepare(ctx context.Context, dsn string, working int) (g Gateway, err error) {
	if err := fill.Store(ctx, dsn, fill.Sizes{Tokens: fill.ForWorking(working), Users: 1, Groups: 1, Bindings: 1, Policies: 1}); err != nil {
		return g, err
	}
	config, err := json.Marshal(map[string]any{"apps": map[string]any{"doorward": map[string]any{"environment": fill.Environment, "account": fill.Account}}})
	if err != nil {
		return g, err
	}
	a, err := module.OpenAdministration(ctx, module.AdministrationOptions{Config: config, Store: dsn})
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	g = Gateway{Account: fill.Account, Audience: "https://load.test", Tokens: make([]string, working)}
	for k := range g.Tokens {
		g.Tokens[k] = fill.Token(fill.Working(k))
	}
	if g.Policy, err = permit(ctx, a); err != nil {
		return g, err
	}
	for to, attributes := range map[*string]tokens.Attributes{
		&g.Admin:    {Administrator: true, Scopes: []string{"apiTokens.read", "apiTokens.write"}},
		&g.Service:  {Cluster: true, AllowUncreatable: true, Scopes: []string{"ServiceProviderAPI"}},
		&g.Personal: {Personal: true, Owner: user, Scopes: []string{"settings.read"}},
	} {
		attributes.Name, attributes.Environment = "load", fill.Environment
		created, err := a.Tokens.Create(ctx, actor, tokens.CreateRequest{Attributes: attributes})
		if err != nil {
			return g, err
		}
		*to = created.Secret.Reveal()
	}
	return g, nil
}

// Hire makes a user in a group of its own, whose UUID it returns, and has personal tokens taken in the environment of package fill.
func Hire(ctx context.Context, a *module.Administration, account, email, group string) (string, error) {
	if err := a.Tokens.SetPersonalTokens(ctx, actor, fill.Environment, true); err != nil {
		return "", err
	}
	made, err := a.Policies.CreateGroup(ctx, actor, account, pap.GroupAttributes{Name: group})
	if err != nil {
		return "", err
	}
	if _, err := a.Policies.CreateUser(ctx, actor, account, pap.UserAttributes{Email: email}); err != nil {
		return "", err
	}
	return made.UUID, a.Policies.AddToGroups(ctx, actor, account, email, []string{made.UUID})
}

// permit makes the user, and a policy that permits what the mixes ask for. It returns the policy's UUID.
func permit(ctx context.Context, a *module.Administration) (policy string, err error) {
	group, err := Hire(ctx, a, fill.Account, user, "load")
	if err != nil {
		return "", err
	}
	level := pap.AccountLevel(fill.Account)
	made, _, err := a.Policies.CreatePolicy(ctx, actor, level, "", pap.PolicyAttributes{Name: policyName, Statement: Statements(0)})
	if err != nil {
		return "", err
	}
	_, _, err = a.Policies.Bind(ctx, actor, pap.BindRequest{Level: level, Policy: made.UUID, Groups: []string{group}})
	return made.UUID, err
}
