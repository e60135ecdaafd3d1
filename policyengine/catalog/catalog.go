// Package catalog knows the services, permissions, conditions and operators that policies may name.
//
// A catalogue starts as the embedded reference, a snapshot of what is published together with names that are in use but
// not listed, and grows by what operators add for their own services. It is immutable: Merge returns a new one, so a
// catalogue may be read by any number of goroutines.
package catalog

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/doorward/doorward/policyengine/ast"
)

// globalPrefix starts the condition names that every permission supports.
const globalPrefix = "global:"

// Operators is a set of operators.
type Operators uint16

// OperatorSet builds a set.
func OperatorSet(operators ...ast.Operator) Operators {
	var set Operators
	for _, op := range operators {
		set |= 1 << op
	}
	return set
}

// Has reports whether the set holds an operator.
func (s Operators) Has(op ast.Operator) bool { return s&(1<<op) != 0 }

// All yields the operators of the set in listing order.
func (s Operators) All() iter.Seq[ast.Operator] {
	return func(yield func(ast.Operator) bool) {
		for _, op := range ast.Operators() {
			if s.Has(op) && !yield(op) {
				return
			}
		}
	}
}

// String lists the operators for a message.
func (s Operators) String() string {
	var names []string
	for op := range s.All() {
		names = append(names, op.String())
	}
	return strings.Join(names, ", ")
}

// Condition is what a permission supports under a condition name.
type Condition struct {
	Name      string
	Kind      Kind
	Operators Operators // that the reference lists; an operator outside it can be evaluated all the same
	Unlisted  bool      // in use, but not in the published reference
}

// Permission is a right that can be granted.
type Permission struct {
	Name       string               // service:resource:action
	Conditions map[string]Condition // by name, without the global ones; do not change
	Includes   []string             // permissions that whoever holds this one holds too
	Unlisted   bool
}

// Catalog is a set of permissions and conditions. The zero Catalog is empty; use [Default] or Merge.
type Catalog struct {
	permissions map[string]Permission
	services    map[string]bool
	globals     map[string]Condition
	attributes  map[string]bool      // names in ${global:name}
	conditions  map[string]Condition // every condition name, with the operators of all permissions together
}

// Permission finds a permission by its full name.
func (c *Catalog) Permission(name string) (Permission, bool) {
	p, ok := c.permissions[name]
	return p, ok
}

// Permissions yields all permissions in the order of their names.
func (c *Catalog) Permissions() iter.Seq[Permission] {
	return func(yield func(Permission) bool) {
		for _, name := range slices.Sorted(maps.Keys(c.permissions)) {
			if !yield(c.permissions[name]) {
				return
			}
		}
	}
}

// Globals yields the conditions that every permission supports, in the order of their names.
func (c *Catalog) Globals() iter.Seq[Condition] {
	return func(yield func(Condition) bool) {
		for _, name := range slices.Sorted(maps.Keys(c.globals)) {
			if !yield(c.globals[name]) {
				return
			}
		}
	}
}

// Global finds a condition that every permission supports.
func (c *Catalog) Global(name string) (Condition, bool) {
	g, ok := c.globals[name]
	return g, ok
}

// Attribute reports whether ${global:name} means anything.
func (c *Catalog) Attribute(name string) bool { return c.attributes[name] }

// Attributes returns the names that ${global:…} can have, sorted.
func (c *Catalog) Attributes() []string { return slices.Sorted(maps.Keys(c.attributes)) }

// Condition finds what a permission supports under a condition name, global conditions included. An unknown permission
// supports nothing.
func (c *Catalog) Condition(permission, name string) (Condition, bool) {
	p, known := c.permissions[permission]
	if !known {
		return Condition{}, false
	}
	if global, ok := c.globals[name]; ok {
		return global, true
	}
	condition, ok := p.Conditions[name]
	return condition, ok
}

// DenyIsUnconditional reports whether a DENY of this permission acts as if it had no conditions. Record-level data is
// filtered by conditions that grant; a condition that refuses is not supported there except on storage:buckets:read,
// and the documented effect is that the DENY holds always.
func DenyIsUnconditional(permission string) bool {
	return strings.HasPrefix(permission, "storage:") && permission != "storage:buckets:read"
}

// service is the first segment of a permission name, and the rest.
func service(permission string) (name, rest string) {
	name, rest, _ = strings.Cut(permission, ":")
	return name, rest
}
