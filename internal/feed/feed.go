// Package feed carries the news of changes in a store to the caches that stand before it.
//
// Every change gets the next revision in its own transaction. A follower asks for what came after the last revision it
// has seen, so a missed or repeated hint changes nothing.
package feed

import "context"

// Kind names what changed.
type Kind string

// The kinds. A change of any of them is a creation, an update or a deletion; there is one for each thing that changed,
// also when several changed together.
const (
	// Token is an access or ActiveGate token; disabling, enabling and importing count too.
	Token Kind = "token"
	// TenantToken is an environment's secret for agents; its identifier is the environment.
	TenantToken Kind = "tenant_token"
	// TokenSettings are what holds for the tokens of an environment; its identifier is the environment.
	TokenSettings Kind = "token_settings"
	// Policy is an IAM policy.
	Policy Kind = "policy"
	// Boundary is a list of conditions that restricts bindings.
	Boundary Kind = "boundary"
	// Binding grants a policy to a group.
	Binding Kind = "binding"
	// Group is a group of users.
	Group Kind = "group"
	// User is a user; getting into a group and out of it counts too.
	User Kind = "user"
	// OAuthClient is an OAuth2 client; what it has to do with the revocation of its tokens counts too.
	OAuthClient Kind = "oauth_client"
	// SigningKey is a key that access tokens are signed with.
	SigningKey Kind = "signing_key"
	// Revocation takes an access token back; its identifier is that of the token.
	Revocation Kind = "revocation"
	// RemoteRequest is a request for remote access, or the grant that became of it.
	RemoteRequest Kind = "remote_request"
	// RemoteSetting says which of the support staff get in; it has no identifier.
	RemoteSetting Kind = "remote_setting"
)

// Change says that the thing named ID, of the given kind, is different from what it was before Revision.
type Change struct {
	Revision int64
	Kind     Kind
	ID       string
}

// Hinter is a Source that can tell when it is worth looking.
type Hinter interface {
	// Hints returns a channel that something is sent to after changes were committed, here or on another node. It may miss some,
	// repeat some and send for nothing, so whoever follows it must look from time to time as well. It is closed some time after ctx
	// has ended, and not before; nil is a channel that never says anything.
	Hints(ctx context.Context) <-chan struct{}
}

// Source is a store's list of changes. Implementations are safe for concurrent use.
type Source interface {
	// Revision is the number of the newest committed change, 0 for a store that was never changed.
	Revision(ctx context.Context) (int64, error)
	// ChangesAfter returns committed changes with a revision greater than after, oldest first, at most limit.
	// When some of them are no longer kept, gap is true and the follower must forget everything it has cached.
	ChangesAfter(ctx context.Context, after int64, limit int) (changes []Change, gap bool, err error)
}
