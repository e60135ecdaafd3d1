package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store/postgres"
	"github.com/doorward/doorward/module/store/storetest"
	"github.com/doorward/doorward/tokens"
)

// followed collects what a follower applies, until the test ends.
type followed struct {
	mu      sync.Mutex
	changes []feed.Change
	gaps    int
	more    chan struct{} // after each
}

func follow(t *testing.T, s feed.Source, interval time.Duration) *followed {
	t.Helper()
	f := &followed{more: make(chan struct{}, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		feed.Follow(ctx, s, feed.FollowOptions{Interval: interval}, func(changes []feed.Change, gap bool) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.changes = append(f.changes, changes...)
			if gap {
				f.gaps++
			}
			f.more <- struct{}{}
		})
	})
	t.Cleanup(func() {
		cancel()
		group.Wait()
	})
	return f
}

// wait waits until revisions 1 to newest have been applied, each once and in order.
func (f *followed) wait(t *testing.T, newest int) {
	t.Helper()
	giveUp := time.After(20 * time.Second)
	for f.count() < newest {
		select {
		case <-f.more:
		case <-giveUp:
			t.Fatalf("%d changes were applied, want %d", f.count(), newest)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, c := range f.changes {
		if c.Revision != int64(i+1) {
			t.Fatalf("change %d has revision %d", i+1, c.Revision)
		}
	}
	if len(f.changes) != newest || f.gaps != 0 {
		t.Errorf("%d changes and %d gaps, want %d and none", len(f.changes), f.gaps, newest)
	}
}

func (f *followed) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.changes)
}

// The accident: a number is handed out before the commit, a later number is committed first, and whoever follows goes on from that: the
// earlier change is never applied, and a revoked token stays good. The fix: the lock that a change begins with. The invariant: while one
// transaction is held open nobody else has a revision, and afterwards all of them are there, in order.
func TestLateCommit(t *testing.T) {
	dsn := readyDSN(t)
	slow, quick, third := openAt(t, dsn, postgres.Options{}), openAt(t, dsn, postgres.Options{}), openAt(t, dsn, postgres.Options{})
	f := follow(t, third, 20*time.Millisecond)
	mustCreate(t, slow, 1)
	f.wait(t, 1)

	held, release := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		e := audit.Event{Time: epoch, Actor: "slow", Action: "token.update", Object: tokenNumber(1).ID}
		err := slow.UpdateToken(t.Context(), tokenNumber(1).ID, &e, func(r *tokens.Record) error {
			close(held)
			<-release
			r.Enabled = false
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	for n := range 5 {
		group.Go(func() {
			if err := create(t.Context(), quick, 10+n); err != nil {
				t.Error(err)
			}
		})
	}
	awaitLocked(t, dsn)
	if revision, err := third.Revision(t.Context()); err != nil || revision != 1 || f.count() != 1 {
		t.Errorf("revision %d, %d changes, %v, while the first is not committed", revision, f.count(), err)
	}
	close(release)
	group.Wait()
	f.wait(t, 7)
	changes, _, err := third.ChangesAfter(t.Context(), 1, 1)
	if want := []feed.Change{{Revision: 2, Kind: feed.Token, ID: tokenNumber(1).ID}}; err != nil || cmp.Diff(want, changes) != "" {
		t.Errorf("who came first: %+v, %v", changes, err)
	}
	if r := storetest.WantWholeTrail(t, third, audit.Digest{}); r.Checked != 7 {
		t.Errorf("verified: %+v", r)
	}
}

// awaitLocked waits until somebody waits for a lock.
func awaitLocked(t *testing.T, dsn string) {
	t.Helper()
	conn := raw(t, dsn)
	for giveUp := time.Now().Add(20 * time.Second); time.Now().Before(giveUp); {
		var waiting int
		mustDo(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting))
		if waiting > 0 {
			return
		}
	}
	t.Fatal("nobody waits")
}

// A database may take a transaction back for the sake of another, at any statement or at the commit. The invariant: it is tried again,
// from its beginning, and takes effect once.
func TestTakenBack(t *testing.T) {
	for name, when := range map[string]string{
		"at a statement": "CREATE TRIGGER broken BEFORE INSERT ON tokens FOR EACH ROW EXECUTE FUNCTION broken()",
		"at the end":     "CREATE CONSTRAINT TRIGGER broken AFTER INSERT ON tokens DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION broken()",
	} {
		for _, code := range []string{"40001", "40P01"} {
			t.Run(name+" "+code, func(t *testing.T) {
				dsn := readyDSN(t)
				s := openAt(t, dsn, postgres.Options{})
				db := raw(t, dsn)
				mustExec(t, db, "CREATE SEQUENCE tries") // what a sequence has counted is not taken back
				mustExec(t, db, `CREATE FUNCTION broken() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
					IF nextval('tries') < 4 THEN RAISE EXCEPTION 'taken back' USING ERRCODE = '`+code+`'; END IF; RETURN NEW; END $$`)
				mustExec(t, db, when)
				mustCreate(t, s, 1)
				var tries int
				mustDo(t, db.QueryRow(t.Context(), "SELECT last_value FROM tries").Scan(&tries))
				if revision, err := s.Revision(t.Context()); err != nil || revision != 1 || tries != 4 {
					t.Errorf("revision %d after %d tries, %v", revision, tries, err)
				}
			})
		}
	}
}

// Whoever is never let through gives up in the end, and says that the store is busy and not that something is wrong with the data.
func TestTakenBackForEver(t *testing.T) {
	dsn := readyDSN(t)
	s := openAt(t, dsn, postgres.Options{BusyTimeout: 50 * time.Millisecond})
	db := raw(t, dsn)
	mustExec(t, db, `CREATE FUNCTION broken() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'taken back' USING ERRCODE = '40001'; END $$`)
	mustExec(t, db, "CREATE TRIGGER broken BEFORE INSERT ON tokens FOR EACH ROW EXECUTE FUNCTION broken()")
	if err := create(t.Context(), s, 1); fault.KindOf(err) != fault.Unavailable || err == nil {
		t.Errorf("got %v, want a fault of kind Unavailable", err)
	}
	mustExec(t, db, "DROP TRIGGER broken ON tokens")
	mustCreate(t, s, 1)
}

// A change waits for another gateway's no longer than its patience, and a caller that gives up does not wait at all.
func TestLockedOut(t *testing.T) {
	dsn := readyDSN(t)
	s := openAt(t, dsn, postgres.Options{BusyTimeout: 100 * time.Millisecond})
	patient := openAt(t, dsn, postgres.Options{BusyTimeout: time.Minute})
	mustCreate(t, s, 1)
	db := raw(t, dsn)
	mustExec(t, db, "BEGIN")
	mustExec(t, db, "UPDATE store_state SET revision = revision")
	if err := create(t.Context(), s, 2); err == nil || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want a fault of kind Unavailable", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := create(ctx, patient, 2); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a deadline exceeded", err)
	}
	if _, err := s.Token(t.Context(), tokenNumber(1).ID); err != nil { // readers do not wait
		t.Error(err)
	}
	mustExec(t, db, "ROLLBACK")
	mustCreate(t, patient, 2)
}

// A change is the row, what follows from it, the revision, the audit event and the entry in the list. Here each part fails in turn; the
// invariant is that the others are not there then.
func TestHalfAChangeIsNone(t *testing.T) {
	dsn := readyDSN(t)
	s := openAt(t, dsn, postgres.Options{KeepChanges: 1})
	mustCreate(t, s, 1)
	db := raw(t, dsn)
	mustExec(t, db, `CREATE FUNCTION broken() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$`)
	for _, part := range [][2]string{
		{"INSERT", "tokens"}, {"INSERT", "token_counts"}, {"INSERT", "token_owner_counts"}, {"INSERT", "token_scopes"},
		{"UPDATE", "token_scope_counts"}, {"UPDATE", "store_state"}, {"INSERT", "audit_events"}, {"UPDATE", "audit_head"}, {"INSERT", "changes"},
		{"DELETE", "changes"},
	} {
		when := part[0] + " ON " + part[1]
		mustExec(t, db, "CREATE TRIGGER a_broken BEFORE "+when+" FOR EACH ROW EXECUTE FUNCTION broken()")
		if err := create(t.Context(), s, 2); err == nil || !strings.Contains(err.Error(), "broken") || fault.KindOf(err) != fault.Internal {
			t.Errorf("%s: %v", when, err)
		}
		mustExec(t, db, "DROP TRIGGER a_broken ON "+part[1])
		var got [4]int64
		row := db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM tokens), (SELECT revision FROM store_state),
			(SELECT max(revision) FROM audit_events), (SELECT max(revision) FROM changes)`)
		mustDo(t, row.Scan(&got[0], &got[1], &got[2], &got[3]))
		if want := [4]int64{1, 1, 1, 1}; got != want {
			t.Errorf("%s: tokens, revision, audit, changes: got %v, want %v", when, got, want)
		}
		wantSides(t, db)
	}
	mustCreate(t, s, 2) // and the store goes on
}

// A follower that was away for longer than changes are kept must be told to forget everything.
func TestOldChangesAreForgotten(t *testing.T) {
	s := openAt(t, readyDSN(t), postgres.Options{KeepChanges: 3})
	mustCreate(t, s, 1, 2, 3, 4, 5)
	for after, want := range map[int64]string{0: "3 4 5 gap", 1: "3 4 5 gap", 2: "3 4 5", 4: "5", 5: "", 9: " gap"} {
		changes, gap, err := s.ChangesAfter(t.Context(), after, 10)
		var all []string
		for _, c := range changes {
			all = append(all, fmt.Sprint(c.Revision))
		}
		got := strings.Join(all, " ")
		if gap {
			got += " gap"
		}
		if err != nil || got != want {
			t.Errorf("after %d: got %q, %v, want %q", after, got, err, want)
		}
	}
}

// A text that no index takes is refused for what it is: the store is neither damaged nor away.
func TestTooLong(t *testing.T) {
	s := openAt(t, readyDSN(t), postgres.Options{})
	r := tokenNumber(1)
	var name strings.Builder
	for n := range 3000 { // nothing that could be compressed
		name.WriteRune(rune(0x4E00 + n*7919%20000))
	}
	r.Name = name.String()
	err := s.CreateToken(t.Context(), r, audit.Event{Time: epoch, Action: "token.create"})
	if fault.KindOf(err) != fault.Invalid || err == nil {
		t.Errorf("got %v, want a fault of kind Invalid", err)
	}
}
