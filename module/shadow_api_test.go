package module

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
)

// TestShadowAPI lists what is on trial.
//
// Attack: an administrator of one account reads who did what in another. Invariant: only policies that are bound at the levels
// of the caller's account are listed, and only decisions of that account are counted and shown.
func TestShadowAPI(t *testing.T) {
	g := testGate(t).gate
	book := &g.rules.shadows.book
	at := func(id string, level pap.Level) pap.Granted {
		return pap.Granted{Binding: "binding-" + id, Policy: "policy-" + id, Group: "group", Level: level}
	}
	mine, inEnvironment := at("mine", pap.AccountLevel("a")), at("env", pap.EnvironmentLevel("a-env"))
	foreign, lost, failed := at("foreign", pap.AccountLevel("b")), at("lost", pap.EnvironmentLevel("gone")), at("failed", pap.AccountLevel("a"))
	book.follow(pap.Resolution{
		Shadow: []pap.Granted{mine, inEnvironment, foreign, lost}, Failed: []pap.Granted{failed},
		Trials: map[string]pap.Policy{"policy-mine": {Name: "mine", Shadow: true}},
	}, time.Unix(0, 0))
	sample := &shadowSample{Time: time.Unix(1, 0).UTC(), Decision: "D", Live: verdictAllow, Shadow: verdictDeny, Attributes: map[string][]string{}}
	book.note("a", []string{"policy-mine"}, []string{"binding-mine"}, sample)
	book.note("b", []string{"policy-mine", "policy-foreign"}, []string{"binding-foreign"}, sample)

	operation := g.shadowOperations(func(environment string) (string, bool) { return "a", environment == "a-env" })[0]
	list := func(account, query string) (r shadowReport) {
		t.Helper()
		w := httptest.NewRecorder()
		call := &rest.Call{Request: httptest.NewRequest(http.MethodGet, operation.Path+query, nil), Account: account}
		if err := operation.Serve(w, call); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	since := time.Unix(0, 0).UTC()
	r := list("a", "")
	var names []string
	for _, p := range r.Policies {
		names = append(names, p.Policy)
	}
	if diff := cmp.Diff([]string{"policy-mine", "policy-env", "policy-failed"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"binding-failed"}, r.Policies[2].Unresolved); diff != "" {
		t.Errorf("unresolved (-want +got):\n%s", diff)
	}
	want := policyTrial{
		Policy: "policy-mine", Name: "mine", Shadow: true, Bound: 1, Unresolved: []string{},
		Bindings: []bindingTrial{{"binding-mine", "group", string(bind.Account), "a",
			trialCounts{Since: since, WouldDeny: 1, Samples: []*shadowSample{sample}}}},
		trialCounts: trialCounts{Since: since, WouldDeny: 1, Samples: []*shadowSample{sample}},
	}
	got := list("a", "?policyUuid=policy-mine").Policies
	if diff := cmp.Diff([]policyTrial{want}, got, cmp.AllowUnexported(policyTrial{}, bindingTrial{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if other := list("", ""); len(other.Policies) != 0 {
		t.Errorf("without an account: %+v", other)
	}
	if other := list("b", ""); len(other.Policies) != 1 || other.Policies[0].Policy != "policy-foreign" || other.Policies[0].WouldDeny != 1 {
		t.Errorf("of the other account: %+v", other)
	}
}
