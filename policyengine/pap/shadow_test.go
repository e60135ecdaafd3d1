package pap_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/pap"
)

const denied = "DENY settings:objects:write;"

func (d *desk) put(level pap.Level, uuid, statement string, shadow *bool) {
	d.t.Helper()
	_, _, err := d.PutPolicy(d.t.Context(), "ann", level, uuid, pap.PolicyAttributes{Name: "put", Statement: statement, Shadow: shadow})
	d.must(err)
}

// granted are the texts of what a resolution has on one side.
func granted(all []pap.Granted) (lines []string) {
	for _, g := range all {
		lines = append(lines, texts(g.Statements)...)
	}
	slices.Sort(lines) // bindings come by identifier, which is random
	return lines
}

func (d *desk) wantResolved(live, shadow []string) {
	d.t.Helper()
	r, err := d.Resolve(d.t.Context())
	d.must(err)
	if diff := cmp.Diff([][]string{live, shadow}, [][]string{granted(r.Live), granted(r.Shadow)}); diff != "" {
		d.t.Errorf("live and shadow (-want +got):\n%s", diff)
	}
	everything, err := d.Everything(d.t.Context())
	d.must(err)
	if diff := cmp.Diff(live, granted(everything)); diff != "" {
		d.t.Errorf("Everything (-want +got):\n%s", diff)
	}
}

// The attack: a policy on trial decides, or a live one stops deciding when somebody edits it who knows nothing of trials.
// The invariant: what is a shadow, by itself or by its policy, is in no answer, and it stays what it is until that is said.
func TestShadow(t *testing.T) {
	d := newDesk(t)
	yes, no := true, false
	group := d.group("IT")
	live := d.policy(atAccount, "live", settings)
	d.bind(atAccount, live, pap.Terms{}, group)
	const trial = "0b6d3c1e-7f43-4f0c-9d1e-000000000001"
	d.put(atAccount, trial, denied, &yes)
	d.bind(atAccount, trial, pap.Terms{}, group)
	d.wantStatements([]string{group}, settings)
	d.wantResolved([]string{settings}, []string{denied})

	d.put(atAccount, trial, denied+" "+denied, nil) // an edit that does not speak of it
	d.wantStatements([]string{group}, settings)
	d.put(atAccount, trial, denied, &no)
	d.wantStatements([]string{group}, denied, settings)
	d.wantResolved([]string{settings, denied}, nil)

	rebind := func(terms pap.Terms) {
		t.Helper()
		_, err := d.Rebind(t.Context(), "ann", pap.RebindRequest{Level: atAccount, Policy: trial, Group: group, KeepParameters: true, Terms: terms})
		d.must(err)
	}
	rebind(pap.Terms{Shadow: &yes})
	d.wantStatements([]string{group}, settings)
	rebind(pap.Terms{Metadata: map[string]string{"a": "b"}})
	d.wantStatements([]string{group}, settings)
	_, err := d.SetGroupPolicies(t.Context(), "ann", atAccount, group, []string{live, trial})
	d.must(err)
	d.wantStatements([]string{group}, settings)
	effective, err := d.Effective(t.Context(), []string{group}, account, environment)
	if err != nil || len(effective) != 1 || effective[0].Policy.UUID != live {
		t.Errorf("Effective: %+v, %v", effective, err)
	}
	rebind(pap.Terms{Shadow: &no})
	d.wantStatements([]string{group}, denied, settings)
}

// The attack: a trial is damaged, and with it everything stops, or a live binding that cannot be resolved is taken for a
// trial. The invariant: a shadow that cannot be resolved is told apart and stops nothing; a live one fails the whole call,
// also when a shadow with the same terms came first.
func TestShadowThatCannotBeResolved(t *testing.T) {
	d := newDesk(t)
	yes, no := true, false
	it, sales := d.group("IT"), d.group("Sales")
	d.bind(atAccount, d.policy(atAccount, "live", settings), pap.Terms{}, it)
	broken := d.policy(atAccount, "broken", denied)
	d.bind(atAccount, broken, pap.Terms{Shadow: &yes}, it, sales)
	d.must(d.store.UpdatePolicy(t.Context(), broken, d.newest(), func(p *pap.Policy) error {
		p.Statement = "DENY"
		return nil
	}, func(pap.Assignment) error { return nil }))
	r, err := d.Resolve(t.Context())
	if err != nil || len(r.Unresolved) != 2 || len(r.Live) != 1 || len(r.Shadow) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	for _, group := range []string{it, sales} { // one of them has the lesser identifier
		set := func(shadow *bool) {
			d.must(d.store.EditBindings(t.Context(), pap.BindingQuery{Level: atAccount, PolicyUUID: broken, GroupUUID: group}, 100, audit.Event{},
				func(current []pap.Binding) (pap.BindingEdit, error) {
					current[0].Shadow = *shadow
					return pap.BindingEdit{Put: current}, nil
				}, func(pap.Assignment) error { return nil }))
		}
		set(&no)
		r, err := d.Resolve(t.Context())
		wantFault(t, "a live binding of a broken policy", err, fault.Internal, "The policies that are assigned here cannot be used.")
		if _, ok := errors.AsType[*pap.DiagnosticsError](err); !ok || r.Live != nil {
			t.Errorf("%v, with %v", err, r)
		}
		set(&yes)
	}
}
