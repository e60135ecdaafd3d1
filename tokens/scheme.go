package tokens

import "strings"

// Scheme is the authentication scheme of an Authorization header. The zero Scheme is none.
type Scheme uint8

// The schemes that the gate reads.
const (
	APIToken Scheme = iota + 1 // "Api-Token"
	Bearer                     // "Bearer", RFC 6750
)

// ParseScheme reads a scheme name in any case, as RFC 9110 section 11.1 asks.
func ParseScheme(s string) (Scheme, bool) {
	for _, scheme := range []Scheme{APIToken, Bearer} {
		// The length keeps out what folds to an ASCII letter without being one: the Kelvin sign has three bytes.
		if name := scheme.String(); len(s) == len(name) && strings.EqualFold(s, name) {
			return scheme, true
		}
	}
	return 0, false
}

// String is the scheme as a header has it.
func (s Scheme) String() string {
	switch s {
	case APIToken:
		return "Api-Token"
	case Bearer:
		return "Bearer"
	}
	return "unknown scheme"
}
