package tokens

import (
	"strings"
	"time"

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
	TokenID     string // identifier, fit for logs
	TokenName   string
	User        string // owner of the token; "" for none
	Environment string
	Kind        string // prefix of the token; "legacy" for an old-format one
	Cluster     bool   // scopes that exist in both realms count in the cluster realm too
	Personal    bool   // acts as User
	Legacy      bool
	Class       Class
	Scopes      scope.Set
	Expires     time.Time // zero: never; the credential is dead from this instant on
}

// kindLegacy is the kind of old-format tokens, which have no prefix.
const kindLegacy = "legacy"

// principalOf reads a stored token. The class of a token whose format is no longer configured is ClassToken; no such
// token passes Parse anyway.
func (fs *Formats) principalOf(r Record) Principal {
	p := Principal{
		TokenID: r.ID, TokenName: r.Name, User: r.Owner, Environment: r.Environment, Kind: kindLegacy,
		Cluster: r.Cluster, Personal: r.Personal, Legacy: r.Legacy, Scopes: scope.NewSet(r.Scopes...), Expires: r.Expires,
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
