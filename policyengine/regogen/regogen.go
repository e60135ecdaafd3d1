// Package regogen translates bound statements into Rego and runs it.
//
// Rego is built as a syntax tree and never as text, so no value of a policy can become code. Each statement is a rule of
// its own, in one of two sets:
//
//	allow contains "12" if {
//		input.permission == "settings:objects:read"
//		input["settings:schemaId"] == "builtin:monitoring.slo"
//	}
//
// The sets hold the numbers of the statements that hold, and a request is granted when allow has members and deny has
// none. The permission comes first and everything that can be is an equality, a membership or a prefix, because those
// are what OPA finds rules by: the cost of a decision then does not grow with the number of statements.
//
// The input gives every attribute that the rules about the permission read, with null for one that is unknown. A rule
// can thus ask for the unknown by an equality, which is found by index, where "not" would have to be tried rule by rule.
package regogen

import (
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	pol "github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
)

// maxVariants is into how many rules one statement may be multiplied. Beyond it conditions become rules of their own,
// which keeps the module linear in the size of the policy.
const maxVariants = 4

// The two sets of statements that hold, and what rules standing for a condition are called.
const (
	allowRule     = "allow"
	denyRule      = "deny"
	conditionRule = "condition_"
)

// packagePath is where the rules live: data.doorward.iam.
var packagePath = ast.MustParseRef("data.doorward.iam")

// Module translates statements; the number of a statement in its rules is its index. The statements must not be changed
// while the module is in use. A statement that can never hold, such as an ALLOW under a condition that its permission
// does not support, has no rules.
func Module(statements []*bind.Statement) *ast.Module {
	t := &translator{module: &ast.Module{Package: &ast.Package{Path: packagePath}}}
	for i, s := range statements {
		t.statement(i, s)
	}
	t.module.SetRegoVersionSpan(ast.RegoVersionSpanOf(ast.RegoV1))
	return t.module
}

// translator fills a module.
type translator struct {
	module     *ast.Module
	conditions int // rules standing for a condition, so far
}

// statement adds the rules of one statement.
func (t *translator) statement(index int, s *bind.Statement) {
	name, meaning := allowRule, t.holds
	if s.Effect == pol.Deny {
		name, meaning = denyRule, t.notFalse
	}
	formulas := make([]formula, 0, len(s.Conditions))
	for i := range s.Conditions {
		f := meaning(&condition{Condition: &s.Conditions[i], number: i})
		if f == nil {
			return // one condition never holds, so the statement does not
		}
		formulas = append(formulas, f)
	}
	t.shorten(formulas)
	key := ast.InternedTerm(strconv.Itoa(index))
	permission := ast.Equal.Expr(inputRef("permission"), ast.StringTerm(s.Permission))
	for variant := range variants(formulas) {
		t.rule(ast.NewHead(ast.Var(name), key), append(alternative{permission}, variant...))
	}
}

// shorten makes conditions with several alternatives into rules of their own, those with the most alternatives first,
// until the statement is few enough rules.
func (t *translator) shorten(formulas []formula) {
	for {
		product, widest := 1, 0
		for i, f := range formulas {
			product = min(product*len(f), maxVariants+1)
			if len(f) > len(formulas[widest]) {
				widest = i
			}
		}
		if product <= maxVariants {
			return
		}
		formulas[widest] = formula{{t.named(formulas[widest])}}
	}
}

// named adds a rule that holds when one of the alternatives does, and returns the expression that asks for it.
func (t *translator) named(f formula) *ast.Expr {
	name := conditionRule + strconv.Itoa(t.conditions)
	t.conditions++
	for _, a := range f {
		t.rule(ast.NewHead(ast.Var(name), nil, ast.InternedTerm(true)), a)
	}
	return ast.NewExpr(ast.VarTerm(name))
}

func (t *translator) rule(head *ast.Head, body alternative) {
	head.Reference = ast.Ref{ast.VarTerm(string(head.Name))}
	if len(body) == 0 {
		body = alternative{ast.NewExpr(ast.InternedTerm(true))}
	}
	own := make(ast.Body, 0, len(body))
	for _, e := range body {
		e := *e // an expression knows its place in the body, and this one may be in several
		own.Append(&e)
	}
	t.module.Rules = append(t.module.Rules, &ast.Rule{Head: head, Body: own, Module: t.module})
}

// variants yields every choice of one alternative for each condition, as one list of expressions.
func variants(formulas []formula) func(yield func(alternative) bool) {
	chosen := []alternative{{}}
	for _, f := range formulas {
		var longer []alternative
		for _, begun := range chosen {
			for _, a := range f {
				longer = append(longer, slices.Concat(begun, a))
			}
		}
		chosen = longer
	}
	return slices.Values(chosen)
}
