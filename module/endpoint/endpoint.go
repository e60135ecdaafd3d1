// Package endpoint knows which requests exist and what each of them asks for.
//
// An Endpoint is one row: a method, a path template, and the scopes of which a credential must hold one. Rows come from
// catalogues (the embedded one, and files of operators) and from the Caddyfile. Build merges them, layer over layer,
// into a Table; Table.Match answers one request without allocating. What the table does not hold, the gate denies.
//
// The package reads configuration and never a request's credential; it holds no secrets and keeps no state between
// requests. A Table is immutable and safe for any number of goroutines.
package endpoint

import "github.com/doorward/doorward/module/attribute"

// Support says whether an endpoint takes personal access tokens.
type Support uint8

const (
	// Unknown means that no source says so. The gate decides by the scope alone.
	Unknown Support = iota
	// Yes means that personal access tokens are taken.
	Yes
	// No means that a personal access token is refused whatever scopes it holds.
	No
)

// Endpoint is one row of the table. The first block is what a catalogue states; Build fills in the second. A row that
// Match or All returned is shared between requests and must not be changed.
type Endpoint struct {
	// Method is upper case. HEAD is answered by the GET row unless it has a row of its own.
	Method string
	// Template is the path with {parameters}, as the catalogue spells it.
	Template string
	// API is the group of endpoints within the catalogue, "env-v2" for example. May be empty.
	API string
	// Catalog is the name of the catalogue, empty for a row of the Caddyfile.
	Catalog string
	// Origin says where the row was written: "dynatrace", "orders.yaml:7", "Caddyfile:12".
	Origin string

	// Scopes are alternatives: a token passes with any one of them.
	Scopes []string
	// OAuthScopes are the alternatives for OAuth and platform tokens.
	OAuthScopes []string
	// Permissions are the IAM permissions that the API's documentation names, any one of them. Where Ask says nothing, a
	// credential that acts for a user needs one of them without conditions.
	Permissions []string
	// Ask is what the policies of a user have to grant, and where the request says on what; nil where they are not
	// asked.
	Ask *attribute.Rule

	// Remote is what remote staff need beyond all that: rules of which the first whose conditions hold decides. Empty means
	// that nothing is known about the row, and then they do not get in.
	Remote []RemoteRule
	// Masked are JSON pointers (RFC 6901; "*" for every element or member, "**" at the end for all below) to what remote staff
	// may see in an answer although remote.SensitiveRead is missing; all else is masked. nil: the answer cannot be masked,
	// so it is refused.
	Masked []string

	// AnyToken: every genuine token passes, whatever scopes it holds.
	AnyToken bool
	// Public: no credential is needed.
	Public bool
	// OwnCredentials: the endpoint checks credentials of a scheme that the gate does not know (Basic, say) by itself, and gets
	// them as they came. Public rows only.
	OwnCredentials bool
	// BearerOnly: only the Bearer scheme is taken, and only OAuthScopes count.
	BearerOnly bool
	// Derived: the scopes are inferred and not stated by a source. The gate refuses the row unless the operator
	// allowed it, which clears the mark.
	Derived bool
	// Deprecated: the API's documentation advises against it.
	Deprecated bool
	// PossiblyRemoved: only old sources know the endpoint.
	PossiblyRemoved bool
	// ClusterRealm: the row belongs to the cluster, so tokens of an environment are no use here.
	ClusterRealm bool
	// WebSocket: the request may upgrade to a WebSocket.
	WebSocket bool
	// EncodedSlash: %2F may occur in the values of SlashParams. Params.SlashesAdmitted checks one request.
	EncodedSlash bool
	// SlashParams names the parameters that may hold %2F; Build puts all of them where EncodedSlash stands alone.
	SlashParams []string
	// NonASCII: the path may hold characters beyond ASCII.
	NonASCII bool
	// Semicolon: the path may hold ';'.
	Semicolon bool
	// Personal: whether personal access tokens are taken.
	Personal Support

	// Pattern is Method, a space and Template: the row's name in logs, metrics and errors.
	Pattern string
	// AliasOf is the Pattern of the row that this one repeats under another prefix, else empty.
	AliasOf string
	// Params are the parameter names in the order of the template.
	Params []string
	// Plan is Ask, compiled; nil where Ask is.
	Plan *attribute.Plan
	// MissingScope is the refusal for a token without the right scope, with display names.
	MissingScope string
	// MissingScopePlain is the same without display names.
	MissingScopePlain string
	// MissingOAuthScope is the refusal for an OAuth or platform token.
	MissingOAuthScope string
	// ScopeParameter is Scopes joined by spaces, for scope="…" of WWW-Authenticate (RFC 6750 section 3).
	ScopeParameter string
	// OAuthScopeParameter is OAuthScopes joined by spaces.
	OAuthScopeParameter string
	// ClusterScopes are those of Scopes that only tokens of the cluster realm can hold.
	ClusterScopes []string
}
