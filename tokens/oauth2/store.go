package oauth2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
)

// Errors that every Store reports for these causes, wrapped or not; tell them apart with errors.Is. Any other error is a
// fault: the store could not answer, which never means "there is none".
var (
	ErrNotFound = errors.New("no such thing")
	ErrExists   = errors.New("the identifier is taken")
	ErrFull     = errors.New("there are as many as there may be")
	ErrConflict = errors.New("another change came first")
)

// SigningKey is a private key as it is stored. Who reads the store alone can neither sign with it nor put another in its
// place: the public key is derived from the sealed private one, and is stored nowhere.
type SigningKey struct {
	ID        string    // RFC 7638 thumbprint (SHA-256, base64url) of the public key: the kid of its tokens
	Sealed    []byte    // PKCS #8, sealed for this ID
	Created   time.Time // published from then on
	SignsFrom time.Time // until the next key does
}

// Revocation ends the life of one token, or of all that a client got before an instant.
type Revocation struct {
	ID     string    // jti of the token, or identifier of the client; neither can be mistaken for the other
	Before time.Time // of a client: its tokens with iat before this are dead, in whole seconds; of a token: zero
	Until  time.Time // nothing that this is about lives longer, and it may be forgotten
}

// ClientQuery selects clients for a listing, in the order of their identifiers. The zero ClientQuery selects all.
type ClientQuery struct {
	Account string // exact; "" for any
	After   string // identifier of the last client of the page before; "" for the first page; it need not exist any more
	Limit   int    // 1 … 1,000; 0 means 1,000
}

// MaxPage bounds every page of a Store.
const MaxPage = 1000

// PageSize is a limit, checked: 0 means MaxPage.
func PageSize(limit int) (int, error) {
	if limit < 0 || limit > MaxPage {
		return 0, fault.New(fault.Invalid, fmt.Sprintf("The limit must be from 1 to %d.", MaxPage), nil)
	}
	return cmp.Or(limit, MaxPage), nil
}

// Store keeps clients, keys and revocations. Implementations are safe for concurrent use by several goroutines and, where
// the medium allows it, by several processes. A change is durable when its method returns nil, and its audit event, its
// revision and its feed change are committed with it or not at all. A limit out of range is a fault of kind Invalid.
//
// Package oauth2test has this contract as tests, and a Store in memory.
type Store interface {
	// Client returns the client with this identifier. ErrNotFound when there is none.
	Client(ctx context.Context, id string) (Client, error)
	// Clients returns a page of clients.
	Clients(ctx context.Context, q ClientQuery) ([]Client, error)
	// CreateClient adds a client. ErrExists when the identifier is taken; ErrFull when the account has limit clients or
	// more. The change is of kind feed.OAuthClient.
	CreateClient(ctx context.Context, c Client, limit int, e audit.Event) error
	// UpdateClient hands the current record to change and stores what change left in it, and the revocation that it
	// returns, if any, in the same transaction; ID, Account, Created and LastUsed stay as they were whatever change does to
	// them. The function may be called again when the transaction has to be repeated, must not call the store, and may fill
	// in Message, Detail and Patch of the event. Its error is returned as it is, and nothing is stored. ErrNotFound when
	// there is no such client. The change is of kind feed.OAuthClient, and stands for that of the revocation too.
	UpdateClient(ctx context.Context, id string, e *audit.Event, change func(*Client) (*Revocation, error)) error
	// DeleteClient removes a client for good and stores the revocation of its tokens in the same transaction. ErrNotFound
	// when there is none. The change is of kind feed.OAuthClient, and stands for that of the revocation too.
	DeleteClient(ctx context.Context, id string, r Revocation, e audit.Event) error
	// RecordClientUse notes when a client last got a token. An older time never replaces a newer one, an unknown client is
	// passed over, and no revision is used up: this is bookkeeping, not a change.
	RecordClientUse(ctx context.Context, id string, at time.Time) error

	// SigningKeys returns all keys, by SignsFrom, ties by ID. There are never more than a few.
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	// AddSigningKey adds a key if the last of SigningKeys has the identifier newest, "" for no keys at all, and otherwise
	// reports ErrConflict: of two gateways that replace a key at once, one does. ErrExists when the identifier is taken.
	// The change is of kind feed.SigningKey.
	AddSigningKey(ctx context.Context, k SigningKey, newest string, e audit.Event) error
	// RemoveSigningKey removes a key for good. ErrNotFound when there is none. The change is of kind feed.SigningKey.
	RemoveSigningKey(ctx context.Context, id string, e audit.Event) error

	// Revoke adds a revocation, or moves Before and Until of the one with this ID ahead, never back. One that moves nothing
	// leaves no trace. The change is of kind feed.Revocation.
	Revoke(ctx context.Context, r Revocation, e audit.Event) error
	// Revocations returns a page of those whose Until is after now, by ID, beginning after the one named after.
	Revocations(ctx context.Context, now time.Time, after string, limit int) ([]Revocation, error)
	// PurgeRevocations forgets those whose Until is at or before now. No revision is used up.
	PurgeRevocations(ctx context.Context, now time.Time) error
}
