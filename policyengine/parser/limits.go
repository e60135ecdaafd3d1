// Package parser reads the IAM policy language.
//
// The grammar, keywords in any case, names and values case-sensitive:
//
//	policy     = { ";" } [ statement { ";" { ";" } statement } { ";" } ]
//	statement  = ( "ALLOW" | "DENY" ) permission { "," permission } [ "WHERE" where ]
//	permission = name ":" name ":" name
//	where      = "null" | condition { "AND" condition }
//	condition  = name ":" name ( compare value | list "(" value { "," value } ")" )
//	compare    = "=" | "!=" | "<" | ">" | "startsWith" | "NOT" "startsWith"
//	list       = "IN" | "NOT" "IN" | "MATCH"
//	boundary   = { ";" } condition { ";" { ";" } condition } { ";" }
//	value      = quoted text with \\, \", \' and the templates ${bindParam:name}, ${global:name}
//	name       = letter { letter | digit | "_" | "-" | "." }
//
// Comments run from // to the end of the line. Nothing nests, so reading takes time linear in the text and no stack.
// Where the published language leaves a question open the parser refuses: a text that could be read in two ways must
// not grant in the wider one.
package parser

import "github.com/doorward/doorward/policyengine/ast"

// Limits bound what a text may hold. A text beyond one is refused with a diagnostic.
type Limits struct {
	TextBytes    int // of a policy or boundary text
	Statements   int // of a policy
	Permissions  int // of one statement
	Restrictions int // of a boundary
	Values       int // of one IN, NOT IN or MATCH
}

// DefaultLimits has the published limits (100 statements a policy, 10 restrictions a boundary), and this project's own
// where none is published: 64 KiB of text, 1,000 permissions a statement, 1,000 values a list.
var DefaultLimits = Limits{
	TextBytes:    64 << 10,
	Statements:   100,
	Permissions:  1000,
	Restrictions: 10,
	Values:       1000,
}

// ParsePolicy reads a policy text within [DefaultLimits].
func ParsePolicy(src string) (*ast.Policy, ast.Diagnostics) { return DefaultLimits.ParsePolicy(src) }

// ParseBoundary reads a boundary query within [DefaultLimits].
func ParseBoundary(src string) (*ast.Boundary, ast.Diagnostics) {
	return DefaultLimits.ParseBoundary(src)
}

// ParsePolicy reads a policy text. The policy is nil when the diagnostics, which are sorted, hold an error: half a
// policy is never handed out, as the missing half may be the one that denies.
func (l Limits) ParsePolicy(src string) (*ast.Policy, ast.Diagnostics) {
	p := newParser(src, l)
	policy := &ast.Policy{}
	if p.readable() {
		p.policy(policy)
	}
	p.diagnostics.Sort()
	if p.diagnostics.HasErrors() {
		return nil, p.diagnostics
	}
	return policy, p.diagnostics
}

// Readable returns those statements of a text that can be read by themselves, so that names in them can be remarked on
// while others still have errors. It is no policy: what it leaves out may be the statement that denies.
func Readable(src string) *ast.Policy {
	p := newParser(src, DefaultLimits)
	if p.readable() {
		p.policy(&ast.Policy{})
	}
	return &ast.Policy{Statements: p.whole}
}

// ParseBoundary reads a boundary query. The boundary is nil when the diagnostics, which are sorted, hold an error.
func (l Limits) ParseBoundary(src string) (*ast.Boundary, ast.Diagnostics) {
	p := newParser(src, l)
	boundary := &ast.Boundary{}
	if p.readable() {
		p.boundary(boundary)
	}
	p.diagnostics.Sort()
	if p.diagnostics.HasErrors() {
		return nil, p.diagnostics
	}
	return boundary, p.diagnostics
}
