package tokens

import (
	"fmt"
	"io"
	"log/slog"
)

// Credential is what a client sent in its Authorization header. It prints as its scheme and "***".
type Credential struct {
	Scheme Scheme
	Text   string // the secret itself: hand it to Verify, and to nothing else
}

// String, GoString, Format, MarshalJSON and LogValue hide the text.

func (c Credential) String() string               { return c.Scheme.String() + " " + masked }
func (c Credential) GoString() string             { return c.String() }
func (c Credential) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, c.String()) }
func (c Credential) MarshalJSON() ([]byte, error) { return []byte(`"` + c.String() + `"`), nil }
func (c Credential) LogValue() slog.Value         { return slog.StringValue(c.String()) }

// Refusal is why a credential was not accepted, "" when it was. It is for logs and metrics: a client is told the same
// sentence for every one of them, or it could ask which tokens exist.
type Refusal string

// The refusals. Those after WrongSecret are only given to somebody who has shown the right secret.
const (
	Malformed        Refusal = "malformed"         // nothing that could be a token
	NotAccepted      Refusal = "not_accepted"      // a known kind of token that the gate has no use for
	WrongScheme      Refusal = "wrong_scheme"      // a kind of token that is not sent under this scheme
	LegacyOff        Refusal = "legacy_off"        // the old format, while that is switched off
	Unknown          Refusal = "unknown"           // no such token
	Throttled        Refusal = "throttled"         // not looked up: too much has failed from the client's address
	WrongSecret      Refusal = "wrong_secret"      // the token exists, the secret is another
	Disabled         Refusal = "disabled"          // switched off by an administrator
	Expired          Refusal = "expired"           // dead since Principal.Expires
	WrongEnvironment Refusal = "wrong_environment" // good for another environment
	WrongNetwork     Refusal = "wrong_network"     // not to be used from the client's address
	PersonalOff      Refusal = "personal_off"      // a personal token, while those are switched off
)
