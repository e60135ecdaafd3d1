package catalog

import (
	"slices"
	"strings"

	"github.com/doorward/doorward/policyengine/ast"
)

// values checks the form of values.
func (k *checker) values(c *ast.Condition) {
	kind := k.globals[c.Name].Kind
	seen := map[string]bool{} // by canonical text: "x" and 'x' are the same value
	for _, v := range c.Values {
		k.value(c, v, kind)
		if !c.Operator.List() {
			continue
		}
		if text := v.String(); seen[text] {
			k.warn(v.Pos, "duplicate-value", "The list holds this value already")
		} else {
			seen[text] = true
		}
	}
}

// value checks one value. With an attribute in it the text is not known before a request is, so only the attribute's
// name is looked at.
func (k *checker) value(c *ast.Condition, v *ast.Value, kind Kind) {
	var literal strings.Builder
	for _, part := range v.Parts {
		switch part := part.(type) {
		case ast.Text:
			literal.WriteString(part.Text)
		case ast.BindParam:
			return // judged when its value is known
		case ast.Global:
			k.global(part, kind)
			return
		}
	}
	if kind.Timed() {
		if _, err := ParseMoment(kind, literal.String()); err != nil {
			k.fail(v.Pos, "bad-value", c.Name+": "+err.Error(), nearestDay(kind, literal.String()))
		}
		return
	}
	if MatchesAll(c.Operator, literal.String()) {
		k.warn(v.Pos, "matches-all", "This value fits everything")
	}
}

// global refuses attributes that mean nothing: their condition could never be decided.
func (k *checker) global(g ast.Global, kind Kind) {
	if kind.Timed() {
		k.fail(g.Pos, "bad-value", "A time is compared with a literal, not with an attribute", "")
		return
	}
	if !k.attributes[g.Name] {
		k.fail(g.Pos, "unknown-attribute", "There is no attribute ${global:"+g.Name+"}",
			ast.Nearest(g.Name, slices.Values(k.Attributes())))
	}
}

func nearestDay(kind Kind, text string) string {
	if kind != WeekDay {
		return ""
	}
	return ast.Nearest(text, slices.Values(weekdays()))
}

// MatchesAll reports whether startsWith or MATCH with this value holds for every text.
func MatchesAll(op ast.Operator, text string) bool {
	switch op {
	case ast.StartsWith, ast.NotStartsWith:
		return text == ""
	case ast.Match:
		return text != "" && strings.Trim(text, "*") == ""
	}
	return false
}
