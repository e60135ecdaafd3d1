package parser

import (
	"fmt"
	"slices"
	"strings"

	"github.com/doorward/doorward/policyengine/ast"
)

// Each function below reads one rule of the grammar. It reports false when it has met an error, which is then reported
// already; the caller gives up as well, and reading goes on with the next statement.

// statement reads up to, not including, its semicolon.
func (p *parser) statement(s *ast.Statement) bool {
	if !p.startsStatement() {
		suggestion := ""
		if p.token.kind == word {
			suggestion = nearestWord(strings.ToUpper(shown(p.token.text)), "ALLOW", "DENY")
		}
		return p.unexpected("bad-effect", "A statement starts with ALLOW or DENY", suggestion)
	}
	if p.keyword("ALLOW") {
		s.Effect = ast.Allow
	}
	p.take()
	return p.permissions(s) && p.where(s)
}

// malformedPermission is documented wording that clients of the original API match on.
const malformedPermission = "ALLOW or DENY must be followed by a permission in the form service-name:resource:action"

// permissions reads what an effect is about. Wildcards and forms of two or four names are refused with the same words.
func (p *parser) permissions(s *ast.Statement) bool {
	for {
		if p.token.kind != word || !ast.ValidPermission(p.token.text) {
			return p.unexpected("malformed-permission", malformedPermission, "")
		}
		if len(s.Permissions) == p.limits.Permissions {
			return p.unexpected("too-many-permissions",
				fmt.Sprintf("A statement has at most %d permissions", p.limits.Permissions), "")
		}
		name := p.take()
		s.Permissions = append(s.Permissions, &ast.Permission{Pos: name.pos, Name: name.text})
		if p.token.kind != comma {
			return true
		}
		p.take()
	}
}

// where reads the conditions, if there are any. WHERE null leaves none in the tree, as it means the same.
func (p *parser) where(s *ast.Statement) bool {
	if !p.keyword("WHERE") {
		return true
	}
	p.take()
	if p.keyword("null") {
		p.take()
		return true
	}
	for {
		c := &ast.Condition{}
		if !p.condition(c) {
			return false
		}
		s.Conditions = append(s.Conditions, c)
		if !p.keyword("AND") {
			return true
		}
		p.take()
	}
}

// restriction reads one line of a boundary. The most common mistake is a whole policy in its place, so that is told
// apart from a mere wrong word.
func (p *parser) restriction(r *ast.Restriction) bool {
	if p.startsStatement() {
		p.unexpected("boundary-effect", "A boundary holds conditions only; ALLOW and DENY belong in a policy", "")
		p.take()
		return false
	}
	r.Condition = &ast.Condition{}
	return p.condition(r.Condition)
}

// condition reads a name, an operator and what the operator asks for.
func (p *parser) condition(c *ast.Condition) bool {
	if p.token.kind == opening {
		return p.unexpected("grouping", "Conditions are not grouped; parentheses hold the values of IN, NOT IN and MATCH", "")
	}
	if p.token.kind != word || !ast.ValidCondition(p.token.text) {
		return p.unexpected("malformed-condition", "A condition starts with a name in the form service-name:attribute", "")
	}
	name := p.take()
	c.Pos, c.Name = name.pos, name.text
	if !p.operator(c) {
		return false
	}
	if c.Operator.List() {
		return p.list(c)
	}
	return p.single(c)
}

// operator reads an operator. NOT is a word of its own, so any blanks may follow it.
func (p *parser) operator(c *ast.Condition) bool {
	c.OperatorPos = p.token.pos
	negated := p.keyword("NOT")
	if negated {
		p.take()
	}
	switch {
	case p.token.kind == compare && !negated:
		c.Operator, _ = ast.OperatorNamed(p.token.text)
	case p.keyword("IN"):
		c.Operator = either(negated, ast.NotIn, ast.In)
	case p.keyword("startsWith"):
		c.Operator = either(negated, ast.NotStartsWith, ast.StartsWith)
	case p.keyword("MATCH") && !negated:
		c.Operator = ast.Match
	case negated:
		return p.unexpected("bad-operator", "NOT goes with IN and startsWith only", "")
	default:
		return p.badOperator(c)
	}
	p.take()
	return true
}

func either(condition bool, yes, no ast.Operator) ast.Operator {
	if condition {
		return yes
	}
	return no
}

// badOperator tells a missing operator from one that other languages have.
func (p *parser) badOperator(c *ast.Condition) bool {
	if p.token.kind != word {
		return p.unexpected("bad-operator", "The condition "+shown(c.Name)+" lacks an operator; "+operatorList, "")
	}
	suggestion := nearestWord(p.token.text, "startsWith", "MATCH", "IN")
	if p.keyword("STARTS") {
		suggestion = "startsWith"
	}
	return p.unexpected("bad-operator", shown(p.token.text)+" is not an operator; "+operatorList, suggestion)
}

// single reads the value of an operator that takes one. A list there would leave open whether any or all must fit.
func (p *parser) single(c *ast.Condition) bool {
	if p.token.kind == opening {
		return p.unexpected("list-needs-in", fmt.Sprintf("%s takes one value without parentheses; IN takes several", c.Operator), "")
	}
	v, ok := p.value()
	c.Values = append(c.Values, v)
	return ok
}

// list reads the values of IN, NOT IN and MATCH. An empty list is refused: whether it fits nothing or everything is not
// for a reader to guess.
func (p *parser) list(c *ast.Condition) bool {
	if p.token.kind != opening {
		return p.unexpected("missing-parenthesis", c.Operator.String()+" takes its values in parentheses", "")
	}
	p.take()
	for {
		v, ok := p.value()
		if !ok {
			return false
		}
		if len(c.Values) == p.limits.Values {
			p.report(v.Pos, "too-many-values", fmt.Sprintf("A list has at most %d values", p.limits.Values), "")
			return false
		}
		c.Values = append(c.Values, v)
		if p.token.kind != comma {
			break
		}
		p.take()
	}
	if p.token.kind != closing {
		return p.unexpected("missing-parenthesis", "The values of a list are separated by ',' and end with ')'", "")
	}
	c.Values = slices.Clip(c.Values)
	p.take()
	return true
}

// value reads a quoted value. Bare words and numbers are refused, since where one ends would depend on blanks.
func (p *parser) value() (*ast.Value, bool) {
	if p.token.kind == word {
		return nil, p.unexpected("unquoted", "Values stand between quotes", quotedForm(p.token.text))
	}
	if p.token.kind != quoted {
		return nil, p.unexpected("missing-value", "A quoted value is missing here", "")
	}
	t := p.take()
	return &ast.Value{Pos: t.pos, Parts: t.parts}, true
}
