package pap_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/pap"
)

func schemas(value string) map[string]string { return map[string]string{"schemas": value} }

func (d *desk) bindings(level pap.Level) (lines []string) {
	d.t.Helper()
	all, err := d.Bindings(d.t.Context(), pap.BindingQuery{Level: level}, pap.Page{})
	d.must(err)
	for _, b := range all {
		lines = append(lines, strings.Join([]string{b.Parameters["schemas"], b.Metadata["note"], strings.Join(b.Boundaries, ",")}, "|"))
	}
	slices.Sort(lines)
	return lines
}

func TestSetLevelBindings(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	it, sales := d.group("IT"), d.group("Sales")
	open, narrow, one := d.policy(atAccount, "open", settings), d.policy(atAccount, "narrow", parameterised), d.boundary("one", `settings:schemaId = "a"`)
	d.bind(atAccount, open, pap.Terms{Boundaries: []string{one}, Metadata: map[string]string{"note": "n"}}, it)
	d.bind(atAccount, narrow, pap.Terms{Parameters: schemas("x")}, it, sales)
	wish := func(group, policy string, terms pap.Terms) pap.GroupTerms {
		return pap.GroupTerms{Group: group, PolicyTerms: pap.PolicyTerms{Policy: policy, Terms: terms}}
	}
	before := len(d.store.Events())
	keep := pap.Terms{KeepBoundaries: true, KeepMetadata: true}
	_, err := d.SetLevelBindings(ctx, "ann", atAccount, []pap.GroupTerms{
		wish(strings.ToUpper(it), open, keep), wish(sales, narrow, pap.Terms{Parameters: schemas("x")}), wish(it, narrow, pap.Terms{Parameters: schemas("y")}),
	})
	d.must(err)
	if diff := cmp.Diff([]string{"x||", "y||", "|n|" + one}, d.bindings(atAccount)); diff != "" {
		t.Errorf("bindings (-want +got):\n%s", diff)
	}
	d.wantActions(before, "binding.delete", "binding.create")

	foreign, err := d.CreateGroup(ctx, "ann", "other", pap.GroupAttributes{Name: "foreign"})
	d.must(err)
	before = len(d.store.Events())
	for name, wanted := range map[string][]pap.GroupTerms{
		"There is no such group.":       {wish(it, open, keep), wish(foreign.UUID, open, keep)},
		"There is no such policy.":      {wish(it, open, keep), wish(it, it, keep)},
		"such binding already exists":   {wish(it, open, keep), wish(it, open, pap.Terms{})},
		"The parameter schemas has no ": {wish(it, open, keep), wish(it, narrow, keep)},
	} {
		_, err := d.SetLevelBindings(ctx, "ann", atAccount, wanted)
		wantFault(t, name, err, fault.KindOf(err), name)
	}
	d.wantActions(before) // none of it happened
	_, err = d.SetLevelBindings(ctx, "ann", atAccount, []pap.GroupTerms{wish(it, open, pap.Terms{})})
	d.must(err)
	if diff := cmp.Diff([]string{"||"}, d.bindings(atAccount)); diff != "" {
		t.Errorf("bindings (-want +got):\n%s", diff)
	}
	_, err = d.SetLevelBindings(ctx, "ann", atAccount, nil)
	d.must(err)
	if left := d.bindings(atAccount); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
	_, err = d.SetLevelBindings(ctx, "ann", pap.GlobalLevel, nil)
	wantFault(t, "global", err, fault.Forbidden, "read-only")
}

func TestRebind(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	group, policy := d.group("IT"), d.policy(atAccount, "narrow", parameterised)
	one := d.boundary("one", `settings:schemaId = "a"`)
	do := func(r pap.RebindRequest) error {
		r.Level, r.Policy, r.Group = atAccount, policy, group
		_, err := d.Rebind(ctx, "ann", r)
		return err
	}
	before := len(d.store.Events())
	d.must(do(pap.RebindRequest{Parameters: schemas("x"), KeepParameters: true}))                    // a new one
	d.must(do(pap.RebindRequest{KeepParameters: true, Terms: pap.Terms{Boundaries: []string{one}}})) // the only one
	d.must(do(pap.RebindRequest{KeepParameters: true, Terms: pap.Terms{KeepBoundaries: true}}))      // as it is
	d.wantActions(before, "binding.create", "binding.update")
	if diff := cmp.Diff([]string{"x||" + one}, d.bindings(atAccount)); diff != "" {
		t.Errorf("bindings (-want +got):\n%s", diff)
	}
	wantFault(t, "taken", do(pap.RebindRequest{Parameters: schemas("none"), Terms: pap.Terms{Parameters: schemas("x")}}), fault.Invalid, "such binding already exists")
	d.must(do(pap.RebindRequest{Parameters: schemas("y"), KeepParameters: true, Terms: pap.Terms{Metadata: map[string]string{"note": "n"}}}))
	wantFault(t, "two of them", do(pap.RebindRequest{KeepParameters: true}), fault.Invalid, "There are 2 such bindings.")
	wantFault(t, "into another", do(pap.RebindRequest{Parameters: schemas("y"), Terms: pap.Terms{Parameters: schemas("x")}}), fault.Invalid, "such binding already exists")
	d.must(do(pap.RebindRequest{Metadata: map[string]string{"note": "n"}, Terms: pap.Terms{Parameters: schemas("z")}}))
	if diff := cmp.Diff([]string{"x||" + one, "z||"}, d.bindings(atAccount)); diff != "" {
		t.Errorf("bindings (-want +got):\n%s", diff)
	}
	d.wantStatements([]string{group}, `ALLOW settings:objects:read WHERE settings:schemaId IN ("x") AND settings:schemaId = "a";`,
		`ALLOW settings:objects:read WHERE settings:schemaId IN ("z");`)
}

// The attack: PUT creates what it does not find, so a stranger takes over an identifier, or learns that it is taken. The
// invariant: what lives elsewhere is not found, and stays as it is.
func TestPutElsewhere(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	policy, boundary := d.policy(atAccount, "p", settings), d.boundary("b", `settings:schemaId = "a"`)
	before := len(d.store.Events())
	for _, level := range []pap.Level{pap.AccountLevel("other"), pap.EnvironmentLevel(environment)} {
		for _, uuid := range []string{policy, strings.ToUpper(policy), d.builtInNamed("Settings Reader")} {
			_, _, err := d.PutPolicy(ctx, "eve", level, uuid, pap.PolicyAttributes{Name: "mine", Statement: denied})
			wantFault(t, level.ID+" "+uuid, err, fault.NotFound, "There is no such policy.")
		}
	}
	_, _, err := d.PutBoundary(ctx, "eve", "other", boundary, pap.BoundaryAttributes{Name: "mine", Query: `settings:schemaId = "b"`})
	wantFault(t, "boundary", err, fault.NotFound, "There is no such boundary.")
	_, _, err = d.PutPolicy(ctx, "ann", atAccount, "0b6d3c1e-7f43-4f0c-9d1e-000000000001", pap.PolicyAttributes{Name: "p", Statement: denied})
	wantFault(t, "name", err, fault.Invalid, "A policy with this name exists already.")
	_, _, err = d.PutPolicy(ctx, "ann", atAccount, "0b6d3c1e-7f43-1f0c-9d1e-000000000001", pap.PolicyAttributes{Name: "q", Statement: denied})
	wantFault(t, "version", err, fault.Invalid, "A UUID of version 4 is expected.")
	d.wantActions(before)
	_, created, err := d.PutPolicy(ctx, "ann", atAccount, policy, pap.PolicyAttributes{Name: "p2", Statement: denied})
	if err != nil || created {
		t.Errorf("created %v, %v", created, err)
	}
}

func TestCheckPolicyUpdate(t *testing.T) {
	d := newDesk(t)
	policy, group := d.policy(atAccount, "p", parameterised), d.group("IT")
	d.bind(atAccount, policy, pap.Terms{Parameters: schemas("a")}, group)
	before := len(d.store.Events())
	check := func(statement string) error {
		_, err := d.CheckPolicyUpdate(t.Context(), atAccount, policy, pap.PolicyAttributes{Name: "p", Statement: statement})
		return err
	}
	d.must(check(strings.Replace(parameterised, "ALLOW", "DENY", 1)))
	wantFault(t, "parameters", check(settings), fault.Invalid, "The parameters of a policy stay the same")
	wantFault(t, "text", check("ALLOW"), fault.Invalid, "ALLOW or DENY must be followed")
	d.wantActions(before)
}

func TestCreateGroups(t *testing.T) {
	d := newDesk(t)
	names := func(names ...string) (all []pap.GroupAttributes) {
		for _, name := range names {
			all = append(all, pap.GroupAttributes{Name: name})
		}
		return all
	}
	groups, err := d.CreateGroups(t.Context(), "ann", account, names("b", "a"))
	if err != nil || len(groups) != 2 || groups[0].Name != "b" || !version4.MatchString(groups[1].UUID) {
		t.Errorf("%+v, %v", groups, err)
	}
	d.wantActions(0, "group.create", "group.create")
	for _, taken := range [][]string{{"c", "a"}, {"c", "c"}, {"c", ""}} {
		_, err := d.CreateGroups(t.Context(), "ann", account, names(taken...))
		wantFault(t, strings.Join(taken, " "), err, fault.Invalid, "")
	}
	d.wantActions(0, "group.create", "group.create")
}
