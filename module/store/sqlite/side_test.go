package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/doorward/doorward/module/store/sqlite"
	"github.com/doorward/doorward/module/store/storetest"
	"github.com/doorward/doorward/tokens"
)

// wantSides compares every table that follows the tokens with what the tokens say.
func wantSides(t *testing.T, db *sql.DB) {
	t.Helper()
	storetest.WantSides(t, elements, askOf(t, db))
}

// elements makes rows of a JSON list.
const elements = "json_each(%s)"

func askOf(t *testing.T, db *sql.DB) func(string) (int, error) {
	return func(text string) (n int, err error) {
		err = db.QueryRowContext(t.Context(), text).Scan(&n)
		return n, err
	}
}

// TestSides: whatever happens to tokens, counts and scopes follow, and nothing stays of a token that has gone.
func TestSides(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path, sqlite.Options{})
	db := raw(t, path)
	mustExec(t, db, "PRAGMA synchronous = OFF")
	storetest.Sides(t, s, elements, askOf(t, db))
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
