package pap_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
)

// The attack: somebody who can damage one text, or one reference, in the store makes a DENY disappear. The invariant:
// what cannot be bound fails the whole answer; nothing is decided with the rest.
func TestStatementsAreAllOrNothing(t *testing.T) {
	damages := map[string]func(*desk, string, string) error{
		"text of a policy": func(d *desk, policy, _ string) error {
			return d.store.UpdatePolicy(d.t.Context(), policy, d.newest(), func(p *pap.Policy) error {
				p.Statement = "DENY settings:objects:read WHERE"
				return nil
			}, func(pap.Assignment) error { return nil })
		},
		"text of a boundary": func(d *desk, _, boundary string) error {
			return d.store.UpdateBoundary(d.t.Context(), boundary, d.newest(), func(b *pap.Boundary) error {
				b.Query = ""
				return nil
			}, func(pap.Assignment) error { return nil })
		},
		"policy that is not there": func(d *desk, _, _ string) error {
			return d.store.EditBindings(d.t.Context(), pap.BindingQuery{Level: atAccount}, 100, d.newest(),
				func(current []pap.Binding) (pap.BindingEdit, error) {
					b := current[0]
					b.ID, b.PolicyUUID = "another", "gone"
					return pap.BindingEdit{Put: []pap.Binding{b}}, nil
				}, func(pap.Assignment) error { return nil })
		},
		"parameter that is not there": func(d *desk, policy, _ string) error {
			return d.store.UpdatePolicy(d.t.Context(), policy, d.newest(), func(p *pap.Policy) error {
				p.Statement = parameterised
				return nil
			}, func(pap.Assignment) error { return nil })
		},
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			group, fine := d.group("IT"), d.policy(atAccount, "fine", settings)
			policy, boundary := d.policy(atAccount, "deny", "DENY settings:objects:read;"), d.boundary("b", `settings:schemaId = "a"`)
			d.bind(atAccount, fine, pap.Terms{}, group)
			d.bind(atAccount, policy, pap.Terms{Boundaries: []string{boundary}}, group)
			d.wantStatements([]string{group}, "DENY settings:objects:read;", settings)
			d.must(damage(d, policy, boundary))
			got, err := d.Statements(t.Context(), []string{group}, account, environment)
			wantFault(t, "Statements", err, fault.Internal, "The policies that are assigned here cannot be used.")
			if got != nil {
				t.Errorf("came with the error: %v", texts(got))
			}
		})
	}
}

// Groups with equal bindings have equal statements, so that they can share a compiled set.
func TestStatementsAreCanonical(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(t)
		policies := []string{d.policy(atAccount, "one", parameterised+" DENY settings:objects:write;"), d.policy(atAccount, "two", settings),
			d.builtInNamed("Settings Reader"), d.builtInNamed("Settings Writer")}
		boundaries := []string{d.boundary("x", `settings:schemaId = "x"; settings:schemaId = "y";`), d.boundary("y", `global:environmentId = "e";`)}
		var terms []pap.PolicyTerms
		for range rapid.IntRange(1, 6).Draw(rt, "bindings") {
			p := pap.PolicyTerms{Policy: rapid.SampledFrom(policies).Draw(rt, "policy")}
			p.Boundaries = rapid.SliceOfNDistinct(rapid.SampledFrom(boundaries), 0, 2, rapid.ID).Draw(rt, "boundaries")
			if p.Policy == policies[0] {
				p.Parameters = map[string]string{"schemas": rapid.SampledFrom([]string{"a", "b", "a,b"}).Draw(rt, "schemas")}
			}
			same := func(other pap.PolicyTerms) bool {
				return other.Policy == p.Policy && maps.Equal(other.Parameters, p.Parameters)
			}
			if !slices.ContainsFunc(terms, same) {
				terms = append(terms, p)
			}
		}
		// One group has all of it, the others share it; order and levels are drawn.
		one, others := d.group("one"), []string{d.group("two"), d.group("three")}
		level := rapid.SampledFrom([]pap.Level{atAccount, pap.EnvironmentLevel(environment)})
		for _, p := range rapid.Permutation(terms).Draw(rt, "order") {
			d.bind(level.Draw(rt, "level"), p.Policy, p.Terms, one)
			for _, group := range rapid.SliceOfNDistinct(rapid.SampledFrom(others), 1, 2, rapid.ID).Draw(rt, "groups") {
				d.bind(level.Draw(rt, "level"), p.Policy, p.Terms, group)
			}
		}
		want, err := d.Statements(t.Context(), []string{one}, account, environment)
		d.must(err)
		got, err := d.Statements(t.Context(), others, account, environment)
		d.must(err)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(bind.Condition{})); diff != "" {
			rt.Fatalf("one group, then the others (-want +got):\n%s", diff)
		}
	})
}

// A policy that is bound twice with the same parameters, but other boundaries, is two bindings: neither stands in for the
// other, whichever is looked at first.
func TestStatementsOfOtherBoundaries(t *testing.T) {
	for range 10 { // identifiers, and with them the order, are random
		d := newDesk(t)
		it, sales, policy := d.group("IT"), d.group("Sales"), d.policy(atAccount, "p", settings)
		d.bind(atAccount, policy, pap.Terms{Boundaries: []string{d.boundary("a", `settings:schemaId = "a"`)}}, it)
		d.bind(pap.EnvironmentLevel(environment), policy, pap.Terms{Boundaries: []string{d.boundary("b", `settings:schemaId = "b"`)}}, it)
		d.bind(atAccount, policy, pap.Terms{}, sales)
		d.wantStatements([]string{it}, read("a"), read("b"))
		d.wantStatements([]string{it, sales}, read("a"), read("b"), settings)
	}
}

// FuzzPolicy: any text is refused, or it is stored as it is and can be used: after whatever was accepted, statements can be
// asked for. A secret is never repeated.
func FuzzPolicy(f *testing.F) {
	for _, seed := range []string{
		settings, parameterised, "", "DENY", `ALLOW a:b:c WHERE d:e = "f"`, "ALLOW settings:objects:read // SECRET",
		`DENY storage:logs:read WHERE storage:bucket-name = "x";`, "\x00", "ALLOW settings:objects:read\u202e;",
		`ALLOW settings:objects:read WHERE global:date > "2026-11-22Z";`,
	} {
		f.Add(seed, "x")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		d := newDesk(t)
		p, _, err := d.CreatePolicy(t.Context(), "ann", atAccount, "", pap.PolicyAttributes{Name: "p", Statement: text})
		if err != nil {
			wantFault(t, "CreatePolicy", err, fault.Invalid, "")
			return
		}
		if p.Statement != text {
			t.Errorf("stored %q", p.Statement)
		}
		group := d.group("IT")
		for _, parameters := range []map[string]string{nil, {"schemas": value}} {
			_, _, err := d.Bind(t.Context(), "ann", pap.BindRequest{Level: atAccount, Policy: p.UUID, Groups: []string{group}, Terms: pap.Terms{Parameters: parameters}})
			if err != nil {
				wantFault(t, "Bind", err, fault.Invalid, "")
			}
		}
		if _, err := d.Statements(t.Context(), []string{group}, account, environment); err != nil {
			t.Errorf("what was accepted cannot be used: %v", err)
		}
	})
}
