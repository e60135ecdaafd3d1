package bind_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/parser"
)

// TestBindingIsBounded: a small text cannot ask for very much.
//
// Attack: boundaries that multiply, parameters that multiply lists, parameters named thousands of times. Fix: every
// product is bounded before it is made. Invariant: an error comes soon, and nothing is bound.
func TestBindingIsBounded(t *testing.T) {
	var wide strings.Builder
	for i := range 10 {
		fmt.Fprintf(&wide, `settings:schemaId = "a%d"; settings:scope = "b%d"; settings:schemaGroup = "c%d"; settings:objectId = "d%d"; shared:app-id = "e%d";`, i, i, i, i, i)
	}
	var permissions []string
	for p := range catalog.Default().Permissions() {
		permissions = append(permissions, p.Name)
	}
	all := strings.Join(permissions, ", ")
	list := strings.Repeat("x,", 99) + "x"
	long := strings.Repeat("x", bind.MaxParameter)
	var square strings.Builder
	for i := range 101 {
		fmt.Fprintf(&square, `settings:schemaId = "a%d"; settings:scope = "b%d";`, i, i)
	}
	cases := map[string]struct {
		policy, boundary string
		parameters       map[string]string
		code             string
	}{
		"products of a boundary":    {"ALLOW settings:objects:read;", wide.String(), nil, "too-large"},
		"two names a hundred times": {"ALLOW settings:objects:read;", square.String(), nil, "too-large"},
		"values of one parameter": {
			`ALLOW settings:objects:read WHERE settings:schemaId IN ("${bindParam:p}");`,
			"", map[string]string{"p": strings.Repeat("x,", bind.MaxValues) + "x"}, "bad-parameter",
		},
		"conditions of all": {
			"ALLOW " + all + " WHERE " + strings.Repeat(`global:userId = "u" AND `, 999) + `global:userId = "u";`, "", nil, "too-large",
		},
		"products of parameters": {
			`ALLOW settings:objects:read WHERE settings:schemaId IN ("` + strings.Repeat("${bindParam:p}", 500) + `");`,
			"", map[string]string{"p": list}, "bad-parameter",
		},
		"a parameter named often": {
			`ALLOW settings:objects:read WHERE settings:schemaId = "` + strings.Repeat("${bindParam:p}", 2000) + `";`,
			"", map[string]string{"p": long}, "bad-parameter",
		},
		"a long parameter": {
			`ALLOW settings:objects:read WHERE settings:schemaId = "${bindParam:p}";`, "", map[string]string{"p": long + "x"}, "bad-parameter",
		},
	}
	limits := parser.DefaultLimits
	limits.Restrictions = 1000
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			policy, diagnostics := limits.ParsePolicy(c.policy)
			if policy == nil {
				t.Fatal(diagnostics)
			}
			var boundaries []bind.Boundary
			if c.boundary != "" {
				tree, _ := limits.ParseBoundary(c.boundary)
				boundaries = []bind.Boundary{{Name: "b", Tree: tree}}
			}
			began := time.Now()
			bound, diagnostics := bind.Bind(bind.Policy{Tree: policy}, c.parameters, boundaries, catalog.Default())
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
			if bound != nil || diagnostics[0].Code != c.code {
				t.Errorf("got %v, want %s", diagnostics, c.code)
			}
			if len(diagnostics) > 2*ast.MaxDiagnostics {
				t.Errorf("%d diagnostics", len(diagnostics))
			}
		})
	}
}

// TestMoments: timed operands are read once, when the policy is bound.
func TestMoments(t *testing.T) {
	policy, diagnostics := parser.ParsePolicy(`DENY hub:catalog:read WHERE global:date = "2026-05-03+02:00"
		AND global:date-time < "2026-05-03T05:00:00-01:00" AND global:time-of-day > "09:30+05:45" AND global:week-day IN ("Sunday", "Friday");`)
	if policy == nil {
		t.Fatal(diagnostics)
	}
	bound, diagnostics := bind.Bind(bind.Policy{Tree: policy}, nil, nil, catalog.Default())
	if bound == nil {
		t.Fatal(diagnostics)
	}
	var got []catalog.Moment
	for _, c := range bound.Statements[0].Conditions {
		for _, o := range c.Operands {
			got = append(got, o.Moment)
		}
	}
	want := []catalog.Moment{
		{Time: time.Date(2026, 5, 2, 22, 0, 0, 0, time.UTC)},
		{Time: time.Date(2026, 5, 3, 6, 0, 0, 0, time.UTC)},
		{Clock: 9*time.Hour + 30*time.Minute, Offset: 5*time.Hour + 45*time.Minute},
		{Weekday: time.Sunday},
		{Weekday: time.Friday},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestNoBoundaryIsNoRestriction: a boundary that is gone or empty.
//
// Attack: a binding whose boundary cannot be read is bound as if it had none. Fix: such a binding is refused. Invariant:
// a restriction can get lost only together with what it restricts.
func TestNoBoundaryIsNoRestriction(t *testing.T) {
	policy, _ := parser.ParsePolicy("ALLOW hub:catalog:read;")
	for name, boundary := range map[string]*ast.Boundary{"gone": nil, "empty": {}} {
		bound, diagnostics := bind.Bind(bind.Policy{Tree: policy}, nil, []bind.Boundary{{Name: "b", Tree: boundary}}, catalog.Default())
		if bound != nil || diagnostics[0].Code != "no-boundary" {
			t.Errorf("%s: got %v with %v", name, bound, diagnostics)
		}
	}
	if bound, _ := bind.Bind(bind.Policy{}, nil, nil, catalog.Default()); bound != nil {
		t.Error("a policy that is gone was bound")
	}
}
