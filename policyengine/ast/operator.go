package ast

import "fmt"

// Effect is what a statement does. The zero Effect is Deny, so that a forgotten one never grants.
type Effect uint8

// The two effects. Deny wins over every Allow.
const (
	Deny Effect = iota
	Allow
)

// String is the keyword.
func (e Effect) String() string {
	if e == Allow {
		return "ALLOW"
	}
	return "DENY"
}

// MarshalText writes the keyword.
func (e Effect) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// Operator compares an attribute with values. The zero Operator is none at all.
type Operator uint8

// The operators of the language, in the order in which they are listed to people.
const (
	Equal Operator = iota + 1
	NotEqual
	Less    // global:date, global:date-time, global:time-of-day only; strict
	Greater // as Less
	In
	NotIn
	StartsWith
	NotStartsWith
	Match // '*' stands for any run of characters, nothing else is special

	lastOperator = Match
)

// operatorNames holds, by operator, the canonical spelling and the name in the REST API. Of the latter only EQ and IN
// are published; the others are this project's choice.
var operatorNames = [...]struct{ source, code string }{
	Equal:         {"=", "EQ"},
	NotEqual:      {"!=", "NEQ"},
	Less:          {"<", "LT"},
	Greater:       {">", "GT"},
	In:            {"IN", "IN"},
	NotIn:         {"NOT IN", "NOT_IN"},
	StartsWith:    {"startsWith", "STARTS_WITH"},
	NotStartsWith: {"NOT startsWith", "NOT_STARTS_WITH"},
	Match:         {"MATCH", "MATCH"},
}

// Operators returns every operator, in listing order.
func Operators() []Operator {
	all := make([]Operator, 0, lastOperator)
	for op := Equal; op <= lastOperator; op++ {
		all = append(all, op)
	}
	return all
}

// OperatorNamed finds an operator by its canonical spelling, case included.
func OperatorNamed(source string) (Operator, bool) {
	for op := Equal; op <= lastOperator; op++ {
		if operatorNames[op].source == source {
			return op, true
		}
	}
	return 0, false
}

// String is the canonical spelling, "" for the zero Operator.
func (o Operator) String() string {
	if o > lastOperator {
		return fmt.Sprintf("Operator(%d)", uint8(o))
	}
	return operatorNames[o].source
}

// Code is the operator's name in the REST API, such as EQ.
func (o Operator) Code() string {
	if o > lastOperator {
		return ""
	}
	return operatorNames[o].code
}

// List reports whether the operator takes several values in parentheses.
func (o Operator) List() bool { return o == In || o == NotIn || o == Match }

// Negative reports whether the operator holds when its values are absent from the attribute.
func (o Operator) Negative() bool { return o == NotEqual || o == NotIn || o == NotStartsWith }

// MarshalText writes the canonical spelling.
func (o Operator) MarshalText() ([]byte, error) { return []byte(o.String()), nil }
