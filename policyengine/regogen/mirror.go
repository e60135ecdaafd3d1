package regogen

import (
	"slices"

	pol "github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
)

// Mirror turns a statement around, to ask what could be decided about a request that leaves attributes open. An ALLOW
// becomes a DENY, which holds unless the ALLOW is out of the question; a DENY becomes an ALLOW, which holds only where the
// DENY is certain. ok is false for an ALLOW that never holds.
//
// To the mirror an unknown attribute is one that can still become anything. What stays unknown whatever the request says is
// taken out here, as what it always is: never enough for an ALLOW, and enough for a DENY.
func Mirror(s *bind.Statement) (mirrored *bind.Statement, ok bool) {
	turned := *s
	turned.Conditions, turned.Effect = nil, pol.Deny
	if s.Effect == pol.Deny {
		turned.Effect = pol.Allow
	}
	for i := range s.Conditions {
		c := &condition{Condition: &s.Conditions[i]}
		decided, open := c.decided(s.Effect)
		switch {
		case open:
			turned.Conditions = append(turned.Conditions, decided)
		case s.Effect == pol.Allow:
			return nil, false
		}
	}
	return &turned, true
}

// decided is the part of a condition that a request can decide. It is false where nothing is left of it: the condition is
// then never true, and never false.
func (c *condition) decided(effect pol.Effect) (bind.Condition, bool) {
	rest := *c.Condition
	if !c.supported() {
		return rest, false
	}
	if c.Kind.Timed() || !slices.ContainsFunc(c.Operands, func(o bind.Operand) bool { return Undecidable(&o) }) {
		return rest, true
	}
	// One value of several is unknown always. What fits another one is true all the same, or with a NOT false; only whether
	// nothing fits cannot be said any more. So an ALLOW can hope for a fit, and a DENY is lost by one: where the operator
	// gives neither, nothing is left.
	if c.Operator.Negative() == (effect == pol.Allow) {
		return rest, false
	}
	rest.Operands = slices.DeleteFunc(slices.Clone(c.Operands), func(o bind.Operand) bool { return Undecidable(&o) })
	return rest, len(rest.Operands) > 0
}
