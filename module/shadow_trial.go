package module

import (
	"slices"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
)

// trialTerms are shadow bindings that bind one policy on the same terms, so that what one of them does all of them do.
type trialTerms struct {
	policy  string
	holders map[string][]pap.Granted // by group
}

// newTrial gives each shadow statement a name in place of its policy's, by which the reasons of a verdict tell which bindings
// it came with. Bindings on the same terms share it, so that their groups share a compiled set as they would live.
func newTrial(shadow []pap.Granted) (*trial, []policyengine.Binding) {
	t := &trial{terms: map[string]*trialTerms{}}
	type marked struct {
		*trialTerms
		statements []*bind.Statement
	}
	known := map[**bind.Statement]marked{} // by where the list lies that they share
	bindings := make([]policyengine.Binding, 0, len(shadow))
	for _, g := range shadow {
		at := whereListIs(g.Statements)
		m, ok := known[at]
		if !ok {
			// The first binding's identifier stays while that binding does, and what is compiled under it.
			name := g.Policy + "/" + g.Binding
			m = marked{&trialTerms{policy: g.Policy, holders: map[string][]pap.Granted{}}, markStatements(g.Statements, name)}
			t.terms[name] = m.trialTerms
			if len(g.Statements) > 0 {
				known[at] = m
			}
		}
		m.holders[g.Group] = append(m.holders[g.Group], g)
		bindings = append(bindings, policyengine.Binding{Group: g.Group, Level: g.Level.Type, LevelID: g.Level.ID, Statements: m.statements})
	}
	return t, bindings
}

// whereListIs is where a list lies, by which bindings on the same terms know one another; nil for an empty one.
func whereListIs(statements []*bind.Statement) **bind.Statement {
	if len(statements) == 0 {
		return nil
	}
	return &statements[0]
}

func markStatements(statements []*bind.Statement, name string) []*bind.Statement {
	marked := make([]*bind.Statement, len(statements))
	for i, s := range statements {
		copied := *s
		copied.Origin.PolicyID = name
		marked[i] = &copied
	}
	return marked
}

// blame finds the bindings that gave a request's subject the statement that a reason names; none for a live one.
func (t *trial) blame(reason *policyengine.Reason, r *policyengine.Request) (*trialTerms, []pap.Granted) {
	terms := t.terms[reason.PolicyID]
	if terms == nil {
		return nil, nil
	}
	var found []pap.Granted
	for _, group := range slices.Compact(slices.Sorted(slices.Values(r.Subject.Groups))) {
		for _, g := range terms.holders[group] {
			if g.Level == pap.AccountLevel(r.Account) || g.Level == pap.EnvironmentLevel(r.Environment) {
				found = append(found, g)
			}
		}
	}
	return terms, found
}
