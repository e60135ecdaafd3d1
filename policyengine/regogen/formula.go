package regogen

import (
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// alternative is a list of expressions that must all hold. The empty one always does.
type alternative []*ast.Expr

// formula is a condition as alternatives, of which one must hold. nil never holds.
type formula []alternative

// always is the formula that holds whatever the input.
func always() formula { return formula{nil} }

// allOf is the formula of expressions that must all hold.
func allOf(expressions ...*ast.Expr) formula { return formula{expressions} }

// inputRef is input["name"], written input.name where that can be.
func inputRef(name string) *ast.Term {
	return ast.NewTerm(ast.Ref{ast.InputRootDocument, ast.StringTerm(name)})
}

func negated(e *ast.Expr) *ast.Expr {
	n := e.Copy()
	n.Negated = true
	return n
}

func isNull(t *ast.Term) *ast.Expr   { return ast.Equal.Expr(t, ast.NullTerm()) }
func isKnown(t *ast.Term) *ast.Expr  { return ast.NotEqual.Expr(t, ast.NullTerm()) }
func isString(t *ast.Term) *ast.Expr { return ast.IsString.Expr(t) }

// isOneOf compares with constants: by equality with a single one, by membership in a set with more.
func isOneOf(t *ast.Term, constants ...*ast.Term) *ast.Expr {
	if len(constants) == 1 {
		return ast.Equal.Expr(t, constants[0])
	}
	return ast.Member.Expr(t, ast.SetTerm(constants...))
}

// each binds a variable to every element of a collection in turn: some name in collection.
func each(variable, collection *ast.Term) *ast.Expr {
	return ast.NewExpr(&ast.SomeDecl{Symbols: []*ast.Term{ast.Member.Call(variable, collection)}})
}

// stringTerms are constants.
func stringTerms(texts []string) []*ast.Term {
	terms := make([]*ast.Term, len(texts))
	for i, text := range texts {
		terms[i] = ast.StringTerm(text)
	}
	return terms
}

func numberTerm(n int64) *ast.Term { return ast.NumberTerm(number(n)) }

// variable names a variable of a condition. Conditions of one statement may share a rule, so their variables differ.
func variable(name string, condition int) *ast.Term {
	if condition > 0 {
		name += strconv.Itoa(condition + 1)
	}
	return ast.VarTerm(name)
}
