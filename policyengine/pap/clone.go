package pap

import (
	"maps"
	"slices"
)

// The copies below share nothing with what they are made from. Whoever hands a record to somebody who may change it in
// place, and still needs to know what it was, hands out a copy.

// Clone returns a copy.
func (p Policy) Clone() Policy {
	p.Tags = slices.Clone(p.Tags)
	return p
}

// Clone returns a copy.
func (b Boundary) Clone() Boundary {
	b.Metadata = maps.Clone(b.Metadata)
	return b
}

// Clone returns a copy.
func (g Group) Clone() Group {
	g.FederatedValues, g.Permissions = slices.Clone(g.FederatedValues), slices.Clone(g.Permissions)
	return g
}

// Clone returns a copy.
func (b Binding) Clone() Binding {
	b.Parameters, b.Metadata, b.Boundaries = maps.Clone(b.Parameters), maps.Clone(b.Metadata), slices.Clone(b.Boundaries)
	return b
}
