package tokens

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrMalformed is what every error of Parse wraps. None of them quotes the text, which may hold a secret, and all are
// made beforehand, so that a flood of bad tokens costs no memory.
var (
	ErrMalformed = errors.New("malformed token")
	errParts     = fmt.Errorf("%w: it has fewer than three parts with dots between", ErrMalformed)
	errPrefix    = fmt.Errorf("%w: the prefix is of no known kind", ErrMalformed)
	errPublic    = fmt.Errorf("%w: the public part has a wrong length or character", ErrMalformed)
	errSecret    = fmt.Errorf("%w: the secret part has a wrong length or character", ErrMalformed)
)

// Presented is a well-formed token that somebody showed; nothing says yet that it is genuine. It holds no secret, only
// its digest. ID is part of the parsed text: clone it before keeping it, or the secret stays in memory with it.
type Presented struct {
	ID     string // "<prefix>.<public>"
	Format *Format
	digest Digest
}

// Digest is the SHA-256 of the secret part.
func (p Presented) Digest() Digest { return p.digest }

// String is the token as a log may have it.
func (p Presented) String() string { return p.ID + "." + masked }

// Parse reads the text of a token: exact ASCII, exact lengths, exactly two dots. Nothing around it is trimmed. The error
// wraps ErrMalformed.
func (fs *Formats) Parse(text string) (Presented, error) {
	id, secret, format, err := fs.split(text)
	if err != nil {
		return Presented{}, err
	}
	return Presented{ID: id, Format: format, digest: DigestOf(secret)}, nil
}

// split takes a token apart without hashing anything.
func (fs *Formats) split(text string) (id, secret string, format *Format, err error) {
	prefix, rest, _ := strings.Cut(text, ".")
	public, secret, found := strings.Cut(rest, ".")
	if !found { // a third dot ends up in the secret part, whose alphabet has none
		return "", "", nil, errParts
	}
	format, known := fs.byPrefix[prefix]
	if !known {
		return "", "", nil, errPrefix
	}
	if !format.publicLength(len(public)) || !format.PublicAlphabet.holds(public) {
		return "", "", nil, errPublic
	}
	if len(secret) != format.Secret || !format.SecretAlphabet.holds(secret) {
		return "", "", nil, errSecret
	}
	return text[:len(prefix)+1+len(public)], secret, format, nil
}

func (f *Format) publicLength(n int) bool {
	if len(f.Public) == 0 {
		return 1 <= n && n <= maxPublic
	}
	return slices.Contains(f.Public, n)
}

// Old-format tokens are opaque texts without a dot; the samples that are known have 20 or 21 characters.
const (
	minLegacy = 8
	maxLegacy = 128
)

// legacyShape reports whether text can be an old-format token.
func legacyShape(text string) bool {
	return minLegacy <= len(text) && len(text) <= maxLegacy && urlSafe.holds(text)
}
