package catalog_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/ast/asttest"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/parser"
)

var update = flag.Bool("update", false, "rewrite the expected sections of testdata/*.txtar")

// TestCorpus checks each policy and boundary of the corpus, strictly and leniently.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := asttest.Replay(want, []string{"strict", "lenient"}, check)
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func check(c asttest.Case) []asttest.Section {
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
