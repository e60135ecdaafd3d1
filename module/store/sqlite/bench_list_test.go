package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/doorward/doorward/tokens"
)

// BenchmarkTokens is a page of 200 in each order, with each filter, at the first, a middle and the last place. The budget is
// 50 ms with a million tokens.
func BenchmarkTokens(b *testing.B) {
	s := benchStore(b)
	whole := tokens.Query{Environment: benchEnvironment, Kind: tokens.KindAccess}
	with := func(change func(*tokens.Query)) tokens.Query {
		q := whole
		change(&q)
		return q
	}
	filters := []struct {
		name string
		q    tokens.Query
	}{
		{"all", whole},
		{"everywhere", tokens.Query{}},
		{"personal", with(func(q *tokens.Query) { q.Personal = tokens.Only })},
		{"owner", with(func(q *tokens.Query) { q.Owner = "service@example.org" })},
		{"scope-half", with(func(q *tokens.Query) { q.Scopes = []string{"scope.half"} })},
		{"scope-hundredth", with(func(q *tokens.Query) { q.Scopes = []string{"scope.hundredth"} })},
		{"scope-rare", with(func(q *tokens.Query) { q.Scopes = []string{"scope.rare", "scope.nobody"} })},
		{"used", with(func(q *tokens.Query) { q.UsedFrom = time.UnixMilli(1_700_000_000_000) })},
		{"prefix", with(func(q *tokens.Query) { q.IDPrefix = "dt0c01.A" })},
		{"name-all", with(func(q *tokens.Query) { q.NamePrefix = "ci-" })},
		{"name-sixteenth", with(func(q *tokens.Query) { q.NamePrefix = "ci-8" })},
		{"name-rare", with(func(q *tokens.Query) { q.NamePrefix = "ci-8a" })},
		{"enabled", with(func(q *tokens.Query) { q.Enabled = tokens.Only })},
		{"disabled", with(func(q *tokens.Query) { q.Enabled = tokens.Without })},
		{"disabled-owner", with(func(q *tokens.Query) { q.Enabled, q.Owner = tokens.Without, "owner-7@example.org" })},
		{"disabled-scope", with(func(q *tokens.Query) { q.Enabled, q.Scopes = tokens.Without, []string{"scope.half"} })},
		{"expires-third", with(func(q *tokens.Query) { q.ExpiresFrom = benchExpiry(0) })},
		{"expires-few", with(func(q *tokens.Query) { q.ExpiresFrom, q.ExpiresTo = benchExpiry(100_000), benchExpiry(180_000) })},
		{"expires-rare", with(func(q *tokens.Query) { q.ExpiresFrom, q.ExpiresTo = benchExpiry(100_000), benchExpiry(103_000) })},
		{"all-filters", with(func(q *tokens.Query) { q.Enabled, q.NamePrefix, q.ExpiresFrom = tokens.Only, "ci-8", benchExpiry(0) })},
	}
	sorts := []string{"newest", "created", "name", "last_used", "expires", "modified"}
	for _, f := range filters {
		for by, name := range sorts {
			for place, after := range places(b, s, f.q, tokens.Sort(by)) {
				b.Run(fmt.Sprintf("%s/%s/%s", f.name, name, []string{"first", "middle", "last"}[place]), func(b *testing.B) {
					q := f.q
					q.Sort, q.After, q.Limit = tokens.Sort(by), after, 200
					measure(b, func(int) error {
						_, err := s.Tokens(b.Context(), q)
						return err
					})
				})
			}
		}
	}
}

// benchExpiry is when token number n expires, if it does.
func benchExpiry(n int) time.Time {
	return time.UnixMilli(1_700_000_000_000 + int64(n)*1000).Add(365 * 24 * time.Hour)
}

// places are the beginning, somewhere in the middle, and the place of the last page.
func places(b *testing.B, s *Store, q tokens.Query, by tokens.Sort) []*tokens.Position {
	b.Helper()
	q.Sort, q.Limit = by, 1
	middle := q
	at := time.UnixMilli(1_700_000_000_000 + int64(benchTokens(b))*500)
	if by == tokens.SortExpires && !q.ExpiresFrom.IsZero() {
		at = at.Add(365 * 24 * time.Hour)
	}
	middle.After = &tokens.Position{At: at, Name: "ci-8a0000", ID: "dt0c01.M"}
	half, err := s.Tokens(b.Context(), middle)
	if err != nil {
		b.Fatal(err)
	}
	last := q
	last.Descending, last.Limit = true, 200
	end, err := s.Tokens(b.Context(), last)
	if err != nil || len(end) == 0 {
		b.Fatalf("%d tokens, %v", len(end), err)
	}
	all := []*tokens.Position{nil, nil, tokens.PositionOf(end[len(end)-1], by)}
	if len(half) == 1 {
		all[1] = tokens.PositionOf(half[0], by)
	}
	return all
}

// BenchmarkCountTokens counts what listings say the number of.
func BenchmarkCountTokens(b *testing.B) {
	s := benchStore(b)
	whole := tokens.Query{Environment: benchEnvironment, Kind: tokens.KindAccess}
	for name, change := range map[string]func(*tokens.Query){
		"all":        func(*tokens.Query) {},
		"owner":      func(q *tokens.Query) { q.Owner = "service@example.org" },
		"scope-half": func(q *tokens.Query) { q.Scopes = []string{"scope.half"} },
		"scope-two":  func(q *tokens.Query) { q.Scopes = []string{"scope.half", "scope.hundredth"} },
		"used":       func(q *tokens.Query) { q.UsedFrom = time.UnixMilli(1_700_000_000_000) },
		"prefix":     func(q *tokens.Query) { q.IDPrefix = "dt0c01.A" },
		"name-all":   func(q *tokens.Query) { q.NamePrefix = "ci-" },
		"name-rare":  func(q *tokens.Query) { q.NamePrefix = "ci-8a" },
		"enabled":    func(q *tokens.Query) { q.Enabled = tokens.Only },
		"disabled":   func(q *tokens.Query) { q.Enabled = tokens.Without },
		"expires":    func(q *tokens.Query) { q.ExpiresFrom = benchExpiry(0) },
		"all-filters": func(q *tokens.Query) {
			q.Enabled, q.NamePrefix, q.ExpiresFrom = tokens.Only, "ci-8", benchExpiry(0)
		},
	} {
		b.Run(name, func(b *testing.B) {
			q := whole
			change(&q)
			measure(b, func(int) error {
				_, err := s.CountTokens(b.Context(), q)
				return err
			})
		})
	}
}
