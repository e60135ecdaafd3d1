package scope

import (
	"fmt"
	"slices"
	"strings"
)

// Catalog is every scope there is. It is immutable and safe for concurrent use. The nil Catalog is empty.
type Catalog struct {
	scopes []Scope // sorted by value
}

// NewCatalog collects declarations. Repeating one is fine, two that differ are an error, as is a malformed value.
func NewCatalog(scopes ...Scope) (*Catalog, error) {
	known := make(map[string]Scope, len(scopes))
	for _, s := range scopes {
		if err := s.check(); err != nil {
			return nil, err
		}
		if before, ok := known[s.Value]; ok && !before.equal(s) {
			return nil, fmt.Errorf("scope %q is declared twice and differently: as %q in group %q and as %q in group %q",
				s.Value, before.Name, before.Group, s.Name, s.Group)
		}
		s.OAuth = slices.Clone(s.OAuth)
		known[s.Value] = s
	}
	c := &Catalog{scopes: make([]Scope, 0, len(known))}
	for _, s := range known {
		c.scopes = append(c.scopes, s)
	}
	slices.SortFunc(c.scopes, func(a, b Scope) int { return strings.Compare(a.Value, b.Value) })
	return c, nil
}

// Merge is a new catalogue with the scopes of c and of all others, under the rules of NewCatalog.
func (c *Catalog) Merge(others ...*Catalog) (*Catalog, error) {
	all := c.All()
	for _, other := range others {
		all = append(all, other.All()...)
	}
	return NewCatalog(all...)
}

// Lookup finds a scope by its exact value. The caller leaves Scope.OAuth as it is.
func (c *Catalog) Lookup(value string) (Scope, bool) {
	if c == nil {
		return Scope{}, false
	}
	at, found := slices.BinarySearchFunc(c.scopes, value, func(s Scope, v string) int { return strings.Compare(s.Value, v) })
	if !found {
		return Scope{}, false
	}
	return c.scopes[at], true
}

// All lists the scopes, sorted by value. The slice is the caller's own.
func (c *Catalog) All() []Scope {
	if c == nil {
		return nil
	}
	return slices.Clone(c.scopes)
}

// Len is the number of scopes.
func (c *Catalog) Len() int {
	if c == nil {
		return 0
	}
	return len(c.scopes)
}
