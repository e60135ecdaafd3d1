// Package refeval decides requests by walking the statements one by one, in three-valued logic.
//
// It is written from the meaning of the language and shares nothing with the translation to Rego. Tests compare the two;
// nothing else uses it.
package refeval

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
)

// Truth is true, false or unknown. The zero Truth is Unknown.
type Truth uint8

// The truth values.
const (
	Unknown Truth = iota
	False
	True
)

// String is the value in lower case.
func (t Truth) String() string { return [...]string{"unknown", "false", "true"}[t] }

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

func (t Truth) not() Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

// Attribute is what a request says about an attribute.
type Attribute struct {
	Values []string
	List   bool
}

// Facts are the attributes of a request by name, those of the caller as global:name. What is not in it is unknown.
type Facts struct {
	Attributes map[string]Attribute
	Now        time.Time
}

// known finds an attribute. One with a value that is not UTF-8 is unknown.
func (f Facts) known(name string) (Attribute, bool) {
	a, ok := f.Attributes[name]
	return a, ok && !slices.ContainsFunc(a.Values, func(v string) bool { return !utf8.ValidString(v) })
}

// Outcome lists the statements that hold, by index.
type Outcome struct {
	Allow []int
	Deny  []int
}

// Granted reports whether the request goes through: something allows it and nothing denies it.
func (o Outcome) Granted() bool { return len(o.Allow) > 0 && len(o.Deny) == 0 }

// Decide looks at every statement. An ALLOW holds when all of its conditions are true, a DENY when none is false.
func Decide(statements []*bind.Statement, permission string, facts Facts) Outcome {
	var o Outcome
	for i, s := range statements {
		if s.Permission != permission {
			continue
		}
		t := conjunction(s.Conditions, facts)
		switch {
		case s.Effect == ast.Allow && t == True:
			o.Allow = append(o.Allow, i)
		case s.Effect == ast.Deny && t != False:
			o.Deny = append(o.Deny, i)
		}
	}
	return o
}

func conjunction(conditions []bind.Condition, facts Facts) Truth {
	result := True
	for i := range conditions {
		switch Condition(&conditions[i], facts) {
		case False:
			return False
		case Unknown:
			result = Unknown
		}
	}
	return result
}

// Condition is the truth of one condition.
func Condition(c *bind.Condition, facts Facts) Truth {
	switch {
	case c.Kind == catalog.Unsupported:
		return Unknown
	case c.Kind.Timed():
		return timed(c, facts.Now)
	}
	subject, known := subject(c, facts)
	if !known {
		return Unknown
	}
	fit := False
	for _, o := range c.Operands {
		switch operand(c, subject, o, facts) {
		case True:
			fit = True
		case Unknown:
			if fit == False {
				fit = Unknown
			}
		}
	}
	if c.Operator.Negative() {
		return fit.not()
	}
	return fit
}

// subject is the texts that a condition compares. A plain text is one value and no list. A record that holds a list
// shows its members to patterns and to negative operators only, and is equal to nothing.
func subject(c *bind.Condition, facts Facts) (texts []string, known bool) {
	a, given := facts.known(c.Name)
	if !given {
		return nil, false
	}
	list := a.List || len(a.Values) > 1
	switch {
	case c.Kind == catalog.Set:
		return a.Values, true
	case c.Kind == catalog.Record && list:
		if c.Operator == ast.Match || c.Operator.Negative() {
			return a.Values, true
		}
		return nil, true
	case list || len(a.Values) == 0:
		return nil, false
	}
	return a.Values, true
}

// operand compares with one value, which stands for several when it names a list.
func operand(c *bind.Condition, subject []string, o bind.Operand, facts Facts) Truth {
	patterns, known := expand(o.Parts, facts)
	if !known {
		return Unknown
	}
	for _, p := range patterns {
		if slices.ContainsFunc(subject, func(text string) bool { return fits(c.Operator, text, p) }) {
			return True
		}
	}
	return False
}

// piece is a part of a value: what the policy's author wrote, or what an attribute is.
type piece struct {
	text    string
	written bool
}

// expand puts the caller's attributes into a value. The caller's groups may be named once, not more.
func expand(parts []ast.Part, facts Facts) (values [][]piece, known bool) {
	values, lists := [][]piece{nil}, 0
	for _, part := range parts {
		var choices []piece
		switch part := part.(type) {
		case ast.Text:
			choices = []piece{{part.Text, true}}
		case ast.Global:
			a, given := facts.known("global:" + part.Name)
			groups := part.Name == "userGroup"
			if groups {
				lists++
			}
			if !given || lists > 1 || !groups && (a.List || len(a.Values) != 1) {
				return nil, false
			}
			for _, v := range a.Values {
				choices = append(choices, piece{v, false})
			}
		}
		var longer [][]piece
		for _, begun := range values {
			for _, choice := range choices {
				longer = append(longer, append(slices.Clone(begun), choice))
			}
		}
		values = longer
	}
	return values, true
}

func fits(op ast.Operator, text string, value []piece) bool {
	var whole strings.Builder
	for _, p := range value {
		whole.WriteString(p.text)
	}
	switch op {
	case ast.StartsWith, ast.NotStartsWith:
		return strings.HasPrefix(text, whole.String())
	case ast.Match:
		return match(text, value)
	}
	return text == whole.String()
}

// match compares with a pattern: fixed texts with any run of characters between them. Stars count only where the
// policy's author wrote them.
func match(text string, value []piece) bool {
	fixed := []string{""}
	for _, p := range value {
		segments := []string{p.text}
		if p.written {
			segments = strings.Split(p.text, "*")
		}
		fixed[len(fixed)-1] += segments[0]
		fixed = append(fixed, segments[1:]...)
	}
	if len(fixed) == 1 {
		return text == fixed[0]
	}
	text, ok := strings.CutPrefix(text, fixed[0])
	if !ok {
		return false
	}
	text, ok = strings.CutSuffix(text, fixed[len(fixed)-1])
	if !ok {
		return false
	}
	// The leftmost fit of each text leaves the most for those after it.
	for _, segment := range fixed[1 : len(fixed)-1] {
		_, after, found := strings.Cut(text, segment)
		if !found {
			return false
		}
		text = after
	}
	return true
}
