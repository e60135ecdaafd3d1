package module

import (
	"crypto/rand"
	"encoding/base32"
	"sync/atomic"
	"unsafe"
)

// decisionID names one decision in logs, in the answer to a refused client and to the upstream. It is unique, not
// secret: 80 random bits of the process, and a counter. It is kept as its text, 29 characters of A-Z2-7, because every request
// that is let through or refused carries it.
type decisionID [29]byte

var (
	processID       = newProcessID()
	decisionCounter atomic.Uint64
)

const idDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" // of base32, RFC 4648 section 6

func newProcessID() (text [16]byte) {
	var random [10]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process where there is no randomness
	base32.StdEncoding.Encode(text[:], random[:])
	return text
}

func newDecisionID() decisionID { return decisionIDOf(decisionCounter.Add(1)) }

// decisionIDOf writes the eight bytes of a number as base32 does. Its 64 bits leave the last of 13 characters one bit.
func decisionIDOf(number uint64) (d decisionID) {
	copy(d[:], processID[:])
	d[len(d)-1] = idDigits[number<<1&31]
	number >>= 4
	for i := len(d) - 2; i >= len(processID); i-- {
		d[i] = idDigits[number&31]
		number >>= 5
	}
	return d
}

// number is that of the counter.
func (d *decisionID) number() (number uint64) {
	for _, c := range d[len(processID) : len(d)-1] {
		number = number<<5 | idDigit(c)
	}
	return number<<4 | idDigit(d[len(d)-1])>>1
}

func idDigit(c byte) uint64 {
	if c >= 'A' {
		return uint64(c - 'A')
	}
	return uint64(c-'2') + 26
}

// String is a copy, which may be kept for longer than the exchange.
func (d decisionID) String() string { return string(d[:]) }

// inPlace is the text for headers, without a copy. It is of an identifier that nobody changes any more, and keeps what it lies in.
func (d *decisionID) inPlace() string {
	return unsafe.String(&d[0], len(d)) //nolint:gosec // the whole array, which lives as long as its text
}
