package module

import (
	"encoding/base32"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

// Invariant: an identifier is the process's part and the number in base32, and the number can be read from it.
func TestDecisionID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Uint64().Draw(t, "number")
		id := decisionIDOf(number)
		want := string(processID[:]) + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(binary.BigEndian.AppendUint64(nil, number))
		if id.String() != want || id.inPlace() != want || id.number() != number {
			t.Fatalf("%d is %s, want %s, and %d when read", number, id, want, id.number())
		}
	})
}
