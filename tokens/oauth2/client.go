package oauth2

import (
	"slices"
	"time"

	"github.com/doorward/doorward/tokens"
)

// Client is a program that may ask for access tokens, as it is stored: of its secret only the digest exists.
type Client struct {
	ID          string        // "dt0s02.<24 characters>"; ids of 8 characters are known too
	Digest      tokens.Digest // SHA-256 of the secret part
	OldDigest   tokens.Digest // of the secret before, while a rotation overlaps; else zero
	OldUntil    time.Time     // the secret before is good until this instant; zero: it is not good any more
	Name        string
	Description string
	Owner       string   // e-mail address or name of a service user: the subject of the client's tokens
	Account     string   // to which the client belongs, and for which its tokens are
	Scopes      []string // that it may ask for, sorted, without duplicates
	Enabled     bool
	Created     time.Time // UTC, millisecond precision, as are all times here
	Modified    time.Time // zero: never; last use does not count
	TokensFrom  time.Time // tokens issued before this are revoked, in whole seconds; zero: none are
	LastUsed    time.Time // when it last got a token, to the minute or so; zero: never
}

// Lifetime is how long an access token is good.
const Lifetime = 5 * time.Minute

// prefix is the kind of token that a client's identifier and secret are made as.
const prefix = "dt0s02"

// formats has the layout of clients as something to be minted, which the gate's own formats do not have: there a
// client's secret is recognised, masked and refused.
var formats = func() *tokens.Formats {
	fs, err := tokens.NewFormats(tokens.Format{Prefix: prefix, Name: "OAuth2 client", Public: []int{24, 8}, Secret: 64, Mintable: true})
	if err != nil {
		panic(err) // the layout is a constant, and a test makes clients with it
	}
	return fs
}()

// detached is a copy that shares nothing with the client.
func (c Client) detached() Client {
	c.Scopes = slices.Clone(c.Scopes)
	return c
}

// holds reports whether the client may ask for exactly this scope.
func (c Client) holds(scope string) bool {
	_, found := slices.BinarySearch(c.Scopes, scope)
	return found
}

// revokeAt takes back every token that the client has at this instant.
//
// The claim iat has whole seconds, and the clocks of two gateways differ. So the bound lies one to two seconds ahead, and
// tokens that are issued until then say that they were issued at the bound. The bound always moves, so that a second
// revocation within the same second takes those back as well.
func (c *Client) revokeAt(now time.Time) *Revocation {
	next := now.UTC().Truncate(time.Second).Add(2 * time.Second)
	if moved := c.TokensFrom.Add(time.Second); moved.After(next) {
		next = moved
	}
	c.TokensFrom = next
	return &Revocation{ID: c.ID, Before: c.TokensFrom, Until: c.TokensFrom.Add(Lifetime + margin)}
}

// margin is for clocks that differ between gateways, wherever something is kept until nobody can need it any more.
const margin = time.Minute
