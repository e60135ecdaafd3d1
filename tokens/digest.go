package tokens

import (
	"crypto/sha256"
	"crypto/subtle"
)

// Digest is the SHA-256 of a secret. A secret has 320 random bits, so a fast hash is as good as a slow one, and the
// digest of a guessed secret tells nothing about the next.
type Digest [sha256.Size]byte

// DigestOf hashes a secret part, or the whole text of an old-format token.
func DigestOf(secret string) Digest {
	// Every secret fits into the array, so hashing one needs no memory of its own, and leaves no copy to the collector.
	var held [maxSecret]byte
	return sha256.Sum256(append(held[:0], secret...))
}

// Equal compares in constant time.
func (d Digest) Equal(other Digest) bool { return subtle.ConstantTimeCompare(d[:], other[:]) == 1 }
