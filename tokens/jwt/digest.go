package jwt

import (
	"crypto/sha256"
	"hash"
	"sync"
)

// digest is the SHA-256 of a whole token, so that the cache holds nothing that could be sent again.
type digest [sha256.Size]byte

// hasher hashes a string piece by piece. A token is long enough that turning it into bytes as a whole would be the only
// allocation of a request from the cache.
type hasher struct {
	hash.Hash
	piece [1024]byte
	sum   digest
}

var hashers = sync.Pool{New: func() any { return &hasher{Hash: sha256.New()} }}

func digestOf(text string) digest {
	h, ok := hashers.Get().(*hasher)
	if !ok {
		return sha256.Sum256([]byte(text))
	}
	defer hashers.Put(h)
	h.Reset()
	for len(text) > 0 {
		n := copy(h.piece[:], text)
		_, _ = h.Write(h.piece[:n]) // a hash takes everything
		text = text[n:]
	}
	h.Sum(h.sum[:0])
	clear(h.piece[:]) // what is left in the pool is no part of a token
	return h.sum
}
