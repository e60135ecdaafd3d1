// Package papapi is the REST API of identity and policy administration: policies, bindings, boundaries, limits, effective
// permissions, groups, users, service users, and the environments of an account.
//
// The package translates. What may be stored is decided by package pap, which knows the rules, and by the gate, which has
// already asked for the scope of the operation before any function here runs. What is decided here is that a caller
// administers its own account, and the environments of that account, and nothing else.
//
// # Paths
//
// What is about levels is served under three prefixes: /iam/v1/repo, the same without /iam/v1, and /iam/repo for
// installations on premises. There a level is called cluster and not account; whatever its identifier, it is the account of
// the caller, of which there is one only.
//
// # Extension
//
// Policies and bindings have a member "shadow" beside the published ones. It shows only where it is true, because some
// clients refuse members that they do not know.
package papapi

import (
	"cmp"
	"context"
	"slices"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/pap"
)

// Config is what the operations work with.
type Config struct {
	Service      *pap.Service // required
	Environments Environments // required
	// Resolve asks the policies of whom the caller acts for. Required. An error is a fault, and never grants.
	Resolve func(ctx context.Context, call *rest.Call, q Question) (Grant, error)
	// Settle returns once the policies that decide are those that are stored, or when ctx is done. Every change of policies,
	// boundaries, bindings, groups and members waits for it before it is answered. Default: nobody waits.
	Settle func(ctx context.Context)

	onPremises bool // of a path where the account is called cluster
}

// Environments are the accounts and environments of the installation.
type Environments interface {
	// Accounts are all accounts, in the order in which they are shown.
	Accounts() []Account
	// EnvironmentsOf are the environments of an account, in the order in which they are shown; none for one that there is not.
	EnvironmentsOf(account string) []Environment
	// AccountOf is the account of an environment, false for an environment that there is not.
	AccountOf(environment string) (account string, ok bool)
}

// Account is an account as clients are shown it.
type Account struct{ ID, Name string }

// Environment is an environment as clients are shown it.
type Environment struct {
	ID, Name string
	URL      string // where its API is
	Active   bool
}

// Question asks about one permission.
type Question struct {
	Permission string              // service:resource:action
	Attributes map[string][]string // what the client says about the thing; each attribute with at least one value
}

// Grant is the answer to a Question.
type Grant uint8

// The answers. The zero Grant refuses.
const (
	Refused     Grant = iota
	Granted           // whatever else the thing is
	Conditional       // it depends on what the question does not say
)

// Operations are all of the API. Their paths are rows of the endpoint table, which says what each asks for.
func Operations(c Config) []rest.Operation {
	if c.Settle == nil {
		c.Settle = func(context.Context) {}
	}
	var all []rest.Operation
	for _, r := range []repository{{"/iam/v1/repo", "account"}, {"/repo", "account"}, {"/iam/repo", levelCluster}} {
		under := c
		under.onPremises = r.account == levelCluster
		all = slices.Concat(all, under.policyOperations(r), under.bindingOperations(r), under.boundaryOperations(r))
	}
	return slices.Concat(all,
		c.effectiveOperations(),
		c.groupOperations(),
		c.permissionOperations(),
		c.userOperations(),
		c.serviceUserOperations(),
		c.accountOperations(),
	)
}

// repository is a prefix under which levels are served.
type repository struct {
	prefix  string
	account string // what the level of an account is called in paths that have it as a word
}

func (r repository) level() string { return r.prefix + "/{levelType}/{levelId}" }

// kindJWT is the kind of a caller whose credential is a JWT, which no administrator knows by an identifier.
const kindJWT = "jwt"

// actor is who the audit trail names.
func actor(call *rest.Call) string {
	if call.Caller.Kind == kindJWT {
		return cmp.Or(call.Caller.User, call.Caller.TokenID)
	}
	return cmp.Or(call.Caller.TokenID, call.Caller.User)
}
