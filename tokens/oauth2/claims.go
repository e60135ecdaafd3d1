package oauth2

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/doorward/doorward/internal/fault"
)

// claims is what an access token says (RFC 9068 section 2.2), in the order in which it is written.
type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience []string `json:"aud"`
	ClientID string   `json:"client_id"`
	Scope    string   `json:"scope"`
	IssuedAt int64    `json:"iat"` // seconds
	Expires  int64    `json:"exp"` // seconds
	ID       string   `json:"jti"`
}

// errNoKey is a gateway that has not got its keys.
var errNoKey = errors.New("no signing key is loaded")

// issue signs a token for a client at now. What it is for was checked before.
func (k *Keys) issue(c Client, issuer, id string, scopes, resources []string, now time.Time) (string, error) {
	key := k.current(now)
	if key == nil {
		return "", fault.New(fault.Unavailable, "Tokens cannot be issued at the moment.", errNoKey)
	}
	second := now.UTC().Truncate(time.Second)
	said := claims{
		Issuer: issuer, Subject: c.Owner, Audience: resources, ClientID: c.ID, Scope: strings.Join(scopes, " "),
		IssuedAt: second.Unix(), Expires: second.Add(Lifetime).Unix(), ID: id,
	}
	// Right after a revocation of all, this tells the new tokens from the old ones; see Client.revokeAt.
	if c.TokensFrom.After(second) {
		said.IssuedAt = c.TokensFrom.Unix()
	}
	payload, err := json.Marshal(said)
	if err != nil {
		return "", fault.New(fault.Internal, "The token could not be made.", err)
	}
	signed, err := key.signer.Sign(payload)
	if err != nil {
		return "", fault.New(fault.Internal, "The token could not be made.", err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		return "", fault.New(fault.Internal, "The token could not be made.", err)
	}
	return text, nil
}

// maxToken bounds the text of a token that is asked about, in bytes. None that is issued here is longer.
const maxToken = 16 << 10

// read gives the claims of a token that was signed here and has not expired at now; ok is false for every other text.
// Whether it was revoked is another question.
func (k *Keys) read(text string, now time.Time) (said claims, ok bool) {
	if len(text) > maxToken {
		return claims{}, false
	}
	parsed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || len(parsed.Signatures) != 1 {
		return claims{}, false
	}
	header := parsed.Signatures[0].Protected
	key := k.find(header.KeyID)
	if key == nil || header.ExtraHeaders[jose.HeaderType] != accessToken {
		return claims{}, false
	}
	payload, err := parsed.Verify(key.public)
	if err != nil {
		return claims{}, false
	}
	if err := json.Unmarshal(payload, &said); err != nil || said.ID == "" || said.ClientID == "" {
		return claims{}, false
	}
	return said, now.Before(time.Unix(said.Expires, 0))
}
