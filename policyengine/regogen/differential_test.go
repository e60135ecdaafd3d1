package regogen_test

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/refeval"
	"github.com/doorward/doorward/policyengine/regogen"
	"github.com/doorward/doorward/policyengine/regogen/regogentest"
)

// requests is how many requests are asked of each drawn set of statements; compiling is the dear part.
const requests = 20

// TestAgreesWithReference compares Rego with the reference evaluator, statement by statement.
//
// Attack: an attribute that is missing, empty, a list where a text is expected, or text that means something in Rego or
// in patterns, to make an ALLOW hold or a DENY not. Fix: explicit nulls and terms that are never text. Invariant: for any
// statements and any request the same statements hold. DOORWARD_LONG=1 compares more than 100,000 pairs.
func TestAgreesWithReference(t *testing.T) {
	rounds := 1
	if os.Getenv("DOORWARD_LONG") != "" {
		rounds = 60
	}
	var tally struct{ pairs, granted, allowed, denied int }
	for range rounds {
		rapid.Check(t, func(t *rapid.T) {
			w := regogentest.Draw(t)
			p := compile(t, w.Statements)
			for range requests {
				permission := rapid.SampledFrom(regogentest.Permissions).Draw(t, "permission")
				facts := w.Facts(t)
				want := refeval.Decide(w.Statements, permission, facts)
				got := run(t, p, w.Statements, permission, facts)
				if diff := cmp.Diff(want, refeval.Outcome(got), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%s(-reference +rego)\n%s", regogentest.Describe(w.Statements, permission, facts), diff)
				}
				tally.pairs++
				tally.allowed += min(1, len(want.Allow))
				tally.denied += min(1, len(want.Deny))
				if want.Granted() {
					tally.granted++
				}
			}
		})
	}
	t.Logf("%+v", tally)
	for _, seen := range []int{tally.granted, tally.allowed, tally.denied, tally.pairs - tally.allowed, tally.pairs - tally.denied} {
		if seen < tally.pairs/20 {
			t.Errorf("an outcome is hardly ever seen: %+v", tally)
		}
	}
}

// fataler is what tests and rapid have in common.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

func compile(t fataler, statements []*bind.Statement) *regogen.Program {
	t.Helper()
	p, err := regogen.Compile(regogen.Module(statements), len(statements))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run asks with what the statements about the permission read, and no more.
func run(t fataler, p *regogen.Program, statements []*bind.Statement, permission string, facts refeval.Facts) regogen.Outcome {
	t.Helper()
	var reads []regogen.Read
	for _, s := range statements {
		for r := range regogen.Reads(s) {
			if s.Permission == permission && !slices.Contains(reads, r) {
				reads = append(reads, r)
			}
		}
	}
	known := make([]regogen.Fact, len(reads))
	for i, r := range reads {
		a, ok := facts.Attributes[r.Name]
		known[i] = regogen.Fact{Values: a.Values, List: a.List, Known: ok}
	}
	outcome, err := p.Run(context.Background(), regogen.NewQuestion(permission, reads).Input(known, facts.Now), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}
