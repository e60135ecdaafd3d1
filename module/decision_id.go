package module

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"sync/atomic"
)

// decisionID names one decision in logs, in the answer to a refused client and to the upstream. It is unique, not
// secret: 80 random bits of the process, and a counter.
type decisionID struct{ number uint64 }

var (
	processID       = newProcessID()
	decisionCounter atomic.Uint64
)

func newProcessID() string {
	var random [10]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process where there is no randomness
	return base32.StdEncoding.EncodeToString(random[:])
}

func newDecisionID() decisionID { return decisionID{decisionCounter.Add(1)} }

// String is 29 characters of A-Z2-7.
func (d decisionID) String() string {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], d.number)
	var text [29]byte
	copy(text[:], processID)
	base32.StdEncoding.WithPadding(base32.NoPadding).Encode(text[16:], number[:])
	return string(text[:])
}
