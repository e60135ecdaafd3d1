package regogen

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	pol "github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
)

// maxMembers is up to how many values of a list become a lookup each when they are sought in a set. A lookup is found by
// index and a loop is not, but each of them is another rule.
const maxMembers = 4

// condition is a condition of a statement under translation.
type condition struct {
	*bind.Condition
	number int // in its statement
}

func (c *condition) ref() *ast.Term { return inputRef(c.Name) }

// supported reports whether the condition can be decided at all. Binding refuses operators that a kind does not have;
// statements that were made in another way are held to the same here, where getting it wrong would grant.
func (c *condition) supported() bool {
	switch {
	case c.Kind == catalog.Unsupported, len(c.Operands) == 0:
		return false
	case c.Kind.Timed():
		return timedOperator(c.Kind, c.Operator)
	}
	return c.Operator != pol.Less && c.Operator != pol.Greater
}

// holds is the formula for "true", which ALLOW needs.
func (t *translator) holds(c *condition) formula {
	switch {
	case !c.supported():
		return nil
	case c.Kind.Timed():
		return allOf(c.timed()...)
	case !c.Operator.Negative():
		return t.matches(c, false)
	}
	o := c.operands()
	if o.undecidable {
		return nil // some operand is unknown always, so "none of them" is never certain
	}
	known := alternative{isKnown(c.ref())}
	for _, name := range o.globals() {
		known = append(known, isKnown(inputRef(name)))
	}
	return allOf(append(known, t.noMatch(c)...)...)
}

// notFalse is the formula for "true or unknown", which makes a DENY hold. A condition that cannot be decided is unknown.
func (t *translator) notFalse(c *condition) formula {
	switch {
	case !c.supported():
		return always()
	case c.Kind.Timed():
		return allOf(c.timed()...)
	case c.Operator.Negative():
		// That an operand is unknown needs no alternative of its own: it fits nothing, so "no known operand fits" holds.
		return formula{{isNull(c.ref())}, append(alternative{isKnown(c.ref())}, t.noMatch(c)...)}
	}
	o := c.operands()
	if o.undecidable {
		return always()
	}
	f := t.matches(c, true)
	for _, name := range o.globals() {
		f = append(f, alternative{isNull(inputRef(name))})
	}
	return f
}

// matches is the formula for "some known operand fits the attribute", also for negative operators; with orUnknown it
// holds for an unknown attribute too.
func (t *translator) matches(c *condition, orUnknown bool) formula {
	o := c.operands()
	var f formula
	switch {
	case c.Kind == catalog.Set:
		f = c.fitsMember(o)
	case c.Kind == catalog.Record && (c.Operator == pol.Match || c.Operator.Negative()):
		// Of a list in a record only patterns look at the members; a negative operator does as well, because it may hold
		// only when no member fits.
		f = append(c.fitsText(o), c.fitsMember(o)...)
	default:
		if orUnknown && len(o.equal) > 0 {
			// One more constant is cheaper than one more rule.
			o.nullToo, orUnknown = true, false
		}
		f = c.fitsText(o)
	}
	if orUnknown {
		f = append(f, alternative{isNull(c.ref())})
	}
	return f
}

// noMatch is "no known operand fits", of an attribute that is known. Where it takes more than one expression to ask for
// a fit, that question becomes a rule, because only a single expression can be negated.
func (t *translator) noMatch(c *condition) alternative {
	o := c.operands()
	if c.Kind == catalog.Text && o.literal() {
		// A text that is known is a string, so every way of fitting is a single expression.
		return o.unfit(c.ref())
	}
	f := t.matches(c, false)
	switch {
	case len(f) == 0:
		return nil
	case c.Kind == catalog.Set && len(f) == 1 && len(f[0]) == 1:
		return alternative{negated(f[0][0])}
	}
	return alternative{negated(t.named(f))}
}

// unfit is "no literal operand fits" for a string.
func (o *operands) unfit(ref *ast.Term) alternative {
	var a alternative
	switch constants := stringTerms(o.equal); len(constants) {
	case 0:
	case 1:
		a = append(a, ast.NotEqual.Expr(ref, constants[0]))
	default:
		a = append(a, negated(isOneOf(ref, constants...)))
	}
	if len(o.prefixes) > 0 {
		a = append(a, negated(hasPrefix(ref, o.prefixes)))
	}
	return a
}

// fitsText compares the attribute itself, for a text or a record that holds a text. A list is equal to no text.
func (c *condition) fitsText(o operands) formula {
	ref := c.ref()
	var f formula
	if len(o.equal) > 0 {
		constants := stringTerms(o.equal)
		if o.nullToo {
			constants = append(constants, ast.NullTerm())
		}
		f = append(f, alternative{isOneOf(ref, constants...)})
	}
	if o.all {
		f = append(f, alternative{isString(ref)})
	}
	if len(o.prefixes) > 0 {
		f = append(f, alternative{isString(ref), hasPrefix(ref, o.prefixes)})
	}
	for _, suffix := range o.suffixes {
		f = append(f, alternative{isString(ref), ast.EndsWith.Expr(ref, ast.StringTerm(suffix))})
	}
	for _, p := range o.patterns {
		a := alternative{isString(ref)}
		if prefix := p.prefix(); prefix != "" {
			a = append(a, hasPrefix(ref, []string{prefix})) // found by index, which the pattern is not
		}
		f = append(f, append(a, p.fits(ref)))
	}
	for _, template := range o.templates {
		bindings, value := c.value(template)
		a := append(slices.Clip(bindings), isString(ref))
		f = append(f, append(a, c.compare(ref, value)))
	}
	return f
}

// fitsMember compares the members of the attribute, for a set or a record that holds a list.
func (c *condition) fitsMember(o operands) formula {
	ref, member := c.ref(), variable("member", c.number)
	of := func(e *ast.Expr) alternative { return alternative{each(member, ref), e} }
	var f formula
	if len(o.equal) > maxMembers {
		f = append(f, of(isOneOf(member, stringTerms(o.equal)...)))
	} else {
		for _, text := range o.equal {
			f = append(f, alternative{ast.Member.Expr(ast.StringTerm(text), ref)})
		}
	}
	if o.all {
		f = append(f, of(isString(member)))
	}
	if len(o.prefixes) > 0 {
		f = append(f, of(hasPrefix(member, o.prefixes)))
	}
	for _, suffix := range o.suffixes {
		f = append(f, of(ast.EndsWith.Expr(member, ast.StringTerm(suffix))))
	}
	for _, p := range o.patterns {
		f = append(f, of(p.fits(member)))
	}
	for _, template := range o.templates {
		bindings, value := c.value(template)
		f = append(f, append(bindings, each(member, ref), c.compare(member, value)))
	}
	return f
}

// compare is the condition's operator, a NOT before it left out, for a value with attributes in it.
func (c *condition) compare(subject, value *ast.Term) *ast.Expr {
	switch c.Operator {
	case pol.StartsWith, pol.NotStartsWith:
		return ast.StartsWith.Expr(subject, value)
	case pol.Match:
		return ast.GlobMatch.Expr(value, ast.NullTerm(), subject)
	default:
		return ast.Equal.Expr(subject, value)
	}
}

// hasPrefix is found by index with one prefix and with many. The subject must be a string: of anything else the function
// fails, and the whole evaluation with it.
func hasPrefix(subject *ast.Term, prefixes []string) *ast.Expr {
	if len(prefixes) == 1 {
		return ast.StartsWith.Expr(subject, ast.StringTerm(prefixes[0]))
	}
	return ast.AnyPrefixMatch.Expr(subject, ast.SetTerm(stringTerms(prefixes)...))
}
