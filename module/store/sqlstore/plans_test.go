package sqlstore

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module/store/query"
	"github.com/doorward/doorward/tokens"
)

// TestPlans keeps the questions of the request path and of every follower on their indexes.
func TestPlans(t *testing.T) {
	s := openNew(t)
	tests := []struct{ query, want string }{
		{selectRecord + ` WHERE id = 'x'`, "SEARCH tokens USING INDEX tokens_id (id=?)"},
		{selectRecord + ` WHERE legacy = 1 AND digest = x'00'`, "SEARCH tokens USING INDEX tokens_legacy (digest=?)"},
		{strings.NewReplacer("LIMIT ?", "LIMIT 9", "> ?", "> 3").Replace(selectChangesAfter),
			"MATERIALIZE c|SEARCH changes USING INTEGER PRIMARY KEY (rowid>?)|" + // sorts one batch at most
				"SCAN s|SCAN c LEFT-JOIN|USE TEMP B-TREE FOR ORDER BY"},
	}
	for _, tt := range tests {
		if got := plan(t, s, tt.query); got != tt.want {
			t.Errorf("%s\n got plan %s\nwant plan %s", tt.query, got, tt.want)
		}
	}
}

func plan(t *testing.T, s *Store, text string, values ...any) string {
	t.Helper()
	steps, err := list(t.Context(), s.reader, func(row scanner) (step string, err error) {
		var number, parent, unused int
		return step, row.Scan(&number, &parent, &unused, &step)
	}, "EXPLAIN QUERY PLAN "+text, values...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return strings.Join(steps, "|")
}

// pagePlan is how the page of a query is read.
func pagePlan(t *testing.T, s *Store, q tokens.Query) string {
	t.Helper()
	l := listing{Query: q, column: orders[q.Sort], columns: recordColumns}
	tx, err := s.reading.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	text, values, err := l.page(context.WithoutCancel(t.Context()), session{on: tx})
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	return plan(t, s, text, values...)
}

// TestListingPlans: in every order and both directions, from the beginning and from any place, a page without a filter or
// with one of those that listings are kept for is one piece of an index. Nothing is sorted and no table is read through.
func TestListingPlans(t *testing.T) {
	s := openNew(t)
	for _, r := range []tokens.Record{{ID: "k.1", Environment: "e", Owner: "o"}, {ID: "k.2", Environment: "e", Owner: "o", Personal: true}} { // both are disabled
		if err := s.CreateToken(t.Context(), r, cause); err != nil {
			t.Fatal(err)
		}
	}
	const merged = "MERGE (UNION ALL)|LEFT|%s|RIGHT|%[1]s"
	filters := map[string]struct {
		q           tokens.Query
		index, want string
	}{
		"all":        {tokens.Query{Environment: "e", Kind: "k"}, "tokens_by_%s (environment=? AND kind=? AND personal=?", merged},
		"everywhere": {tokens.Query{}, "tokens_by_%s (environment=? AND kind=? AND personal=?", merged},
		"personal":   {tokens.Query{Environment: "e", Kind: "k", Personal: tokens.Only}, "tokens_by_%s (environment=? AND kind=? AND personal=?", "%s"},
		"disabled":   {tokens.Query{Enabled: tokens.Without}, "tokens_disabled_by_%s (environment=? AND kind=? AND personal=?", merged},
		"enabled":    {tokens.Query{Enabled: tokens.Only}, "tokens_by_%s (environment=? AND kind=? AND personal=?", merged},
		"owner":      {tokens.Query{Owner: "o"}, "tokens_owner_by_%s (owner=? AND environment=? AND kind=? AND personal=?", merged},
	}
	for name, f := range filters {
		for by, column := range orders {
			for _, descending := range []bool{false, true} {
				q := f.q
				q.Sort, q.Descending = by, descending
				search := "SEARCH tokens USING INDEX " + fmt.Sprintf(f.index, column)
				if got, want := pagePlan(t, s, q), fmt.Sprintf(f.want, search+")"); got != want {
					t.Errorf("%s by %s, first page\n got plan %s\nwant plan %s", name, column, got, want)
				}
				q.After = &tokens.Position{ID: "x", At: time.UnixMilli(1)}
				compare := map[bool]string{false: ">", true: "<"}[descending]
				if got, want := pagePlan(t, s, q), fmt.Sprintf(f.want, search+" AND ("+column+",id)"+compare+"(?,?))"); got != want {
					t.Errorf("%s by %s, later page\n got plan %s\nwant plan %s", name, column, got, want)
				}
			}
		}
	}
}

// TestFilterPlans: filters that are no part of the order's index.
func TestFilterPlans(t *testing.T) {
	s := openNew(t)
	if err := s.CreateToken(t.Context(), tokens.Record{ID: "k.1", Environment: "e", Owner: "o", Enabled: true}, cause); err != nil {
		t.Fatal(err)
	}
	part := tokens.Query{Environment: "e", Kind: "k", Personal: tokens.Without}
	used, expires, named, disabled := part, part, part, part
	used.UsedFrom, used.UsedTo = time.UnixMilli(5), time.UnixMilli(50)
	expires.ExpiresFrom = time.UnixMilli(5)
	named.NamePrefix = "n"
	disabled.Enabled, disabled.Owner = tokens.Without, "o"
	scopes := part
	scopes.Scopes, scopes.Sort, scopes.Descending, scopes.After = []string{"a"}, tokens.SortCreated, true, &tokens.Position{ID: "x", At: time.UnixMilli(9)}
	// Few: they are found by the index of the filter that the fewest meet, and sorted.
	const few = "CO-ROUTINE few|SEARCH tokens USING COVERING INDEX %s (environment=? AND kind=? AND personal=?%s)|" +
		"SCAN few|SEARCH tokens USING INTEGER PRIMARY KEY (rowid=?)|USE TEMP B-TREE FOR ORDER BY"
	for _, tt := range []struct {
		q    tokens.Query
		want string
	}{
		{scopes, "SEARCH s USING PRIMARY KEY (scope=? AND environment=? AND kind=? AND personal=? AND (created,id)<(?,?))|" +
			"SEARCH tokens USING INTEGER PRIMARY KEY (rowid=?)"},
		{used, fmt.Sprintf(few, "tokens_by_last_used", " AND last_used>? AND last_used<?")},
		{expires, fmt.Sprintf(few, "tokens_by_expires", " AND expires>? AND expires<?")},
		{named, fmt.Sprintf(few, "tokens_by_name", " AND name>? AND name<?")},
		{disabled, fmt.Sprintf(few, "tokens_disabled_by_created", "")},
	} {
		if got := pagePlan(t, s, tt.q); got != tt.want {
			t.Errorf("%+v\n got plan %s\nwant plan %s", tt.q, got, tt.want)
		}
	}
}

// TestSpanPlans: in the order of the column that a filter is a range of, a page is one piece of that order's index, wherever it
// begins. A plan does not show which of two bounds on one side it begins at, so there must be one.
func TestSpanPlans(t *testing.T) {
	s := openNew(t)
	at := func(ms int64) *tokens.Position { return &tokens.Position{ID: "x", At: time.UnixMilli(ms)} }
	named := func(name string) *tokens.Position { return &tokens.Position{ID: "x", Name: name} }
	for column, tt := range map[string]struct {
		q             tokens.Query
		within, ahead *tokens.Position // of the range
	}{
		"last_used": {tokens.Query{Sort: tokens.SortLastUsed, UsedFrom: time.UnixMilli(5), UsedTo: time.UnixMilli(50)}, at(9), at(3)},
		"expires":   {tokens.Query{Sort: tokens.SortExpires, ExpiresFrom: time.UnixMilli(5), ExpiresTo: time.UnixMilli(50)}, at(9), at(3)},
		"name":      {tokens.Query{Sort: tokens.SortName, NamePrefix: "n"}, named("no"), named("m")},
	} {
		const search = "SEARCH tokens USING INDEX %s_%s (%senvironment=? AND kind=? AND personal=?"
		for index, narrow := range map[string]func(*tokens.Query){
			"tokens_by":          func(*tokens.Query) {},
			"tokens_owner_by":    func(q *tokens.Query) { q.Owner = "o" },
			"tokens_disabled_by": func(q *tokens.Query) { q.Enabled = tokens.Without },
		} {
			q := tt.q
			q.Environment, q.Kind, q.Personal = "e", "k", tokens.Only
			narrow(&q)
			begin := fmt.Sprintf(search, index, column, map[bool]string{true: "owner=? AND "}[q.Owner != ""])
			if got, want := pagePlan(t, s, q), begin+" AND "+column+">? AND "+column+"<?)"; got != want {
				t.Errorf("%s by %s, first page\n got plan %s\nwant plan %s", index, column, got, want)
			}
			q.After = tt.within
			if got, want := pagePlan(t, s, q), begin+" AND ("+column+",id)>(?,?) AND "+column+"<?)"; got != want {
				t.Errorf("%s by %s, later page\n got plan %s\nwant plan %s", index, column, got, want)
			}
		}
		for _, side := range []struct {
			after      *tokens.Position
			descending bool
			want       []string
		}{
			{tt.within, false, []string{column + " < ?"}},
			{tt.within, true, []string{column + " >= ?"}},
			{tt.ahead, false, []string{column + " >= ?", column + " < ?"}}, // a place that no page ends at
			{tt.ahead, true, []string{column + " >= ?"}},
		} {
			l := listing{Query: tt.q, column: column}
			l.After, l.Descending = side.after, side.descending
			var c conditions
			if l.filter(&c); !slices.Equal(c.texts, side.want) {
				t.Errorf("by %s, descending %v: bounds %q, want %q", column, side.descending, c.texts, side.want)
			}
		}
	}
}

// TestCountPlans: counting reads an index only.
func TestCountPlans(t *testing.T) {
	s := openNew(t)
	const search = "SEARCH tokens USING COVERING INDEX %s (environment=? AND kind=? AND personal=?%s)"
	for _, tt := range []struct {
		q    tokens.Query
		want string
	}{
		{tokens.Query{UsedFrom: time.UnixMilli(5)}, fmt.Sprintf(search, "tokens_by_last_used", " AND last_used>? AND last_used<?")},
		{tokens.Query{ExpiresTo: time.UnixMilli(5)}, fmt.Sprintf(search, "tokens_by_expires", " AND expires>? AND expires<?")},
		{tokens.Query{NamePrefix: "n"}, fmt.Sprintf(search, "tokens_by_name", " AND name>? AND name<?")},
		{tokens.Query{Enabled: tokens.Without}, fmt.Sprintf(search, "tokens_disabled_by_created", "")},
		{tokens.Query{Enabled: tokens.Without, NamePrefix: "n"}, fmt.Sprintf(search, "tokens_disabled_by_name", " AND name>? AND name<?")},
	} {
		l := listing{Query: tt.q}
		l.column = l.countedBy()
		text, values := together(l.inOrder([]partition{{"e", "k", false}}))
		if got := plan(t, s, "SELECT sum(n) FROM ("+text+")", values...); !strings.Contains(got, tt.want) {
			t.Errorf("%s\n got plan %s\nwant plan %s", text, got, tt.want)
		}
	}
}

// TestCountsAtHand: enabled tokens are counted by the disabled ones, and a range that has nearly all tokens by what is around it.
func TestCountsAtHand(t *testing.T) {
	s := openNew(t)
	if err := s.CreateToken(t.Context(), tokens.Record{ID: "k.1", Environment: "e", Name: "n"}, cause); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		q    tokens.Query
		want []string
	}{
		{tokens.Query{Enabled: tokens.Only}, []string{"token_counts", "tokens_disabled_by_created"}},
		{tokens.Query{NamePrefix: "n"}, []string{"token_counts"}},
		{tokens.Query{ExpiresFrom: time.UnixMilli(5)}, []string{"token_counts"}},
	} {
		l := listing{Query: tt.q}
		l.column = l.countedBy()
		var counting arm
		err := s.look(t.Context(), func(tx session) (err error) {
			counting, err = l.counting(t.Context(), tx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := regexp.MustCompile(`token_counts|tokens_\w+`).FindAllString(counting.text, -1); !slices.Equal(got, tt.want) {
			t.Errorf("%+v is counted by %q, want %q:\n%s", tt.q, got, tt.want, counting.text)
		}
	}
}

// TestAuditPlans: a page of the trail is a piece of it, in the order of identifiers; times bound it from both sides.
func TestAuditPlans(t *testing.T) {
	s := openNew(t)
	span := query.Audit{From: time.UnixMilli(5), To: time.UnixMilli(9)}
	const bound = "|SCALAR SUBQUERY %d|SEARCH audit_events USING COVERING INDEX audit_events_time (time>? AND time<?)"
	// Each event's outcome is looked up by its number, and decides about nothing.
	const outcome = "|SEARCH audit_outcomes USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN"
	actor := span
	actor.Actor, actor.After = "x", 7
	for _, tt := range []struct {
		q    query.Audit
		want string
	}{
		{query.Audit{}, "SCAN audit_events"}, // in its own order, to the limit
		{query.Audit{After: 7}, "SEARCH audit_events USING INTEGER PRIMARY KEY (rowid<?)"},
		{query.Audit{Object: "x", After: 7, OldestFirst: true}, "SEARCH audit_events USING INDEX audit_events_object (object=? AND rowid>?)"},
		{query.Audit{Environment: "x"}, "MERGE (UNION ALL)|LEFT|SEARCH audit_events USING INDEX audit_events_environment (environment=?)" + outcome + "|RIGHT|" +
			"SEARCH audit_events USING INDEX audit_events_environment (environment=?)"},
		{query.Audit{Environment: "x", Actions: []string{"a"}}, "MERGE (UNION ALL)|LEFT|SEARCH audit_events USING INDEX audit_events_action (environment=? AND action=?)" + outcome + "|RIGHT|" +
			"SEARCH audit_events USING INDEX audit_events_action (environment=? AND action=?)"},
		{query.Audit{Environment: "x", Actors: []string{"a"}}, "MERGE (UNION ALL)|LEFT|SEARCH audit_events USING INDEX audit_events_actor (actor=?)" + outcome + "|RIGHT|" +
			"SEARCH audit_events USING INDEX audit_events_actor (actor=?)"},
		{span, "SEARCH audit_events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" + fmt.Sprintf(bound, 2) + fmt.Sprintf(bound, 1)},
		{actor, "SEARCH audit_events USING INDEX audit_events_actor (actor=? AND rowid>? AND rowid<?)" + fmt.Sprintf(bound, 1)},
	} {
		text, values := auditPage(Dialect{}, tt.q, 10)
		if got, want := plan(t, s, text, values...), tt.want+outcome; got != want {
			t.Errorf("%+v\n got plan %s\nwant plan %s", tt.q, got, want)
		}
	}
	if got, want := plan(t, s, selectLinks, 7, 10), "SEARCH audit_events USING INTEGER PRIMARY KEY (rowid>?)"+outcome; got != want {
		t.Errorf("the chain\n got plan %s\nwant plan %s", got, want)
	}
	within := span
	within.Environment = "x"
	text, values := auditCount(nil, within)
	if got, want := plan(t, s, text, values...), "SEARCH audit_events USING COVERING INDEX audit_events_time (time>? AND time<?)"; !strings.Contains(got, want) || strings.Contains(got, "UNION") {
		t.Errorf("%s\n got plan %s\nwant plan %s", text, got, want)
	}
	text, values = auditCount(nil, span)
	if got, want := plan(t, s, text, values...), "SEARCH audit_events USING COVERING INDEX audit_events_time (time>? AND time<?)"; !strings.Contains(got, want) {
		t.Errorf("%s\n got plan %s\nwant plan %s", text, got, want)
	}
}
