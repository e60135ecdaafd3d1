package bind_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/doorward/doorward/policyengine/ast/asttest"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/parser"
)

// TestCorpus binds each policy of the corpus with its parameters and boundaries.
func TestCorpus(t *testing.T) {
	asttest.TestFiles(t, []string{"bound", "diagnostics"}, resolve)
}

// resolve binds a case. Its sections are policy, parameters (name=value lines), and b1, b2, … for the boundaries.
func resolve(_ *testing.T, c asttest.Case) []asttest.Section {
	policy, diagnostics := parser.ParsePolicy(c.Inputs["policy"])
	var boundaries []bind.Boundary
	for n := 1; ; n++ {
		name := fmt.Sprintf("b%d", n)
		text, ok := c.Inputs[name]
		if !ok {
			break
		}
		tree, remarks := parser.ParseBoundary(text)
		diagnostics = append(diagnostics, remarks...)
		boundaries = append(boundaries, bind.Boundary{Name: name, Tree: tree})
	}
	if len(diagnostics) > 0 {
		return []asttest.Section{{Name: "diagnostics", Text: diagnostics.String()}}
	}
	bound, diagnostics := bind.Bind(bind.Policy{ID: "p", Tree: policy}, parameters(c.Inputs["parameters"]), boundaries, catalog.Default())
	return []asttest.Section{{Name: "bound", Text: describe(bound)}, {Name: "diagnostics", Text: diagnostics.String()}}
}

func parameters(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		values[name] = value
	}
	return values
}

// describe prints bound statements with their origin, and with the kinds of conditions that are not plain texts.
func describe(bound *bind.Bound) string {
	var b strings.Builder
	if bound == nil {
		return ""
	}
	for _, s := range bound.Statements {
		fmt.Fprintf(&b, "%s // %d at %s", s, s.Origin.Index, s.Origin.PermissionPos)
		if s.Origin.IncludedIn != "" {
			fmt.Fprintf(&b, ", with %s", s.Origin.IncludedIn)
		}
		if s.Origin.Boundary != "" {
			fmt.Fprintf(&b, ", under %s", s.Origin.Boundary)
		}
		for _, c := range s.Conditions {
			if c.Kind != catalog.Text {
				fmt.Fprintf(&b, ", %s is %s", c.Name, c.Kind)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
