package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/sqlite"
	"github.com/doorward/doorward/tokens"
)

// sides compares every table that follows the tokens with what the tokens say. Each answer is the number of rows that only
// one of the two has.
var sides = map[string]string{
	"counts": differ(`SELECT environment, kind, personal, n FROM token_counts`,
		`SELECT environment, kind, personal, count(*) FROM tokens GROUP BY 1, 2, 3`),
	"counts of owners": differ(`SELECT owner, environment, kind, personal, n FROM token_owner_counts`,
		`SELECT owner, environment, kind, personal, count(*) FROM tokens GROUP BY 1, 2, 3, 4`),
	"scopes": differ(`SELECT scope, environment, kind, personal, created, id, number FROM token_scopes`,
		`SELECT value, environment, kind, personal, created, tokens.id, number FROM tokens, json_each(scopes)`),
	"counts of scopes": differ(`SELECT scope, environment, kind, personal, n FROM token_scope_counts`,
		`SELECT value, environment, kind, personal, count(*) FROM tokens, json_each(scopes) GROUP BY 1, 2, 3, 4`),
	"uses of scopes": `SELECT count(*) FROM token_scope_uses WHERE token NOT IN (SELECT id FROM tokens)`,
}

func differ(one, other string) string {
	return `SELECT (SELECT count(*) FROM (` + one + ` EXCEPT ` + other + `)) + (SELECT count(*) FROM (` + other + ` EXCEPT ` + one + `))`
}

func wantSides(t *testing.T, db *sql.DB) {
	t.Helper()
	for what, text := range sides {
		var wrong int
		if err := db.QueryRowContext(t.Context(), text).Scan(&wrong); err != nil || wrong != 0 {
			t.Fatalf("%s: %d rows are wrong, %v", what, wrong, err)
		}
	}
}

// TestSides: whatever happens to tokens, counts and scopes follow, and nothing stays of a token that has gone.
func TestSides(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	db := raw(t, path)
	mustExec(t, db, "PRAGMA synchronous = OFF")
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

// TestScopeUsesAreForgotten: what is not listed is not kept either.
func TestScopeUsesAreForgotten(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	mustCreate(t, s, 1)
	var uses []tokens.ScopeUse
	for n := range tokens.MaxScopeUses + 50 {
		uses = append(uses, tokens.ScopeUse{ID: tokenNumber(1).ID, Alternatives: []string{fmt.Sprint(n)}, At: epoch})
	}
	mustDo(t, s.RecordScopeUses(t.Context(), uses))
	var kept int
	mustDo(t, raw(t, path).QueryRowContext(t.Context(), "SELECT count(*) FROM token_scope_uses").Scan(&kept))
	if kept != tokens.MaxScopeUses {
		t.Errorf("%d sets of scopes are kept, want %d", kept, tokens.MaxScopeUses)
	}
}

// A row of a table that follows must not be taken for a token that exists: that is damage, and says so.
func TestLeftoverIsNotExists(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	r := tokenNumber(1)
	mustExec(t, raw(t, path), `INSERT INTO token_scopes VALUES ('logs.read', ?, 'dt0c01', 0, ?, ?, 1)`, r.Environment, epoch.UnixMilli(), r.ID)
	err := create(t.Context(), s, 1)
	if err == nil || errors.Is(err, tokens.ErrExists) {
		t.Errorf("got %v, want a fault", err)
	}
}
