package policyengine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/regogen"
)

// MaxSetStatements is how many statements one subject's bindings may add up to.
const MaxSetStatements = 100_000

// Set is statements compiled for decisions. It is immutable, and shared by all subjects whose bindings give the same
// statements.
type Set struct {
	// Revision is the digest of the statements: two sets of one revision decide alike and give the same reasons.
	Revision    Revision
	statements  []*bind.Statement
	program     *regogen.Program
	permissions map[string]*permission
}

// permission is what a set knows of one permission.
type permission struct {
	name       string
	reads      []regogen.Read // by name, each once
	allowReads []bool         // by read: some ALLOW reads it
	question   *regogen.Question
	clock      clock
	mirror     func() (*Set, error) // the other way round; made when it is first asked for
}

// Compile prepares statements. Their order does not matter, and equal ones count once; they must not be changed
// afterwards. It takes about 50 µs a statement, so it has no place in the way of a request. The error is a fault.
func Compile(statements []*bind.Statement) (*Set, error) {
	statements, revision := ordered(statements, nil)
	return compile(statements, revision)
}

// compile takes what ordered returns.
func compile(statements []*bind.Statement, revision Revision) (s *Set, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, broken(fmt.Errorf("compiling panicked: %v", r))
		}
	}()
	if len(statements) > MaxSetStatements {
		return nil, broken(fmt.Errorf("%d statements; %d are allowed", len(statements), MaxSetStatements))
	}
	if err := regogen.CheckKinds(statements); err != nil {
		return nil, broken(err)
	}
	// A panic in OPA must not end the gateway, because whoever writes policies could then stop everybody's requests.
	program, err := regogen.Compile(regogen.Module(statements), len(statements))
	if err != nil {
		return nil, broken(err)
	}
	s = &Set{Revision: revision, statements: statements, program: program, permissions: map[string]*permission{}}
	for _, statement := range statements {
		s.register(statement)
	}
	for _, p := range s.permissions {
		p.finish(statements)
	}
	return s, nil
}

// broken is a fault of the policies or of what compiles them.
func broken(cause error) error {
	return fault.New(fault.Internal, "The policies could not be evaluated.", cause)
}

func (s *Set) register(statement *bind.Statement) {
	p, ok := s.permissions[statement.Permission]
	if !ok {
		p = &permission{name: statement.Permission}
		s.permissions[p.name] = p
	}
	p.reads = slices.AppendSeq(p.reads, regogen.Reads(statement))
	p.clock.add(statement)
}

// finish sorts what was gathered. The order of the reads is the order of the facts, and of the parts of a cache key, so it
// must be the same for every set of one revision.
func (p *permission) finish(statements []*bind.Statement) {
	slices.SortFunc(p.reads, func(a, b regogen.Read) int { return strings.Compare(a.Name, b.Name) })
	p.reads = slices.Compact(p.reads)
	p.allowReads = make([]bool, len(p.reads))
	p.question = regogen.NewQuestion(p.name, p.reads)
	p.clock.sort()
	p.mirror = sync.OnceValues(func() (*Set, error) { return mirrorOf(statements, p.name) })
	for _, s := range statements {
		if s.Permission != p.name || s.Effect != ast.Allow {
			continue
		}
		for r := range regogen.Reads(s) {
			i, _ := p.index(r.Name)
			p.allowReads[i] = !r.Kind.Timed()
		}
	}
}

func (p *permission) index(name string) (int, bool) {
	return slices.BinarySearchFunc(p.reads, name, func(r regogen.Read, name string) int { return strings.Compare(r.Name, name) })
}

// Reads lists the attributes that some statement about a permission reads, those of the subject and of the time, named
// global:…, included. They are all that a decision about it depends on. Sorted; nil for a permission without statements.
func (s *Set) Reads(permission string) []string {
	p, ok := s.permissions[permission]
	if !ok {
		return nil
	}
	names := make([]string, len(p.reads))
	for i, r := range p.reads {
		names[i] = r.Name
	}
	return names
}

// Decide evaluates the statements, without a cache. The error is a fault, and the verdict then refuses: a request that
// is incomplete or too large, or an evaluation that fails or takes longer than a second.
func (s *Set) Decide(ctx context.Context, r Request) (Verdict, error) {
	if err := r.check(); err != nil {
		return Verdict{}, err
	}
	p, ok := s.permissions[r.Permission]
	if !ok {
		return Verdict{}, nil
	}
	// The key is not needed, but building it holds the request to its bounds.
	if _, err := s.appendKey(nil, p, &r); err != nil {
		return Verdict{}, err
	}
	return s.evaluate(ctx, p, &r, DefaultEvaluation)
}

// evaluate decides a request that has been checked.
func (s *Set) evaluate(ctx context.Context, p *permission, r *Request, limit time.Duration) (Verdict, error) {
	outcome, facts, err := s.run(ctx, p, r, limit)
	if err != nil {
		return Verdict{}, err
	}
	return s.verdict(p, outcome, facts, r.Now), nil
}

// run finds the statements that hold, and the facts that they were held against.
func (s *Set) run(ctx context.Context, p *permission, r *Request, limit time.Duration) (regogen.Outcome, []regogen.Fact, error) {
	facts := make([]regogen.Fact, len(p.reads))
	for i, read := range p.reads {
		f, err := r.fact(read.Name)
		if err != nil {
			return regogen.Outcome{}, nil, err
		}
		facts[i] = regogen.Fact{Values: f.many, Known: f.shape != unknown, List: f.shape == list}
		if f.shape == single {
			facts[i].Values = []string{f.one}
		}
	}
	outcome, err := s.program.Run(ctx, p.question.Input(facts, r.Now), limit)
	if errors.Is(err, regogen.ErrTimeout) {
		err = fault.New(fault.Unavailable, "The policies could not be evaluated in time.", err)
	} else if err != nil {
		err = broken(err)
	}
	return outcome, facts, err
}
