package module_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/decisionlog"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/pap/folder"
	"github.com/doorward/doorward/tokens"
)

// with is what Prepare makes of the store and what a change of it says.
func (o office) with(change func(*folder.Contents)) *folder.Plan {
	o.t.Helper()
	scope := folder.Scope{Account: o.Account}
	want, err := folder.Export(o.t.Context(), o.Store, scope, false)
	o.check(err)
	change(&want)
	plan, found, err := folder.Prepare(o.t.Context(), want, folder.Options{
		Store: o.Store, Scope: scope, Prune: true, Policy: pap.ServiceConfig{Mask: tokens.Mask, Catalog: o.Permissions},
	})
	o.check(err)
	if found.HasErrors() {
		o.t.Fatal(found)
	}
	return plan
}

func (o office) replay(g *moduletest.Gate, plan *folder.Plan) module.Replayed {
	o.t.Helper()
	replayed, err := module.Replay(o.t.Context(), plan.Before, plan.After, module.ReplayOptions{
		Folder: filepath.Join(g.Folder, "decisions"), Account: o.Account, Samples: 1, GroupsOf: o.Policies.GroupsOf,
	})
	o.check(err)
	return replayed
}

// What a gate has decided is decided by it as the replay says, once the change is made: both answers are the gate's own.
func TestReplay(t *testing.T) {
	g := moduletest.Start(t, recording("sample 1"))
	o := newOffice(t, g)
	o.bind(builtIn(t, "Settings Reader"), "Sales")
	_, personal := g.Mint("", tokens.Attributes{Owner: "sales@example.com", Personal: true, Scopes: []string{"settings.read"}})
	ask := func(schemas string) func() (*http.Response, string) {
		return func() (*http.Response, string) {
			return send(t, g, http.MethodGet, "/api/v2/settings/objects?schemaIds="+schemas, "Authorization: Api-Token "+personal)
		}
	}
	answersWith(t, http.StatusOK, ask("builtin:first"))
	asked := []string{"builtin:a", "builtin:secret", "builtin:secret,builtin:b"}
	for _, schemas := range asked {
		answersWith(t, http.StatusOK, ask(schemas))
	}
	send(t, g, http.MethodGet, "/api/v2/entities", "Authorization: Api-Token "+personal) // refused for its scope: no matter of policies
	recorded(t, g)

	plan := o.with(func(c *folder.Contents) {
		c.Policies = append(c.Policies, folder.Policy{Name: "closed", Text: `DENY settings:objects:read WHERE settings:schemaId = "builtin:secret";`})
		c.Bindings = append(c.Bindings, folder.Binding{Group: "Sales", Policy: "closed"})
	})
	got := o.replay(g, plan)
	// A request may have been asked several times until the policies had arrived.
	want := module.Replayed{
		Replayed: got.Records, Records: got.Records, Changed: 2, Drifted: got.Drifted, Skipped: map[string]int{},
		Groups: []module.ReplayedGroup{{
			Permission: "settings:objects:read", Policies: []string{"closed"}, From: "allow", To: "deny", Count: 2,
			Samples: []module.ReplayedSample{{
				User: "sales@example.com", Environment: "default", Attributes: map[string][]string{"settings:schemaId": {"builtin:secret"}},
			}},
		}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(module.ReplayedSample{}, "ID", "Time")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if nothing := o.replay(g, o.with(func(*folder.Contents) {})); nothing.Changed != 0 || nothing.Groups != nil || nothing.Replayed < len(asked) {
		t.Errorf("without a change: %+v", nothing)
	}

	g.Load(recording("sample 1"))
	o.check(plan.Apply(t.Context(), o.Policies, "test", func(folder.Difference) {}))
	answersWith(t, http.StatusForbidden, ask(asked[2]))
	answersWith(t, http.StatusForbidden, ask(asked[1]))
	answersWith(t, http.StatusOK, ask(asked[0]))
}

// What a record does not say is never guessed: it is counted, with the reason.
func TestReplay_Skips(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	o := newOffice(t, g)
	o.bind(builtIn(t, "Settings Reader"), "Sales")
	log, err := decisionlog.Open(filepath.Join(g.Folder, "decisions"), decisionlog.Options{})
	o.check(err)
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	base := decisionlog.Record{
		ID: strings.Repeat("A", 29), Time: at, Environment: "default", User: "sales@example.com", TokenID: "dt0c01.A",
		Questions: []decisionlog.Question{{Permission: "settings:objects:read", Verdict: "allow"}},
	}
	for _, change := range []func(*decisionlog.Record){
		func(*decisionlog.Record) {},
		func(r *decisionlog.Record) { r.Questions[0].Verdict = "deny" }, // policies were others then
		func(r *decisionlog.Record) { r.Cut = true },
		func(r *decisionlog.Record) { r.User = "***" },
		func(r *decisionlog.Record) {
			r.Questions[0].Attributes = map[string][]string{"settings:schemaId": {"***"}}
		},
		func(r *decisionlog.Record) { r.TokenID, r.Kind = "jwt:1", "jwt" },
		func(r *decisionlog.Record) { r.User = "gone@example.com" },
		func(r *decisionlog.Record) { r.Questions[0].Verdict = "fault" },
		func(r *decisionlog.Record) { r.Questions[0].Permission = "" },
		func(r *decisionlog.Record) { r.Questions = nil },
	} {
		r := base
		r.Questions = []decisionlog.Question{base.Questions[0]}
		change(&r)
		log.Append(&r)
	}
	o.check(log.Close())
	got := o.replay(g, o.with(func(c *folder.Contents) { c.Bindings = nil }))
	want := module.Replayed{
		Records: 9, Replayed: 2, Changed: 2, Drifted: 1,
		Skipped: map[string]int{
			"the record was longer than it may be, and something is left out":        1,
			"the user, the environment or an attribute is masked in the log":         2,
			"the groups came from an identity provider's token and are not recorded": 1,
			"the user has no groups any more":                                        1,
			"no answer was given":                                                    1,
			"the request can no longer be put to the policies":                       1,
		},
		Groups: []module.ReplayedGroup{{
			Permission: "settings:objects:read", Policies: []string{"Settings Reader"}, From: "allow", To: "deny", Count: 2,
			Samples: []module.ReplayedSample{{ID: base.ID, Time: at, User: base.User, Environment: "default"}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
