// Package seal encrypts the few secrets that have to be shown or used again, so that a copy of the store alone is of no use.
//
// The cipher is AES-256-GCM with a random nonce. What a secret is for is bound to it: a sealed text that is put elsewhere
// in the store does not open.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// KeySize is the length of a key, in bytes.
const KeySize = 32

// version begins every sealed text: one byte, then four of the key's digest, the nonce, and the ciphertext.
const version = 1

const keyMark = 4 // bytes of the key's digest that tell which key to open with

// Errors of Open.
var (
	ErrKey     = errors.New("sealed with a key that is not configured")
	ErrDamaged = errors.New("the sealed text is damaged or was sealed for something else")
)

// Sealer seals with its first key and opens with all of them, so that keys can be changed. It is safe for concurrent use.
type Sealer struct{ keys []key }

type key struct {
	mark [keyMark]byte
	aead cipher.AEAD
}

// New takes keys of KeySize bytes, the one to seal with first.
func New(keys ...[]byte) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("no encryption key is given")
	}
	s := &Sealer{}
	for _, k := range keys {
		if len(k) != KeySize {
			return nil, fmt.Errorf("an encryption key has %d bytes, not %d", KeySize, len(k))
		}
		block, err := aes.NewCipher(k)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		digest := sha256.Sum256(append([]byte("doorward key mark "), k...))
		s.keys = append(s.keys, key{mark: [keyMark]byte(digest[:keyMark]), aead: aead})
	}
	return s, nil
}

// Seal encrypts a secret for a purpose, such as "tenant token of abc12345, active".
func (s *Sealer) Seal(secret []byte, purpose string) []byte {
	k := s.keys[0]
	nonce := make([]byte, k.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	sealed := append([]byte{version}, k.mark[:]...)
	sealed = append(sealed, nonce...)
	return k.aead.Seal(sealed, nonce, secret, []byte(purpose))
}

// Open gives the secret back. ErrKey and ErrDamaged say why it cannot.
func (s *Sealer) Open(sealed []byte, purpose string) ([]byte, error) {
	const header = 1 + keyMark
	if len(sealed) < header || sealed[0] != version {
		return nil, ErrDamaged
	}
	reason := ErrKey
	for _, k := range s.keys {
		rest := sealed[header:]
		if [keyMark]byte(sealed[1:header]) != k.mark {
			continue
		}
		if size := k.aead.NonceSize(); len(rest) >= size {
			if secret, err := k.aead.Open(nil, rest[:size], rest[size:], []byte(purpose)); err == nil {
				return secret, nil
			}
		}
		reason = ErrDamaged // unless another key happens to have the same mark
	}
	return nil, reason
}

// NewKey makes a key as ParseKey reads it.
func NewKey() string {
	k := make([]byte, KeySize)
	_, _ = rand.Read(k) // never fails
	return base64.StdEncoding.EncodeToString(k)
}

// ParseKey reads a key in base64, with white space around it. The error does not repeat it.
func ParseKey(text string) ([]byte, error) {
	k, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
	if err != nil || len(k) != KeySize {
		return nil, fmt.Errorf("an encryption key is %d random bytes in base64", KeySize)
	}
	return k, nil
}
