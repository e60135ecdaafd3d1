package module

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
)

// shadowOperations are the API of what shadow policies would change. accountOf gives the account of an environment, false for
// one that there is not.
func (g *gate) shadowOperations(accountOf func(environment string) (account string, ok bool)) []rest.Operation {
	list := func(w http.ResponseWriter, call *rest.Call) error {
		mine := func(level pap.Level) bool {
			if level.Type == bind.Environment {
				account, ok := accountOf(level.ID)
				return ok && account == call.Account
			}
			return call.Account != "" && level == pap.AccountLevel(call.Account)
		}
		q := call.Query()
		policy := q.Text("policyUuid")
		if err := q.Err(); err != nil {
			return err
		}
		return rest.Write(w, http.StatusOK, g.rules.shadows.book.report(call.Account, policy, mine))
	}
	return []rest.Operation{{Method: http.MethodGet, Path: "/api/doorward/v1/shadow", Serve: list}}
}

// shadowReport is what this gateway has seen of the shadows of an account.
type shadowReport struct {
	Policies []policyTrial `json:"policies"`
	// Omitted counts changes, of all accounts, for which there was no room.
	Omitted uint64 `json:"omitted"`
}

// policyTrial is a policy that is a shadow, or that a shadow binding binds.
type policyTrial struct {
	Policy     string         `json:"policyUuid"`
	Name       string         `json:"policyName"`
	Shadow     bool           `json:"shadow"` // the policy itself; otherwise some of its bindings are
	Bound      int            `json:"shadowBindings"`
	Unresolved []string       `json:"unresolvedBindings"` // these are not tried
	Bindings   []bindingTrial `json:"bindings"`           // those that would have changed something
	trialCounts
}

// bindingTrial is a binding on trial.
type bindingTrial struct {
	ID        string `json:"id"`
	Group     string `json:"groupUuid"`
	LevelType string `json:"levelType"`
	LevelID   string `json:"levelId"`
	trialCounts
}

// trialCounts is what something would have changed since it has been what it is.
type trialCounts struct {
	Since      time.Time       `json:"since"`
	WouldAllow uint64          `json:"wouldAllow"`
	WouldDeny  uint64          `json:"wouldDeny"`
	Samples    []*shadowSample `json:"samples,omitzero"` // newest first
}

// shadowUnresolved bounds how many unresolved bindings of a policy are listed.
const shadowUnresolved = 100

// report lists what is on trial at the levels of an account: what changed most first. Where it is about one policy, its
// bindings have their samples with them; of all together they would be too many.
func (b *shadowBook) report(account, policy string, mine func(pap.Level) bool) shadowReport {
	b.mu.Lock()
	defer b.mu.Unlock()
	trials := map[string]*policyTrial{}
	for i := range b.granted {
		g := &b.granted[i]
		if !mine(g.Level) || policy != "" && policy != g.Policy {
			continue
		}
		t := trials[g.Policy]
		if t == nil {
			p := b.policies[g.Policy]
			t = &policyTrial{
				Policy: g.Policy, Name: p.policy.Name, Shadow: p.policy.Shadow, Unresolved: []string{}, Bindings: []bindingTrial{},
				trialCounts: b.counted(recordKey{account: account, id: g.Policy}, p.since),
			}
			trials[g.Policy] = t
		}
		t.Bound++
		if key := (recordKey{account: account, id: g.Binding, binding: true}); b.records[key] != nil {
			counts := b.counted(key, b.bindings[g.Binding].since)
			if policy == "" {
				counts.Samples = nil
			}
			t.Bindings = append(t.Bindings, bindingTrial{g.Binding, g.Group, string(g.Level.Type), g.Level.ID, counts})
		}
	}
	for i := range b.failed {
		t := trials[b.failed[i].Policy]
		if t != nil && mine(b.failed[i].Level) && len(t.Unresolved) < shadowUnresolved {
			t.Unresolved = append(t.Unresolved, b.failed[i].Binding)
		}
	}
	report := shadowReport{Policies: []policyTrial{}, Omitted: b.omitted}
	for _, t := range trials {
		report.Policies = append(report.Policies, *t)
	}
	slices.SortFunc(report.Policies, func(a, b policyTrial) int {
		return cmp.Or(cmp.Compare(b.WouldAllow+b.WouldDeny, a.WouldAllow+a.WouldDeny), cmp.Compare(a.Policy, b.Policy))
	})
	return report
}

func (b *shadowBook) counted(key recordKey, since time.Time) trialCounts {
	c := trialCounts{Since: since.UTC().Truncate(time.Millisecond), Samples: []*shadowSample{}}
	if r := b.records[key]; r != nil {
		c.WouldAllow, c.WouldDeny = r.allow, r.deny
		c.Samples = append(c.Samples, r.samples...)
		slices.Reverse(c.Samples)
	}
	return c
}
