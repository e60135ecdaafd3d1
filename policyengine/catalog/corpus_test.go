package catalog_test

import (
	"testing"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/ast/asttest"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/parser"
)

// TestCorpus checks each policy and boundary of the corpus, strictly and leniently.
func TestCorpus(t *testing.T) {
	asttest.TestFiles(t, []string{"strict", "lenient"}, check)
}

func check(_ *testing.T, c asttest.Case) []asttest.Section {
	known := catalog.Default()
	if text, ok := c.Inputs["services"]; ok {
		merged, err := known.Merge([]byte(text))
		if err != nil {
			return []asttest.Section{{Name: "strict", Text: err.Error() + "\n"}}
		}
		known = merged
	}
	both := func(mode catalog.Mode) ast.Diagnostics {
		if text, ok := c.Inputs["boundary"]; ok {
			boundary, diagnostics := parser.ParseBoundary(text)
			if boundary == nil {
				return diagnostics
			}
			return known.CheckBoundary(boundary, mode)
		}
		policy, diagnostics := parser.ParsePolicy(c.Inputs["policy"])
		if policy == nil {
			return diagnostics
		}
		return known.Check(policy, mode)
	}
	strict, lenient := both(catalog.Strict).String(), both(catalog.Lenient).String()
	if lenient == strict {
		lenient = "" // shown only where it differs
	}
	return []asttest.Section{{Name: "strict", Text: strict}, {Name: "lenient", Text: lenient}}
}
