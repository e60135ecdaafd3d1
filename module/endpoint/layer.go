package endpoint

import (
	"errors"
	"fmt"

	"github.com/doorward/doorward/tokens/scope"
)

// maxProblems bounds how many problems one error lists; an operator mends the first ones first.
const maxProblems = 10

// Layer is one source of rows. Later layers are stronger than earlier ones.
type Layer struct {
	Name    string // for errors: "dynatrace", "orders.yaml", "Caddyfile"
	Scopes  []scope.Scope
	Aliases []Alias
	// Rows replace rows of the same shape in earlier layers. Two of the same shape within one layer are a conflict.
	Rows []Endpoint
	// Remote is for rows of this layer that have no rules of their own.
	Remote []RemoteLine
	// Remove takes rows of earlier layers away, with their aliases, or one alias by its own pattern. What was removed
	// is refused from then on, also where a weaker row would fit; only a new row of the same shape opens it again.
	Remove []Pattern
	// AllowDerived clears the mark Derived of these rows, in this layer and earlier ones, and of their aliases.
	AllowDerived []Pattern
	// AllowAllDerived clears it for every row of this layer and of earlier ones.
	AllowAllDerived bool
}

// Build merges layers, in order, into a table. It fails when two rows of a layer conflict, when Remove, AllowDerived or
// Remote name a row that is not there, when a row asks for a scope that no layer declares, and when a row contradicts
// itself. The error lists up to ten such problems, one per line, each with its origin.
func Build(layers ...Layer) (*Table, error) {
	b := builder{rows: make(map[string]entry), hidden: make(map[string]entry), scopes: make(map[string]declaration)}
	for _, layer := range layers {
		b.addScopes(layer)
		b.remove(layer)
		b.addAliases(layer)
		b.addRows(layer)
		b.allowDerived(layer)
	}
	scopes := b.declaredScopes()
	b.checkScopes(scopes)
	entries := b.finished()
	if err := joined(b.problems); err != nil {
		return nil, err
	}
	return newTable(entries, scopes), nil
}

// joined is one error for many, nil for none.
func joined(problems []error) error {
	if more := len(problems) - maxProblems; more > 0 {
		problems = append(problems[:maxProblems:maxProblems], fmt.Errorf("… and %d more", more))
	}
	return errors.Join(problems...)
}
