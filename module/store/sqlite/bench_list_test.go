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

// places are the beginning, somewhere in the middle, and the place of the last page.
func places(b *testing.B, s *Store, q tokens.Query, by tokens.Sort) []*tokens.Position {
	b.Helper()
	q.Sort, q.Limit = by, 1
	middle := q
	middle.After = &tokens.Position{At: time.UnixMilli(1_700_000_000_000 + int64(benchTokens(b))*500), Name: "ci-800000", ID: "dt0c01.M"}
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
