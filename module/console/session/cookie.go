package session

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/tokens"
)

// cookieSize is how many random bytes a cookie has.
const cookieSize = 32

// Cookie is what the browser knows, and nobody else. It has no printing method of its own text: like a tokens.Secret, it is held
// behind a pointer.
type Cookie struct{ secret *[cookieSize]byte }

// NewCookie makes one of random bytes.
func NewCookie(random io.Reader) (Cookie, error) {
	c := Cookie{new([cookieSize]byte)}
	if _, err := io.ReadFull(random, c.secret[:]); err != nil {
		return Cookie{}, fmt.Errorf("session: no random bytes: %w", err)
	}
	return c, nil
}

// ParseCookie reads what Reveal has written; ok is false for everything else.
func ParseCookie(text string) (c Cookie, ok bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(cookieSize) {
		return Cookie{}, false
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(secret) != cookieSize { // shorter where there is a line break, which the decoder passes over
		return Cookie{}, false
	}
	return Cookie{(*[cookieSize]byte)(secret)}, true
}

// Reveal is the cookie as the browser keeps it. Call it where the cookie is set, nowhere else.
func (c Cookie) Reveal() string { return base64.RawURLEncoding.EncodeToString(c.secret[:]) }

// String, GoString and Format hide the cookie.

func (c Cookie) String() string             { return "***" }
func (c Cookie) GoString() string           { return "***" }
func (c Cookie) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "***") }

// Digest is what the store finds the session by.
func (c Cookie) Digest() tokens.Digest { return tokens.DigestOf(string(c.secret[:])) }

// What a cookie's keys are for. They are different keys, so that what one of them shows says nothing of the other.
const (
	sealsCredential = "doorward console: credential"
	marksForms      = "doorward console: forms"
)

// key is derived from the cookie, which is random: so there is no salt (RFC 5869, section 3.1).
func (c Cookie) key(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, c.secret[:], nil, purpose, seal.KeySize)
	if err != nil {
		panic("session: " + err.Error()) // only of a length that HKDF has not
	}
	return key
}

// FormToken is what forms of the session bring along. Who sees it cannot tell the cookie from it.
func (c Cookie) FormToken() string {
	mac := hmac.New(sha256.New, c.key(marksForms))
	mac.Write([]byte("form"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// IsFormToken compares in constant time.
func (c Cookie) IsFormToken(text string) bool { return hmac.Equal([]byte(text), []byte(c.FormToken())) }

// seal encrypts a credential for the session of an identifier.
func (c Cookie) seal(credential Credential, id string) ([]byte, error) {
	s, err := seal.New(c.key(sealsCredential))
	if err != nil {
		return nil, err
	}
	return s.Seal([]byte(credential.Scheme+" "+credential.Text.Reveal()), purpose(id)), nil
}

// open gives the credential back. Its errors are package seal's.
func (c Cookie) open(sealed []byte, id string) (Credential, error) {
	s, err := seal.New(c.key(sealsCredential))
	if err != nil {
		return Credential{}, err
	}
	text, err := s.Open(sealed, purpose(id))
	if err != nil {
		return Credential{}, err
	}
	scheme, secret, found := strings.Cut(string(text), " ")
	if !found {
		return Credential{}, seal.ErrDamaged
	}
	return Credential{Scheme: scheme, Text: tokens.NewSecret(secret)}, nil
}

func purpose(id string) string { return "credential of the console session " + id }
