package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

// testOrders spells out the six orders; the tests after it rest on a model of them.
func testOrders(t *testing.T, open Open) {
	s := open(t)
	second := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Second) }
	for _, r := range []tokens.Record{
		{ID: "a", Name: "Zoe", Created: second(1), LastUsed: second(3)},
		{ID: "b", Name: "ada", Created: second(2), Expires: second(1), Modified: second(9)},
		{ID: "c", Name: "Zoe", Created: second(2), LastUsed: second(2), Expires: second(2)},
		{ID: "d", Name: "", Created: second(1), Modified: second(8)},
	} {
		mustCreate(t, s, r)
	}
	for by, want := range map[tokens.Sort]string{
		tokens.SortNewest:   "b c a d", // ties by identifier from below although times are from above
		tokens.SortCreated:  "a d b c",
		tokens.SortName:     "d a c b",
		tokens.SortLastUsed: "b d c a",
		tokens.SortExpires:  "b c a d",
		tokens.SortModified: "a c d b",
	} {
		ascending := strings.Fields(want)
		wantPage(t, s, tokens.Query{Sort: by}, ascending...)
		slices.Reverse(ascending)
		wantPage(t, s, tokens.Query{Sort: by, Descending: true}, ascending...)
	}
}

// crowdNames begin with each other, with what a pattern would read otherwise, and with what comes last in the order of bytes.
var crowdNames = []string{"", "n", "n1", "n1\u00e9", "N1", "n%", "n_1", "n\U0010FFFF", "\U0010FFFF\U0010FFFF"}

// crowd is a store's worth of tokens with so few different values that there are ties in every order.
func crowd(n int) []tokens.Record {
	random := rand.New(rand.NewPCG(1, 2))
	at := func() time.Time { return epoch.Add(time.Duration(random.IntN(5)) * time.Millisecond) }
	sometimes := func() time.Time {
		if random.IntN(2) == 0 {
			return time.Time{}
		}
		return at()
	}
	var all []tokens.Record
	for i := range n {
		kind := []string{"dt0c01.A", "dt0c01.B", "dt0g02."}[random.IntN(3)]
		r := tokens.Record{
			ID: fmt.Sprint(kind, i*7919%n), Digest: tokens.DigestOf(fmt.Sprint(i)), Name: crowdNames[random.IntN(len(crowdNames))],
			Owner: fmt.Sprint("o", random.IntN(3)), Environment: fmt.Sprint("e", random.IntN(3)), Personal: random.IntN(3) == 0,
			Created: at(), Modified: sometimes(), Expires: sometimes(), LastUsed: sometimes(), Enabled: random.IntN(3) > 0,
		}
		for _, scope := range []string{"s1", "s2", "s3"} {
			if random.IntN(4) == 0 {
				r.Scopes = append(r.Scopes, scope)
			}
		}
		if random.IntN(9) == 0 {
			r.ID, r.Legacy = fmt.Sprintf("%08x-legacy", i), true
		}
		all = append(all, r)
	}
	return all
}

// testListings asks at random and compares with a model. The invariant: the pages of a listing, one after the other, are the
// tokens that the query selects, each once, in its order, however small the pages are; and the count is their number.
func testListings(t *testing.T, open Open) {
	s := open(t)
	all := crowd(90)
	mustCreate(t, s, all...)
	// Tokens that change and go must leave nothing behind that a listing could find.
	for i, r := range all[:30] {
		if i%3 == 0 {
			must(t, s.DeleteToken(t.Context(), r.ID, event("token.delete", r.ID)))
			continue
		}
		next := all[89-i]
		must(t, s.UpdateToken(t.Context(), r.ID, told("token.update", r.ID), func(now *tokens.Record) error {
			now.Name, now.Owner, now.Environment, now.Personal, now.Scopes = next.Name, next.Owner, next.Environment, next.Personal, next.Scopes
			now.Expires, now.LastUsed, now.Modified, now.Enabled = next.Expires, next.LastUsed, next.Modified, next.Enabled
			all[i] = *now
			return nil
		}))
	}
	for i := 27; i >= 0; i -= 3 {
		all = slices.Delete(all, i, i+1)
	}
	for _, q := range []tokens.Query{
		{}, {Environment: "e1", Kind: tokens.KindAccess}, {Personal: tokens.Only}, {Owner: "o1"}, {Scopes: []string{"s1", "s2"}},
		{Owner: "o1", Personal: tokens.Without, Scopes: []string{"s3", "s1"}}, {UsedFrom: epoch, UsedTo: epoch.Add(2 * time.Millisecond)},
		{IDPrefix: "dt0c01.A"}, {NamePrefix: "n1"}, {Owner: "o1", NamePrefix: "n"}, {Enabled: tokens.Only}, {Enabled: tokens.Without},
		{Owner: "o2", Enabled: tokens.Without}, {ExpiresFrom: epoch.Add(time.Millisecond)}, {ExpiresTo: epoch.Add(2 * time.Millisecond)},
		{Enabled: tokens.Without, NamePrefix: "n", ExpiresFrom: epoch, UsedTo: epoch.Add(3 * time.Millisecond)},
	} {
		for by := range tokens.SortModified + 1 {
			q.Sort, q.Limit = by, 7
			compareListing(t, t, s, all, q)
			q.Descending = true
			compareListing(t, t, s, all, q)
			q.Descending = false
		}
	}
	rapid.Check(t, func(rt *rapid.T) { compareListing(t, rt, s, all, drawQuery(rt)) })
}

// testListingsOfMany is testListings with so many environments, and scopes to ask for, that an engine may want to read them in
// another way.
func testListingsOfMany(t *testing.T, open Open) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	s := open(t)
	all := crowd(330)
	for i := range all {
		all[i].Environment, all[i].Enabled = fmt.Sprint("e", i), i%50 == 0 // most are disabled
	}
	mustCreate(t, s, all...)
	queries := []tokens.Query{
		{}, {Descending: true, Sort: tokens.SortName}, {Scopes: []string{"s1"}, Sort: tokens.SortCreated}, {Environment: "e7"},
		{UsedFrom: epoch, Sort: tokens.SortLastUsed, Descending: true}, {Kind: "dt0g02", Sort: tokens.SortExpires}, {IDPrefix: "dt0c01.A"},
		{NamePrefix: "n1", Sort: tokens.SortName}, {Personal: tokens.Only, NamePrefix: "n", Sort: tokens.SortName}, {Enabled: tokens.Without}, {Enabled: tokens.Only, ExpiresFrom: epoch, Sort: tokens.SortExpires},
	}
	for n := range 1000 {
		queries[2].Scopes = append(queries[2].Scopes, fmt.Sprint("s", n*2))
	}
	for _, q := range queries {
		q.Limit = 100
		compareListing(t, t, s, all, q)
	}
}

func drawQuery(rt *rapid.T) tokens.Query {
	text := func(what string, of ...string) string { return rapid.SampledFrom(append(of, "", "")).Draw(rt, what) }
	q := tokens.Query{
		Environment: text("environment", "e0", "e1", "e9"),
		Kind:        text("kind", tokens.KindAccess, "dt0g02", "dt0x99"),
		Owner:       text("owner", "o1", "o2", "O1"),
		IDPrefix:    text("prefix", "dt0c01.A", "dt0", "0", "%"),
		NamePrefix:  text("name", "n", "n1", "n%", "_", "\U0010FFFF", "n1\u00e9", "x"),
		Personal:    tokens.Choice(rapid.IntRange(0, 2).Draw(rt, "personal")),
		Enabled:     tokens.Choice(rapid.IntRange(0, 2).Draw(rt, "enabled")),
		Sort:        tokens.Sort(rapid.IntRange(0, 5).Draw(rt, "sort")),
		Descending:  rapid.Bool().Draw(rt, "descending"),
		Limit:       rapid.SampledFrom([]int{1, 2, 3, 7, 100}).Draw(rt, "limit"),
	}
	if rapid.Bool().Draw(rt, "by scope") {
		q.Scopes = rapid.SliceOfN(rapid.SampledFrom([]string{"s1", "s2", "s3", "s", ""}), 1, 3).Draw(rt, "scopes")
	}
	q.UsedFrom, q.UsedTo = drawFrame(rt, "used")
	q.ExpiresFrom, q.ExpiresTo = drawFrame(rt, "expires")
	return q
}

// drawFrame has ends that are not of the precision of a store, or none.
func drawFrame(rt *rapid.T, what string) (from, to time.Time) {
	if n := rapid.IntRange(-9, 4).Draw(rt, what+" from"); n >= 0 {
		from = epoch.Add(time.Duration(n)*time.Millisecond - time.Duration(n%2))
	}
	if n := rapid.IntRange(-9, 4).Draw(rt, what+" to"); n >= 0 {
		to = epoch.Add(time.Duration(n)*time.Millisecond + time.Duration(n%2))
	}
	return from, to
}

// fataler is a test or a play of a property.
type fataler interface {
	Helper()
	Fatalf(format string, values ...any)
}

func compareListing(t *testing.T, f fataler, s store.Store, all []tokens.Record, q tokens.Query) {
	f.Helper()
	want := selected(all, q)
	n, err := s.CountTokens(t.Context(), q)
	if err != nil || n != len(want) {
		f.Fatalf("CountTokens(%+v): got %d, %v, want %d", q, n, err, len(want))
	}
	var got []tokens.Record
	for step := q; ; step.After = tokens.PositionOf(got[len(got)-1], q.Sort) {
		page, err := s.Tokens(t.Context(), step)
		if err != nil || len(page) > q.Limit {
			f.Fatalf("Tokens(%+v): %d tokens, %v", step, len(page), err)
		}
		if got = append(got, page...); len(page) < q.Limit || len(got) > len(want) {
			break
		}
	}
	if diff := gocmp.Diff(ids(want), ids(got)); diff != "" {
		f.Fatalf("Tokens(%+v) (-want +got):\n%s", q, diff)
	}
	for i := range want {
		if diff := gocmp.Diff(want[i], got[i]); diff != "" {
			f.Fatalf("listed record (-want +got):\n%s", diff)
		}
	}
}

// selected is what a query means.
func selected(all []tokens.Record, q tokens.Query) []tokens.Record {
	chosen := slices.DeleteFunc(slices.Clone(all), func(r tokens.Record) bool {
		kind, _, _ := strings.Cut(r.ID, ".")
		if r.Legacy {
			kind = tokens.KindAccess
		}
		held := len(q.Scopes) == 0 || slices.ContainsFunc(r.Scopes, func(s string) bool { return slices.Contains(q.Scopes, s) })
		return q.Environment != "" && q.Environment != r.Environment || q.Kind != "" && q.Kind != kind ||
			q.Owner != "" && q.Owner != r.Owner || q.Personal == tokens.Only && !r.Personal || q.Personal == tokens.Without && r.Personal ||
			q.Enabled == tokens.Only && !r.Enabled || q.Enabled == tokens.Without && r.Enabled ||
			!held || !strings.HasPrefix(r.ID, q.IDPrefix) || !strings.HasPrefix(r.Name, q.NamePrefix) ||
			outside(r.LastUsed, q.UsedFrom, q.UsedTo) || outside(r.Expires, q.ExpiresFrom, q.ExpiresTo)
	})
	slices.SortFunc(chosen, func(a, b tokens.Record) int {
		by := map[tokens.Sort]int{
			tokens.SortNewest: b.Created.Compare(a.Created), tokens.SortCreated: a.Created.Compare(b.Created),
			tokens.SortName: cmp.Compare(a.Name, b.Name), tokens.SortLastUsed: a.LastUsed.Compare(b.LastUsed),
			tokens.SortExpires: neverLast(a.Expires).Compare(neverLast(b.Expires)), tokens.SortModified: a.Modified.Compare(b.Modified),
		}[q.Sort]
		by = cmp.Or(by, cmp.Compare(a.ID, b.ID))
		if q.Descending {
			return -by
		}
		return by
	})
	return chosen
}

// outside reports whether a time is not in a frame that has a bound. What never was or never will be is in none.
func outside(at, from, to time.Time) bool {
	bound := !from.IsZero() || !to.IsZero()
	return bound && at.IsZero() || at.Before(from) || !to.IsZero() && at.After(to)
}

func neverLast(t time.Time) time.Time {
	if t.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t
}
