package module

import (
	"testing"

	"github.com/doorward/doorward/policyengine/pap"
)

// ShadowChange is what a policy on trial would have changed.
type ShadowChange struct {
	Policy      string
	Shadow      bool
	Bound       int
	Allow, Deny uint64
	Statements  []string // of the newest sample
	User        string
	Endpoint    string
	Attributes  map[string][]string
	Live        string
}

// ShadowChanges are those in the book, of an account with all levels in it.
func (g RunningGate) ShadowChanges(account string) (changes []ShadowChange) {
	for _, p := range g.gate.rules.shadows.book.report(account, "", func(pap.Level) bool { return true }).Policies {
		c := ShadowChange{Policy: p.Name, Shadow: p.Shadow, Bound: p.Bound, Allow: p.WouldAllow, Deny: p.WouldDeny}
		if len(p.Samples) > 0 {
			s := p.Samples[0]
			c.User, c.Endpoint, c.Attributes, c.Live = s.User, s.Endpoint, s.Attributes, s.Live
			for _, statement := range s.Statements {
				c.Statements = append(c.Statements, statement.Effect+" "+statement.Name)
			}
		}
		changes = append(changes, c)
	}
	return changes
}

// ShadowDecisions counts, by change, and what was dropped.
func (g RunningGate) ShadowDecisions(t testing.TB) (none, allow, deny, dropped float64) {
	c := &g.gate.rules.shadows.count
	return read(t, c.none).GetCounter().GetValue(), read(t, c.allow).GetCounter().GetValue(),
		read(t, c.deny).GetCounter().GetValue(), read(t, c.dropped).GetCounter().GetValue()
}

// OnTrial reports whether shadows are asked.
func (g RunningGate) OnTrial() bool { return g.gate.rules.shadows.current.Load() != nil }
