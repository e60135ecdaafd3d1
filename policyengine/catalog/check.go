package catalog

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/doorward/doorward/policyengine/ast"
)

// Mode says what to do about an operator that the reference does not list for a condition. The reference is a snapshot,
// and such policies exist.
type Mode uint8

// The modes.
const (
	Strict  Mode = iota // an error
	Lenient             // a warning, where the operator can be evaluated
)

// checker gathers what the catalogue has to say about one text.
type checker struct {
	*Catalog
	mode        Mode
	diagnostics ast.Diagnostics
}

// Check compares a policy with the catalogue: names, operators and the form of values. A policy with errors must not be
// stored. Values that hold a parameter are judged when the policy is bound. The result is sorted.
func (c *Catalog) Check(p *ast.Policy, mode Mode) ast.Diagnostics {
	k := &checker{Catalog: c, mode: mode}
	for _, s := range p.Statements {
		k.statement(s)
	}
	k.duplicates(p)
	k.diagnostics.Sort()
	return k.diagnostics
}

// CheckBoundary compares a boundary with the catalogue. A condition is judged by all permissions together, because a
// boundary does not know which permissions it will restrict.
func (c *Catalog) CheckBoundary(b *ast.Boundary, mode Mode) ast.Diagnostics {
	k := &checker{Catalog: c, mode: mode}
	seen := map[string]bool{}
	for _, r := range b.Restrictions {
		k.restriction(r.Condition)
		if text := r.Condition.String(); seen[text] {
			k.warn(r.Condition.Pos, "duplicate-condition", "This condition stands in the boundary already")
		} else {
			seen[text] = true
		}
	}
	k.diagnostics.Sort()
	return k.diagnostics
}

func (k *checker) fail(pos ast.Position, code, message, suggestion string) {
	k.diagnostics.Add(ast.Diagnostic{Pos: pos, Code: code, Message: message, Suggestion: suggestion})
}

func (k *checker) warn(pos ast.Position, code, message string) {
	k.diagnostics.Add(ast.Diagnostic{Pos: pos, Severity: ast.Warning, Code: code, Message: message})
}

func (k *checker) statement(s *ast.Statement) {
	known := k.permissions(s)
	for _, c := range s.Conditions {
		if len(known) > 0 {
			k.condition(s.Effect, c, known)
		}
		k.values(c)
	}
	if s.Effect == ast.Deny && len(s.Conditions) > 0 {
		k.conditionalDeny(s)
	}
}

// permissions returns the known permissions of a statement, each once.
func (k *checker) permissions(s *ast.Statement) []Permission {
	var known []Permission
	seen := map[string]bool{}
	for _, p := range s.Permissions {
		if seen[p.Name] {
			k.warn(p.Pos, "duplicate-permission", "The statement names "+p.Name+" already")
			continue
		}
		seen[p.Name] = true
		found, ok := k.Catalog.permissions[p.Name]
		if !ok {
			k.unknownPermission(p)
			continue
		}
		if found.Unlisted {
			k.warn(p.Pos, "unlisted", p.Name+" is in use but not in the published reference")
		}
		known = append(known, found)
	}
	return known
}

// unknownPermission uses the documented wording, which clients of the original API match on.
func (k *checker) unknownPermission(p *ast.Permission) {
	if k.diagnostics.Full(ast.Error) {
		return // looking for near names is the expensive part
	}
	owner, rest := service(p.Name)
	code, message := "unknown-permission", fmt.Sprintf("Invalid permission name: %s for service %s", rest, owner)
	if !k.services[owner] {
		code, message = "unknown-service", "Invalid service name: "+owner
	}
	k.fail(p.Pos, code, message, ast.Nearest(p.Name, slices.Values(slices.Sorted(maps.Keys(k.Catalog.permissions)))))
}

// condition checks one condition against the permissions of its statement. One permission that supports it is enough,
// because published statements mix permissions in this way; the others are then out of reach of the statement.
func (k *checker) condition(effect ast.Effect, c *ast.Condition, permissions []Permission) {
	var unsupported []string
	var operators Operators
	listed, unlisted := 0, false
	for _, p := range permissions {
		found, ok := k.Condition(p.Name, c.Name)
		if !ok {
			unsupported = append(unsupported, p.Name)
			continue
		}
		operators |= found.Operators
		unlisted = found.Unlisted
		if found.Operators.Has(c.Operator) {
			listed++
		}
	}
	// Repeated permissions are not in the list, so these numbers are of different ones.
	supporting := len(permissions) - len(unsupported)
	if supporting == 0 {
		k.unknownCondition(c, permissions)
		return
	}
	if unlisted {
		k.warn(c.Pos, "unlisted", c.Name+" is in use but not in the published reference")
	}
	if len(unsupported) > 0 {
		k.warn(c.Pos, "condition-not-supported", partlySupported(effect, c.Name, unsupported))
	}
	k.operator(c, operators, listed, supporting)
}

// partlySupported says what comes of it, which differs by effect: unknown never grants and always refuses.
func partlySupported(effect ast.Effect, condition string, unsupported []string) string {
	names := unsupported[0]
	if more := len(unsupported) - 1; more > 0 {
		names = fmt.Sprintf("%s (and %d more)", names, more)
	}
	if effect == ast.Allow {
		return fmt.Sprintf("%s does not know %s, so this statement does not grant it", names, condition)
	}
	return fmt.Sprintf("%s does not know %s, so this statement refuses it as if the condition held", names, condition)
}

func (k *checker) unknownCondition(c *ast.Condition, permissions []Permission) {
	if k.diagnostics.Full(ast.Error) {
		return
	}
	k.fail(c.Pos, "unknown-condition",
		fmt.Sprintf("Invalid condition name for permission %s : %s", permissions[0].Name, c.Name),
		ast.Nearest(c.Name, k.conditionNames(permissions)))
}

// conditionNames yields, in a fixed order, the names that some permission supports.
func (k *checker) conditionNames(permissions []Permission) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, p := range permissions {
			for _, name := range slices.Sorted(maps.Keys(p.Conditions)) {
				if !yield(name) {
					return
				}
			}
		}
		for g := range k.Globals() {
			if !yield(g.Name) {
				return
			}
		}
	}
}

// restriction checks a condition by its name alone. The documented wording names a permission, which is not known here.
func (k *checker) restriction(c *ast.Condition) {
	known, ok := k.globals[c.Name]
	if !ok {
		known, ok = k.conditions[c.Name]
	}
	if !ok {
		names := slices.Sorted(maps.Keys(k.conditions))
		for g := range k.Globals() {
			names = append(names, g.Name)
		}
		k.fail(c.Pos, "unknown-condition", "Invalid condition name: "+c.Name, ast.Nearest(c.Name, slices.Values(names)))
		return
	}
	if known.Unlisted {
		k.warn(c.Pos, "unlisted", c.Name+" is in use but not in the published reference")
	}
	listed := 0
	if known.Operators.Has(c.Operator) {
		listed = 1
	}
	k.operator(c, known.Operators, listed, 1)
	k.values(c)
}

// operator judges an operator that is listed for so many of the permissions that support the condition.
func (k *checker) operator(c *ast.Condition, operators Operators, listed, supporting int) {
	if listed == supporting {
		return
	}
	message := fmt.Sprintf("%s does not support %s; it supports %s", c.Name, c.Operator, operators)
	if listed > 0 {
		k.warn(c.OperatorPos, "operator-not-listed",
			fmt.Sprintf("%s does not support %s for every permission of the statement", c.Name, c.Operator))
		return
	}
	if k.mode == Lenient && k.Evaluable(c.Name, c.Operator) {
		k.warn(c.OperatorPos, "operator-not-listed", message)
		return
	}
	k.fail(c.OperatorPos, "operator-not-supported", message, "")
}

// Evaluable reports whether an operator has a meaning for a condition at all: times have those of the reference only,
// and nothing but times has an order.
func (c *Catalog) Evaluable(condition string, op ast.Operator) bool {
	if g, ok := c.globals[condition]; ok && g.Kind.Timed() {
		return g.Operators.Has(op)
	}
	return op != ast.Less && op != ast.Greater
}

// conditionalDeny warns about refusals that are wider than they read.
func (k *checker) conditionalDeny(s *ast.Statement) {
	for _, p := range s.Permissions {
		if DenyIsUnconditional(p.Name) {
			k.warn(p.Pos, "unconditional-deny", "A DENY of "+p.Name+" holds always; its conditions are not looked at")
			return
		}
	}
}
