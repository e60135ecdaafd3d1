package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

// wantChanges checks that a store has had exactly n changes, by all three accounts that a transaction keeps: the
// revision, the list of changes and the audit trail.
func wantChanges(t *testing.T, s store.Store, n int) {
	t.Helper()
	revision, err := s.Revision(t.Context())
	if err != nil || revision != int64(n) {
		t.Errorf("Revision: got %d, %v, want %d", revision, err, n)
	}
	changes := allChanges(t, s)
	events, err := s.AuditEvents(t.Context(), store.AuditQuery{Limit: 1000})
	if err != nil || len(events) != n || len(changes) != n {
		t.Errorf("got %d changes and %d audit events, %v, want %d of both", len(changes), len(events), err, n)
	}
	for i, e := range events {
		if want := int64(n - i); e.Revision != want {
			t.Errorf("audit event %d has revision %d, want %d", i, e.Revision, want)
		}
	}
}

// allChanges reads the list of changes in small pieces and checks that revisions have no holes.
func allChanges(t *testing.T, s store.Store) (all []feed.Change) {
	t.Helper()
	for {
		some, gap, err := s.ChangesAfter(t.Context(), int64(len(all)), 7)
		if err != nil || gap || len(some) > 7 {
			t.Fatalf("ChangesAfter(%d): %d changes, gap %v, %v", len(all), len(some), gap, err)
		}
		if len(some) == 0 {
			return all
		}
		for _, c := range some {
			if all = append(all, c); c.Revision != int64(len(all)) {
				t.Fatalf("change %d has revision %d", len(all), c.Revision)
			}
		}
	}
}

func wantEventOf(t *testing.T, s store.Store, e audit.Event, revision int64) {
	t.Helper()
	events, err := s.AuditEvents(t.Context(), store.AuditQuery{Object: e.Object, Actor: e.Actor, Action: e.Action, Limit: 1})
	if err != nil {
		t.Fatalf("AuditEvents: %v", err)
	}
	e.Revision = revision
	for i := range events { // where it is in the trail is another test's
		events[i].ID = 0
	}
	if diff := cmp.Diff([]audit.Event{e}, events); diff != "" {
		t.Errorf("newest audit event of the object (-want +got):\n%s", diff)
	}
}

// testChangeIsOne checks that a change and the word of it are one: a change that came to nothing leaves no trace, and
// one that holds leaves exactly one revision, one audit event and one entry in the list.
func testChangeIsOne(t *testing.T, open Open) {
	s := open(t)
	wantChanges(t, s, 0)
	id, keep := record(1).ID, func(*tokens.Record) error { return nil }
	refuse := func(*tokens.Record) error { return errors.New("refused") }
	ctx, twin := t.Context(), record(2)
	twin.ID = id
	steps := []struct {
		name    string
		do      func() error
		succeed bool
	}{
		{"delete unknown", func() error { return s.DeleteToken(ctx, id, event("token.delete", id)) }, false},
		{"create", func() error { return s.CreateToken(ctx, record(1), event("token.create", id)) }, true},
		{"create again", func() error { return s.CreateToken(ctx, twin, event("token.create", id)) }, false},
		{"update", func() error { return s.UpdateToken(ctx, id, told("token.update", id), keep) }, true},
		{"update refused", func() error { return s.UpdateToken(ctx, id, told("token.update", id), refuse) }, false},
		{"delete", func() error { return s.DeleteToken(ctx, id, event("token.delete", id)) }, true},
		{"update unknown", func() error { return s.UpdateToken(ctx, id, told("token.update", id), keep) }, false},
	}
	var want []feed.Change
	for _, step := range steps {
		if err := step.do(); (err == nil) != step.succeed {
			t.Errorf("%s: %v", step.name, err)
		}
		if step.succeed {
			want = append(want, feed.Change{Revision: int64(len(want) + 1), Kind: feed.Token, ID: id})
		}
		wantChanges(t, s, len(want))
	}
	if diff := cmp.Diff(want, allChanges(t, s)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	wantEventOf(t, s, event("token.delete", id), 3)
}

func testChangesAfter(t *testing.T, open Open) {
	s := open(t)
	for n := range 5 {
		mustCreate(t, s, record(n))
	}
	tests := []struct {
		name         string
		after        int64
		limit        int
		first, count int
		gap          bool
	}{
		{"all", 0, 100, 1, 5, false},
		{"limited", 0, 2, 1, 2, false},
		{"some", 3, 100, 4, 2, false},
		{"none", 5, 100, 0, 0, false},
		{"ahead of the store", 6, 100, 0, 0, true}, // an older copy was put back: forget everything
	}
	for _, tt := range tests {
		got, gap, err := s.ChangesAfter(t.Context(), tt.after, tt.limit)
		if err != nil || gap != tt.gap || len(got) != tt.count {
			t.Errorf("%s: got %d changes, gap %v, %v", tt.name, len(got), gap, err)
		}
		for i, c := range got {
			n := tt.first + i
			want := feed.Change{Revision: int64(n), Kind: feed.Token, ID: record(n - 1).ID}
			if c != want {
				t.Errorf("%s: change %d: got %+v, want %+v", tt.name, i, c, want)
			}
		}
	}
}
