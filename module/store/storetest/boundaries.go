package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

func testBoundary(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	bare := pap.Boundary{UUID: "boundary-bare", AccountID: otherAccount, Name: "boundary 1", Created: epoch}
	mustPut(t, s, boundary(1), bare)
	same(t, "Boundary", boundary(1))(s.Boundary(ctx, boundary(1).UUID))
	same(t, "Boundary", bare)(s.Boundary(ctx, bare.UUID))
	fails[pap.Boundary](t, "Boundary(unknown)", pap.ErrNotFound)(s.Boundary(ctx, "nobody"))
	wantTraces(t, s, 0, trace{feed.Boundary, "boundary-001", "boundary.create", testDetail},
		trace{feed.Boundary, bare.UUID, "boundary.create", testDetail})

	create := func(b pap.Boundary, limit int) error {
		return s.CreateBoundary(ctx, b, limit, event("boundary.create", b.UUID))
	}
	named, numbered := boundary(2), boundary(2)
	named.Name, numbered.UUID = boundary(1).Name, boundary(1).UUID
	wantError(t, "CreateBoundary(name taken)", create(named, many), pap.ErrExists)
	wantError(t, "CreateBoundary(identifier taken)", create(numbered, many), pap.ErrExists)
	wantError(t, "CreateBoundary(full)", create(boundary(2), 1), pap.ErrFull)
	must(t, create(boundary(2), 2))
	wantChanges(t, s, 3)
	same(t, "Boundaries(account)", []pap.Boundary{boundary(1), boundary(2)})(s.Boundaries(ctx, pap.BoundaryQuery{AccountID: account}))
	same(t, "Boundaries(name)", []pap.Boundary{boundary(1), bare})(s.Boundaries(ctx, pap.BoundaryQuery{Name: "boundary 1"}))
}

func testBoundaryUpdate(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	bound, other := binding(1, policy(1).UUID, group(1).UUID), binding(2, policy(2).UUID, group(1).UUID)
	bound.Boundaries, other.Boundaries = []string{boundary(1).UUID, boundary(2).UUID}, []string{boundary(2).UUID}
	mustPut(t, s, policy(1), policy(2), group(1), boundary(1), boundary(2), bound, other)
	before := revision(t, s)
	change := func(b *pap.Boundary) error {
		if diff := cmp.Diff(boundary(1), *b); diff != "" {
			t.Errorf("record handed to change (-want +got):\n%s", diff)
		}
		*b = pap.Boundary{UUID: "stolen", AccountID: otherAccount, Name: "renamed", Query: `a:b = "c"`}
		return nil
	}
	want := pap.Boundary{UUID: boundary(1).UUID, AccountID: account, Created: epoch, Name: "renamed", Query: `a:b = "c"`}
	check := func(a pap.Assignment) error {
		same(t, "Assignment", pap.Assignment{
			Bindings: []pap.Binding{bound}, Policies: map[string]pap.Policy{policy(1).UUID: policy(1)},
			Boundaries: map[string]pap.Boundary{want.UUID: want, boundary(2).UUID: boundary(2)},
		})(a, nil)
		return nil
	}
	update := func(uuid string, change func(*pap.Boundary) error, check func(pap.Assignment) error) error {
		return s.UpdateBoundary(ctx, uuid, event("boundary.update", uuid), change, check)
	}
	must(t, update(want.UUID, change, check))
	same(t, "Boundary", want)(s.Boundary(ctx, want.UUID))
	wantTraces(t, s, before, trace{feed.Boundary, want.UUID, "boundary.update", testDetail})

	refusal := errors.New("not this one")
	spoil := func(b *pap.Boundary) error {
		b.Name, b.Metadata["k"] = "renamed", "half done"
		return nil
	}
	wantError(t, "refused by change", update(boundary(2).UUID, func(*pap.Boundary) error { return refusal }, accept), refusal)
	wantError(t, "refused by check", update(boundary(2).UUID, spoil, func(pap.Assignment) error { return refusal }), refusal)
	wantError(t, "UpdateBoundary(name taken)", update(boundary(2).UUID, spoil, accept), pap.ErrExists)
	wantError(t, "UpdateBoundary(unknown)", update("nobody", spoil, accept), pap.ErrNotFound)
	same(t, "Boundary", boundary(2))(s.Boundary(ctx, boundary(2).UUID))
	wantChanges(t, s, before+1)
}

// The attack: deleting a boundary opens the bindings that it restricts. The invariant: while a binding uses it, it stays.
func testBoundaryDelete(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	bound := binding(1, policy(1).UUID, group(1).UUID)
	bound.Boundaries = []string{boundary(1).UUID}
	mustPut(t, s, policy(1), group(1), boundary(1), bound)
	before := revision(t, s)
	remove := func(uuid string) error { return s.DeleteBoundary(ctx, uuid, event("boundary.delete", uuid)) }
	wantError(t, "DeleteBoundary(in use)", remove(boundary(1).UUID), pap.ErrInUse)
	wantError(t, "DeleteBoundary(unknown)", remove("nobody"), pap.ErrNotFound)
	same(t, "Boundary", boundary(1))(s.Boundary(ctx, boundary(1).UUID))
	same(t, "Binding", bound)(s.Binding(ctx, bound.ID))
	wantChanges(t, s, before)

	bound.Boundaries = nil
	must(t, put(t, s, bound))
	must(t, remove(boundary(1).UUID))
	fails[pap.Boundary](t, "Boundary(deleted)", pap.ErrNotFound)(s.Boundary(ctx, boundary(1).UUID))
	wantChanges(t, s, before+2)
}
