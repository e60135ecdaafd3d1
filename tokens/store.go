package tokens

import (
	"context"
	"errors"
	"time"

	"github.com/doorward/doorward/internal/audit"
)

// Errors that every Store reports for these causes, wrapped or not; tell them apart with errors.Is. Any other error is
// a fault: the store could not answer, which never means "no such token".
var (
	ErrNotFound = errors.New("no such token")
	ErrExists   = errors.New("a token with this identifier exists already")
	ErrFull     = errors.New("the owner has as many tokens of the kind as there may be")
)

// Record is a token as it is stored: everything but the secret, of which only the digest exists.
type Record struct {
	ID            string // "dt0c01.<24 characters>"; a UUID for an imported old-format token
	Digest        Digest // SHA-256 of the secret part; of the whole text for an old-format token
	Name          string
	Owner         string // user the token belongs to and, for a personal token, acts as
	Environment   string // that the token is good for
	Cluster       bool   // scope names that exist in both realms count in the cluster realm too
	Personal      bool
	Administrator bool // may give scopes to tokens that it does not hold itself
	Staff         bool // belongs to a member of remote support staff, its Owner: the remote-access ceiling holds for it
	Legacy        bool // old opaque format, found by digest
	Enabled       bool
	Seed          bool      // ActiveGate token that comes with an installer, to be exchanged at the first contact
	ActiveGate    string    // "ENVIRONMENT" or "CLUSTER" for an ActiveGate token; "" for every other
	Environments  []string  // that a platform token is good for besides Environment, sorted; none for most
	Scopes        []string  // sorted, without duplicates; none for an ActiveGate token
	Networks      []string  // prefixes in CIDR form from which the token may be used, sorted; none: from everywhere
	Created       time.Time // UTC, millisecond precision, as are all times here
	Modified      time.Time // zero: never; changes of name, scopes, networks and staff mark count, enabling and disabling do not
	Expires       time.Time // zero: never; the token is dead from this instant on
	LastUsed      time.Time // zero: never
	LastUsedIP    string
}

// Use is the newest sighting of a token at the gate.
type Use struct {
	ID string
	At time.Time
	IP string
}

// ScopeUse says that a token got through with one of these scopes, and when that was last the case. All alternatives of
// the endpoint are listed, also those that the token does not hold.
type ScopeUse struct {
	ID           string   // of the token
	Alternatives []string // sorted, without duplicates, at least one
	At           time.Time
}

// TenantToken is an environment's secret for agents, which the tenant's own installers carry. The texts are sealed: the
// store cannot read them. The digests are SHA-256 of the plain texts, to check one that an agent shows.
type TenantToken struct {
	Environment  string
	Active       []byte // sealed
	ActiveDigest Digest
	Old          []byte // sealed; nil while no rotation runs
	OldDigest    Digest // zero while no rotation runs
	Created      time.Time
	Modified     time.Time // zero: never
}

// Rotating reports whether a rotation runs, during which both texts are good.
func (t TenantToken) Rotating() bool { return len(t.Old) > 0 }

// Settings are what an administrator has chosen for the tokens of one environment. The zero Settings hold where nobody
// has chosen anything.
type Settings struct {
	PersonalTokens bool // personal tokens are made and taken
}

// Store keeps tokens. Implementations are safe for concurrent use by several goroutines and, where the medium allows
// it, by several processes. A change is durable when its method returns nil, and its audit event, its revision and its
// feed change are committed with it or not at all.
type Store interface {
	audit.Trail

	// Token returns the token with this identifier. ErrNotFound when there is none.
	Token(ctx context.Context, id string) (Record, error)
	// LegacyToken returns the old-format token whose whole text has this digest. ErrNotFound when there is none.
	LegacyToken(ctx context.Context, digest Digest) (Record, error)
	// Tokens returns a page of tokens. The cost of a page does not grow with its place in the listing. A limit out of range
	// is a fault of kind fault.Invalid.
	Tokens(ctx context.Context, q Query) ([]Record, error)
	// CountTokens is the number of tokens that q selects, whatever its After and Limit.
	CountTokens(ctx context.Context, q Query) (int, error)
	// CreateToken adds a token. ErrExists when the identifier (or an old-format token's digest) is taken. The change is of
	// kind feed.Token.
	CreateToken(ctx context.Context, r Record, e audit.Event) error
	// CreateLimitedToken is CreateToken where the owner has fewer than limit tokens of the kind, in all environments
	// together, good for something or not; else ErrFull. The tokens are counted in the transaction that adds this one, so
	// that of two callers at once at the limit one adds a token.
	CreateLimitedToken(ctx context.Context, r Record, limit int, e audit.Event) error
	// UpdateToken hands the current record to change and stores what change left in it; ID, Digest, Legacy, ActiveGate,
	// Seed and Created stay as they were whatever change does to them, and so does Staff once it is true. The function may be
	// called again when the transaction has to be repeated, and must not call the store. Its error is returned as it is, and
	// nothing is stored. ErrNotFound when there is no such token. The change is of kind feed.Token.
	//
	// The function may fill in Message, Detail and Patch of the event, which is written after it has returned.
	UpdateToken(ctx context.Context, id string, e *audit.Event, change func(*Record) error) error
	// DeleteToken removes a token for good, with what is known of its use. ErrNotFound when there is none. The change is of
	// kind feed.Token.
	DeleteToken(ctx context.Context, id string, e audit.Event) error
	// RecordUses notes when and from where tokens were last seen. An older sighting never replaces a newer one,
	// unknown identifiers are passed over, and no revision is used up: this is bookkeeping, not a change.
	RecordUses(ctx context.Context, uses []Use) error

	// RecordScopeUses notes with which scopes tokens got through, under the rules of RecordUses. Of one token at most
	// MaxScopeUses sets of alternatives are kept, the newest.
	RecordScopeUses(ctx context.Context, uses []ScopeUse) error
	// ScopeUses lists what is known of a token, newest first; none for a token that there is not.
	ScopeUses(ctx context.Context, id string) ([]ScopeUse, error)

	// TenantToken returns an environment's. ErrNotFound when there is none.
	TenantToken(ctx context.Context, environment string) (TenantToken, error)
	// UpdateTenantToken hands the current one to change, a zero one but for Environment where there is none, and stores
	// what change left in it, under the rules of UpdateToken. The change is of kind feed.TenantToken, with the environment
	// as its identifier.
	UpdateTenantToken(ctx context.Context, environment string, e *audit.Event, change func(*TenantToken) error) error

	// Settings returns those of every environment for which any were ever chosen.
	Settings(ctx context.Context) (map[string]Settings, error)
	// UpdateSettings hands an environment's to change and stores what change left in them, under the rules of
	// UpdateToken. The change is of kind feed.TokenSettings, with the environment as its identifier.
	UpdateSettings(ctx context.Context, environment string, e *audit.Event, change func(*Settings) error) error
}

// MaxScopeUses bounds what is kept of the use of one token.
const MaxScopeUses = 256
