package tokens

import (
	"encoding/base32"
	"errors"
	"fmt"
	"io"
)

// Minted is a new token. Secret is the only copy of its text.
type Minted struct {
	ID     string // "<prefix>.<public>"
	Secret Secret // the whole text, "<prefix>.<public>.<secret>"
	Digest Digest // of the secret part
}

// ErrNotMintable is Mint's answer to a prefix of which no new tokens are made here.
var ErrNotMintable = errors.New("no tokens with this prefix are made here")

// Mint makes a token from a cryptographic source of randomness: in the documented layout 15 bytes make the 24 public
// characters and 40 bytes the 64 secret ones, as base32 without padding. It fails when random does, and never makes do
// with fewer bytes.
func (fs *Formats) Mint(prefix string, random io.Reader) (Minted, error) {
	f, known := fs.byPrefix[prefix]
	if !known || !f.Mintable {
		return Minted{}, ErrNotMintable
	}
	public, err := randomText(random, f.Public[0])
	if err != nil {
		return Minted{}, err
	}
	secret, err := randomText(random, f.Secret)
	if err != nil {
		return Minted{}, err
	}
	id := prefix + "." + public
	return Minted{ID: id, Secret: NewSecret(id + "." + secret), Digest: DigestOf(secret)}, nil
}

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// randomText is length characters of A-Z2-7. Each takes five whole bits of its own, so cutting the text leaves every
// character as random as it was.
func randomText(random io.Reader, length int) (string, error) {
	raw := make([]byte, (length*5+7)/8)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("reading random bytes: %w", err)
	}
	return base32Text.EncodeToString(raw)[:length], nil
}

// newUUID is a random UUID, version 4 of RFC 9562, the form of identifier that old-format tokens have.
func newUUID(random io.Reader) (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("reading random bytes: %w", err)
	}
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]), nil
}
