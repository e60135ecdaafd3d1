package bind

import (
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
)

// binder works on one binding.
type binder struct {
	policy       Policy
	catalog      *catalog.Catalog
	substitution substitution
	boundaries   []preparedBoundary
	prepared     [][]Condition  // of the policy, by statement
	conditionIDs map[string]int // equal conditions share an id, so statements compare by a few numbers; nil: none are made
	seen         map[string]bool
	statements   int // so far, equal ones counted
	conditions   int
	bound        Bound
	diagnostics  ast.Diagnostics
}

// preparedBoundary is a boundary with its parameters filled in, its conditions grouped by name.
type preparedBoundary struct {
	label  string
	groups [][]Condition // in the order in which the names first appear
}

func (b *binder) fail(source string, pos ast.Position, code, message string) {
	b.diagnostics.Add(ast.Diagnostic{Source: source, Pos: pos, Code: code, Message: message})
}

func (b *binder) warn(pos ast.Position, code, message string) {
	b.diagnostics.Add(ast.Diagnostic{Pos: pos, Severity: ast.Warning, Code: code, Message: message})
}

// run takes steps as long as there is no error. Each relies on the one before: a value that is missing would look like an
// empty one to the next.
func (b *binder) run(boundaries []Boundary, steps ...func([]Boundary)) {
	for _, step := range steps {
		if !b.diagnostics.HasErrors() {
			step(boundaries)
		}
	}
	b.diagnostics.Sort()
}

// checkTrees refuses a binding of which a part is gone. To bind without it would grant more.
func (b *binder) checkTrees(boundaries []Boundary) {
	if b.policy.Tree == nil {
		b.fail("", ast.Position{}, "no-policy", "The policy could not be read")
	}
	for _, boundary := range boundaries {
		if boundary.Tree == nil || len(boundary.Tree.Restrictions) == 0 {
			b.fail("", ast.Position{}, "no-boundary", "The boundary "+label(boundary)+" could not be read or is empty")
		}
	}
}

// prepare fills in the parameters and reads the times of the boundaries and of the policy.
func (b *binder) prepare(boundaries []Boundary) {
	for _, boundary := range boundaries {
		b.boundaries = append(b.boundaries, b.prepareBoundary(boundary))
	}
	b.prepared = make([][]Condition, len(b.policy.Tree.Statements))
	for i, s := range b.policy.Tree.Statements {
		for _, c := range s.Conditions {
			b.prepared[i] = append(b.prepared[i], b.condition("", c))
		}
	}
}

func (b *binder) bindStatements([]Boundary) {
	for i, s := range b.policy.Tree.Statements {
		b.statement(i, s, b.prepared[i])
	}
}

// label names a boundary to people. The identifier stands in where there is no name, so that it is never "".
func label(boundary Boundary) string {
	if boundary.Name != "" {
		return boundary.Name
	}
	return boundary.ID
}

// prepareBoundary groups by name, because conditions of one name are alternatives and different names add up.
func (b *binder) prepareBoundary(boundary Boundary) preparedBoundary {
	prepared := preparedBoundary{label: label(boundary)}
	group := map[string]int{}
	for _, r := range boundary.Tree.Restrictions {
		c := b.condition("boundary "+prepared.label, r.Condition)
		c.Boundary = prepared.label
		i, ok := group[c.Name]
		if !ok {
			i = len(prepared.groups)
			group[c.Name] = i
			prepared.groups = append(prepared.groups, nil)
		}
		prepared.groups[i] = append(prepared.groups[i], c)
	}
	return prepared
}

// condition fills in parameters and reads times. Its kind is set per permission, later.
func (b *binder) condition(source string, c *ast.Condition) Condition {
	if !b.catalog.Evaluable(c.Name, c.Operator) {
		b.fail(source, c.OperatorPos, "operator-not-supported", c.Name+" cannot be compared by "+c.Operator.String())
	}
	bound := Condition{Name: c.Name, Operator: c.Operator, Pos: c.Pos}
	global, _ := b.catalog.Global(c.Name)
	for _, v := range c.Values {
		values, problem := b.substitution.values(c.Operator, v, MaxValues-len(bound.Operands))
		if problem != "" {
			b.fail(source, v.Pos, "bad-parameter", problem)
		}
		for _, parts := range values {
			bound.Operands = append(bound.Operands, b.operand(source, global, v, c.Operator, parts))
		}
	}
	bound.id = b.conditionID(&bound)
	return bound
}

// operand reads a value of a timed condition, and warns of a parameter that opens a pattern altogether.
func (b *binder) operand(source string, global catalog.Condition, v *ast.Value, op ast.Operator, parts []ast.Part) Operand {
	o := Operand{Parts: parts}
	literal, isLiteral := literal(parts)
	if global.Kind.Timed() {
		var err error
		if !isLiteral {
			b.fail(source, v.Pos, "bad-value", "A time is compared with a literal, not with an attribute")
		} else if o.Moment, err = catalog.ParseMoment(global.Kind, literal); err != nil {
			b.fail(source, v.Pos, "bad-value", global.Name+": "+err.Error())
		}
		return o
	}
	if isLiteral && catalog.MatchesAll(op, literal) {
		b.diagnostics.Add(ast.Diagnostic{Source: source, Pos: v.Pos, Severity: ast.Warning, Code: "matches-all", Message: "This value fits everything"})
	}
	return o
}

// literal is the text of a value without attributes.
func literal(parts []ast.Part) (string, bool) {
	if len(parts) == 0 {
		return "", true
	}
	text, ok := parts[0].(ast.Text)
	return text.Text, ok && len(parts) == 1
}

// conditionID numbers conditions by their canonical text. The boundary that a condition came from does not count: two
// boundaries that ask the same grant the same.
func (b *binder) conditionID(c *Condition) int {
	if b.conditionIDs == nil {
		return 0
	}
	text := (&Statement{Conditions: []Condition{*c}}).String()
	id, ok := b.conditionIDs[text]
	if !ok {
		id = len(b.conditionIDs)
		b.conditionIDs[text] = id
	}
	return id
}
