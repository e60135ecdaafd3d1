package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/query"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// trail fills a store with eight events, n seconds after epoch each but for the last, whose clock is late.
func trail(t *testing.T, s store.Store) {
	t.Helper()
	for n, e := range []audit.Event{
		{Environment: "env-1", Actor: "ann", Action: "token.create", Object: "dt0c01.AAA%"},
		{Environment: "env-2", Actor: "bob", Action: "token.create", Object: "dt0c01.BBB_"},
		{Environment: "env-1", Actor: "ann", Action: "activegatetoken.delete", Object: "dt0g02.aaa"},
		{Environment: "", Actor: "cli:root", Action: "group.update", Object: "group \"A\""},
		{Environment: "env-1", Actor: "bob", Action: "token.revoke", Object: "dt0c01.AAA%"},
		{Environment: "env-1", Actor: "eve", Action: "tenanttoken.start", Object: "env-1"},
		{Environment: "env-3", Actor: "ann", Action: "session.login", Object: "192.0.2.1"},
		{Environment: "env-1", Actor: "Ann", Action: "token.delete", Object: "dt0c01.AAA%"},
	} {
		e.Time = epoch.Add(time.Duration(n) * time.Second)
		if n == 7 {
			e.Time = epoch.Add(2500 * time.Millisecond)
		}
		must(t, s.RecordAttempt(t.Context(), e))
	}
}

func eventIDs(events []audit.Event) (all []int64) {
	for _, e := range events {
		all = append(all, e.ID)
	}
	return all
}

func testAuditEvents(t *testing.T, open Open) {
	s := open(t)
	trail(t, s)
	second := func(n float64) time.Time { return epoch.Add(time.Duration(n * float64(time.Second))) }
	tests := []struct {
		name string
		q    store.AuditQuery
		want []int64 // newest first
	}{
		{"all", store.AuditQuery{}, []int64{8, 7, 6, 5, 4, 3, 2, 1}},
		{"environment, with those of none", store.AuditQuery{Environment: "env-1"}, []int64{8, 6, 5, 4, 3, 1}},
		{"unknown environment", store.AuditQuery{Environment: "ENV-1"}, []int64{4}},
		{"actor", store.AuditQuery{Actor: "ann"}, []int64{7, 3, 1}},
		{"actors", store.AuditQuery{Actors: []string{"bob", "eve", "nobody"}}, []int64{6, 5, 2}},
		{"action", store.AuditQuery{Action: "token.delete"}, []int64{8}},
		{"actions", store.AuditQuery{Actions: []string{"token.delete", "token.revoke"}}, []int64{8, 5}},
		{"made", store.AuditQuery{Success: query.OnlyMade}, nil},
		{"failed", store.AuditQuery{Success: query.OnlyFailed}, []int64{8, 7, 6, 5, 4, 3, 2, 1}},
		{"object", store.AuditQuery{Object: "env-1"}, []int64{6}},
		{"object whole", store.AuditQuery{Object: "env"}, nil},
		{"objects contain", store.AuditQuery{Objects: []string{"AAA%", "up \"A"}}, []int64{8, 5, 4, 1}},
		{"objects contain no pattern", store.AuditQuery{Objects: []string{"A_A", "dt%B"}}, nil},
		{"objects contain in that case", store.AuditQuery{Objects: []string{"aaa"}}, []int64{3}},
		{"types", store.AuditQuery{Types: []string{"DELETE", "LOGIN"}}, []int64{8, 7, 3}},
		{"type of other verbs", store.AuditQuery{Types: []string{"UPDATE"}}, []int64{6, 4}},
		{"categories", store.AuditQuery{Categories: []string{"TOKEN", "TENANT_LIFECYCLE"}}, []int64{8, 6, 5, 2, 1}},
		{"category of other nouns", store.AuditQuery{Categories: []string{"CONFIG"}}, []int64{4}},
		{"from", store.AuditQuery{From: second(4)}, []int64{7, 6, 5}},
		{"from a moment later", store.AuditQuery{From: second(4).Add(1)}, []int64{7, 6}},
		{"to", store.AuditQuery{To: second(2.5)}, []int64{8, 3, 2, 1}},
		{"from and to", store.AuditQuery{From: second(1), To: second(3)}, []int64{8, 4, 3, 2}},
		{"no time", store.AuditQuery{From: second(3), To: second(1)}, nil},
		{"all at once", store.AuditQuery{
			Environment: "env-1", Actor: "bob", Actors: []string{"bob"}, Action: "token.revoke", Object: "dt0c01.AAA%",
			Objects: []string{"A"}, Types: []string{"REVOKE"}, Categories: []string{"TOKEN"}, From: second(0), To: second(9),
		}, []int64{5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			same(t, "count", len(tt.want))(s.CountAuditEvents(t.Context(), tt.q))
			same(t, "newest first", tt.want)(walkTrail(t, s, tt.q), nil)
			tt.q.OldestFirst = true
			slices.Reverse(tt.want)
			same(t, "oldest first", tt.want)(walkTrail(t, s, tt.q), nil)
		})
	}
}

// walkTrail reads a listing in pages of two.
func walkTrail(t *testing.T, s store.Store, q store.AuditQuery) (all []int64) {
	t.Helper()
	q.Limit = 2
	for {
		events, err := s.AuditEvents(t.Context(), q)
		must(t, err)
		if len(events) > q.Limit || len(all) > 100 {
			t.Fatalf("%d events on a page of %d, %d so far", len(events), q.Limit, len(all))
		}
		all = append(all, eventIDs(events)...)
		if len(events) < q.Limit {
			return all
		}
		q.After = all[len(all)-1]
	}
}

// testAuditEventWhole: every part of an event comes back, wherever it is read.
func testAuditEventWhole(t *testing.T, open Open) {
	s := open(t)
	e := audit.Event{
		Time: epoch, Environment: "env-1", Actor: "ann", Origin: "192.0.2.1", Decision: "d-1", Action: "token.create", Object: record(1).ID,
		Message: "Made.", Detail: testDetail, Patch: `[{"op":"add","path":"/name","value":"n"}]`,
	}
	must(t, s.CreateToken(t.Context(), record(1), e))
	e.ID, e.Revision = 1, 1
	same(t, "AuditEvent", e)(s.AuditEvent(t.Context(), 1))
	same(t, "AuditEvents", []audit.Event{e})(s.AuditEvents(t.Context(), store.AuditQuery{}))
	for _, id := range []int64{0, 2, -1} {
		fails[audit.Event](t, fmt.Sprintf("AuditEvent(%d)", id), query.ErrNotFound)(s.AuditEvent(t.Context(), id))
	}
}

// testAttempt: an attempt has its place in the trail and nothing else. No cache hears of it, and no revision is used up.
func testAttempt(t *testing.T, open Open) {
	s := open(t)
	mustCreate(t, s, record(1))
	e := event("token.delete", record(1).ID)
	e.Message, e.Revision, e.ID = "A token cannot delete itself.", 77, 78 // neither is the caller's to say
	must(t, s.RecordAttempt(t.Context(), e))
	mustCreate(t, s, record(2))

	e.Failed, e.Revision, e.ID = true, 0, 2
	same(t, "AuditEvent", e)(s.AuditEvent(t.Context(), 2))
	same(t, "Revision", int64(2))(s.Revision(t.Context()))
	if changes := allChanges(t, s); len(changes) != 2 {
		t.Errorf("changes: %+v, want those of the two tokens", changes)
	}
	events, err := s.AuditEvents(t.Context(), store.AuditQuery{})
	must(t, err)
	var got [][2]int64
	for _, e := range events {
		got = append(got, [2]int64{e.ID, e.Revision})
	}
	if diff := cmp.Diff([][2]int64{{3, 2}, {2, 0}, {1, 1}}, got); diff != "" {
		t.Errorf("identifiers and revisions (-want +got):\n%s", diff)
	}
}

// testOrigin: every event says where it was asked for, whoever made it and whatever it is about.
func testOrigin(t *testing.T, open Open) {
	s := open(t)
	ctx := audit.WithOrigin(t.Context(), audit.Origin{Environment: "env-9", Address: "192.0.2.9", Decision: "d-9"})
	id := record(1).ID
	must(t, s.CreateToken(ctx, record(1), event("token.create", id)))
	must(t, s.UpdateToken(ctx, id, told("token.update", id), func(*tokens.Record) error { return nil }))
	must(t, s.DeleteToken(ctx, id, event("token.delete", id)))
	must(t, s.RecordAttempt(ctx, event("token.delete", id)))
	must(t, s.UpdateSettings(ctx, "env-9", told("tokensettings.update", "env-9"), func(*tokens.Settings) error { return nil }))
	must(t, s.CreateGroup(ctx, group(1), many, event("group.create", group(1).UUID)))
	must(t, s.UpdateGroup(ctx, group(1).UUID, event("group.update", group(1).UUID), func(*pap.Group) error { return nil }))
	must(t, s.DeleteGroup(ctx, group(1).UUID, event("group.delete", group(1).UUID)))
	events, err := s.AuditEvents(ctx, store.AuditQuery{Environment: "env-9"})
	must(t, err)
	if len(events) != 8 {
		t.Errorf("%d events, want 8", len(events))
	}
	for _, e := range events {
		if e.Environment != "env-9" || e.Origin != "192.0.2.9" || e.Decision != "d-9" {
			t.Errorf("%s: asked for in %q from %q by decision %q", e.Action, e.Environment, e.Origin, e.Decision)
		}
	}
}
