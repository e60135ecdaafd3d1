package catalog

import (
	"fmt"

	"github.com/doorward/doorward/policyengine/ast"
)

// duplicates warns about statements and conditions that change nothing. They are harmless, but their author believes
// that they do something.
func (k *checker) duplicates(p *ast.Policy) {
	unconditional := map[string]ast.Position{}
	for _, s := range p.Statements {
		if s.Effect == ast.Allow && len(s.Conditions) == 0 {
			for _, permission := range s.Permissions {
				if _, ok := unconditional[permission.Name]; !ok {
					unconditional[permission.Name] = s.Pos
				}
			}
		}
	}
	seen := map[string]bool{}
	for _, s := range p.Statements {
		k.duplicateConditions(s)
		text := s.String()
		if seen[text] {
			k.warn(s.Pos, "duplicate-statement", "This statement stands in the policy already")
		}
		seen[text] = true
		if s.Effect == ast.Allow && len(s.Conditions) > 0 {
			k.redundant(s, unconditional)
		}
	}
}

func (k *checker) duplicateConditions(s *ast.Statement) {
	seen := map[string]bool{}
	for _, c := range s.Conditions {
		text := c.String()
		if seen[text] {
			k.warn(c.Pos, "duplicate-condition", "This condition stands in the statement already")
		}
		seen[text] = true
	}
}

// redundant finds conditional grants of what is granted without conditions elsewhere in the policy: usually the author
// meant to restrict and has not.
func (k *checker) redundant(s *ast.Statement, unconditional map[string]ast.Position) {
	for _, permission := range s.Permissions {
		if at, ok := unconditional[permission.Name]; ok {
			k.warn(permission.Pos, "redundant", fmt.Sprintf("The statement at %s grants %s without conditions", at, permission.Name))
		}
	}
}
