package policyengine

import (
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/regogen"
)

// maxReasons bounds what a verdict carries. A request that a thousand statements refuse is explained by the first ones.
const maxReasons = 20

// Verdict is the answer to a request. Its lists are shared with other answers and must not be changed.
type Verdict struct {
	Allow bool
	// Reasons are the statements that decided: of a grant the ALLOWs that hold, of a refusal the DENYs. A refusal without
	// any is the default: no statement grants. At most 20, in the order of policies and statements.
	Reasons []Reason
	// Missing are attributes that the request did not give and that may have cost it the grant: those that made a DENY
	// hold, or, where nothing grants, those that an ALLOW of this permission reads. Sorted; empty for a grant.
	Missing []string
	// ValidUntil is the next instant at which a time condition that was read can change; zero when none was.
	ValidUntil time.Time
	Cached     bool
	// Index says which of the requests handed to DecideAll was refused; 0 for a grant.
	Index int
}

// Reason is a statement that holds.
type Reason struct {
	PolicyID   string
	PolicyName string
	Level      bind.Level
	LevelID    string
	Statement  int // in its policy, from 0
	Line       int // of the statement in the policy's text, from 1; 0 when there is no text
	Column     int // bytes, from 1
	Effect     ast.Effect
	Boundary   string // name of the boundary under which the statement grants; "" without one
	Note       string // a sentence where the statement alone does not explain itself; "" otherwise
}

// verdict turns the statements that hold into an answer.
func (s *Set) verdict(p *permission, outcome regogen.Outcome, facts []regogen.Fact, now time.Time) Verdict {
	v := Verdict{ValidUntil: p.clock.next(now)}
	switch {
	case len(outcome.Deny) > 0:
		v.Reasons = s.reasons(outcome.Deny, p, facts, &v.Missing)
	case len(outcome.Allow) > 0:
		v.Allow = true
		v.Reasons = s.reasons(outcome.Allow, p, facts, nil)
	default:
		for i, r := range p.reads {
			if p.allowReads[i] && !facts[i].KnownAs(r.Kind) {
				v.Missing = append(v.Missing, r.Name)
			}
		}
	}
	return v
}

// reasons names statements; what made a DENY hold by being unknown is added to missing.
func (s *Set) reasons(indexes []int, p *permission, facts []regogen.Fact, missing *[]string) []Reason {
	reasons := make([]Reason, 0, min(len(indexes), maxReasons))
	for _, i := range indexes[:min(len(indexes), maxReasons)] {
		statement := s.statements[i]
		reason := reasonOf(statement)
		if missing != nil {
			names := p.unknown(statement, facts)
			if len(names) > 0 {
				reason.Note = "It refuses because these are unknown: " + strings.Join(names, ", ")
			}
			*missing = append(*missing, names...)
		}
		reasons = append(reasons, reason)
	}
	if missing != nil {
		slices.Sort(*missing)
		*missing = slices.Compact(*missing)
	}
	return reasons
}

// reasonOf copies what a reason shows, so that a verdict does not keep a policy's tree alive.
func reasonOf(s *bind.Statement) Reason {
	o := s.Origin
	r := Reason{
		PolicyID: o.PolicyID, PolicyName: o.PolicyName, Level: o.Level, LevelID: o.LevelID, Statement: o.Index,
		Line: o.Pos.Line, Column: o.Pos.Column, Effect: s.Effect, Boundary: o.Boundary,
	}
	if o.IncludedIn != "" {
		r.Note = "It comes with " + o.IncludedIn
	}
	for i := range s.Conditions {
		// An ALLOW under such a condition does not hold and is never a reason.
		if c := &s.Conditions[i]; c.Kind == catalog.Unsupported {
			r.Note = s.Permission + " does not know " + c.Name + ", so this refuses whatever it is"
		}
	}
	return r
}

// unknown lists what a statement reads and the request does not say, each once, sorted.
func (p *permission) unknown(s *bind.Statement, facts []regogen.Fact) []string {
	var names []string
	for r := range regogen.Reads(s) {
		i, found := p.index(r.Name)
		if found && !r.Kind.Timed() && !facts[i].KnownAs(r.Kind) {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
