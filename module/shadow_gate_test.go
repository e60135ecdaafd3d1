package module_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// shadow changes whether a policy is on trial.
func (o office) shadow(policy, name, statement string, on bool) {
	o.t.Helper()
	_, err := o.Policies.UpdatePolicy(o.t.Context(), "test", pap.AccountLevel(o.Account), policy,
		pap.PolicyAttributes{Name: name, Statement: statement, Shadow: &on})
	o.check(err)
}

// A trial at a real gate: answers stay as they are, what would change is counted with samples, and a policy whose trial ends
// decides at once.
func TestShadowAtTheGate(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	o := newOffice(t, g)
	_, token := g.Mint("", tokens.Attributes{Owner: "sales@example.com", Personal: true, Scopes: []string{"settings.read"}})
	read := func(schema string) func() (*http.Response, string) {
		return func() (*http.Response, string) {
			return send(t, g, http.MethodGet, "/api/v2/settings/objects?schemaIds="+schema, "Authorization: Api-Token "+token)
		}
	}
	o.bind(o.policy("live", `ALLOW settings:objects:read WHERE settings:schemaId = "a";`), "Sales")
	answersWith(t, http.StatusOK, read("a"))
	gate := module.TheGate(t)
	if gate.OnTrial() {
		t.Error("something is on trial where there is no shadow")
	}

	const narrows, widens = `DENY settings:objects:read WHERE settings:schemaId = "a";`, `ALLOW settings:objects:read WHERE settings:schemaId = "b";`
	closing, opening := o.policy("closing", `ALLOW settings:objects:write;`), o.policy("opening", `ALLOW settings:objects:write;`)
	o.shadow(closing, "closing", narrows, true)
	o.shadow(opening, "opening", widens, true)
	o.bind(closing, "Sales")
	o.bind(opening, "Sales", "IT")
	eventually(t, "both are on trial", func() bool { return gate.OnTrial() && len(gate.ShadowChanges(o.Account)) == 2 })
	for range 3 {
		answersWith(t, http.StatusOK, read("a"))
	}
	answersWith(t, http.StatusForbidden, read("b"))
	answersWith(t, http.StatusForbidden, read("c"))
	eventually(t, "all were judged", func() bool {
		none, allow, deny, dropped := gate.ShadowDecisions(t)
		return none == 1 && allow == 1 && deny == 3 && dropped == 0
	})
	want := []module.ShadowChange{
		{"closing", true, 1, 0, 3, []string{"DENY closing"}, "sales@example.com", "GET /api/v2/settings/objects", map[string][]string{"settings:schemaId": {"a"}}, "allow"},
		{"opening", true, 2, 1, 0, []string{"ALLOW opening"}, "sales@example.com", "GET /api/v2/settings/objects", map[string][]string{"settings:schemaId": {"b"}}, "deny"},
	}
	if diff := cmp.Diff(want, gate.ShadowChanges(o.Account)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// What a trial has seen is of the policy as it was.
	o.shadow(opening, "opening", `ALLOW settings:objects:read WHERE settings:schemaId = "d";`, true)
	eventually(t, "the changed policy begins anew", func() bool {
		changes := gate.ShadowChanges(o.Account)
		return len(changes) == 2 && changes[0].Policy == "closing" && changes[0].Deny == 3 && changes[1].Allow == 0
	})
	o.shadow(closing, "closing", narrows, false)
	answersWith(t, http.StatusForbidden, read("a"))
	o.shadow(opening, "opening", widens, false)
	answersWith(t, http.StatusOK, read("b"))
	eventually(t, "nothing is on trial any more", func() bool { return !gate.OnTrial() && len(gate.ShadowChanges(o.Account)) == 0 })
}
