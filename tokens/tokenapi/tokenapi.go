// Package tokenapi is the REST API of token administration: access tokens, platform tokens, ActiveGate tokens, the tenant
// token and the settings of an environment.
//
// The package translates. What may be done is decided by package tokens, which knows the rules, and by the gate, which has
// already asked for the scope of the operation before any function here runs.
package tokenapi

import (
	"slices"
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/tokens"
)

// Config is what the operations work with.
type Config struct {
	Tokens  *tokens.Service  // required
	Tenants *tokens.Tenants  // required
	Now     func() time.Time // default time.Now
	// Endpoints are the addresses that agents report to, given the base URL that the client used.
	Endpoints func(base string) []string
}

// Operations are all of the API but for platform tokens, which belong to an account. Their paths are rows of the endpoint table, which says what each asks for.
func Operations(c Config) []rest.Operation {
	if c.Now == nil {
		c.Now = time.Now
	}
	return slices.Concat(
		accessTokenOperations(c),
		deprecatedOperations(c),
		tenantOperations(c),
		activeGateOperations(c),
		settingsOperations(c),
		adviceOperations(c),
	)
}
