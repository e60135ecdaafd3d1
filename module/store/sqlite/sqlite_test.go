package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/sqlite"
	"github.com/doorward/doorward/module/store/storetest"
	"github.com/doorward/doorward/tokens"
)

// TestMain lets this binary play other processes; see kill_test.go and lock_test.go.
func TestMain(m *testing.M) {
	if assignment := os.Getenv(victimEnv); assignment != "" {
		victim(assignment)
		return
	}
	if path := os.Getenv(rivalEnv); path != "" {
		rival(path)
		return
	}
	code := m.Run()
	sqlite.RemoveBenched()
	os.Exit(code)
}

// opener opens the file at path once for each call.
func opener(path string, opt sqlite.Options) storetest.Open {
	return func(t *testing.T) store.Store {
		t.Helper()
		return openAt(t, path, opt)
	}
}

func openAt(t testing.TB, path string, opt sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "doorward.db") }

// raw opens the file behind the store's back.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func mustExec(t testing.TB, db *sql.DB, text string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return openAt(t, newPath(t), sqlite.Options{}) })
}

func TestShared(t *testing.T) {
	storetest.RunShared(t, func(t *testing.T) storetest.Open { return opener(newPath(t), sqlite.Options{}) })
}

var epoch = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func tokenNumber(n int) tokens.Record {
	id := fmt.Sprintf("dt0c01.%024d", n)
	return tokens.Record{ID: id, Digest: tokens.DigestOf(id), Name: "n", Owner: fmt.Sprint("o", n%5), Enabled: true, Created: epoch,
		Scopes: []string{"logs.read", "metrics.read"}}
}

func create(ctx context.Context, s *sqlite.Store, n int) error {
	r := tokenNumber(n)
	return s.CreateToken(ctx, r, audit.Event{Time: epoch, Actor: "cli:tester", Action: "token.create", Object: r.ID})
}

func mustCreate(t testing.TB, s *sqlite.Store, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		if err := create(t.Context(), s, n); err != nil {
			t.Fatal(err)
		}
	}
}

// A follower that was away for longer than changes are kept must be told to forget everything.
func TestOldChangesAreForgotten(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{KeepChanges: 3})
	mustCreate(t, s, 1, 2, 3, 4, 5)
	tests := []struct {
		after int64
		want  []int64
		gap   bool
	}{
		{0, []int64{3, 4, 5}, true},
		{1, []int64{3, 4, 5}, true},
		{2, []int64{3, 4, 5}, false}, // revision 3 is the next and is there
		{4, []int64{5}, false},
		{5, nil, false},
	}
	for _, tt := range tests {
		got, gap, err := s.ChangesAfter(t.Context(), tt.after, 10)
		if err != nil || gap != tt.gap {
			t.Errorf("after %d: gap %v, %v", tt.after, gap, err)
		}
		if diff := cmp.Diff(tt.want, revisions(got)); diff != "" {
			t.Errorf("after %d (-want +got):\n%s", tt.after, diff)
		}
	}
	mustExec(t, raw(t, path), "DELETE FROM changes")
	if got, gap, err := s.ChangesAfter(t.Context(), 4, 10); err != nil || !gap || len(got) != 0 {
		t.Errorf("with the list emptied by hand: %v, gap %v, %v", got, gap, err)
	}
}

func revisions(changes []feed.Change) (list []int64) {
	for _, c := range changes {
		list = append(list, c.Revision)
	}
	return list
}

// A change is the row, the revision, the audit event and the entry in the list. Here each part fails in turn; the
// invariant is that the others are not there then.
func TestHalfAChangeIsNone(t *testing.T) {
	parts := map[string]string{
		"the token":           "BEFORE INSERT ON tokens",
		"the count":           "BEFORE INSERT ON token_counts",
		"the owner's count":   "BEFORE INSERT ON token_owner_counts",
		"the scopes":          "BEFORE INSERT ON token_scopes",
		"the count of scopes": "BEFORE UPDATE ON token_scope_counts",
		"the revision":        "BEFORE UPDATE ON store_state",
		"the audit event":     "BEFORE INSERT ON audit_events",
		"the change":          "BEFORE INSERT ON changes",
		"the forgetting":      "BEFORE DELETE ON changes",
	}
	for part, when := range parts {
		t.Run(part, func(t *testing.T) {
			path := newPath(t)
			s := openAt(t, path, sqlite.Options{KeepChanges: 1})
			mustCreate(t, s, 1)
			db := raw(t, path)
			mustExec(t, db, "CREATE TRIGGER broken "+when+" BEGIN SELECT RAISE(ABORT, 'broken'); END")
			err := create(t.Context(), s, 2)
			if err == nil || !strings.Contains(err.Error(), "broken") {
				t.Fatalf("CreateToken: %v", err)
			}
			mustExec(t, db, "DROP TRIGGER broken")
			var got, want [4]int64
			row := db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM tokens), (SELECT revision FROM store_state),
				(SELECT max(revision) FROM audit_events), (SELECT max(revision) FROM changes)`)
			if err := row.Scan(&got[0], &got[1], &got[2], &got[3]); err != nil {
				t.Fatal(err)
			}
			if want = [4]int64{1, 1, 1, 1}; got != want {
				t.Errorf("tokens, revision, audit, changes: got %v, want %v", got, want)
			}
			wantSides(t, db)
			mustCreate(t, s, 2) // and the store goes on
		})
	}
}

// A commit that fails must not be acknowledged, and must not leave the one writer in a transaction.
func TestFailedCommit(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	db := raw(t, path)
	mustExec(t, db, `CREATE TABLE parent (id INTEGER PRIMARY KEY);
		CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
		CREATE TRIGGER broken AFTER INSERT ON tokens BEGIN INSERT INTO child VALUES (1); END`)
	if err := create(t.Context(), s, 1); err == nil {
		t.Error("acknowledged")
	}
	if revision, err := s.Revision(t.Context()); err != nil || revision != 0 {
		t.Errorf("revision %d, %v", revision, err)
	}
	mustExec(t, db, "DROP TRIGGER broken")
	mustCreate(t, s, 1)
}

// A caller that gives up in the middle of a statement learns that it was cancelled, not that SQLite was interrupted.
func TestCancelledInTheMiddle(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	mustExec(t, raw(t, path), `CREATE TRIGGER endless BEFORE INSERT ON tokens BEGIN
		SELECT count(*) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12) SELECT i FROM n);
		END`)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := create(ctx, s, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a deadline exceeded", err)
	}
	mustExec(t, raw(t, path), "DROP TRIGGER endless")
	mustCreate(t, s, 1)
}

// What a client may read of a fault names neither the file nor the table; what the operator reads names no digest.
func TestFaultTexts(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	mustExec(t, raw(t, path), "DROP TABLE tokens")
	r := tokenNumber(1)
	_, err := s.LegacyToken(t.Context(), r.Digest)
	if err == nil || fault.KindOf(err) != fault.Internal {
		t.Errorf("LegacyToken: got %v, want a fault of kind Internal", err)
	}
	if public := fault.Public(err); strings.Contains(public, "table") || strings.Contains(public, path) {
		t.Errorf("public text: %q", public)
	}
	if text := fmt.Sprintf("%v %x %x", err, r.Digest, r.Digest[:]); strings.Count(text, fmt.Sprintf("%x", r.Digest)) != 2 {
		t.Errorf("the fault names the digest: %v", err)
	}
	s.Close()
	if err := s.Ping(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("Ping of a closed store: got %v, want a fault of kind Unavailable", err)
	}
}

// A writer that waits for another process must stop waiting when its caller does, long before its patience ends.
func TestCancelledWhileWaiting(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{BusyTimeout: time.Hour})
	mustCreate(t, s, 1)
	db := raw(t, path)
	mustExec(t, db, "BEGIN IMMEDIATE")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := create(ctx, s, 2)
	if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > 10*time.Second {
		t.Errorf("got %v after %v", err, took)
	}
	// Readers do not wait for the writer at all.
	if _, err := s.Token(t.Context(), tokenNumber(1).ID); err != nil {
		t.Error(err)
	}
	mustExec(t, db, "ROLLBACK")
	mustCreate(t, s, 2)
}

func TestBusyEndsInAFault(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{BusyTimeout: time.Millisecond})
	db := raw(t, path)
	mustExec(t, db, "BEGIN IMMEDIATE")
	err := create(t.Context(), s, 1)
	if fault.KindOf(err) != fault.Unavailable || err == nil {
		t.Errorf("got %v, want a fault of kind Unavailable", err)
	}
	mustExec(t, db, "ROLLBACK")
	mustCreate(t, s, 1)
}
