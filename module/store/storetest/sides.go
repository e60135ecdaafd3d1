package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

// Sides fails the test unless counts and scopes follow the tokens, whatever happens to these, and nothing stays of a token that has
// gone. It is for an empty store of an engine that keeps such tables beside the tokens: in SQL, elements makes the rows of the JSON list
// that it is put around, and ask answers a statement of one number.
func Sides(t *testing.T, s store.Store, elements string, ask func(text string) (int, error)) {
	t.Helper()
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
			must(t, s.RecordScopeUses(t.Context(), []tokens.ScopeUse{{ID: id, Alternatives: []string{"a"}, At: epoch}}))
		}
		WantSides(t, elements, ask)
	}
}

// WantSides compares every table that follows the tokens with what the tokens say, once; see Sides.
func WantSides(t *testing.T, elements string, ask func(text string) (int, error)) {
	t.Helper()
	ofScopes := `FROM tokens, ` + fmt.Sprintf(elements, "scopes")
	for what, text := range map[string]string{
		"counts": differ(`SELECT environment, kind, personal, n FROM token_counts`,
			`SELECT environment, kind, personal, count(*) FROM tokens GROUP BY 1, 2, 3`),
		"counts of owners": differ(`SELECT owner, environment, kind, personal, n FROM token_owner_counts`,
			`SELECT owner, environment, kind, personal, count(*) FROM tokens GROUP BY 1, 2, 3, 4`),
		"scopes": differ(`SELECT scope, environment, kind, personal, created, id, number FROM token_scopes`,
			`SELECT value, environment, kind, personal, created, tokens.id, number `+ofScopes),
		"counts of scopes": differ(`SELECT scope, environment, kind, personal, n FROM token_scope_counts`,
			`SELECT value, environment, kind, personal, count(*) `+ofScopes+` GROUP BY 1, 2, 3, 4`),
		"uses of scopes": `SELECT count(*) FROM token_scope_uses WHERE token NOT IN (SELECT id FROM tokens)`,
	} {
		if wrong, err := ask(text); err != nil || wrong != 0 {
			t.Fatalf("%s: %d rows are wrong, %v", what, wrong, err)
		}
	}
}

// differ counts the rows that only one of two lists has.
func differ(one, other string) string {
	return `SELECT (SELECT count(*) FROM (` + one + ` EXCEPT ` + other + `) AS a) + (SELECT count(*) FROM (` + other + ` EXCEPT ` + one + `) AS b)`
}
