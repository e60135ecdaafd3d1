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
)

// Record is a token as it is stored: everything but the secret, of which only the digest exists.
type Record struct {
	ID          string // "dt0c01.<24 characters>"; a UUID for an imported old-format token
	Digest      Digest // SHA-256 of the secret part; of the whole text for an old-format token
	Name        string
	Owner       string // user the token belongs to and, for a personal token, acts as
	Environment string // the one environment that the token is good for
	Cluster     bool   // scope names that exist in both realms count in the cluster realm too
	Personal    bool
	Legacy      bool // old opaque format, found by digest
	Enabled     bool
	Scopes      []string  // sorted, without duplicates
	Created     time.Time // UTC, millisecond precision, as are all times here
	Modified    time.Time // zero: never; name and scope changes count, enabling and disabling do not
	Expires     time.Time // zero: never; the token is dead from this instant on
	LastUsed    time.Time // zero: never
	LastUsedIP  string
}

// Use is the newest sighting of a token at the gate.
type Use struct {
	ID string
	At time.Time
	IP string
}

// Query selects tokens for a listing, newest first, ties by identifier. The zero Query selects all.
type Query struct {
	Owner  string // exact; "" for any
	After  string // identifier of the last token of the page before; "" for the first page
	Limit  int    // 1 … 10,000; 0 means 1,000
	Prefix string // of the identifier; "" for any
}

// Store keeps tokens. Implementations are safe for concurrent use by several goroutines and, where the medium allows
// it, by several processes. A change is durable when its method returns nil, and its audit event, its revision and its
// feed change (package feed, kind feed.Token) are committed with it or not at all.
type Store interface {
	// Token returns the token with this identifier. ErrNotFound when there is none.
	Token(ctx context.Context, id string) (Record, error)
	// LegacyToken returns the old-format token whose whole text has this digest. ErrNotFound when there is none.
	LegacyToken(ctx context.Context, digest Digest) (Record, error)
	// Tokens returns a page of tokens. An After that names no token is ErrNotFound.
	Tokens(ctx context.Context, q Query) ([]Record, error)
	// CreateToken adds a token. ErrExists when the identifier (or an old-format token's digest) is taken.
	CreateToken(ctx context.Context, r Record, e audit.Event) error
	// UpdateToken hands the current record to change and stores what change left in it; ID, Digest, Legacy and
	// Created stay as they were whatever change does to them. The function may be called again when the transaction
	// has to be repeated, and must not call the store. Its error is returned as it is, and nothing is stored.
	// ErrNotFound when there is no such token.
	UpdateToken(ctx context.Context, id string, e audit.Event, change func(*Record) error) error
	// DeleteToken removes a token for good. ErrNotFound when there is none.
	DeleteToken(ctx context.Context, id string, e audit.Event) error
	// RecordUses notes when and from where tokens were last seen. An older sighting never replaces a newer one,
	// unknown identifiers are passed over, and no revision is used up: this is bookkeeping, not a change.
	RecordUses(ctx context.Context, uses []Use) error
}
