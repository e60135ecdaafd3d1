package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/tokens"
)

func testScopeUses(t *testing.T, open Open) {
	s := open(t)
	mustCreate(t, s, record(1), record(2))
	one, two := record(1).ID, record(2).ID
	use := func(id string, second int, alternatives ...string) tokens.ScopeUse {
		return tokens.ScopeUse{ID: id, Alternatives: alternatives, At: epoch.Add(time.Duration(second) * time.Second)}
	}
	note := func(uses ...tokens.ScopeUse) {
		t.Helper()
		must(t, s.RecordScopeUses(t.Context(), uses))
	}
	same(t, "nothing known", []tokens.ScopeUse(nil))(s.ScopeUses(t.Context(), one))
	note()
	note(use(one, 1, "a"), use(one, 2, "a", "b"), use(two, 3, "a"), use("nobody", 4, "a"))
	// An older sighting never replaces a newer one, also within one call.
	note(use(one, 0, "a"), use(one, 5, "a"), use(one, 4, "a"), use(one, 3, `c"]'`))
	same(t, "one", []tokens.ScopeUse{use(one, 5, "a"), use(one, 3, `c"]'`), use(one, 2, "a", "b")})(s.ScopeUses(t.Context(), one))
	same(t, "two", []tokens.ScopeUse{use(two, 3, "a")})(s.ScopeUses(t.Context(), two))
	same(t, "nobody", []tokens.ScopeUse(nil))(s.ScopeUses(t.Context(), "nobody"))
	wantToken(t, s, record(1))
	wantChanges(t, s, 2)

	// What is known goes with the token, and a new token of the same name begins with nothing.
	must(t, s.DeleteToken(t.Context(), one, event("token.delete", one)))
	same(t, "deleted", []tokens.ScopeUse(nil))(s.ScopeUses(t.Context(), one))
	mustCreate(t, s, record(1))
	same(t, "made again", []tokens.ScopeUse(nil))(s.ScopeUses(t.Context(), one))
	same(t, "two", []tokens.ScopeUse{use(two, 3, "a")})(s.ScopeUses(t.Context(), two))
}

// testScopeUsesBounded: a client that is sent through ever new endpoints cannot fill the store. The invariant: of one token
// no more than MaxScopeUses are kept, and these are the newest.
func testScopeUsesBounded(t *testing.T, open Open) {
	s := open(t)
	mustCreate(t, s, record(1), record(2))
	id := record(1).ID
	var uses []tokens.ScopeUse
	for n := range 3 * tokens.MaxScopeUses {
		uses = append(uses, tokens.ScopeUse{
			ID: id, Alternatives: []string{fmt.Sprint("scope-", n)}, At: epoch.Add(time.Duration(n*7919%1009) * time.Minute),
		})
	}
	must(t, s.RecordScopeUses(t.Context(), []tokens.ScopeUse{{ID: record(2).ID, Alternatives: []string{"a"}, At: epoch}}))
	for some := range slices.Chunk(uses, 100) {
		must(t, s.RecordScopeUses(t.Context(), some))
	}
	slices.SortFunc(uses, func(a, b tokens.ScopeUse) int { return b.At.Compare(a.At) })
	got, err := s.ScopeUses(t.Context(), id)
	must(t, err)
	if diff := cmp.Diff(uses[:tokens.MaxScopeUses], got); diff != "" {
		t.Errorf("uses kept (-want +got):\n%s", diff)
	}
	if other, err := s.ScopeUses(t.Context(), record(2).ID); err != nil || len(other) != 1 {
		t.Errorf("another token's: %v, %v", other, err)
	}
}
