package regogen_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/regogen"
)

// TestFaultsAreNoOutcomes: whatever goes wrong in an evaluation is an error.
//
// Attack: make the evaluation fail (an error of a function, a conflict, a result of another shape, a panic, too much
// work) so that an ALLOW holds or a DENY is not seen. Fix: anything but two sets of statement numbers is an error.
// Invariant: an error comes with an empty outcome.
func TestFaultsAreNoOutcomes(t *testing.T) {
	many := ast.ArrayTerm()
	for i := range 300 {
		many = ast.NewTerm(many.Value.(*ast.Array).Append(ast.IntNumberTerm(i)))
	}
	loop := "some a in input.x; some b in input.x; some c in input.x; some d in input.x; a + b + c + d == -1"
	for name, c := range map[string]struct {
		rules string
		input *ast.Term
	}{
		"unknown number":      {`allow contains "1" if input.x == null`, object(ast.NullTerm())},
		"negative number":     {`allow contains "-1" if input.x == null`, object(ast.NullTerm())},
		"not a number":        {`allow contains "true" if input.x == null`, object(ast.NullTerm())},
		"not a text":          {`allow contains 0 if input.x == null`, object(ast.NullTerm())},
		"not a set":           {`allow := true`, object(ast.NullTerm())},
		"undefined":           {`allow := "0" if input.x == 1`, object(ast.NullTerm())},
		"conflict":            {"allow := \"0\" if input.x == null\nallow := \"1\" if input.x == null", object(ast.NullTerm())},
		"error of a function": {`deny contains "0" if not startswith(input.x, "a")`, object(ast.IntNumberTerm(1))},
		"too much work":       {`deny contains "0" if { ` + loop + ` }`, object(many)},
		"panic":               {`allow contains "0" if input.x == "a"`, ast.NewTerm(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := ast.ParseModuleWithOpts("x", "package doorward.iam\n"+c.rules, ast.ParserOptions{RegoVersion: ast.RegoV1})
			if err != nil {
				t.Fatal(err)
			}
			p, err := regogen.Compile(m, 1)
			if err != nil {
				t.Fatal(err)
			}
			o, err := p.Run(t.Context(), c.input, 20*time.Millisecond)
			if err == nil || o.Allow != nil || o.Deny != nil {
				t.Errorf("got %+v, %v", o, err)
			}
			if (name == "too much work") != errors.Is(err, regogen.ErrTimeout) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func object(x *ast.Term) *ast.Term { return ast.ObjectTerm([2]*ast.Term{ast.StringTerm("x"), x}) }

// TestNoReach: rules cannot name what reaches out of them, whoever wrote them.
//
// Attack: a rule that sends a request, reads the environment or resolves a name. Fix: capabilities without these
// functions. Invariant: such a module does not compile.
func TestNoReach(t *testing.T) {
	for _, call := range []string{
		`http.send({"method": "GET", "url": "http://192.0.2.1"})`, `opa.runtime()`, `net.lookup_ip_addr("example.com")`,
		`time.now_ns()`, `rand.intn("x", 2)`, `uuid.rfc4122("x")`, `regex.match("a", "a")`, `trace("x")`, `io.jwt.decode("x")`,
	} {
		m, err := ast.ParseModuleWithOpts("x", "package doorward.iam\nallow contains \"0\" if "+call, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := regogen.Compile(m, 1); err == nil {
			t.Errorf("%s compiled", call)
		}
	}
	if n := len(regogen.Capabilities().Builtins); n != 16 {
		t.Errorf("%d functions are allowed, 16 are used", n)
	}
}

// TestNoStatements: without rules nothing holds.
func TestNoStatements(t *testing.T) {
	p := compile(t, nil)
	o, err := p.Run(context.Background(), regogen.NewQuestion("a:b:c", nil).Input(nil, time.Now()), time.Second)
	if err != nil || o.Allow != nil || o.Deny != nil {
		t.Errorf("got %+v, %v", o, err)
	}
}

// TestCheckKinds: one attribute read as a text and as a set.
func TestCheckKinds(t *testing.T) {
	statements := bound(t, `ALLOW settings:objects:read WHERE settings:schemaId = "a"; DENY settings:objects:read WHERE settings:schemaId = "b";`)
	if err := regogen.CheckKinds(statements); err != nil {
		t.Error(err)
	}
	statements[1].Conditions[0].Kind = catalog.Set
	if err := regogen.CheckKinds(statements); err == nil {
		t.Error("accepted")
	}
}
