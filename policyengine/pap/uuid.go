package pap

import (
	"encoding/hex"
	"io"
	"strings"

	"github.com/doorward/doorward/internal/fault"
)

// newUUID draws an identifier: RFC 9562, section 5.4. Clients refuse any other version.
func newUUID(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fault.New(fault.Internal, "No identifier could be made.", err)
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	digits := hex.EncodeToString(b[:])
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-"), nil
}

// isUUID reports whether text has the form of a UUID of any version, in lower case.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') {
			return false
		} else if !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// canonicalUUID is the identifier that text is, in lower case. The sentence is the documented one.
func canonicalUUID(text string) (string, error) {
	if lower := strings.ToLower(text); len(text) == 36 && isUUID(lower) {
		return lower, nil
	}
	return "", invalid("Validation failed (uuid is expected)")
}

// chosenUUID is the identifier for a new thing: the client's own, which must be of version 4, or else a random one.
func (s *Service) chosenUUID(wanted string) (string, error) {
	if wanted == "" {
		return newUUID(s.config.Random)
	}
	uuid, err := canonicalUUID(wanted)
	if err == nil && (uuid[14] != '4' || !strings.ContainsRune("89ab", rune(uuid[19]))) {
		err = invalid("A UUID of version 4 is expected.")
	}
	return uuid, err
}

// CanonicalUUID is the identifier that a text is, in lower case. Anything else is refused by the documented sentence.
func CanonicalUUID(text string) (string, error) { return canonicalUUID(text) }
