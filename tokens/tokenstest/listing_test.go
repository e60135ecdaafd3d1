package tokenstest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

var day = func(n int) time.Time { return time.Date(2026, time.March, n, 0, 0, 0, 0, time.UTC) }

func filled() *tokenstest.Memory {
	m := &tokenstest.Memory{}
	for _, r := range []tokens.Record{
		{ID: "dt0c01.A", Name: "b", Environment: "prod", Owner: "alice", Enabled: true, Created: day(1), Scopes: []string{"x"}},
		{ID: "dt0c01.B", Name: "a", Environment: "prod", Owner: "bob", Created: day(3), LastUsed: day(5), Expires: day(20), Modified: day(4)},
		{ID: "dt0c01.C", Name: "a", Environment: "test", Owner: "alice", Created: day(3), LastUsed: day(4), Expires: day(10), Personal: true, Scopes: []string{"y", "z"}},
		{ID: "dt0g02.D", Name: "c", Environment: "prod", Created: day(2), Modified: day(3), ActiveGate: "CLUSTER"},
		{ID: "e6e91657", Name: "B", Environment: "prod", Legacy: true, Created: day(2)},
	} {
		m.Put(r)
	}
	return m
}

func ids(page []tokens.Record) string {
	var text string
	for _, r := range page {
		text += r.ID[len(r.ID)-1:]
	}
	return text
}

func TestOrders(t *testing.T) {
	m := filled()
	for by, want := range map[tokens.Sort]string{
		tokens.SortNewest: "BCD7A", tokens.SortCreated: "AD7BC", tokens.SortName: "7BCAD",
		tokens.SortLastUsed: "AD7CB", tokens.SortExpires: "CBAD7", tokens.SortModified: "AC7DB",
	} {
		for _, descending := range []bool{false, true} {
			if descending {
				letters := []byte(want)
				slices.Reverse(letters)
				want = string(letters)
			}
			q := tokens.Query{Sort: by, Descending: descending}
			page, err := m.Tokens(t.Context(), q)
			if ids(page) != want || err != nil {
				t.Errorf("order %d, descending %v: %s, want %s, %v", by, descending, ids(page), want, err)
			}
			var paged []tokens.Record
			for q.Limit = 2; ; q.After = tokens.PositionOf(page[len(page)-1], by) {
				if page, err = m.Tokens(t.Context(), q); err != nil || len(page) == 0 {
					break
				}
				paged = append(paged, page...)
			}
			if ids(paged) != want || err != nil {
				t.Errorf("order %d, descending %v, in pages: %s, want %s, %v", by, descending, ids(paged), want, err)
			}
		}
	}
}

func TestConditions(t *testing.T) {
	m := filled()
	for name, test := range map[string]struct {
		q    tokens.Query
		want string
	}{
		"environment":     {tokens.Query{Environment: "prod"}, "BD7A"},
		"access":          {tokens.Query{Kind: tokens.KindAccess}, "BC7A"},
		"ActiveGate":      {tokens.Query{Kind: "dt0g02"}, "D"},
		"kind, not ID":    {tokens.Query{Kind: "dt0"}, ""},
		"owner":           {tokens.Query{Owner: "alice"}, "CA"},
		"personal":        {tokens.Query{Personal: tokens.Only}, "C"},
		"not personal":    {tokens.Query{Personal: tokens.Without}, "BD7A"},
		"any scope":       {tokens.Query{Scopes: []string{"x", "z"}}, "CA"},
		"identifier":      {tokens.Query{IDPrefix: "dt0c01."}, "BCA"},
		"used from":       {tokens.Query{UsedFrom: day(5)}, "B"},
		"used to":         {tokens.Query{UsedTo: day(4)}, "C"},
		"used, all hold":  {tokens.Query{UsedFrom: day(4), UsedTo: day(5), Owner: "bob"}, "B"},
		"enabled":         {tokens.Query{Enabled: tokens.Only}, "A"},
		"disabled":        {tokens.Query{Enabled: tokens.Without}, "BCD7"},
		"name":            {tokens.Query{NamePrefix: "a"}, "BC"},
		"expires from":    {tokens.Query{ExpiresFrom: day(11)}, "B"},
		"expires to":      {tokens.Query{ExpiresTo: day(19)}, "C"},
		"nothing matches": {tokens.Query{Owner: "Alice"}, ""},
	} {
		page, err := m.Tokens(t.Context(), test.q)
		test.q.Limit, test.q.After = 1, &tokens.Position{ID: "x", At: day(2)}
		n, err2 := m.CountTokens(t.Context(), test.q)
		if ids(page) != test.want || n != len(test.want) || err != nil || err2 != nil {
			t.Errorf("%s: %s and %d, want %s, %v, %v", name, ids(page), n, test.want, err, err2)
		}
	}
	for _, limit := range []int{-1, 10_001} {
		if _, err := m.Tokens(t.Context(), tokens.Query{Limit: limit}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func TestScopeUses(t *testing.T) {
	m, ctx := filled(), t.Context()
	for _, uses := range [][]tokens.ScopeUse{
		{{ID: "dt0c01.A", Alternatives: []string{"x"}, At: day(5)}, {ID: "nobody", Alternatives: []string{"x"}, At: day(5)}},
		{{ID: "dt0c01.A", Alternatives: []string{"x", "y"}, At: day(6)}, {ID: "dt0c01.A", Alternatives: []string{"x"}, At: day(4)}},
	} {
		if err := m.RecordScopeUses(ctx, uses); err != nil {
			t.Fatal(err)
		}
	}
	want := []tokens.ScopeUse{
		{ID: "dt0c01.A", Alternatives: []string{"x", "y"}, At: day(6)}, {ID: "dt0c01.A", Alternatives: []string{"x"}, At: day(5)},
	}
	got, err := m.ScopeUses(ctx, "dt0c01.A")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for i := range tokens.MaxScopeUses {
		if err := m.RecordScopeUses(ctx, []tokens.ScopeUse{{ID: "dt0c01.A", Alternatives: []string{fmt.Sprint(i)}, At: day(7)}}); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := m.ScopeUses(ctx, "dt0c01.A"); len(got) != tokens.MaxScopeUses || !got[len(got)-1].At.Equal(day(7)) {
		t.Errorf("%d uses are kept, the oldest of %v", len(got), got[len(got)-1].At)
	}
	if err := m.DeleteToken(ctx, "dt0c01.A", audit.Event{}); err != nil {
		t.Fatal(err)
	}
	if got, err := m.ScopeUses(ctx, "dt0c01.A"); len(got) != 0 || err != nil {
		t.Errorf("of a deleted token: %v, %v", got, err)
	}
}

func TestAttemptsUseNoRevision(t *testing.T) {
	m := filled()
	ctx := audit.WithOrigin(t.Context(), audit.Origin{Environment: "prod", Address: "192.0.2.1", Decision: "d"})
	if err := m.RecordAttempt(ctx, audit.Event{Action: "token.delete", Revision: 7}); err != nil {
		t.Fatal(err)
	}
	if err := m.DeleteToken(ctx, "dt0c01.A", audit.Event{Action: "token.delete"}); err != nil {
		t.Fatal(err)
	}
	attempt := audit.Event{ID: 1, Environment: "prod", Origin: "192.0.2.1", Decision: "d", Action: "token.delete", Failed: true}
	change := attempt
	change.ID, change.Revision, change.Failed = 2, 1, false
	if diff := cmp.Diff([]audit.Event{attempt, change}, m.Events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestUpdateKeepsWhatATokenIs(t *testing.T) {
	m := filled()
	e := audit.Event{Action: "token.update"}
	err := m.UpdateToken(t.Context(), "dt0g02.D", &e, func(r *tokens.Record) error {
		*r, e.Patch = tokens.Record{Name: "new"}, "[]"
		return nil
	})
	r, _ := m.Token(t.Context(), "dt0g02.D")
	if want := (tokens.Record{ID: "dt0g02.D", Name: "new", ActiveGate: "CLUSTER", Created: day(2)}); !cmp.Equal(want, r) || err != nil {
		t.Errorf("%+v, %v", r, err)
	}
	if events := m.Events(); len(events) != 1 || events[0].Patch != "[]" || events[0].Revision != 1 {
		t.Errorf("%+v", events)
	}
}
