// Package ast is the syntax tree of the IAM policy language, its canonical text, and the diagnostics about it.
//
// A policy is a list of statements such as
//
//	ALLOW settings:objects:read WHERE settings:schemaId = "builtin:monitoring.slo";
//
// and a boundary is a list of conditions, each ended by a semicolon. The tree is plain data: whoever builds one by hand
// keeps to the alphabets of [ValidName] and [PlainText], and then printing and parsing it gives the same tree back.
package ast

import "strconv"

// Position is a place in a source text. The zero Position means "no place", as for a tree that was built by hand.
type Position struct {
	Offset int `json:"offset"` // bytes from the start, from 0
	Line   int `json:"line"`   // from 1
	Column int `json:"column"` // bytes from the start of the line, from 1
}

// String is "line:column", or "" for the zero Position.
func (p Position) String() string {
	if p.Line == 0 {
		return ""
	}
	return strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

// Node is any part of the tree. The set is closed: *Policy, *Boundary, *Statement, *Restriction, *Permission,
// *Condition, *Value, and the parts of a value.
type Node interface{ node() }

// Policy is a whole policy text.
type Policy struct {
	Statements []*Statement
	Tail       []string // comments after the last statement
}

// Boundary is a whole boundary query: restrictions for a binding.
type Boundary struct {
	Restrictions []*Restriction
	Tail         []string // comments after the last restriction
}

// Comments stay with the thing they were written at, so that a formatter can put them back. A text has no leading
// "//" and no newline.
type Comments struct {
	Before []string // whole lines above it, and those found inside it
	After  string   // on the line of its semicolon
}

// Statement grants or refuses permissions, under conditions that must all hold.
type Statement struct {
	Pos         Position
	Effect      Effect
	Permissions []*Permission // at least one
	Conditions  []*Condition  // none: the statement is unconditional, also written WHERE null
	Comments    Comments
}

// Restriction is one line of a boundary.
type Restriction struct {
	Condition *Condition
	Comments  Comments
}

// Permission names a right: service:resource:action.
type Permission struct {
	Pos  Position
	Name string
}

// Condition compares an attribute of the request with values.
type Condition struct {
	Pos         Position
	Name        string // service:attribute
	Operator    Operator
	OperatorPos Position
	Values      []*Value // exactly one unless Operator.List; never none
}

// Value is one quoted value: its parts, one after the other. No parts are the empty text.
type Value struct {
	Pos   Position
	Parts []Part // no empty Text, no two Texts in a row
}

// Part is a piece of a value. The set is closed: Text, BindParam, Global.
type Part interface {
	Node
	part()
}

// Text is literal text with escapes resolved; see [PlainText].
type Text struct {
	Pos  Position
	Text string
}

// BindParam is ${bindParam:Name}, replaced when the policy is bound.
type BindParam struct {
	Pos  Position
	Name string
}

// Global is ${global:Name}, an attribute of the caller that is known only when a request is decided.
type Global struct {
	Pos  Position
	Name string
}

func (*Policy) node()      {}
func (*Boundary) node()    {}
func (*Statement) node()   {}
func (*Restriction) node() {}
func (*Permission) node()  {}
func (*Condition) node()   {}
func (*Value) node()       {}
func (Text) node()         {}
func (BindParam) node()    {}
func (Global) node()       {}

func (Text) part()      {}
func (BindParam) part() {}
func (Global) part()    {}
