package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

func testPolicy(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	bare := pap.Policy{UUID: "policy-bare", Level: pap.EnvironmentLevel("env"), Name: "policy 1", Created: epoch}
	mustPut(t, s, policy(1), bare)
	same(t, "Policy", policy(1))(s.Policy(ctx, policy(1).UUID))
	same(t, "Policy", bare)(s.Policy(ctx, bare.UUID))
	fails[pap.Policy](t, "Policy(unknown)", pap.ErrNotFound)(s.Policy(ctx, "POLICY-001"))
	wantTraces(t, s, 0, trace{feed.Policy, "policy-001", "policy.create", testDetail},
		trace{feed.Policy, bare.UUID, "policy.create", testDetail})

	create := func(p pap.Policy, limit int) error {
		return s.CreatePolicy(ctx, p, limit, event("policy.create", p.UUID))
	}
	named, numbered := policy(2), policy(2)
	named.Name, numbered.UUID = policy(1).Name, policy(1).UUID
	wantError(t, "CreatePolicy(name taken)", create(named, many), pap.ErrExists)
	wantError(t, "CreatePolicy(identifier taken)", create(numbered, many), pap.ErrExists)
	wantError(t, "CreatePolicy(full)", create(policy(2), 1), pap.ErrFull) // the other one is at another level
	must(t, create(policy(2), 2))
	wantChanges(t, s, 3)

	same(t, "Policies", []pap.Policy{policy(1), policy(2), bare})(s.Policies(ctx, pap.PolicyQuery{}))
	same(t, "Policies(level)", []pap.Policy{policy(1), policy(2)})(s.Policies(ctx, pap.PolicyQuery{Level: pap.AccountLevel(account)}))
	same(t, "Policies(name)", []pap.Policy{policy(1), bare})(s.Policies(ctx, pap.PolicyQuery{Name: "policy 1"}))
	same(t, "Policies(both)", []pap.Policy{bare})(s.Policies(ctx, pap.PolicyQuery{Level: bare.Level, Name: "policy 1"}))
	same(t, "Policies(none)", []pap.Policy(nil))(s.Policies(ctx, pap.PolicyQuery{Level: pap.AccountLevel("env")}))
}

func testPolicyUpdate(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	bound := binding(1, policy(1).UUID, group(1).UUID)
	bound.Boundaries = []string{boundary(1).UUID}
	mustPut(t, s, policy(1), policy(2), group(1), boundary(1), bound, binding(2, policy(2).UUID, group(1).UUID))
	before := revision(t, s)
	change := func(p *pap.Policy) error {
		if diff := cmp.Diff(policy(1), *p); diff != "" {
			t.Errorf("record handed to change (-want +got):\n%s", diff)
		}
		*p = pap.Policy{UUID: "stolen", Level: pap.GlobalLevel, Name: "renamed", Statement: "ALLOW a:b:c"}
		return nil
	}
	want := pap.Policy{
		UUID: policy(1).UUID, Level: policy(1).Level, Created: epoch, Name: "renamed", Statement: "ALLOW a:b:c",
	}
	check := func(a pap.Assignment) error {
		// The bindings of this policy and no other, with the policy as it is going to be.
		same(t, "Assignment", pap.Assignment{
			Bindings: []pap.Binding{bound}, Policies: map[string]pap.Policy{want.UUID: want},
			Boundaries: map[string]pap.Boundary{boundary(1).UUID: boundary(1)},
		})(a, nil)
		return nil
	}
	update := func(uuid string, change func(*pap.Policy) error, check func(pap.Assignment) error) error {
		return s.UpdatePolicy(ctx, uuid, event("policy.update", uuid), change, check)
	}
	must(t, update(policy(1).UUID, change, check))
	same(t, "Policy", want)(s.Policy(ctx, want.UUID))
	wantTraces(t, s, before, trace{feed.Policy, want.UUID, "policy.update", testDetail})

	refusal := errors.New("not this one")
	spoil := func(err error) func(*pap.Policy) error {
		return func(p *pap.Policy) error {
			p.Name, p.Tags[0] = "half done", "half done"
			return err
		}
	}
	wantError(t, "refused by change", update(policy(2).UUID, spoil(refusal), accept), refusal)
	if err := update(policy(2).UUID, spoil(nil), func(pap.Assignment) error { return refusal }); err != refusal { //nolint:errorlint // not even wrapped
		t.Errorf("refused by check: %v", err)
	}
	taken := func(p *pap.Policy) error {
		p.Name = "renamed"
		return nil
	}
	wantError(t, "UpdatePolicy(name taken)", update(policy(2).UUID, taken, accept), pap.ErrExists)
	wantError(t, "UpdatePolicy(unknown)", update("nobody", taken, accept), pap.ErrNotFound)
	same(t, "Policy", policy(2))(s.Policy(ctx, policy(2).UUID))
	wantChanges(t, s, before+1)
}

// testPolicyDelete: a policy that is bound is not deleted by accident, and when it is on purpose, each binding that goes
// with it is on record.
func testPolicyDelete(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	one, two := binding(1, policy(1).UUID, group(1).UUID), binding(2, policy(1).UUID, group(1).UUID)
	one.Boundaries, two.Parameters = []string{boundary(1).UUID}, map[string]string{"p": "x"}
	mustPut(t, s, policy(1), policy(2), group(1), boundary(1), one, two, binding(3, policy(2).UUID, group(1).UUID))
	before := revision(t, s)
	remove := func(uuid string, force bool) error {
		return s.DeletePolicy(ctx, uuid, force, event("policy.delete", uuid))
	}
	wantError(t, "DeletePolicy(bound)", remove(policy(1).UUID, false), pap.ErrInUse)
	wantError(t, "DeletePolicy(unknown)", remove("nobody", true), pap.ErrNotFound)
	same(t, "Binding", one)(s.Binding(ctx, one.ID))
	wantChanges(t, s, before)

	must(t, remove(policy(1).UUID, true))
	fails[pap.Policy](t, "Policy(deleted)", pap.ErrNotFound)(s.Policy(ctx, policy(1).UUID))
	fails[pap.Binding](t, "Binding(of a deleted policy)", pap.ErrNotFound)(s.Binding(ctx, one.ID))
	const because = `"because":"policy.delete policy-001"}`
	wantTraces(t, s, before,
		trace{feed.Binding, one.ID, "binding.delete", `{"levelType":"account","levelId":"acc-1","policyUuid":"policy-001",` +
			`"group":"group-001","boundaries":["boundary-001"],` + because},
		trace{feed.Binding, two.ID, "binding.delete", `{"levelType":"account","levelId":"acc-1","policyUuid":"policy-001",` +
			`"group":"group-001","parameters":{"p":"x"},` + because},
		trace{feed.Policy, policy(1).UUID, "policy.delete", testDetail})
	same(t, "Bindings", []pap.Binding{binding(3, policy(2).UUID, group(1).UUID)})(s.Bindings(ctx, pap.BindingQuery{}, pap.Page{}))
	// The boundary is free again.
	must(t, s.DeleteBoundary(ctx, boundary(1).UUID, event("boundary.delete", boundary(1).UUID)))
}
