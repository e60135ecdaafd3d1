package parser_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/ast/asttest"
	"github.com/doorward/doorward/policyengine/parser"
)

var update = flag.Bool("update", false, "rewrite the expected sections of testdata/*.txtar")

// TestCorpus reads each policy and boundary of the corpus and compares its canonical form and diagnostics.
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
			got := asttest.Replay(want, []string{"canonical", "diagnostics"}, read)
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

func read(c asttest.Case) []asttest.Section {
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
