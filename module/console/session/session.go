// Package session keeps people signed in to the console: who it is, with which credential, for how long, and how it ends.
//
// The browser has a random cookie, and the store has what belongs to it: the cookie's SHA-256, and the person's credential
// sealed by a key that is derived from the cookie. Neither of them gives the credential without the other. A session decides
// nothing: the gate judges its credential anew with every request, so the end of a token is the end of what its sessions can do.
package session

import (
	"errors"
	"time"

	"github.com/doorward/doorward/tokens"
)

// Session is what may be shown of one. It is of no use to whoever reads it.
type Session struct {
	// ID names the session where it is listed and ended. It is random and no secret.
	ID string
	// Subject is who signed in, fit to be shown: "user " or "token " and the name. Sessions with one subject are one person's.
	Subject string
	// Method is how: MethodToken or MethodOIDC.
	Method string
	// Issuer is the URL of the issuer that vouched; "" for MethodToken.
	Issuer string
	// Address and UserAgent are those of the sign-in, or of the last confirmation.
	Address, UserAgent string
	// Times are UTC, to the millisecond. LastUsed is up to TouchEvery behind. Ends is when the session ends unless it is used
	// before; Expires is the latest that this can become.
	Created, LastUsed, Ends, Expires time.Time
	// ConfirmedUntil is when the person has to say again who it is before something dangerous; zero: has not said it yet.
	ConfirmedUntil time.Time
}

// Ways of signing in.
const (
	MethodToken = "token"
	MethodOIDC  = "oidc"
)

// Credential is what the person signed in with, in the words of the Authorization header.
type Credential struct {
	Scheme string // "Api-Token" or "Bearer"
	Text   tokens.Secret
}

// Record is a session as the store has it.
type Record struct {
	Session
	// Digest is the SHA-256 of the cookie's bytes: the key.
	Digest tokens.Digest
	// Sealed is the credential; see Keeper.
	Sealed []byte
	// Environment and Actor are what the audit trail says of what the person does to sessions.
	Environment, Actor string
}

// Errors of a Store that are answers.
var (
	// ErrNotFound says that there is no such session, or that it is somebody else's.
	ErrNotFound = errors.New("session: not found")
	// ErrExists says that identifier or digest are taken.
	ErrExists = errors.New("session: exists")
	// ErrFull says that there are as many sessions as there may be.
	ErrFull = errors.New("session: too many sessions")
)

// MaxText bounds Subject, Issuer, Address, UserAgent, Environment and Actor, in bytes. Stores keep indexes on some of them.
const MaxText = 500
