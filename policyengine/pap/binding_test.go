package pap_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/pap"
)

const parameterised = `ALLOW settings:objects:read WHERE settings:schemaId IN ("${bindParam:schemas}");`

func read(schema string) string {
	return `ALLOW settings:objects:read WHERE settings:schemaId = "` + schema + `";`
}

func TestBindTwice(t *testing.T) {
	d := newDesk(t)
	uuid, group := d.policy(atAccount, "p", parameterised), d.group("IT")
	terms := func(schemas string) pap.Terms { return pap.Terms{Parameters: map[string]string{"schemas": schemas}} }
	d.bind(atAccount, uuid, terms("a, b"), group)
	d.bind(atAccount, uuid, terms("c"), group) // each grants on its own
	d.bind(pap.EnvironmentLevel(environment), uuid, terms("c"), group)
	d.wantStatements([]string{group}, `ALLOW settings:objects:read WHERE settings:schemaId IN ("a", "b");`,
		`ALLOW settings:objects:read WHERE settings:schemaId IN ("c");`)
	_, _, err := d.Bind(t.Context(), "ann", pap.BindRequest{Level: atAccount, Policy: uuid, Groups: []string{d.group("new"), group}, Terms: terms("c")})
	want := "Policy binding cannot be created, such binding already exists: level type: account,level id: " + account +
		", policy uuid: " + uuid + ", groups: [" + group + "], parameters: {schemas=c}"
	if fault.KindOf(err) != fault.Invalid || fault.Public(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if got, err := d.Bindings(t.Context(), pap.BindingQuery{Level: atAccount}, pap.Page{}); err != nil || len(got) != 2 {
		t.Errorf("%d bindings, %v", len(got), err)
	}
}

func TestBindRefused(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	env := pap.EnvironmentLevel(environment)
	group, policy := d.group("IT"), d.policy(atAccount, "p", parameterised)
	narrow := d.policy(env, "narrow", settings)
	foreignPolicy := d.policy(pap.AccountLevel("other"), "foreign", settings)
	foreignGroup, err := d.CreateGroup(ctx, "ann", "other", pap.GroupAttributes{Name: "foreign"})
	d.must(err)
	foreignBoundary, _, err := d.CreateBoundary(ctx, "ann", "other", "", pap.BoundaryAttributes{Name: "b", Query: `settings:schemaId = "a"`})
	d.must(err)
	before := len(d.store.Events())
	ok := pap.Terms{Parameters: map[string]string{"schemas": "a"}}
	unknown := "00000000-0000-4000-8000-000000000000"
	tests := []struct {
		name string
		r    pap.BindRequest
		kind fault.Kind
		want string
	}{
		{"no groups", pap.BindRequest{Level: env, Policy: policy, Terms: ok}, fault.Invalid, "at least one group"},
		{"parameter missing", pap.BindRequest{Level: env, Policy: policy, Groups: []string{group}}, fault.Invalid, "The parameter schemas has no value"},
		{"parameter too many", pap.BindRequest{Level: env, Policy: narrow, Groups: []string{group}, Terms: ok}, fault.Invalid, "The parameter schemas is not used"},
		{"parameter empty", pap.BindRequest{Level: env, Policy: policy, Groups: []string{group}, Terms: pap.Terms{Parameters: map[string]string{"schemas": ""}}},
			fault.Invalid, "is empty"},
		{"secret in a parameter", pap.BindRequest{Level: env, Policy: policy, Groups: []string{group}, Terms: pap.Terms{Parameters: map[string]string{"schemas": "SECRET"}}},
			fault.Invalid, "contains the secret of a token"},
		{"policy unknown", pap.BindRequest{Level: env, Policy: unknown, Groups: []string{group}}, fault.NotFound, "There is no such policy."},
		{"policy of another account", pap.BindRequest{Level: env, Policy: foreignPolicy, Groups: []string{group}}, fault.NotFound, "There is no such policy."},
		{"policy of an environment at its account", pap.BindRequest{Level: atAccount, Policy: narrow, Groups: []string{group}}, fault.NotFound, "There is no such policy."},
		{"policy of another environment", pap.BindRequest{Level: pap.EnvironmentLevel("x"), Policy: narrow, Groups: []string{group}}, fault.NotFound, "There is no such policy."},
		{"group unknown", pap.BindRequest{Level: env, Policy: narrow, Groups: []string{group, unknown}}, fault.NotFound, "There is no such group."},
		{"group of another account", pap.BindRequest{Level: atAccount, Policy: policy, Groups: []string{foreignGroup.UUID}, Terms: ok}, fault.NotFound, "There is no such group."},
		{"groups of two accounts", pap.BindRequest{Level: env, Policy: narrow, Groups: []string{group, foreignGroup.UUID}}, fault.NotFound, "There is no such group."},
		{"boundary unknown", pap.BindRequest{Level: env, Policy: narrow, Groups: []string{group}, Terms: pap.Terms{Boundaries: []string{unknown}}}, fault.NotFound, "There is no such boundary."},
		{"boundary of another account", pap.BindRequest{Level: env, Policy: narrow, Groups: []string{group}, Terms: pap.Terms{Boundaries: []string{foreignBoundary.UUID}}},
			fault.NotFound, "There is no such boundary."},
		{"global level", pap.BindRequest{Level: pap.GlobalLevel, Policy: policy, Groups: []string{group}, Terms: ok}, fault.Forbidden, "read-only"},
		{"no level", pap.BindRequest{Policy: policy, Groups: []string{group}, Terms: ok}, fault.Invalid, "level"},
	}
	for _, tt := range tests {
		_, _, err := d.Bind(ctx, "ann", tt.r)
		wantFault(t, tt.name, err, tt.kind, tt.want)
	}
	d.wantActions(before)
}

func TestBoundaries(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	group := d.group("IT")
	policy := d.policy(atAccount, "p", "ALLOW settings:objects:read, environment:roles:viewer;")
	one := d.boundary("one", `settings:schemaId = "a"; settings:schemaId = "${bindParam:x}";`)
	bound, warnings, err := d.Bind(ctx, "ann", pap.BindRequest{Level: atAccount, Policy: policy, Groups: []string{group},
		Terms: pap.Terms{Boundaries: []string{one, one}, Parameters: map[string]string{"x": "b"}}})
	d.must(err)
	// The published behaviour, about which whoever binds is warned: a boundary does nothing for what it does not fit.
	if len(bound) != 1 || len(bound[0].Boundaries) != 1 || len(warnings) != 1 || warnings[0].Code != "unconditional" {
		t.Errorf("bound %+v, warnings %s", bound, warnings)
	}
	d.wantStatements([]string{group}, "ALLOW environment:roles:viewer;", read("a"), read("b"))

	wantFault(t, "in use", d.DeleteBoundary(ctx, "ann", account, one), fault.Invalid, "Policy boundary is in use")
	update := func(query string) error {
		_, err := d.UpdateBoundary(ctx, "ann", account, one, pap.BoundaryAttributes{Name: "one", Query: query})
		return err
	}
	wantFault(t, "parameter gone", update(`settings:schemaId = "a";`), fault.Invalid, "The parameter x is not used")
	wantFault(t, "broken", update(`settings:schemaId`), fault.Invalid, "")
	wantFault(t, "empty", update(``), fault.Invalid, "at least one condition")
	wantFault(t, "secret", update(`settings:schemaId = "SECRET"`), fault.Invalid, "contains the secret")
	d.wantStatements([]string{group}, "ALLOW environment:roles:viewer;", read("a"), read("b"))
	d.must(update(`settings:schemaId = "${bindParam:x}";`))
	d.wantStatements([]string{group}, "ALLOW environment:roles:viewer;", read("b"))
	_, err = d.UpdateBoundary(ctx, "eve", "other", one, pap.BoundaryAttributes{Name: "one", Query: `global:environmentId = "x"`})
	wantFault(t, "of another account", err, fault.NotFound, "There is no such boundary.")

	n, err := d.Unbind(ctx, "ann", pap.UnbindRequest{Level: atAccount, Policy: policy, Group: group})
	if err != nil || n != 1 {
		t.Errorf("Unbind: %d, %v", n, err)
	}
	d.must(d.DeleteBoundary(ctx, "ann", account, one))
}

func TestUnbind(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	policy, group := d.policy(atAccount, "p", parameterised), d.group("IT")
	for _, schemas := range []string{"a", "b", "c"} {
		d.bind(atAccount, policy, pap.Terms{Parameters: map[string]string{"schemas": schemas}}, group)
	}
	before := len(d.store.Events())
	tests := []struct {
		name string
		r    pap.UnbindRequest
		want int
		says string
	}{
		{"several", pap.UnbindRequest{Level: atAccount, Policy: policy, Group: group}, 0, "There are 3 such bindings."},
		{"none of the level", pap.UnbindRequest{Level: pap.EnvironmentLevel("x"), Multiple: true}, 0, "There is no policy binding to be deleted"},
		{"none with parameters", pap.UnbindRequest{Level: atAccount, Parameters: map[string]string{}, Multiple: true}, 0, "There is no policy binding to be deleted"},
		{"no uuid", pap.UnbindRequest{Level: atAccount, Policy: "%"}, 0, "Validation failed (uuid is expected)"},
		{"one", pap.UnbindRequest{Level: atAccount, Policy: policy, Group: group, Parameters: map[string]string{"schemas": "b"}}, 1, ""},
		{"the rest", pap.UnbindRequest{Level: atAccount, Multiple: true}, 2, ""},
		{"nothing left", pap.UnbindRequest{Level: atAccount, Multiple: true}, 0, "There is no policy binding to be deleted"},
	}
	for _, tt := range tests {
		n, err := d.Unbind(ctx, "ann", tt.r)
		if n != tt.want {
			t.Errorf("%s: %d", tt.name, n)
		}
		if tt.says != "" {
			wantFault(t, tt.name, err, fault.Invalid, tt.says)
		} else {
			d.must(err)
		}
	}
	d.wantActions(before, "binding.delete", "binding.delete", "binding.delete")
}

func TestSetGroupBindings(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	group, other := d.group("IT"), d.group("Sales")
	open, narrow := d.policy(atAccount, "open", settings), d.policy(atAccount, "narrow", parameterised)
	one, two := d.boundary("one", `settings:schemaId = "a"`), d.boundary("two", `settings:schemaId = "b"`)
	d.bind(atAccount, open, pap.Terms{Boundaries: []string{one}}, group, other)
	d.bind(pap.EnvironmentLevel(environment), open, pap.Terms{Boundaries: []string{two}}, group) // another level: untouched
	before := len(d.store.Events())
	set := func(wanted ...pap.PolicyTerms) error {
		_, err := d.SetGroupBindings(ctx, "ann", atAccount, group, wanted)
		return err
	}
	bounded := pap.PolicyTerms{Policy: open, Terms: pap.Terms{Boundaries: []string{two}}}
	given := pap.PolicyTerms{Policy: narrow, Terms: pap.Terms{Parameters: map[string]string{"schemas": "c"}}}
	d.must(set(bounded, given))
	d.wantActions(before, "binding.update", "binding.create")
	d.must(set(given, bounded)) // as it is
	d.wantActions(before, "binding.update", "binding.create")
	d.wantStatements([]string{group}, read("b"), `ALLOW settings:objects:read WHERE settings:schemaId IN ("c");`)
	d.wantStatements([]string{other}, read("a"))

	wantFault(t, "twice", set(given, given), fault.Invalid, "such binding already exists")
	wantFault(t, "impossible", set(pap.PolicyTerms{Policy: narrow}), fault.Invalid, "The parameter schemas has no value")
	d.wantActions(before, "binding.update", "binding.create")

	// The attack: a client that knows policies only sets them anew, and the boundary is gone. The invariant: a policy that
	// is named again keeps its boundary and its parameters.
	_, err := d.SetGroupPolicies(ctx, "ann", atAccount, group, []string{open, d.builtInNamed("Settings Reader")})
	d.must(err)
	d.wantActions(before, "binding.update", "binding.create", "binding.delete", "binding.create")
	bindings, err := d.Bindings(ctx, pap.BindingQuery{Level: atAccount, GroupUUID: group, PolicyUUID: open}, pap.Page{})
	if diff := cmp.Diff([]string{two}, bindings[0].Boundaries); err != nil || diff != "" {
		t.Errorf("boundaries (-want +got):\n%s%v", diff, err)
	}
	_, err = d.SetGroupPolicies(ctx, "ann", atAccount, group, nil)
	d.must(err)
	d.wantStatements([]string{group}, read("b")) // the environment's
}
