package scope

import (
	"slices"
	"strings"
	"unique"
)

// Set is an immutable set of scope values. The zero Set is empty. It is safe for concurrent use.
type Set struct {
	names []string // sorted, without duplicates
	text  string   // the names with spaces between, made once because every request may ask for it
}

// NewSet collects names; duplicates and empty ones are dropped. It does not ask whether the names exist.
//
// Equal texts are kept once, however many sets they are in: a gateway remembers 100,000 tokens, of which most hold the same
// few scopes.
func NewSet(names ...string) Set {
	sorted := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "" })
	slices.Sort(sorted)
	sorted = slices.Clip(slices.Compact(sorted))
	for i, name := range sorted {
		sorted[i] = unique.Make(name).Value()
	}
	return Set{names: sorted, text: unique.Make(strings.Join(sorted, " ")).Value()}
}

// Contains reports whether exactly this name is in the set.
func (s Set) Contains(name string) bool {
	_, found := slices.BinarySearch(s.names, name)
	return found
}

// ContainsAny reports whether at least one of the names is in the set; false for no names.
func (s Set) ContainsAny(names []string) bool {
	return slices.ContainsFunc(names, s.Contains)
}

// Names lists the set in order. The slice is the caller's own.
func (s Set) Names() []string { return slices.Clone(s.names) }

// String is the set as the scope parameter of RFC 6749 has it: names with single spaces between, "" for none.
func (s Set) String() string { return s.text }

// Len is the number of names.
func (s Set) Len() int { return len(s.names) }

// Equal reports whether both sets hold the same names.
func (s Set) Equal(other Set) bool { return slices.Equal(s.names, other.names) }
