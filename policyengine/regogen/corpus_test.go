package regogen_test

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/doorward/doorward/policyengine/ast/asttest"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/parser"
	"github.com/doorward/doorward/policyengine/regogen"
)

// TestCorpus shows the Rego of every form of condition, and holds it to what `opa check --strict` asks.
func TestCorpus(t *testing.T) {
	asttest.TestFiles(t, []string{"rego"}, func(t *testing.T, c asttest.Case) []asttest.Section {
		source, err := regogen.Source(bound(t, c.Inputs["policy"]))
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		strict(t, source)
		return []asttest.Section{{Name: "rego", Text: string(source)}}
	})
}

func bound(t testing.TB, policy string) []*bind.Statement {
	t.Helper()
	tree, diagnostics := parser.ParsePolicy(policy)
	if tree == nil {
		t.Fatal(diagnostics)
	}
	b, diagnostics := bind.Bind(bind.Policy{ID: "p", Name: "policy", Tree: tree}, nil, nil, catalog.Default())
	if b == nil {
		t.Fatal(diagnostics)
	}
	return b.Statements
}

// strict reads and compiles a text as `opa check --strict --capabilities …` does.
func strict(t fataler, source []byte) *ast.Module {
	t.Helper()
	m, err := ast.ParseModuleWithOpts("iam.rego", string(source), ast.ParserOptions{RegoVersion: ast.RegoV1, Capabilities: regogen.Capabilities()})
	if err != nil {
		t.Fatal(err)
	}
	c := ast.NewCompiler().WithStrict(true).WithCapabilities(regogen.Capabilities())
	if c.Compile(map[string]*ast.Module{"iam.rego": m}); c.Failed() {
		t.Fatal(c.Errors)
	}
	return m
}
