package bind

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
)

// statement binds one statement of the policy: each of its permissions by itself.
func (b *binder) statement(index int, s *ast.Statement, conditions []Condition) {
	named := map[string]bool{}
	for _, p := range s.Permissions {
		if named[p.Name] {
			continue
		}
		named[p.Name] = true
		origin := Origin{
			PolicyID: b.policy.ID, PolicyName: b.policy.Name, Level: b.policy.Level, LevelID: b.policy.LevelID,
			Index: index, Pos: s.Pos, PermissionPos: p.Pos,
		}
		if s.Effect == ast.Deny {
			b.deny(p.Name, conditions, origin)
			continue
		}
		b.allow(p.Name, conditions, origin)
	}
}

// deny is kept whatever the catalogue knows about its permission.
func (b *binder) deny(permission string, conditions []Condition, origin Origin) {
	// Dropping conditions makes a refusal wider, never narrower.
	if catalog.DenyIsUnconditional(permission) {
		conditions = nil
	}
	b.emit(&Statement{Effect: ast.Deny, Permission: permission, Conditions: b.typed(permission, conditions), Origin: origin})
}

// allow grants a permission and those that come along with it. Holding back a permission that the catalogue does not
// know is safe for a grant, and keeps one lost name from taking away everything else.
func (b *binder) allow(permission string, conditions []Condition, origin Origin) {
	known, ok := b.catalog.Permission(permission)
	if !ok {
		b.warn(origin.PermissionPos, "unknown-permission", permission+" is not in the catalogue and is not granted")
		return
	}
	b.restrict(permission, b.typed(permission, conditions), origin)
	for _, included := range known.Includes {
		origin.IncludedIn = permission
		b.restrict(included, b.typed(included, conditions), origin)
	}
}

// typed copies conditions with the kind that they have for a permission.
func (b *binder) typed(permission string, conditions []Condition) []Condition {
	typed := slices.Clone(conditions)
	for i := range typed {
		found, _ := b.catalog.Condition(permission, typed[i].Name)
		typed[i].Kind = found.Kind // Unsupported when not found
	}
	return typed
}

// restrict grants a permission once for every way through the boundaries. Boundaries are alternatives, so one that does
// not apply to the permission opens it altogether, whatever the others say.
func (b *binder) restrict(permission string, own []Condition, origin Origin) {
	if len(b.boundaries) == 0 {
		b.emit(&Statement{Effect: ast.Allow, Permission: permission, Conditions: own, Origin: origin})
		return
	}
	for _, boundary := range b.boundaries {
		origin.Boundary = boundary.label
		groups := b.applicable(permission, boundary)
		if len(groups) == 0 {
			b.warnUnrestricted(permission, own, boundary.label, origin)
		}
		combine(groups, func(chosen []Condition) bool {
			conditions := slices.Concat(own, chosen)
			return b.emit(&Statement{Effect: ast.Allow, Permission: permission, Conditions: conditions, Origin: origin})
		})
	}
}

// warnUnrestricted tells of a boundary that does nothing for a permission. It is the published behaviour, and seldom
// what whoever attached the boundary had in mind.
func (b *binder) warnUnrestricted(permission string, own []Condition, boundary string, origin Origin) {
	if len(own) == 0 {
		b.warn(origin.PermissionPos, "unconditional",
			fmt.Sprintf("No condition of boundary %s applies to %s, which is granted without any restriction", boundary, permission))
		return
	}
	b.warn(origin.PermissionPos, "boundary-without-effect",
		fmt.Sprintf("No condition of boundary %s applies to %s, which is restricted by the statement alone", boundary, permission))
}

// applicable is what a permission takes from a boundary. Support goes by the name: a condition with an operator that the
// reference does not list can be evaluated, and leaving it out would grant more.
func (b *binder) applicable(permission string, boundary preparedBoundary) [][]Condition {
	var groups [][]Condition
	for _, group := range boundary.groups {
		if _, ok := b.catalog.Condition(permission, group[0].Name); ok {
			groups = append(groups, b.typed(permission, group))
		}
	}
	return groups
}

// combine yields every choice of one condition out of each group, the last group varying fastest, until told to stop.
func combine(groups [][]Condition, yield func([]Condition) bool) {
	choice := make([]int, len(groups))
	for {
		chosen := make([]Condition, len(groups))
		for g, i := range choice {
			chosen[g] = groups[g][i]
		}
		if !yield(chosen) {
			return
		}
		g := len(groups) - 1
		for g >= 0 && choice[g] == len(groups[g])-1 {
			choice[g] = 0
			g--
		}
		if g < 0 {
			return
		}
		choice[g]++
	}
}

// emit adds a statement unless an equal one is there. It reports false when the binding has grown too large.
func (b *binder) emit(s *Statement) bool {
	b.statements++
	b.conditions += len(s.Conditions)
	if b.statements > MaxStatements || b.conditions > MaxConditions {
		b.fail("", ast.Position{}, "too-large", fmt.Sprintf(
			"Bound with these boundaries the policy has more than %d statements or %d conditions", MaxStatements, MaxConditions))
		return false
	}
	key := append([]byte(s.Permission), 0, byte(s.Effect)) // a name holds no zero byte, so this reads in one way only
	for _, c := range s.Conditions {
		key = binary.AppendUvarint(key, uint64(c.id))
	}
	if k := string(key); !b.seen[k] {
		b.seen[k] = true
		b.bound.Statements = append(b.bound.Statements, s)
	}
	return true
}
