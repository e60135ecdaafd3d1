package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

// page reads one page and gives its identifiers.
func page(t *testing.T, s store.Store, q tokens.Query) []string {
	t.Helper()
	records, err := s.Tokens(t.Context(), q)
	if err != nil {
		t.Fatalf("Tokens(%+v): %v", q, err)
	}
	return ids(records)
}

func wantPage(t *testing.T, s store.Store, q tokens.Query, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, page(t, s, q)); diff != "" {
		t.Errorf("Tokens(%+v) (-want +got):\n%s", q, diff)
	}
}

// named is a token created at second n, with an identifier of its own.
func named(id string, n int) tokens.Record {
	r := record(n)
	r.ID = id
	return r
}

func testPaging(t *testing.T, open Open) {
	s := open(t)
	if got := page(t, s, tokens.Query{}); len(got) != 0 {
		t.Errorf("an empty store lists %q", got)
	}
	mustCreate(t, s, named("m", 2), named("z", 1), named("b", 3), named("a", 2), named("c", 2))
	wantPage(t, s, tokens.Query{}, "b", "a", "c", "m", "z")
	wantPage(t, s, tokens.Query{Limit: 2}, "b", "a")
	wantPage(t, s, tokens.Query{Limit: 2, After: tokens.PositionOf(named("a", 2), tokens.SortNewest)}, "c", "m")
	wantPage(t, s, tokens.Query{Limit: 2, After: tokens.PositionOf(named("m", 2), tokens.SortNewest)}, "z")
	wantPage(t, s, tokens.Query{Limit: 2, After: tokens.PositionOf(named("z", 1), tokens.SortNewest)})
	wantPage(t, s, tokens.Query{Limit: 2, After: tokens.PositionOf(named("bb", 2), tokens.SortNewest)}, "c", "m") // not there (any more)
	records, err := s.Tokens(t.Context(), tokens.Query{Limit: 1})
	if err != nil || len(records) != 1 {
		t.Fatalf("Tokens: %d records, %v", len(records), err)
	}
	if diff := cmp.Diff(named("b", 3), records[0]); diff != "" {
		t.Errorf("listed record (-want +got):\n%s", diff)
	}
}

// testPagingWhileChanging walks through a listing while tokens come and go around the reader. The invariant: what is
// there all the time is seen exactly once.
func testPagingWhileChanging(t *testing.T, open Open) {
	s := open(t)
	var stay []string
	for n := range 20 {
		mustCreate(t, s, named(fmt.Sprintf("stay-%02d", n), n), named(fmt.Sprintf("go-%02d", n), n))
		stay = append(stay, fmt.Sprintf("stay-%02d", n))
	}
	slices.Reverse(stay) // newest first
	var seen []string
	q := tokens.Query{Limit: 3}
	for turn := range 100 {
		got := page(t, s, q)
		if len(got) == 0 {
			break
		}
		for _, id := range got {
			if id[:2] == "st" {
				seen = append(seen, id)
			}
			last, err := s.Token(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			q.After = tokens.PositionOf(last, q.Sort)
		}
		if last := got[len(got)-1]; last[:2] == "go" { // the token to go on behind goes
			if err := s.DeleteToken(t.Context(), last, event("token.delete", last)); err != nil {
				t.Fatal(err)
			}
		}
		if turn < 20 { // newer ones come; others go, seen and unseen
			mustCreate(t, s, named(fmt.Sprintf("new-%02d", turn), 100+turn))
			gone := fmt.Sprintf("go-%02d", (turn*7)%20)
			if err := s.DeleteToken(t.Context(), gone, event("token.delete", gone)); err != nil && !errors.Is(err, tokens.ErrNotFound) {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(stay, seen); diff != "" {
		t.Errorf("tokens that stayed, in the order of the listing (-want +got):\n%s", diff)
	}
}

func testSelection(t *testing.T, open Open) {
	s := open(t)
	owned := func(id, owner string, n int) tokens.Record {
		r := named(id, n)
		r.Owner = owner
		return r
	}
	mustCreate(t, s, owned("ab1", "eve", 1), owned("ab2", "bob", 2), owned("aB3", "eve", 3), owned("ac4", "eve", 4),
		owned("ab\xff", "eve", 5), owned("ab", "Eve", 6))
	wantPage(t, s, tokens.Query{Owner: "eve"}, "ab\xff", "ac4", "aB3", "ab1")
	wantPage(t, s, tokens.Query{Owner: "nobody"})
	wantPage(t, s, tokens.Query{IDPrefix: "ab"}, "ab", "ab\xff", "ab2", "ab1")
	wantPage(t, s, tokens.Query{IDPrefix: "ab\xff"}, "ab\xff")
	wantPage(t, s, tokens.Query{IDPrefix: "\xff"})
	wantPage(t, s, tokens.Query{IDPrefix: "ab", Owner: "eve", Limit: 1}, "ab\xff")
	wantPage(t, s, tokens.Query{IDPrefix: "ab", Owner: "eve", After: tokens.PositionOf(named("ab2", 2), tokens.SortNewest)}, "ab1") // After need not be of the selection
	used := tokens.Query{Sort: tokens.SortLastUsed, UsedFrom: named("", 3).LastUsed, UsedTo: named("", 4).LastUsed}
	used.After = &tokens.Position{At: named("", 1).LastUsed}
	wantPage(t, s, used, "aB3", "ac4")
	used.Descending, used.After = true, &tokens.Position{At: named("", 6).LastUsed}
	wantPage(t, s, used, "ac4", "aB3")
}

// testPlacesOutside: a listing goes on from a place before the range, in it, at its end and behind it, in either direction. Whoever
// makes up a place reaches nothing that is not in the range.
func testPlacesOutside(t *testing.T, open Open) {
	s := open(t)
	for n, name := range []string{"a", "b", "b1", "b\xff", "c", "d"} {
		r := record(n)
		r.ID, r.Name, r.Enabled, r.Expires = fmt.Sprint(n), name, n%2 == 0, epoch.Add(time.Duration(n)*time.Second)
		mustCreate(t, s, r)
	}
	never := record(9)
	never.ID, never.Name, never.Expires = "9", "b2", time.Time{}
	mustCreate(t, s, never)
	names := func(name string) *tokens.Position { return &tokens.Position{Name: name, ID: "5"} }
	times := func(n int) *tokens.Position {
		return &tokens.Position{At: epoch.Add(time.Duration(n) * time.Second), ID: fmt.Sprint(n)}
	}
	b := tokens.Query{NamePrefix: "b", Sort: tokens.SortName}
	expires := tokens.Query{ExpiresFrom: epoch.Add(time.Second), ExpiresTo: epoch.Add(3 * time.Second), Sort: tokens.SortExpires}
	for _, tt := range []struct {
		q         tokens.Query
		after     *tokens.Position
		up, downs string // identifiers behind the place in ascending and in descending order
	}{
		{b, nil, "1293", "3921"},
		{b, names("a"), "1293", ""},
		{b, names("b"), "293", "1"},
		{b, names("b1"), "93", "21"},
		{b, names("c"), "", "3921"},
		{b, names("zz"), "", "3921"},
		{expires, nil, "123", "321"},
		{expires, times(0), "123", ""},
		{expires, times(1), "23", ""},
		{expires, times(2), "3", "1"},
		{expires, times(3), "", "21"},
		{expires, times(4), "", "321"},
		{expires, &tokens.Position{ID: "9"}, "", "321"}, // of one that never expires
	} {
		tt.q.After = tt.after
		if got := strings.Join(page(t, s, tt.q), ""); got != tt.up {
			t.Errorf("%+v behind %+v: %s, want %s", tt.q, tt.after, got, tt.up)
		}
		tt.q.Descending = true
		if got := strings.Join(page(t, s, tt.q), ""); got != tt.downs {
			t.Errorf("%+v behind %+v: %s, want %s", tt.q, tt.after, got, tt.downs)
		}
	}
}

func testLimits(t *testing.T, open Open) {
	s := open(t)
	for _, limit := range []int{-1, 10_001} {
		_, err := s.Tokens(t.Context(), tokens.Query{Limit: limit})
		wantInvalid(t, fmt.Sprintf("Tokens(Limit: %d)", limit), err)
	}
	for _, limit := range []int{-1, 5001} {
		_, err := s.AuditEvents(t.Context(), store.AuditQuery{Limit: limit})
		wantInvalid(t, fmt.Sprintf("AuditEvents(Limit: %d)", limit), err)
	}
	if _, err := s.AuditEvents(t.Context(), store.AuditQuery{Limit: 5000}); err != nil {
		t.Errorf("AuditEvents(Limit: 5000): %v", err)
	}
	_, err := s.Tokens(t.Context(), tokens.Query{Sort: 99})
	wantInvalid(t, "Tokens(Sort: 99)", err)
	for _, limit := range []int{-1, 0} {
		_, _, err := s.ChangesAfter(t.Context(), 0, limit)
		wantInvalid(t, fmt.Sprintf("ChangesAfter(limit %d)", limit), err)
	}
	for _, limit := range []int{0, 1, 10_000} {
		if _, err := s.Tokens(t.Context(), tokens.Query{Limit: limit}); err != nil {
			t.Errorf("Tokens(Limit: %d): %v", limit, err)
		}
	}
}

func wantInvalid(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || fault.KindOf(err) != fault.Invalid {
		t.Errorf("%s: got %v, want a fault of kind Invalid", what, err)
	}
}
