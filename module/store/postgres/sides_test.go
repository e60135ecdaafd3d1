package postgres_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/postgres"
	"github.com/doorward/doorward/module/store/storetest"
	"github.com/doorward/doorward/tokens"
)

// sides compares every table that follows the tokens with what the tokens say. Each answer is the number of rows that only one of the
// two has.
var sides = map[string]string{
	"counts": differ(`SELECT environment, kind, personal, n FROM token_counts`,
		`SELECT environment, kind, personal, count(*) FROM tokens GROUP BY 1, 2, 3`),
	"counts of owners": differ(`SELECT owner, environment, kind, personal, n FROM token_owner_counts`,
		`SELECT owner, environment, kind, personal, count(*) FROM tokens GROUP BY 1, 2, 3, 4`),
	"scopes": differ(`SELECT scope, environment, kind, personal, created, id, number FROM token_scopes`,
		`SELECT value, environment, kind, personal, created, tokens.id, number FROM tokens, json_array_elements_text(scopes::json)`),
	"counts of scopes": differ(`SELECT scope, environment, kind, personal, n FROM token_scope_counts`,
		`SELECT value, environment, kind, personal, count(*) FROM tokens, json_array_elements_text(scopes::json) GROUP BY 1, 2, 3, 4`),
	"uses of scopes": `SELECT count(*) FROM token_scope_uses WHERE token NOT IN (SELECT id FROM tokens)`,
}

func differ(one, other string) string {
	return `SELECT (SELECT count(*) FROM (` + one + ` EXCEPT ` + other + `) AS a) + (SELECT count(*) FROM (` + other + ` EXCEPT ` + one + `) AS b)`
}

func wantSides(t *testing.T, db *pgx.Conn) {
	t.Helper()
	for what, text := range sides {
		var wrong int
		if err := db.QueryRow(t.Context(), text).Scan(&wrong); err != nil || wrong != 0 {
			t.Fatalf("%s: %d rows are wrong, %v", what, wrong, err)
		}
	}
}

// TestSides: whatever happens to tokens, counts and scopes follow, and nothing stays of a token that has gone.
func TestSides(t *testing.T) {
	dsn := readyDSN(t)
	s := openAt(t, dsn, postgres.Options{})
	db := raw(t, dsn)
	random := rand.New(rand.NewPCG(3, 4))
	scopes := [][]string{nil, {"a"}, {"a", "b"}, {"b", "c"}}
	for n := range 150 {
		id := fmt.Sprintf("dt0c0%d.%d", random.IntN(2), random.IntN(12))
		change := func(r *tokens.Record) error {
			r.Owner, r.Environment = fmt.Sprint("o", random.IntN(3)), fmt.Sprint("e", random.IntN(2))
			r.Personal, r.Scopes = random.IntN(2) == 0, scopes[random.IntN(len(scopes))]
			if random.IntN(4) == 0 {
				return errors.New("refused")
			}
			return nil
		}
		e := audit.Event{Action: "token.test", Object: id}
		switch random.IntN(5) {
		case 0, 1:
			r := tokens.Record{ID: id, Digest: tokens.DigestOf(fmt.Sprint(n)), Legacy: random.IntN(4) == 0, Created: epoch.Add(time.Duration(n))}
			_ = change(&r)
			_ = s.CreateToken(t.Context(), r, e)
		case 2:
			_ = s.UpdateToken(t.Context(), id, &e, change)
		case 3:
			_ = s.DeleteToken(t.Context(), id, e)
		case 4:
			mustDo(t, s.RecordScopeUses(t.Context(), []tokens.ScopeUse{{ID: id, Alternatives: []string{"a"}, At: epoch}}))
		}
		wantSides(t, db)
	}
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
