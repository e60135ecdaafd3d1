package tokens

import (
	"errors"
	"fmt"
	"slices"
)

// Bounds of the layout. Mask recognises exactly what lies within them, so that no token can be parsed that a log would
// show.
const (
	minPublic = 8
	maxPublic = 128
	minSecret = 40 // 200 random bits when minted
	maxSecret = 128
)

// Format is the layout and use of one kind of token. It is immutable once a Formats holds it.
type Format struct {
	Prefix string // "dt0c01"; of a custom format: a-z, then 2 to 15 of a-z 0-9
	Name   string // for people, "access token"
	// Public has the accepted lengths of the public part; the first one is minted. Empty: 24 in a custom format, any
	// length from 1 to 128 in a built-in one.
	Public []int
	// Secret is the length of the secret part; 0 in a custom format means 64.
	Secret int
	// Schemes are those under which the gate takes the token. Empty: it is recognised and masked, never accepted.
	Schemes []Scheme
	// Class says which scopes of an endpoint the token is judged by.
	Class Class
	// Mintable allows new tokens of this kind to be made.
	Mintable bool

	// PublicAlphabet and SecretAlphabet are UpperDigits in all but a few kinds.
	PublicAlphabet, SecretAlphabet Alphabet
}

// Accepts reports whether the gate takes this kind of token under scheme s.
func (f *Format) Accepts(s Scheme) bool { return slices.Contains(f.Schemes, s) }

// Formats is a set of token formats. It is immutable and safe for concurrent use.
type Formats struct {
	byPrefix map[string]*Format
}

// NewFormats is the built-in table with custom formats added; a custom one with a built-in prefix takes its place.
func NewFormats(custom ...Format) (*Formats, error) {
	fs := &Formats{byPrefix: make(map[string]*Format, len(builtIn)+len(custom))}
	for _, f := range builtIn {
		fs.byPrefix[f.Prefix] = &f
	}
	seen := make(map[string]bool, len(custom))
	for _, f := range custom {
		f = f.completed()
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("token format %.40q: %w", f.Prefix, err)
		}
		if seen[f.Prefix] {
			return nil, fmt.Errorf("token format %q is given twice", f.Prefix)
		}
		seen[f.Prefix] = true
		fs.byPrefix[f.Prefix] = &f
	}
	return fs, nil
}

// Lookup finds a format by its prefix.
func (fs *Formats) Lookup(prefix string) (*Format, bool) {
	f, ok := fs.byPrefix[prefix]
	return f, ok
}

// completed fills in the lengths that a custom format leaves open, and detaches it from the caller's slices.
func (f Format) completed() Format {
	f.Public, f.Schemes = slices.Clone(f.Public), slices.Clone(f.Schemes)
	if len(f.Public) == 0 {
		f.Public = []int{24}
	}
	if f.Secret == 0 {
		f.Secret = 64
	}
	return f
}

// check refuses a format that could not be told from another, or whose tokens Mask would miss.
func (f Format) check() error {
	if !validPrefix(f.Prefix) {
		return errors.New("a prefix is a lower-case letter followed by 2 to 15 lower-case letters or digits")
	}
	if f.Secret < minSecret || f.Secret > maxSecret {
		return fmt.Errorf("a secret part has %d to %d characters, not %d", minSecret, maxSecret, f.Secret)
	}
	for i, n := range f.Public {
		if n < minPublic || n > maxPublic {
			return fmt.Errorf("a public part has %d to %d characters, not %d", minPublic, maxPublic, n)
		}
		if slices.Contains(f.Public[:i], n) {
			return fmt.Errorf("the public length %d is given twice", n)
		}
	}
	return f.checkUse()
}

func (f Format) checkUse() error {
	for _, s := range f.Schemes {
		if s != APIToken && s != Bearer {
			return fmt.Errorf("%v (%d)", s, s)
		}
	}
	if f.PublicAlphabet > Label || f.SecretAlphabet > LowerHex {
		return errors.New("the public part is UpperDigits, LowerHex or Label, the secret part UpperDigits or LowerHex")
	}
	if f.Mintable && (f.PublicAlphabet != UpperDigits || f.SecretAlphabet != UpperDigits) {
		return errors.New("a token that is minted here has upper-case letters and digits only")
	}
	if f.Class > ClassOAuth {
		return fmt.Errorf("class %d is unknown", f.Class)
	}
	return nil
}

func validPrefix(prefix string) bool {
	if len(prefix) < 3 || len(prefix) > 16 || prefix[0] < 'a' || prefix[0] > 'z' {
		return false
	}
	for i := range len(prefix) {
		if c := prefix[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
