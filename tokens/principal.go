package tokens

import (
	"slices"
	"strings"
	"time"
	"unique"

	"github.com/doorward/doorward/tokens/scope"
)

// Class says which scopes of an endpoint a credential is judged by.
type Class uint8

const (
	// ClassToken is judged by the token scopes of an endpoint ("metrics.read").
	ClassToken Class = iota
	// ClassOAuth is judged by its OAuth scopes ("storage:metrics:read").
	ClassOAuth
)

// Principal is who a genuine, enabled and unexpired credential stands for. It is shared between requests: nobody changes
// it. It holds no secret.
type Principal struct {
	TokenID       string // identifier, fit for logs
	TokenName     string
	User          string // owner of the token; "" for none
	Environment   string
	Environments  []string // that a platform token is good for besides Environment
	Kind          string   // prefix of the token; "legacy" for an old-format one, "tenant_token" for a tenant's
	Cluster       bool     // scopes that exist in both realms count in the cluster realm too
	Personal      bool     // acts as User
	Administrator bool     // may give scopes to tokens that it does not hold itself
	Staff         bool     // User is a member of remote support staff: the remote-access ceiling holds
	Legacy        bool
	Class         Class
	Scopes        scope.Set
	Expires       time.Time // zero: never; the credential is dead from this instant on

	// seen is what was noted of the token's use; nil where there is no record to note it in.
	seen *sightings
}

// GoodFor reports whether the credential is good for requests to an environment.
func (p *Principal) GoodFor(environment string) bool {
	return p.Environment == environment || slices.Contains(p.Environments, environment)
}

// The kinds of what has no prefix.
const (
	kindLegacy = "legacy"       // old-format tokens
	kindTenant = "tenant_token" // tenant tokens, which are no tokens of the API
)

// principalOf reads a stored token. The class of a token whose format is no longer configured is ClassToken; no such
// token passes Parse anyway.
func (fs *Formats) principalOf(r Record) Principal {
	p := Principal{
		TokenID: r.ID, TokenName: r.Name, User: r.Owner, Environment: unique.Make(r.Environment).Value(), Environments: r.Environments, Kind: kindLegacy,
		Cluster: r.Cluster, Personal: r.Personal, Staff: r.Staff, Legacy: r.Legacy,
		// No such token is made. Were there one all the same, it would be the mark which takes away that counts.
		Administrator: r.Administrator && !r.Staff,
		Scopes:        scope.NewSet(r.Scopes...), Expires: r.Expires,
	}
	if r.Legacy {
		return p
	}
	p.Kind, _, _ = strings.Cut(r.ID, ".")
	if f, known := fs.byPrefix[p.Kind]; known {
		p.Class = f.Class
	}
	return p
}
