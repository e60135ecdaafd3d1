package bind_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/ast/asttest"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/parser"
)

const parameterised = `
ALLOW settings:objects:read, settings:schemas:read WHERE settings:schemaId = "a${bindParam:p}$" AND settings:scope startsWith "${bindParam:p}";
ALLOW storage:buckets:read WHERE storage:bucket-name NOT IN ("first", "${bindParam:p}-x", "$${bindParam:p}");
DENY settings:objects:write WHERE settings:schemaId IN ("${bindParam:p}${bindParam:q}");`

const parameterisedBoundary = `settings:schemaId = "${bindParam:p}"; settings:schemaId = "b"; storage:bucket-name MATCH ("${bindParam:q}*");`

// FuzzBindParameters: a parameter is data.
//
// Attack: a parameter value that holds quotes, semicolons, templates or keywords, to add a statement or widen one.
// Fix: parameters go into the tree as text. Invariant: whatever the values, binding either fails or gives the same
// statements with the same conditions and operators as harmless values do; only texts and lengths of lists differ; and
// what is printed reads back as just that.
func FuzzBindParameters(f *testing.F) {
	for _, seed := range []string{
		"x", "a,b", "", ",", " ", `"; ALLOW settings:objects:write; //`, `\`, `\"`, "'", "${global:userId}", "{global:userId}",
		"$", "\n", "*", "\x00", "\xff", "é", "b", "WHERE", strings.Repeat("x,", 999) + "x",
	} {
		f.Add(seed, "q")
		f.Add("p", seed)
	}
	policy, _ := parser.ParsePolicy(parameterised)
	boundary, _ := parser.ParseBoundary(parameterisedBoundary)
	boundaries := []bind.Boundary{{Name: "b", Tree: boundary}}
	harmless, _ := bind.Bind(bind.Policy{Tree: policy}, map[string]string{"p": "h", "q": "h2"}, boundaries, catalog.Default())
	f.Fuzz(func(t *testing.T, p, q string) {
		bound, diagnostics := bind.Bind(bind.Policy{Tree: policy}, map[string]string{"p": p, "q": q}, boundaries, catalog.Default())
		if (bound == nil) != diagnostics.HasErrors() {
			t.Fatalf("bound %v with %v", bound, diagnostics)
		}
		fits := bind.Fits(bind.Policy{Tree: policy}, map[string]string{"p": p, "q": q}, boundaries, catalog.Default())
		if diff := cmp.Diff(errorsOf(diagnostics), errorsOf(fits)); diff != "" {
			t.Fatalf("errors (-Bind +Fits)\n%s", diff)
		}
		if bound == nil {
			return
		}
		// The boundary's second schema is "b": with p = "b" two statements become equal, and one is dropped.
		if p != "b" {
			if diff := cmp.Diff(skeleton(harmless), skeleton(bound)); diff != "" {
				t.Fatalf("(-harmless +bound)\n%s", diff)
			}
		}
		for _, s := range bound.Statements {
			readsBack(t, s)
		}
		if got, want := literalText(bound.Statements[0].Conditions[0].Operands[0]), "a"+p+"$"; got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

// skeleton is everything of a binding but the texts of values.
func skeleton(bound *bind.Bound) []string {
	var lines []string
	for _, s := range bound.Statements {
		line := fmt.Sprintf("%s %s %+v", s.Effect, s.Permission, s.Origin)
		for _, c := range s.Conditions {
			line += fmt.Sprintf(" AND %s %s %s %s", c.Name, c.Operator, c.Kind, c.Boundary)
			if !c.Operator.List() {
				line += fmt.Sprintf(" %d", len(c.Operands))
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func literalText(o bind.Operand) string {
	var b strings.Builder
	for _, part := range o.Parts {
		b.WriteString(part.(ast.Text).Text)
	}
	return b.String()
}

// fataler is what tests, fuzz targets and rapid have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// readsBack: the printed statement is one statement, with the same values.
func readsBack(t fataler, s *bind.Statement) {
	t.Helper()
	limits := parser.DefaultLimits
	limits.TextBytes = 64 << 20
	p, diagnostics := limits.ParsePolicy(s.String())
	if p == nil || len(p.Statements) != 1 || len(p.Statements[0].Conditions) != len(s.Conditions) {
		t.Fatalf("%s\n%s", s, diagnostics)
	}
	for i, c := range p.Statements[0].Conditions {
		var want []*ast.Value
		for _, o := range s.Conditions[i].Operands {
			want = append(want, &ast.Value{Parts: o.Parts})
		}
		if diff := cmp.Diff(want, c.Values, asttest.IgnorePositions()); diff != "" {
			t.Fatalf("%s (-bound +read back)\n%s", s, diff)
		}
	}
}

// TestBoundStatements: of any policy that the catalogue accepts, bound with usable parameters and any boundaries, every
// statement is about one permission that the policy names, has no parameter left, and reads back; DENY does not depend
// on boundaries; and each ALLOW keeps the conditions of its own statement.
func TestBoundStatements(t *testing.T) {
	vocabulary := asttest.Vocabulary{Catalog: catalog.Default(), Parameters: []string{"p", "q"}}
	rapid.Check(t, func(t *rapid.T) {
		tree := vocabulary.Policy().Draw(t, "policy")
		if diagnostics := catalog.Default().Check(tree, catalog.Strict); diagnostics.HasErrors() {
			t.Fatalf("%s\n%s", ast.Print(tree), diagnostics)
		}
		nodes := []ast.Node{tree}
		var boundaries []bind.Boundary
		for i := range rapid.IntRange(0, 3).Draw(t, "boundaries") {
			b := vocabulary.Boundary().Draw(t, "boundary")
			nodes = append(nodes, b)
			boundaries = append(boundaries, bind.Boundary{Name: fmt.Sprint("b", i), Tree: b})
		}
		values := asttest.DrawParameters(t, nodes...)
		bound, diagnostics := bind.Bind(bind.Policy{Tree: tree}, values, boundaries, catalog.Default())
		if bound == nil {
			t.Skip(diagnostics.String()) // a '$' and a '{' met, which a case of the corpus is about
		}
		for _, s := range bound.Statements {
			readsBack(t, s)
			if n := len(tree.Statements[s.Origin.Index].Conditions); s.Effect == ast.Allow && len(s.Conditions) < n {
				t.Fatalf("%s lost a condition of %s", s, tree.Statements[s.Origin.Index])
			}
		}
		alone, _ := bind.Bind(bind.Policy{Tree: tree}, onlyUsed(values, tree), nil, catalog.Default())
		if diff := cmp.Diff(denies(alone), denies(bound)); diff != "" {
			t.Fatalf("denies with boundaries (-without +with)\n%s", diff)
		}
	})
}

func onlyUsed(values map[string]string, n ast.Node) map[string]string {
	used := map[string]string{}
	for _, name := range ast.BindParams(n) {
		used[name] = values[name]
	}
	return used
}

func denies(bound *bind.Bound) []string {
	var lines []string
	for _, s := range bound.Statements {
		if s.Effect == ast.Deny {
			lines = append(lines, s.String())
		}
	}
	return lines
}
