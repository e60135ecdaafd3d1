package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

func testBindingCreate(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	full := binding(1, policy(1).UUID, group(1).UUID)
	full.Parameters, full.Metadata = map[string]string{"b": "1", "a": "2"}, map[string]string{"k": "v"}
	full.Boundaries, full.Modified, full.Shadow = []string{boundary(1).UUID, boundary(2).UUID}, epoch, true
	again := binding(2, policy(1).UUID, group(1).UUID) // other parameters: none
	builtIn := binding(3, "of no table", group(1).UUID)
	elsewhere := binding(4, policy(1).UUID, group(1).UUID)
	elsewhere.Level = pap.EnvironmentLevel("env")
	mustPut(t, s, policy(1), group(1), boundary(1), boundary(2))
	before := revision(t, s)
	must(t, put(t, s, full, again, builtIn))
	must(t, put(t, s, elsewhere))
	for _, b := range []pap.Binding{full, again, builtIn, elsewhere} {
		same(t, "Binding", b)(s.Binding(ctx, b.ID))
	}
	fails[pap.Binding](t, "Binding(unknown)", pap.ErrNotFound)(s.Binding(ctx, "nobody"))
	const at = `{"levelType":"account","levelId":"acc-1","policyUuid":`
	wantTraces(t, s, before,
		trace{feed.Binding, full.ID, "binding.create", at + `"policy-001","group":"group-001",` +
			`"parameters":{"a":"2","b":"1"},"boundaries":["boundary-001","boundary-002"],"shadow":true}`},
		trace{feed.Binding, again.ID, "binding.create", at + `"policy-001","group":"group-001"}`},
		trace{feed.Binding, builtIn.ID, "binding.create", at + `"of no table","group":"group-001"}`},
		trace{feed.Binding, elsewhere.ID, "binding.create",
			`{"levelType":"environment","levelId":"env","policyUuid":"policy-001","group":"group-001"}`})
	for what, tt := range map[string]struct {
		q    pap.BindingQuery
		want []pap.Binding
	}{
		"all":    {pap.BindingQuery{}, []pap.Binding{full, again, builtIn, elsewhere}},
		"level":  {pap.BindingQuery{Level: elsewhere.Level}, []pap.Binding{elsewhere}},
		"policy": {pap.BindingQuery{PolicyUUID: policy(1).UUID, Level: full.Level}, []pap.Binding{full, again}},
		"group":  {pap.BindingQuery{GroupUUID: "nobody"}, nil},
	} {
		same(t, "Bindings by "+what, tt.want)(s.Bindings(ctx, tt.q, pap.Page{}))
	}
}

// testBindingReplace takes some away, changes one and adds one in one step.
func testBindingReplace(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	one, two, three := binding(1, policy(1).UUID, group(1).UUID), binding(2, policy(2).UUID, group(1).UUID), binding(3, policy(1).UUID, group(2).UUID)
	one.Boundaries = []string{boundary(1).UUID}
	mustPut(t, s, policy(1), policy(2), group(1), group(2), boundary(1), boundary(2), one, two, three)
	before := revision(t, s)
	changed := one
	changed.Parameters, changed.Metadata = map[string]string{"p": "x"}, map[string]string{"m": "y"}
	changed.Boundaries, changed.Modified, changed.Shadow = []string{boundary(2).UUID}, epoch, true
	stolen := changed
	stolen.GroupUUID, stolen.PolicyUUID, stolen.Level = group(2).UUID, policy(2).UUID, pap.AccountLevel(otherAccount)
	stolen.Created = epoch.AddDate(1, 0, 0)
	added := binding(4, policy(2).UUID, group(1).UUID) // takes the place of two, which goes in the same step
	misplaced := added
	misplaced.Level = pap.EnvironmentLevel("env")
	must(t, s.EditBindings(ctx, pap.BindingQuery{Level: one.Level, GroupUUID: group(1).UUID}, 3, event("", ""),
		func(current []pap.Binding) (pap.BindingEdit, error) {
			if diff := cmp.Diff([]pap.Binding{one, two}, current); diff != "" {
				t.Errorf("handed to edit (-want +got):\n%s", diff)
			}
			return pap.BindingEdit{Delete: []string{two.ID}, Put: []pap.Binding{stolen, misplaced}}, nil
		}, func(a pap.Assignment) error {
			same(t, "handed to check", pap.Assignment{
				Bindings:   []pap.Binding{changed, added},
				Policies:   map[string]pap.Policy{policy(1).UUID: policy(1), policy(2).UUID: policy(2)},
				Boundaries: map[string]pap.Boundary{boundary(2).UUID: boundary(2)},
			})(a, nil)
			return nil
		}))
	same(t, "Bindings", []pap.Binding{changed, three, added})(s.Bindings(ctx, pap.BindingQuery{}, pap.Page{}))
	const at = `{"levelType":"account","levelId":"acc-1","policyUuid":`
	wantTraces(t, s, before,
		trace{feed.Binding, two.ID, "binding.delete", at + `"policy-002","group":"group-001"}`},
		trace{feed.Binding, one.ID, "binding.update", at + `"policy-001","group":"group-001","parameters":{"p":"x"},"boundaries":["boundary-002"],"shadow":true}`},
		trace{feed.Binding, added.ID, "binding.create", at + `"policy-002","group":"group-001"}`})
	must(t, s.DeleteBoundary(ctx, boundary(1).UUID, event("boundary.delete", boundary(1).UUID))) // free again
}

// testBindingRefused: an edit that cannot be done whole is not done at all.
func testBindingRefused(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	one := binding(1, policy(1).UUID, group(1).UUID)
	one.Parameters = map[string]string{"a": "1", "b": "2"}
	other := binding(2, policy(1).UUID, group(1).UUID)
	other.Level = pap.EnvironmentLevel("env")
	mustPut(t, s, policy(1), group(1), boundary(1), one, other)
	before := revision(t, s)
	fine := binding(7, policy(1).UUID, group(1).UUID)
	with := func(change func(*pap.Binding)) pap.Binding {
		b := binding(8, policy(1).UUID, group(1).UUID)
		change(&b)
		return b
	}
	refusal := errors.New("not this one")
	tests := []struct {
		name  string
		edit  pap.BindingEdit
		err   error
		check func(pap.Assignment) error
		want  error
	}{
		{"edit refuses", pap.BindingEdit{Put: []pap.Binding{fine}}, refusal, accept, refusal},
		{"check refuses", pap.BindingEdit{Delete: []string{one.ID}, Put: []pap.Binding{fine}}, nil, func(pap.Assignment) error { return refusal }, refusal},
		{"group unknown", pap.BindingEdit{Put: []pap.Binding{fine, with(func(b *pap.Binding) { b.GroupUUID = "nobody" })}}, nil, accept, pap.ErrNotFound},
		{"boundary unknown", pap.BindingEdit{Put: []pap.Binding{fine, with(func(b *pap.Binding) {
			b.Boundaries = []string{boundary(1).UUID, "nobody"}
			b.Parameters = map[string]string{"c": "3"}
		})}}, nil, accept, pap.ErrNotFound},
		{"the same again", pap.BindingEdit{Put: []pap.Binding{fine, with(func(b *pap.Binding) {
			b.Parameters = map[string]string{"b": "2", "a": "1"}
		})}}, nil, accept, pap.ErrExists},
		{"identifier of another level", pap.BindingEdit{Put: []pap.Binding{with(func(b *pap.Binding) { b.ID = other.ID })}}, nil, accept, pap.ErrExists},
		{"no change", pap.BindingEdit{}, nil, accept, nil},
	}
	for _, tt := range tests {
		err := s.EditBindings(ctx, pap.BindingQuery{Level: one.Level}, many, event("", ""),
			func([]pap.Binding) (pap.BindingEdit, error) { return tt.edit, tt.err }, tt.check)
		wantError(t, tt.name, err, tt.want)
	}
	// Nobody deletes what was not selected, nor without saying at which level.
	never := func(level pap.Level) error {
		return s.EditBindings(ctx, pap.BindingQuery{Level: level}, many, event("", ""),
			func([]pap.Binding) (pap.BindingEdit, error) { return pap.BindingEdit{Delete: []string{other.ID}}, nil }, accept)
	}
	wantFault(t, "deleting what is not selected", never(one.Level))
	wantInvalid(t, "without a level", never(pap.Level{}))
	same(t, "Bindings", []pap.Binding{one, other})(s.Bindings(ctx, pap.BindingQuery{}, pap.Page{}))
	wantChanges(t, s, before)
}

func testBindingLimit(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	elsewhere := binding(9, policy(1).UUID, group(1).UUID)
	elsewhere.Level = pap.EnvironmentLevel("env")
	mustPut(t, s, group(1), group(2), group(3), elsewhere)
	limited := func(limit int, edit pap.BindingEdit) error {
		return s.EditBindings(ctx, pap.BindingQuery{Level: pap.AccountLevel(account)}, limit, event("", ""),
			func([]pap.Binding) (pap.BindingEdit, error) { return edit, nil }, accept)
	}
	one, two, three := binding(1, policy(1).UUID, group(1).UUID), binding(2, policy(1).UUID, group(2).UUID), binding(3, policy(1).UUID, group(3).UUID)
	must(t, limited(2, pap.BindingEdit{Put: []pap.Binding{one, two}}))
	wantError(t, "one more", limited(2, pap.BindingEdit{Put: []pap.Binding{three}}), pap.ErrFull)
	must(t, limited(2, pap.BindingEdit{Put: []pap.Binding{three}, Delete: []string{one.ID}}))
	must(t, limited(1, pap.BindingEdit{Put: []pap.Binding{two}})) // changing and taking away is always possible
	must(t, limited(0, pap.BindingEdit{Delete: []string{two.ID}}))
	same(t, "Bindings", []pap.Binding{three, elsewhere})(s.Bindings(ctx, pap.BindingQuery{}, pap.Page{}))
}

// testAssigned: the bindings of a principal's groups at an account and one of its environments, all of them and no others.
func testAssigned(t *testing.T, open Open) {
	s := open(t)
	foreign := group(9)
	foreign.AccountID = otherAccount
	at := func(b pap.Binding, level pap.Level) pap.Binding {
		b.Level = level
		return b
	}
	env := pap.EnvironmentLevel("env")
	wide := binding(1, policy(1).UUID, group(1).UUID)
	wide.Boundaries = []string{boundary(1).UUID}
	narrow := at(binding(2, policy(2).UUID, group(2).UUID), env)
	mustPut(t, s, policy(1), policy(2), policy(3), boundary(1), boundary(2), group(1), group(2), group(3), foreign, wide, narrow,
		at(binding(3, policy(1).UUID, group(1).UUID), pap.EnvironmentLevel("other")),
		at(binding(4, policy(1).UUID, group(1).UUID), pap.EnvironmentLevel(account)), // an environment that is called like the account
		at(binding(5, policy(1).UUID, group(1).UUID), pap.AccountLevel("env")),
		binding(6, policy(3).UUID, group(3).UUID),
		at(binding(7, policy(3).UUID, foreign.UUID), env)) // another account reaches into the environment
	want := pap.Assignment{
		Bindings:   []pap.Binding{wide, narrow},
		Policies:   map[string]pap.Policy{policy(1).UUID: policy(1), policy(2).UUID: policy(2)},
		Boundaries: map[string]pap.Boundary{boundary(1).UUID: boundary(1)},
	}
	groups := []string{group(2).UUID, group(1).UUID, foreign.UUID, "nobody", `"]`, group(1).UUID}
	same(t, "Assigned", want)(s.Assigned(t.Context(), groups, account, "env"))
	none := pap.Assignment{Policies: map[string]pap.Policy{}, Boundaries: map[string]pap.Boundary{}}
	same(t, "Assigned(no groups)", none)(s.Assigned(t.Context(), nil, account, "env"))
	same(t, "Assigned(foreign)", none)(s.Assigned(t.Context(), []string{foreign.UUID}, account, "env"))
}
