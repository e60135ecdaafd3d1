package tokens

// Alphabet is the set of characters that a part of a token is made of. All are ASCII: nothing is folded or normalised,
// so that one token has one spelling.
type Alphabet uint8

const (
	// UpperDigits is A-Z and 0-9. Minted parts use A-Z2-7 of it (base32, RFC 4648 section 6).
	UpperDigits Alphabet = iota
	// LowerHex is 0-9 and a-f.
	LowerHex
	// Label is A-Z, a-z, 0-9 and the hyphen.
	Label
	// urlSafe is the alphabet of old-format tokens: the unreserved characters of RFC 3986 but the dot.
	urlSafe
)

// holds reports whether every byte of s is in the alphabet.
func (a Alphabet) holds(s string) bool {
	bit := uint8(1) << a
	for i := range len(s) {
		if alphabets[s[i]]&bit == 0 {
			return false
		}
	}
	return true
}

// alphabets has, for each byte, one bit per Alphabet.
var alphabets = func() (table [256]uint8) {
	add := func(low, high byte, in ...Alphabet) {
		for c := low; c <= high; c++ {
			for _, a := range in {
				table[c] |= 1 << a
			}
		}
	}
	add('0', '9', UpperDigits, LowerHex, Label, urlSafe)
	add('A', 'Z', UpperDigits, Label, urlSafe)
	add('a', 'f', LowerHex)
	add('a', 'z', Label, urlSafe)
	add('-', '-', Label, urlSafe)
	add('_', '_', urlSafe)
	add('~', '~', urlSafe)
	return table
}()
