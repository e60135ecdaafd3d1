package session

import (
	"context"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/tokens"
)

// Store keeps sessions. Implementations are safe for concurrent use. An error that is none of those of this package is a fault:
// the store could not answer, and nobody is signed in because of it. Times lose what is finer than a millisecond.
//
// What a person does is recorded in the transaction that does it. It uses up no revision: sessions are read when they are needed
// and cached by nobody.
type Store interface {
	// CreateConsoleSession adds a session. Where its subject has as many in its environment as there is room for, those that began
	// first end. ErrExists if identifier or digest are taken, ErrFull if there are as many as there may be.
	CreateConsoleSession(ctx context.Context, r Record, room Room, e audit.Event) error
	// ConsoleSession returns the session with this digest, over or not. ErrNotFound.
	ConsoleSession(ctx context.Context, digest tokens.Digest) (Record, error)
	// ConsoleSessions returns a page of sessions, newest first.
	ConsoleSessions(ctx context.Context, q Query) ([]Session, error)
	// TouchConsoleSession notes that a session was used, and when it ends now, unless that is known of a later use. It is no error
	// if there is none.
	TouchConsoleSession(ctx context.Context, digest tokens.Digest, at, ends time.Time) error
	// RenewConsoleSession puts r in the place of the session with the digest old, which keeps its beginning, subject and
	// environment. ErrNotFound if there is no session with that digest and that subject and environment any more, so one of two
	// that renew it at once fails; ErrExists as above.
	RenewConsoleSession(ctx context.Context, old tokens.Digest, r Record, e audit.Event) error
	// EndConsoleSession removes a session that w is true of. ErrNotFound.
	EndConsoleSession(ctx context.Context, id string, w Whose, e audit.Event) error
	// ForgetConsoleSessions removes sessions that have ended by now, and says how many. It leaves no trace: nobody did it.
	ForgetConsoleSessions(ctx context.Context, now time.Time) (int, error)
}

// Room is how many sessions there may be.
type Room struct {
	PerSubject int // in one environment; at least 1
	All        int
	// Displaced is recorded for each session that ends to make room; its Object is filled in.
	Displaced audit.Event
}

// Whose says which sessions are meant.
type Whose struct {
	Environment string // "" for one of any
	Subject     string // "" for anybody's
}

// Query selects sessions.
type Query struct {
	Whose
	Now   time.Time // those that have not ended by then
	After Place     // the last one of the page before; zero for the first page
	Limit int       // from 1 to MaxPage; 0 means MaxPage
}

// Place is where a session is in a listing.
type Place struct {
	Created time.Time
	ID      string
}

// MaxPage is how many sessions a page has at most.
const MaxPage = 100
