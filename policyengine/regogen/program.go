package regogen

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Outcome lists the statements that hold, by index, in order.
type Outcome struct {
	Allow []int
	Deny  []int
}

// Program is compiled Rego. It is immutable and may be run by any number of goroutines.
type Program struct {
	compiler   *ast.Compiler
	query      ast.Body
	results    []ast.Var // variables of the query
	statements int
}

// ErrTimeout says that an evaluation took longer than it may.
var ErrTimeout = errors.New("the evaluation took too long")

// Compile prepares the rules of some number of statements.
func Compile(m *ast.Module, statements int) (*Program, error) {
	p := &Program{
		compiler:   ast.NewCompiler().WithCapabilities(Capabilities()).WithStrict(true),
		statements: statements,
	}
	p.compiler.Compile(map[string]*ast.Module{"iam.rego": m})
	if p.compiler.Failed() {
		return nil, fmt.Errorf("compiling rules: %w", p.compiler.Errors)
	}
	if err := p.compileQuery(m); err != nil {
		return nil, fmt.Errorf("compiling the query: %w", err)
	}
	return p, nil
}

// compileQuery asks for the sets that have rules. A set without any is undefined and would leave the query without a
// result, which is kept apart from an empty set: no result is a fault.
func (p *Program) compileQuery(m *ast.Module) error {
	var query ast.Body
	for _, name := range []string{allowRule, denyRule} {
		head := ast.Var(name)
		if !slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool { return r.Head.Name == head }) {
			continue
		}
		rules := ast.NewTerm(packagePath.Append(ast.StringTerm(name)))
		query.Append(ast.Equality.Expr(ast.NewTerm(head), rules))
		p.results = append(p.results, head)
	}
	if len(query) == 0 {
		return nil
	}
	var err error
	p.query, err = p.compiler.QueryCompiler().Compile(query)
	return err
}

// Run evaluates the rules for one input. Whatever goes wrong is an error, and never an outcome: an error of a built-in
// function, a result of another shape, a number that belongs to no statement, a panic, or more time than limit.
func (p *Program) Run(ctx context.Context, input *ast.Term, limit time.Duration) (o Outcome, err error) {
	if len(p.query) == 0 {
		return Outcome{}, nil
	}
	defer func() {
		if r := recover(); r != nil {
			o, err = Outcome{}, fmt.Errorf("the evaluation panicked: %v", r)
		}
	}()
	// A context would be looked at only by functions that wait for something; this is looked at in every step.
	cancel := topdown.NewCancel()
	timer := time.AfterFunc(limit, cancel.Cancel)
	defer timer.Stop()
	answers := 0
	err = topdown.NewQuery(p.query).
		WithCompiler(p.compiler).WithStore(nothing{}).WithTransaction(nothing{}).
		WithInput(input).WithCancel(cancel).WithStrictBuiltinErrors(true).
		WithMetrics(metrics.NoOp()). // nobody reads what topdown would measure by itself, clock and all
		Iter(ctx, func(r topdown.QueryResult) error {
			answers++
			var err error
			o, err = p.outcome(r)
			return err
		})
	switch {
	case topdown.IsCancel(err):
		return Outcome{}, ErrTimeout
	case err != nil:
		return Outcome{}, err
	case answers != 1:
		// None would look like "nothing holds", and a DENY that held would be lost with it.
		return Outcome{}, fmt.Errorf("the rules gave %d answers", answers)
	}
	return o, nil
}

// outcome reads the sets of statement numbers.
func (p *Program) outcome(r topdown.QueryResult) (o Outcome, err error) {
	for _, name := range p.results {
		numbers, err := p.numbers(r[name])
		if err != nil {
			return Outcome{}, fmt.Errorf("%s: %w", name, err)
		}
		if name == allowRule {
			o.Allow = numbers
		} else {
			o.Deny = numbers
		}
	}
	return o, nil
}

// numbers reads one set. The rules make nothing but texts of numbers, so anything else means that these are not our
// rules, or that OPA has changed under us.
func (p *Program) numbers(t *ast.Term) ([]int, error) {
	if t == nil {
		return nil, errors.New("no result")
	}
	set, ok := t.Value.(ast.Set)
	if !ok {
		return nil, errors.New("the result is not a set")
	}
	if set.Len() == 0 {
		return nil, nil
	}
	numbers := make([]int, 0, set.Len())
	for _, member := range set.Slice() {
		text, isText := member.Value.(ast.String)
		n, err := strconv.Atoi(string(text))
		if !isText || err != nil || n < 0 || n >= p.statements {
			return nil, errors.New("the result names no statement")
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return numbers, nil
}
