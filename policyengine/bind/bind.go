// Package bind turns a policy, the parameters it is bound with and the boundaries on the binding into bound
// statements: one permission each, without parameters, ready to be evaluated or translated.
//
// Parameters are put into the tree, never into text, so that no parameter value can add a statement, a condition or a
// wider pattern than its author wrote.
package bind

import (
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
)

// Bounds of what one binding may grow to. Conditions of a boundary multiply, so a small text could ask for very much.
const (
	MaxStatements = 10_000  // counted before equal ones are dropped
	MaxConditions = 100_000 // of all statements together
	MaxValues     = 1000    // of one condition, after lists in parameters are taken apart
	MaxParameter  = 8 << 10 // bytes of a parameter value
	MaxValueBytes = 4 << 20 // of all values, counted as often as they are put together
)

// Level is where a policy lives. A policy can be bound at its own level and below.
type Level string

// The levels, widest first.
const (
	Global      Level = "global" // built in, read-only
	Account     Level = "account"
	Environment Level = "environment"
)

// Policy is a policy with what reasons need to name it.
type Policy struct {
	ID      string
	Name    string
	Level   Level
	LevelID string // account or environment identifier
	Tree    *ast.Policy
}

// Boundary is a boundary with its name.
type Boundary struct {
	ID   string
	Name string
	Tree *ast.Boundary
}

// Bound is a policy as one binding grants it.
type Bound struct {
	Statements []*Statement // in the order of the policy, no two alike
}

// Statement is about exactly one permission. It must not be changed: statements share their conditions' operands.
type Statement struct {
	Effect     ast.Effect
	Permission string
	Conditions []Condition // all must hold; none: unconditional
	Origin     Origin
}

// Origin says where a statement comes from, for the reasons of a verdict.
type Origin struct {
	PolicyID      string
	PolicyName    string
	Level         Level
	LevelID       string
	Index         int          // of the statement in its policy, from 0
	Pos           ast.Position // of the statement in the policy's text
	PermissionPos ast.Position
	IncludedIn    string // the permission that was named, when this one came along with it
	Boundary      string // name of the boundary under which this statement stands; "" without boundaries
}

// Condition is a condition that the statement's permission has been looked up for.
type Condition struct {
	Name     string
	Kind     catalog.Kind // Unsupported: the permission does not know the condition; it is never true and never false
	Operator ast.Operator
	Operands []Operand    // as many as values
	Boundary string       // name of the boundary that added it; "" for the policy's own
	Pos      ast.Position // in the boundary's text, or the policy's
	id       int
}

// Operand is a value without parameters.
type Operand struct {
	Parts  []ast.Part     // ast.Text and ast.Global only; no parts: the empty text
	Moment catalog.Moment // for timed kinds
}

// Bind resolves a policy. Bound is nil when the diagnostics, which are sorted, hold an error; such a binding must
// neither be stored nor decided without, because what is missing may be a DENY. The rules about boundaries:
//
//   - They restrict ALLOW; DENY stays as it is.
//   - A permission takes from a boundary the conditions that it supports and no others. When there is none, the boundary
//     does not restrict it, and a warning says so.
//   - Conditions of different names must all hold; of conditions with the same name one must, for which the statement is
//     repeated. The statement's own conditions are kept.
//   - Of several boundaries, one must let the request through.
func Bind(p Policy, parameters map[string]string, boundaries []Boundary, c *catalog.Catalog) (*Bound, ast.Diagnostics) {
	b := &binder{
		policy:       p,
		catalog:      c,
		substitution: substitution{parameters: parameters},
		conditionIDs: map[string]int{},
		seen:         map[string]bool{},
	}
	b.run(boundaries, b.checkTrees, b.checkParameters, b.prepare, b.bindStatements)
	if b.diagnostics.HasErrors() {
		return nil, b.diagnostics
	}
	return &b.bound, b.diagnostics
}

// String is the statement in the policy language, with its semicolon. Conditions under names that the permission does
// not support are printed like the others.
func (s *Statement) String() string {
	tree := &ast.Statement{Effect: s.Effect, Permissions: []*ast.Permission{{Name: s.Permission}}}
	for _, c := range s.Conditions {
		condition := &ast.Condition{Name: c.Name, Operator: c.Operator}
		for _, o := range c.Operands {
			condition.Values = append(condition.Values, &ast.Value{Parts: o.Parts})
		}
		tree.Conditions = append(tree.Conditions, condition)
	}
	return tree.String() + ";"
}
