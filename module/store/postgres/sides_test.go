package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/postgres"
	"github.com/doorward/doorward/module/store/storetest"
)

// wantSides compares every table that follows the tokens with what the tokens say.
func wantSides(t *testing.T, db *pgx.Conn) {
	t.Helper()
	storetest.WantSides(t, elements, askOf(t, db))
}

// elements makes rows of a JSON list.
const elements = "json_array_elements_text(%s::json)"

func askOf(t *testing.T, db *pgx.Conn) func(string) (int, error) {
	return func(text string) (n int, err error) {
		err = db.QueryRow(t.Context(), text).Scan(&n)
		return n, err
	}
}

// TestSides: whatever happens to tokens, counts and scopes follow, and nothing stays of a token that has gone.
func TestSides(t *testing.T) {
	dsn := readyDSN(t)
	storetest.Sides(t, openAt(t, dsn, postgres.Options{}), elements, askOf(t, raw(t, dsn)))
}

// Attack: somebody who can run SQL on the database, through a hole in Doorward or with a tool, changes or removes what was recorded, or
// puts something in. Fix: triggers. Invariant: no statement but the dropping of those triggers does it. TRUNCATE is here because it asks
// no trigger of a row.
func TestTrailIsOnlyAppended(t *testing.T) {
	dsn := readyDSN(t)
	s := openAt(t, dsn, postgres.Options{})
	mustCreate(t, s, 1, 2, 3)
	id, err := s.Record(t.Context(), audit.Event{Time: epoch, Actor: "ann", Action: "remote_access.read", Object: "grant"})
	mustDo(t, err)
	mustDo(t, s.Conclude(t.Context(), id, audit.Outcome{At: epoch, Status: 200}))
	db := raw(t, dsn)
	const zero = `decode(repeat('00', 32), 'hex')`
	const row = `revision, time, environment, actor, origin, decision, action, event_type, category, object, failed, message, detail, patch`
	another := func(id, revision, hash, conflict string) string {
		return `INSERT INTO audit_events (id, ` + row + `, hash) SELECT ` + id + `, ` + revision + `, time, environment, 'eve', origin, decision,
			action, event_type, category, object, failed, message, detail, patch, ` + hash + ` FROM audit_events WHERE id = 1 ` + conflict
	}
	for _, text := range []string{
		`UPDATE audit_events SET actor = 'eve' WHERE id = 2`,
		`UPDATE audit_events SET hash = NULL`,
		`DELETE FROM audit_events`,
		`DELETE FROM audit_events WHERE id = 4`,
		`TRUNCATE audit_events CASCADE`,
		`TRUNCATE audit_outcomes`,
		`TRUNCATE audit_head`,
		another("NULL", "NULL", zero, ""),
		another("9", "NULL", zero, ""),
		another("5", "NULL", "NULL::bytea", ""),
		another("-1", "NULL", zero, ""),
		another("2", "2", zero, "ON CONFLICT (id) DO UPDATE SET actor = excluded.actor"),
		`UPDATE audit_outcomes SET status = 403`,
		`DELETE FROM audit_outcomes`,
		`INSERT INTO audit_outcomes SELECT event, at, 403, bytes, body_digest, cut, outcome_hash FROM audit_outcomes ON CONFLICT (event) DO UPDATE SET status = 403`,
		`INSERT INTO audit_outcomes VALUES (99, 0, 0, 0, '', '', ` + zero + `)`,
		`DELETE FROM audit_head`,
		`UPDATE audit_head SET last = last - 1`,
		`UPDATE audit_head SET before = before + 1`,
		`UPDATE audit_head SET hash = ` + zero,
		`UPDATE audit_head SET outcomes = outcomes - 1`,
		`UPDATE audit_head SET last = last - 1, outcomes = outcomes + 2`,
		`INSERT INTO audit_head VALUES (1, 0, 0, 0, ` + zero + `) ON CONFLICT (one) DO UPDATE SET last = 0`,
	} {
		if _, err := db.Exec(t.Context(), text); err == nil {
			t.Errorf("%s: done", text)
		}
	}
	mustCreate(t, s, 4) // and the store goes on
	if r := storetest.WantWholeTrail(t, s, audit.Digest{}); r.Checked != 5 || r.Outcomes != 1 {
		t.Errorf("verified: %+v", r)
	}
}
