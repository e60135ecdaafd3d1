package parser_test

import (
	"testing"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/ast/asttest"
	"github.com/doorward/doorward/policyengine/parser"
)

// TestCorpus reads each policy and boundary of the corpus and compares its canonical form and diagnostics.
func TestCorpus(t *testing.T) {
	asttest.TestFiles(t, []string{"canonical", "diagnostics"}, read)
}

func read(_ *testing.T, c asttest.Case) []asttest.Section {
	var canonical string
	var diagnostics ast.Diagnostics
	if text, ok := c.Inputs["boundary"]; ok {
		var b *ast.Boundary
		if b, diagnostics = parser.ParseBoundary(text); b != nil {
			canonical = ast.PrintBoundary(b)
		}
	} else {
		var p *ast.Policy
		if p, diagnostics = parser.ParsePolicy(c.Inputs["policy"]); p != nil {
			canonical = ast.Print(p)
		}
	}
	return []asttest.Section{{Name: "canonical", Text: canonical}, {Name: "diagnostics", Text: diagnostics.String()}}
}
