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

func errorsOf(found ast.Diagnostics) (all []ast.Diagnostic) {
	for _, d := range found {
		if d.Severity == ast.Error {
			all = append(all, d)
		}
	}
	return all
}

// TestFits: whatever can be bound with some parameters, Fits finds with any others just the errors that Bind finds.
func TestFits(t *testing.T) {
	vocabulary := asttest.Vocabulary{Catalog: catalog.Default(), Parameters: []string{"p", "q"}}
	rapid.Check(t, func(t *rapid.T) {
		policy := vocabulary.Policy().Draw(t, "policy")
		nodes := []ast.Node{policy}
		var boundaries []bind.Boundary
		for i := range rapid.IntRange(0, 2).Draw(t, "boundaries") {
			b := vocabulary.Boundary().Draw(t, "boundary")
			nodes = append(nodes, b)
			boundaries = append(boundaries, bind.Boundary{Name: fmt.Sprint("b", i), Tree: b})
		}
		values := asttest.DrawParameters(t, nodes...)
		if bound, _ := bind.Bind(bind.Policy{Tree: policy}, values, boundaries, catalog.Default()); bound == nil {
			t.Skip("cannot be bound")
		}
		for name := range values {
			values[name] = rapid.SampledFrom([]string{
				"x", "a,b", "", ",", "{global:userId}", "${", "\n", "*", "2026-11-22T10:00:00Z", strings.Repeat("x,", bind.MaxValues) + "x",
				strings.Repeat("x", bind.MaxParameter+1),
			}).Draw(t, name)
		}
		switch rapid.IntRange(0, 4).Draw(t, "spoil") {
		case 0:
			delete(values, "p")
		case 1:
			values["r"] = "x"
		}
		compareFits(t, policy, values, boundaries)
	})
}

func compareFits(t fataler, policy *ast.Policy, values map[string]string, boundaries []bind.Boundary) {
	t.Helper()
	bound, found := bind.Bind(bind.Policy{Tree: policy}, values, boundaries, catalog.Default())
	fits := bind.Fits(bind.Policy{Tree: policy}, values, boundaries, catalog.Default())
	if diff := cmp.Diff(errorsOf(found), errorsOf(fits)); diff != "" || fits.HasErrors() != (bound == nil) {
		t.Fatalf("errors with %.200q (-Bind +Fits)\n%s", values, diff)
	}
}

// TestFitsAtTheBounds: a policy that is as large as it may be, with values of few bytes, and with as many as there may be.
func TestFitsAtTheBounds(t *testing.T) {
	policy, found := parser.ParsePolicy(`ALLOW settings:objects:read WHERE settings:schemaId = "` + strings.Repeat("${bindParam:p}", 600) + `";`)
	if policy == nil {
		t.Fatal(found)
	}
	for _, n := range []int{1, bind.MaxValueBytes / 600, bind.MaxValueBytes/600 + 1, bind.MaxParameter} {
		compareFits(t, policy, map[string]string{"p": strings.Repeat("x", n)}, nil)
	}
	compareFits(t, nil, nil, nil)
	compareFits(t, policy, map[string]string{"p": "x"}, []bind.Boundary{{ID: "gone"}})
}
