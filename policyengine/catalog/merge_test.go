package catalog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/parser"
)

func TestMergeRefuses(t *testing.T) {
	many := "permissions:\n"
	for i := range 5001 {
		many += fmt.Sprintf("  shop:o%d:read: {}\n", i)
	}
	cases := map[string]struct{ source, want string }{
		"nothing":              {"", "EOF"},
		"no permissions":       {"kinds: {}", "lists none"},
		"unknown field":        {"permission: {}", "field permission not found"},
		"repeated key":         {"permissions: {a:b:c: {}, a:b:c: {}}", "already"},
		"repeated key in JSON": {`{"permissions":{"a:b:c":{},"a:b:c":{}}}`, "already"},
		"second document":      {"permissions: {a:b:c: {}}\n---\npermissions: {a:b:d: {}}", "second document"},
		"wrong name":           {"permissions: {a:b: {}}", "service-name:resource:action"},
		"wildcard":             {"permissions: {'a:b:*': {}}", "service-name:resource:action"},
		"known permission":     {"permissions: {slo:slos:read: {}}", "already"},
		"known condition":      {`permissions: {settings:objects:read: {settings:schemaId: ["="]}}`, "already"},
		"global condition":     {`permissions: {a:b:c: {global:ip: ["="]}}`, "cannot be added"},
		"wrong condition":      {`permissions: {a:b:c: {region: ["="]}}`, "service-name:attribute"},
		"wrong operator":       {`permissions: {a:b:c: {a:d: ["=="]}}`, "not an operator"},
		"no operator":          {`permissions: {a:b:c: {a:d: []}}`, "no operators"},
		"order of texts":       {`permissions: {a:b:c: {a:d: ["<"]}}`, "compare times"},
		"another kind":         {`{permissions: {a:b:c: {environment:management-zone: ["="]}}, kinds: {environment:management-zone: text}}`, "of kind set already"},
		"kind of time":         {`{permissions: {a:b:c: {a:d: ["="]}}, kinds: {a:d: date}}`, "read the clock"},
		"no kind":              {`{permissions: {a:b:c: {a:d: ["="]}}, kinds: {a:d: list}}`, "no kind"},
		"kind of nothing":      {`{permissions: {a:b:c: {}}, kinds: {a:d: set}}`, "no permission of this file"},
		"too many":             {many, "5000 are allowed"},
		"too long":             {strings.Repeat("#", 1<<20+1), "1048576 are allowed"},
		"alias bomb":           {"x: &a [1,1,1,1,1,1,1,1]\ny: &b [*a,*a,*a,*a,*a,*a,*a,*a]\npermissions: {}", "not found"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			merged, err := catalog.Default().Merge([]byte(c.source))
			if merged != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestMergeLeavesTheOriginalAlone(t *testing.T) {
	before := catalog.Default()
	after, err := before.Merge([]byte(`permissions: {slo:slos:read: {slo:owner: ["="]}, shop:orders:read: {}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := before.Condition("slo:slos:read", "slo:owner"); ok {
		t.Error("the original has the new condition")
	}
	if _, ok := before.Permission("shop:orders:read"); ok {
		t.Error("the original has the new permission")
	}
	if c, ok := after.Condition("slo:slos:read", "slo:owner"); !ok || c.Kind != catalog.Text || !c.Operators.Has(ast.Equal) {
		t.Errorf("got %+v", c)
	}
	if _, ok := after.Condition("shop:orders:read", "global:date"); !ok {
		t.Error("a new permission lacks the global conditions")
	}
}

// TestReferenceIsSound holds the embedded file to what the rest relies on.
func TestReferenceIsSound(t *testing.T) {
	c := catalog.Default()
	listed := 0
	for p := range c.Permissions() {
		if !p.Unlisted {
			listed++
		}
		if !ast.ValidPermission(p.Name) {
			t.Errorf("permission %q", p.Name)
		}
		for name, condition := range p.Conditions {
			if name != condition.Name || !ast.ValidCondition(name) || condition.Kind == catalog.Unsupported || condition.Kind.Timed() || condition.Operators == 0 {
				t.Errorf("%s: %+v", p.Name, condition)
			}
		}
		for _, included := range p.Includes {
			if _, ok := c.Permission(included); !ok {
				t.Errorf("%s includes the unknown %s", p.Name, included)
			}
		}
	}
	if listed != 160 {
		t.Errorf("%d published permissions, want 160", listed)
	}
	for g := range c.Globals() {
		if g.Operators == 0 || g.Kind == catalog.Unsupported {
			t.Errorf("%+v", g)
		}
	}
}

// TestManyRemarksHideNoError: errors and warnings are counted apart.
func TestManyRemarksHideNoError(t *testing.T) {
	p := &ast.Policy{}
	for range 200 {
		p.Statements = append(p.Statements, &ast.Statement{Permissions: []*ast.Permission{{Name: "iam:users:read"}}})
	}
	p.Statements = append(p.Statements, &ast.Statement{Permissions: []*ast.Permission{{Name: "iam:users:wrong"}}})
	if diagnostics := catalog.Default().Check(p, catalog.Strict); !diagnostics.HasErrors() {
		t.Errorf("no error among %d remarks", len(diagnostics))
	}
}

// TestCheckIsBounded: a policy at the size cap that is wrong everywhere is answered soon and shortly.
func TestCheckIsBounded(t *testing.T) {
	known := ""
	for p := range catalog.Default().Permissions() {
		known += p.Name + ", "
	}
	known = strings.TrimSuffix(known, ", ")
	fill := func(start, piece string) string { return start + strings.Repeat(piece, (60<<10-len(start))/len(piece)) }
	for name, src := range map[string]string{
		"unknown permissions": fill("ALLOW a:b:c", ", setings:object:red")[:20000],
		"unknown conditions":  fill("ALLOW "+known+` WHERE a:b = "c"`, ` AND settings:schemaid = "x"`),
		"partly supported":    fill("ALLOW "+known+` WHERE global:userId = "c"`, ` AND settings:schemaId = "x"`),
		"refused":             fill("DENY "+known+` WHERE global:userId = "c"`, ` AND settings:schemaId = "x"`),
		"wrong times":         fill(`DENY slo:slos:read WHERE global:week-day = "c"`, ` AND global:week-day = "Mondai"`),
	} {
		policy, diagnostics := parser.ParsePolicy(src[:strings.LastIndexAny(src, `d"`)+1])
		if policy == nil {
			t.Fatalf("%s: %s", name, diagnostics)
		}
		began := time.Now()
		diagnostics = catalog.Default().Check(policy, catalog.Strict)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("%s: %v", name, took)
		}
		if len(diagnostics) == 0 || len(diagnostics) > 2*ast.MaxDiagnostics || len(diagnostics.String()) > 50_000 {
			t.Errorf("%s: %d remarks", name, len(diagnostics))
		}
	}
}
