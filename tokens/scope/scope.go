// Package scope knows the rights that a token can hold.
//
// A scope is a bare, case-sensitive name such as "metrics.read". There is no hierarchy and no wildcard: write does not
// imply read, and a name that is not held is not held.
package scope

import (
	"errors"
	"fmt"
	"slices"
)

// MaxLength is the longest scope value, in bytes.
const MaxLength = 128

// Scope is one right, as a catalogue declares it. The zero value of each flag is the careful one.
type Scope struct {
	Value     string   // the name that tokens and endpoints carry, "metrics.read"
	Name      string   // for people, "Read metrics"; "" when there is none
	Group     string   // heading in listings, "API v2"
	Creatable bool     // may be given to a new token; false: only read on existing ones
	Personal  bool     // may be given to a personal token
	Cluster   bool     // belongs to the cluster realm, not to an environment
	OAuth     []string // OAuth scopes that grant the same, in the order of the catalogue
}

// Valid reports whether value can be a scope: 1 … MaxLength characters of A-Z a-z 0-9 and ._:/- that start with a
// letter or digit. These are all scope-token characters of RFC 6749 section 3.3, so that a value stands unquoted in a
// space-separated list and in a WWW-Authenticate header.
func Valid(value string) bool {
	if value == "" || len(value) > MaxLength || !alphanumeric(value[0]) {
		return false
	}
	for i := range len(value) {
		if c := value[i]; !alphanumeric(c) && c != '.' && c != '_' && c != ':' && c != '/' && c != '-' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// equal compares two declarations of a scope.
func (s Scope) equal(other Scope) bool {
	return s.Value == other.Value && s.Name == other.Name && s.Group == other.Group && s.Creatable == other.Creatable &&
		s.Personal == other.Personal && s.Cluster == other.Cluster && slices.Equal(s.OAuth, other.OAuth)
}

// check finds what makes a declaration unusable.
func (s Scope) check() error {
	if !Valid(s.Value) {
		return fmt.Errorf("scope %.140q: a value has 1 to %d characters of A-Z a-z 0-9 . _ : / - and starts with a letter or digit",
			s.Value, MaxLength)
	}
	for _, name := range s.OAuth {
		if !Valid(name) {
			return fmt.Errorf("scope %q: %.140q is no OAuth scope", s.Value, name)
		}
	}
	if s.Personal && s.Cluster {
		return fmt.Errorf("scope %q: %w", s.Value, errPersonalCluster)
	}
	return nil
}

var errPersonalCluster = errors.New("a personal token never reaches the cluster realm, so a scope cannot be both")
