package sqlstore

import (
	"context"
	"fmt"
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
	for _, r := range []tokens.Record{{ID: "k.1", Environment: "e", Owner: "o"}, {ID: "k.2", Environment: "e", Owner: "o", Personal: true}} {
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
	used := tokens.Query{Environment: "e", Kind: "k", Personal: tokens.Without, UsedFrom: time.UnixMilli(5), UsedTo: time.UnixMilli(50)}
	byUse := used
	byUse.Sort, byUse.After = tokens.SortLastUsed, &tokens.Position{ID: "x", At: time.UnixMilli(9)}
	scopes := tokens.Query{Environment: "e", Kind: "k", Personal: tokens.Without, Scopes: []string{"a"}, Sort: tokens.SortCreated,
		Descending: true, After: &tokens.Position{ID: "x", At: time.UnixMilli(9)}}
	const part = "environment=? AND kind=? AND personal=?"
	for _, tt := range []struct {
		q    tokens.Query
		want string
	}{
		{byUse, "SEARCH tokens USING INDEX tokens_by_last_used (" + part + " AND (last_used,id)>(?,?) AND last_used<?)"},
		{scopes, "SEARCH s USING PRIMARY KEY (scope=? AND " + part + " AND (created,id)<(?,?))|SEARCH tokens USING INTEGER PRIMARY KEY (rowid=?)"},
		// Few: those that were used are found by their index and sorted.
		{used, "CO-ROUTINE few|SEARCH tokens USING COVERING INDEX tokens_by_last_used (" + part + " AND last_used>? AND last_used<?)|" +
			"SCAN few|SEARCH tokens USING INTEGER PRIMARY KEY (rowid=?)|USE TEMP B-TREE FOR ORDER BY"},
	} {
		if got := pagePlan(t, s, tt.q); got != tt.want {
			t.Errorf("%+v\n got plan %s\nwant plan %s", tt.q, got, tt.want)
		}
	}
	// A plan does not show which of two lower bounds it begins at, so there must be one.
	for descending, want := range map[bool]string{false: "last_used <= ?", true: "last_used >= ?"} {
		l := listing{Query: byUse}
		l.Descending = descending
		var c conditions
		if l.used(&c); len(c.texts) != 1 || c.texts[0] != want {
			t.Errorf("descending %v: bounds %q, want %q only", descending, c.texts, want)
		}
	}
}

// TestCountPlans: counting reads an index only.
func TestCountPlans(t *testing.T) {
	s := openNew(t)
	l := listing{Query: tokens.Query{UsedFrom: time.UnixMilli(5), Sort: tokens.SortLastUsed}, column: "last_used", columns: "1"}
	text, values := together(l.inOrder([]partition{{"e", "k", false}}))
	want := "SEARCH tokens USING COVERING INDEX tokens_by_last_used (environment=? AND kind=? AND personal=? AND last_used>? AND last_used<?)"
	if got := plan(t, s, "SELECT count(*) FROM ("+text+")", values...); !strings.Contains(got, want) {
		t.Errorf("%s\n got plan %s\nwant plan %s", text, got, want)
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
	text, values := auditCount(nil, span)
	if got, want := plan(t, s, text, values...), "SEARCH audit_events USING COVERING INDEX audit_events_time (time>? AND time<?)"; !strings.Contains(got, want) {
		t.Errorf("%s\n got plan %s\nwant plan %s", text, got, want)
	}
}
