package sqlite_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/sqlite"
	"github.com/doorward/doorward/module/store/storetest"
)

// recorded is a store of three changes and a request with its outcome: events 1 to 4.
func recorded(t *testing.T) (string, *sqlite.Store) {
	t.Helper()
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	mustCreate(t, s, 1, 2, 3)
	id, err := s.Record(t.Context(), audit.Event{Time: epoch, Actor: "ann", Action: "remote_access.read", Object: "grant"})
	mustDo(t, err)
	mustDo(t, s.Conclude(t.Context(), id, audit.Outcome{At: epoch, Status: 200}))
	return path, s
}

// Attack: somebody who can run SQL on the file, through a hole in Doorward or with a tool, changes or removes what was recorded,
// or puts something in. Fix: triggers. Invariant: no statement but the dropping of those triggers does it. INSERT OR REPLACE is
// here because it removes rows without the triggers for DELETE.
func TestTrailIsOnlyAppended(t *testing.T) {
	path, s := recorded(t)
	db := raw(t, path)
	const row = `revision, time, environment, actor, origin, decision, action, event_type, category, object, failed, message, detail, patch`
	another := func(verb, id, revision, hash string) string {
		return verb + ` INTO audit_events (id, ` + row + `, hash) SELECT ` + id + `, ` + revision + `, time, environment, 'eve', origin, decision,
			action, event_type, category, object, failed, message, detail, patch, ` + hash + ` FROM audit_events WHERE id = 1`
	}
	for _, text := range []string{
		`UPDATE audit_events SET actor = 'eve' WHERE id = 2`,
		`UPDATE audit_events SET hash = NULL`,
		`UPDATE OR REPLACE audit_events SET id = 1 WHERE id = 2`,
		`DELETE FROM audit_events`,
		`DELETE FROM audit_events WHERE id = 4`,
		another("INSERT", "NULL", "NULL", "NULL"),
		another("INSERT", "NULL", "NULL", "zeroblob(32)"),
		another("INSERT", "9", "NULL", "zeroblob(32)"),
		another("INSERT", "5", "NULL", "NULL"),
		another("INSERT", "-1", "NULL", "zeroblob(32)"),
		another("INSERT OR REPLACE", "2", "2", "zeroblob(32)"),
		another("INSERT OR REPLACE", "5", "2", "zeroblob(32)"),
		another("INSERT OR REPLACE", "5", "3", "zeroblob(32)"),
		`UPDATE audit_outcomes SET status = 403`,
		`DELETE FROM audit_outcomes`,
		`INSERT OR REPLACE INTO audit_outcomes SELECT event, at, 403, bytes, body_digest, cut, outcome_hash FROM audit_outcomes`,
		`INSERT INTO audit_outcomes VALUES (99, 0, 0, 0, '', '', zeroblob(32))`,
		`DELETE FROM audit_head`,
		`UPDATE audit_head SET last = last - 1`,
		`UPDATE audit_head SET before = before + 1`,
		`UPDATE audit_head SET hash = zeroblob(32)`,
		`UPDATE audit_head SET outcomes = outcomes - 1`,
		`UPDATE audit_head SET last = last - 1, outcomes = outcomes + 2`,
		`INSERT OR REPLACE INTO audit_head VALUES (1, 0, 0, 0, zeroblob(32))`,
	} {
		if _, err := db.ExecContext(t.Context(), "PRAGMA foreign_keys = on; "+text); err == nil {
			t.Errorf("%s: done", text)
		}
	}
	mustCreate(t, s, 4) // and the store goes on
	if r := storetest.WantWholeTrail(t, s, audit.Digest{}); r.Checked != 5 || r.Outcomes != 1 {
		t.Errorf("verified: %+v", r)
	}
}

// Attack: the triggers are dropped first. Invariant: the chain tells what was done, also after the store has gone on, and the
// store does go on.
func TestTamperedTrail(t *testing.T) {
	for what, test := range map[string]struct {
		text string
		want audit.Break
	}{
		"changed":         {`UPDATE audit_events SET actor = 'eve' WHERE id = 2`, audit.Break{ID: 2, Kind: audit.Changed}},
		"filed elsewhere": {`UPDATE audit_events SET category = 'WEB_UI' WHERE id = 2`, audit.Break{ID: 2, Kind: audit.Changed}},
		"without a hash":  {`UPDATE audit_events SET hash = NULL WHERE id = 2`, audit.Break{ID: 2, Kind: audit.Changed}},
		"removed":         {`DELETE FROM audit_events WHERE id = 2`, audit.Break{ID: 2, Kind: audit.Removed}},
		"cut off":         {`DELETE FROM audit_outcomes; DELETE FROM audit_events WHERE id > 2`, audit.Break{ID: 3, Kind: audit.Removed}},
		"emptied":         {`DELETE FROM audit_outcomes; DELETE FROM audit_events`, audit.Break{ID: 1, Kind: audit.Removed}},
		"another outcome": {`UPDATE audit_outcomes SET status = 403`, audit.Break{ID: 4, Kind: audit.OutcomeChanged}},
		"no outcome":      {`DELETE FROM audit_outcomes`, audit.Break{Kind: audit.OutcomeRemoved}},
	} {
		t.Run(what, func(t *testing.T) {
			path, s := recorded(t)
			db := raw(t, path)
			disarm(t, db)
			mustExec(t, db, test.text)
			wantBreak(t, s, test.want)
			mustCreate(t, s, 4)
			wantBreak(t, s, test.want)
		})
	}
}

// disarm drops every trigger of the trail, but not those that move the head.
func disarm(t *testing.T, db *sql.DB) {
	t.Helper()
	for _, name := range []string{"audit_events_fixed", "audit_events_kept", "audit_outcomes_fixed", "audit_outcomes_kept"} {
		mustExec(t, db, "DROP TRIGGER "+name)
	}
}

func wantBreak(t *testing.T, s *sqlite.Store, want audit.Break) {
	t.Helper()
	head, err := s.AuditHead(t.Context())
	mustDo(t, err)
	links, err := s.AuditChain(t.Context(), 0, 0)
	mustDo(t, err)
	report, err := audit.Verify(func(yield func(audit.Link, error) bool) {
		for _, l := range links {
			if !yield(l, nil) {
				return
			}
		}
	}, audit.Anchor{Head: head})
	mustDo(t, err)
	if diff := cmp.Diff(&want, report.Break); diff != "" {
		t.Errorf("break (-want +got):\n%s", diff)
	}
}

// A trail that is older than the chain is counted and not verified; what comes after it is.
func TestTrailOfBeforeTheChain(t *testing.T) {
	path, s := recorded(t)
	db := raw(t, path)
	disarm(t, db)
	mustExec(t, db, "DROP TRIGGER audit_head_forward")
	mustExec(t, db, `UPDATE audit_events SET hash = NULL; DELETE FROM audit_outcomes;
		UPDATE audit_head SET before = last, outcomes = 0, hash = zeroblob(32)`) // as the migration leaves it
	mustDo(t, s.Conclude(t.Context(), 2, audit.Outcome{At: epoch, Status: 200}))
	mustCreate(t, s, 4, 5)
	got := storetest.WantWholeTrail(t, s, audit.Digest{})
	if diff := cmp.Diff(audit.Report{Before: 4, Checked: 2, First: 5, Last: 6, Outcomes: 1, Head: got.Head}, got); diff != "" {
		t.Errorf("verified (-want +got):\n%s", diff)
	}
	mustExec(t, db, `DELETE FROM audit_events WHERE id = 1`)
	wantBreak(t, s, audit.Break{ID: 1, Kind: audit.Removed})
}

// An outcome that cannot be counted is not written, and an event that the head cannot follow is none.
func TestHalfAnOutcomeIsNone(t *testing.T) {
	path, s := recorded(t)
	db := raw(t, path)
	mustExec(t, db, "CREATE TRIGGER broken BEFORE UPDATE ON audit_head BEGIN SELECT RAISE(ABORT, 'broken'); END")
	for what, err := range map[string]error{
		"Conclude": s.Conclude(t.Context(), 1, audit.Outcome{At: epoch, Status: 200}), "CreateToken": create(t.Context(), s, 4),
	} {
		if err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("%s: %v", what, err)
		}
	}
	mustExec(t, db, "DROP TRIGGER broken")
	if r := storetest.WantWholeTrail(t, s, audit.Digest{}); r.Outcomes != 1 || r.Checked != 4 {
		t.Errorf("verified: %+v", r)
	}
	mustDo(t, s.Conclude(t.Context(), 1, audit.Outcome{At: epoch, Status: 200}))
}

// The accident: two processes on one file each chain their events to what they saw last, so that there are two chains. The
// fix: what the chain ends with is read in the transaction that has the write lock. The invariant: one chain, also when one of
// them is killed in the middle of its work.
func TestOneChainOfTwoProcesses(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), victimEnv+"="+fmt.Sprint(path, " ", 1000))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	mustDo(t, err)
	mustDo(t, child.Start())
	theirs := bufio.NewScanner(out)
	var mine, acknowledged int64
	for theirs.Scan() { // each of theirs with one of mine, until it is killed
		acknowledged++
		if mine < 30 {
			mine++
			mustCreate(t, s, int(mine))
		} else {
			child.Process.Kill()
		}
	}
	child.Wait() // reports the kill
	r := storetest.WantWholeTrail(t, s, audit.Digest{})
	if mine < 30 || acknowledged < 30 || r.Checked < mine+acknowledged || r.Last != r.Checked {
		t.Errorf("%d of mine, %d of theirs: %+v", mine, acknowledged, r)
	}
}
