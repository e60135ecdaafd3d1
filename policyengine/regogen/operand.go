package regogen

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	pol "github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
)

// operands are the values of a condition, sorted by how they are compared.
type operands struct {
	equal       []string
	prefixes    []string
	suffixes    []string
	patterns    []pattern
	all         bool // a pattern that every text fits
	templates   []template
	undecidable bool // some operand never has a value
	nullToo     bool // an unknown attribute is as good as one that is in equal
}

// template is a value with attributes of the caller in it, known when a request is decided.
type template []pol.Part

// operands sorts the values. Patterns without a star, or with one at an end, become the simpler and indexed forms.
func (c *condition) operands() operands {
	var o operands
	for i := range c.Operands {
		parts := c.Operands[i].Parts
		text, literal := literalText(parts)
		switch {
		case !literal && Undecidable(&c.Operands[i]):
			o.undecidable = true
		case !literal:
			o.templates = append(o.templates, template(parts))
		case c.Operator == pol.StartsWith || c.Operator == pol.NotStartsWith:
			o.prefixes = append(o.prefixes, text)
		case c.Operator == pol.Match:
			o.pattern(text)
		default:
			o.equal = append(o.equal, text)
		}
	}
	return o
}

// pattern sorts a pattern of MATCH, in which '*' is any run of characters and nothing else is special.
func (o *operands) pattern(text string) {
	segments := strings.Split(text, "*")
	last := len(segments) - 1
	switch {
	case last == 0:
		o.equal = append(o.equal, text)
	case strings.Trim(text, "*") == "":
		o.all = true
	case strings.Join(segments[1:], "") == "":
		o.prefixes = append(o.prefixes, segments[0])
	case strings.Join(segments[:last], "") == "":
		o.suffixes = append(o.suffixes, segments[last])
	default:
		o.patterns = append(o.patterns, pattern(text))
	}
}

// literal reports whether the values are texts to be equal to or to begin with, and nothing else. No negative operator
// takes patterns.
func (o *operands) literal() bool { return len(o.templates) == 0 && !o.undecidable }

// globals are the attributes that the operands need, each once.
func (o *operands) globals() []string {
	var names []string
	for _, t := range o.templates {
		for _, part := range t {
			if g, ok := part.(pol.Global); ok && !slices.Contains(names, globalPrefix+g.Name) {
				names = append(names, globalPrefix+g.Name)
			}
		}
	}
	return names
}

// literalText is the text of a value without attributes.
func literalText(parts []pol.Part) (text string, literal bool) {
	var b strings.Builder
	for _, part := range parts {
		t, ok := part.(pol.Text)
		if !ok {
			return "", false
		}
		b.WriteString(t.Text)
	}
	return b.String(), true
}

// Undecidable reports whether an operand has no value whatever the request: it names the caller's groups more than once,
// which would ask for every pair of them. Such an operand is unknown.
func Undecidable(o *bind.Operand) bool {
	lists := 0
	for _, part := range o.Parts {
		if g, ok := part.(pol.Global); ok && isList(globalPrefix+g.Name) {
			lists++
		}
	}
	return lists > 1
}

// value returns the expressions that bind a template's attributes, which fail for an unknown one, and the text that the
// template then is; under MATCH a pattern in which what comes from attributes stands for itself.
func (c *condition) value(t template) (bindings alternative, value *ast.Term) {
	pieces := make([]*ast.Term, 0, len(t))
	for _, part := range t {
		var piece *ast.Term
		switch part := part.(type) {
		case pol.Text:
			piece = ast.StringTerm(part.Text)
			if c.Operator == pol.Match {
				piece = ast.StringTerm(escape(part.Text))
			}
		case pol.Global:
			piece = inputRef(globalPrefix + part.Name)
			if isList(globalPrefix + part.Name) {
				one := variable("one", c.number)
				bindings = append(bindings, each(one, piece))
				piece = one
			} else {
				bindings = append(bindings, isString(piece))
			}
			if c.Operator == pol.Match {
				piece = ast.GlobQuoteMeta.Call(piece)
			}
		}
		pieces = append(pieces, piece)
	}
	if len(pieces) == 1 {
		return bindings, pieces[0]
	}
	return bindings, ast.Concat.Call(ast.StringTerm(""), ast.ArrayTerm(pieces...))
}

// pattern is a pattern of MATCH that needs more than a comparison of its ends.
type pattern string

// prefix is what every fitting text begins with.
func (p pattern) prefix() string {
	prefix, _, _ := strings.Cut(string(p), "*")
	return prefix
}

// fits asks for a whole match. Without delimiters a star runs over every character.
func (p pattern) fits(subject *ast.Term) *ast.Expr {
	return ast.GlobMatch.Expr(ast.StringTerm(escape(string(p))), ast.NullTerm(), subject)
}

// escaper takes their meaning from the characters that are special in a glob but not in MATCH.
var escaper = strings.NewReplacer(`\`, `\\`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`, `,`, `\,`)

func escape(pattern string) string { return escaper.Replace(pattern) }
