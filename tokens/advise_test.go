package tokens_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

const day = 24 * time.Hour

// use says that the usual token got through with one of these scopes some time ago.
func use(ago time.Duration, alternatives ...string) tokens.ScopeUse {
	return tokens.ScopeUse{ID: "dt0c01." + public24, Alternatives: alternatives, At: now.Add(-ago)}
}

func TestAdvise(t *testing.T) {
	old := func(r *tokens.Record) {
		r.Created, r.Scopes = now.AddDate(-1, 0, 0), []string{"orders.read", "orders.write", "parcels.read", "unused"}
	}
	for name, test := range map[string]struct {
		token              func(*tokens.Record)
		uses               []tokens.ScopeUse
		keep, drop, unused []string
		since              time.Duration
	}{
		"never used": {old, nil, []string{}, []string{"orders.read", "orders.write", "parcels.read", "unused"}, []string{"orders.read", "orders.write", "parcels.read", "unused"}, 30 * day},
		"either would do": {
			old, []tokens.ScopeUse{use(day, "orders.read", "orders.write"), use(2*day, "orders.write")},
			[]string{"orders.write"}, []string{"orders.read", "parcels.read", "unused"}, []string{"parcels.read", "unused"}, 30 * day,
		},
		"tie": {
			old, []tokens.ScopeUse{use(day, "orders.write", "parcels.read")},
			[]string{"orders.write"}, []string{"orders.read", "parcels.read", "unused"}, []string{"orders.read", "unused"}, 30 * day,
		},
		"long ago": {
			old, []tokens.ScopeUse{use(day, "parcels.read"), use(31*day, "orders.read")},
			[]string{"parcels.read"}, []string{"orders.read", "orders.write", "unused"}, []string{"orders.read", "orders.write", "unused"}, 30 * day,
		},
		// A use is written down at most once an hour, so a record from just before the window may stand for a use in it.
		"just before the window": {
			old, []tokens.ScopeUse{use(30*day+30*time.Minute, "orders.read")},
			[]string{"orders.read"}, []string{"orders.write", "parcels.read", "unused"}, []string{"orders.write", "parcels.read", "unused"}, 30 * day,
		},
		"alternative that it does not hold": {
			old, []tokens.ScopeUse{use(day, "another", "orders.read"), use(day, "another")},
			[]string{"orders.read"}, []string{"orders.write", "parcels.read", "unused"}, []string{"orders.write", "parcels.read", "unused"}, 30 * day,
		},
		"young": {
			func(r *tokens.Record) { r.Created = now.Add(-day) }, []tokens.ScopeUse{use(time.Hour, "orders.read")},
			[]string{"orders.read"}, []string{}, []string{}, day,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, nil)
			id := o.put(test.token)
			if err := o.store.RecordScopeUses(t.Context(), test.uses); err != nil {
				t.Fatal(err)
			}
			a, err := o.Advise(t.Context(), id)
			if err != nil || a.Token.ID != id || !a.Since.Equal(now.Add(-test.since)) {
				t.Fatalf("%v since %v, %v", a.Token.ID, a.Since, err)
			}
			if diff := cmp.Diff([][]string{test.keep, test.drop}, [][]string{a.Keep, a.Drop}); diff != "" {
				t.Errorf("keep and drop (-want +got):\n%s", diff)
			}
			h, err := o.Hygiene(t.Context(), a.Token)
			if diff := cmp.Diff(tokens.Hygiene{Unused: test.unused, Since: a.Since}, h); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			for _, u := range a.Uses {
				if slices.Contains(u.Alternatives, "another") || u.At.Before(a.Since.Add(-time.Hour)) {
					t.Errorf("use %+v", u)
				}
			}
		})
	}
	if _, err := newOffice(t, nil).Advise(t.Context(), "dt0c01.NOBODY"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("unknown: %v", err)
	}
}

// Of one token only so many uses are kept. Invariant: nothing is said of a time from which some are gone.
func TestHygieneClaimsNoMoreThanIsKept(t *testing.T) {
	o := newOffice(t, nil)
	id := o.put(func(r *tokens.Record) { r.Created = now.AddDate(-1, 0, 0) })
	uses := []tokens.ScopeUse{use(29*day, "orders.read")}
	for i := range tokens.MaxScopeUses {
		uses = append(uses, use(time.Duration(i)*time.Minute, fmt.Sprint("other", i)))
	}
	if err := o.store.RecordScopeUses(t.Context(), uses); err != nil {
		t.Fatal(err)
	}
	r, _ := o.Show(t.Context(), id)
	h, err := o.Hygiene(t.Context(), r)
	want := tokens.Hygiene{Unused: []string{"orders.read"}, Since: now.Add(-(tokens.MaxScopeUses - 1) * time.Minute)}
	if diff := cmp.Diff(want, h); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// Property: the set hits every set, no smaller one does, and of the smallest ones it is the first.
func TestHittingSetAgainstBruteForce(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	rapid.Check(t, func(t *rapid.T) {
		sets := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom(names), 0, 4), 0, 10).Draw(t, "sets")
		want := bruteForce(names, sets)
		if diff := cmp.Diff(want, tokens.HittingSet(sets)); diff != "" {
			t.Fatalf("hitting set (-want +got):\n%s", diff)
		}
	})
}

func bruteForce(names []string, sets [][]string) []string {
	var best []string
	for mask := range 1 << len(names) {
		subset := []string{}
		for i, name := range names {
			if mask>>i&1 == 1 {
				subset = append(subset, name)
			}
		}
		if hits(subset, sets) && (best == nil || len(subset) < len(best) || len(subset) == len(best) && slices.Compare(subset, best) < 0) {
			best = subset
		}
	}
	return best
}

func hits(subset []string, sets [][]string) bool {
	return !slices.ContainsFunc(sets, func(set []string) bool {
		return len(set) > 0 && !slices.ContainsFunc(set, func(name string) bool { return slices.Contains(subset, name) })
	})
}

// Attack: a token is used so that advice about it costs the gateway minutes. Fix: the search is bounded.
// Invariant: whatever was used, an answer that hits everything comes soon, and is the same each time.
func TestHittingSetIsBounded(t *testing.T) {
	hard, ties := make([][]string, tokens.MaxScopeUses), make([][]string, tokens.MaxScopeUses)
	for i := range tokens.MaxScopeUses {
		hard[i] = []string{fmt.Sprintf("s%02d", i*7%61), fmt.Sprintf("s%02d", (i*i*3+11)%67), fmt.Sprintf("s%02d", i%59)}
		ties[i] = []string{fmt.Sprintf("a%03d", i), fmt.Sprintf("b%03d", i)} // 2^256 answers, all equally small
	}
	for name, sets := range map[string][][]string{"hard": hard, "ties": ties} {
		found := tokens.HittingSet(sets) // without a bound the test does not end
		if !hits(found, sets) || !slices.Equal(found, tokens.HittingSet(sets)) || !slices.IsSorted(found) {
			t.Errorf("%s: found %s", name, strings.Join(found, " "))
		}
	}
}

func BenchmarkHittingSet(b *testing.B) {
	var sets [][]string // as they occur: most endpoints take one scope or two
	for i := range 60 {
		sets = append(sets, []string{fmt.Sprintf("a%02d.read", i%20)}, []string{fmt.Sprintf("a%02d.read", i%25), fmt.Sprintf("a%02d.write", i%30)})
	}
	b.ReportAllocs()
	for b.Loop() {
		tokens.HittingSet(sets)
	}
}
