package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/doorward/doorward/tokens"
)

// usesAtOnce is how many sightings share a transaction: enough to make its cost small, few enough that an
// administrative change never waits long for the write lock.
const usesAtOnce = 500

// RecordUses notes sightings. When it fails, some of them may be noted all the same; noting them again does no harm.
func (s *Store) RecordUses(ctx context.Context, uses []tokens.Use) error {
	for some := range slices.Chunk(uses, usesAtOnce) {
		if err := s.write(ctx, "record uses", func(tx *sql.Tx) error { return noteUses(ctx, tx, some) }); err != nil {
			return err
		}
	}
	return nil
}

// noteUses leaves the comparison of times to the statement: a read before the write could be outdated by another
// process. Unknown identifiers meet no row.
func noteUses(ctx context.Context, tx *sql.Tx, uses []tokens.Use) error {
	note, err := tx.PrepareContext(ctx, `UPDATE tokens SET last_used = ?1, last_used_ip = ?2
		WHERE id = ?3 AND last_used < ?1`)
	if err != nil {
		return err
	}
	defer note.Close()
	for _, u := range uses {
		if _, err := note.ExecContext(ctx, u.At.UnixMilli(), u.IP, u.ID); err != nil {
			return err
		}
	}
	return nil
}

// RecordScopeUses notes with which scopes tokens got through, as RecordUses does.
func (s *Store) RecordScopeUses(ctx context.Context, uses []tokens.ScopeUse) error {
	for some := range slices.Chunk(uses, usesAtOnce) {
		if err := s.write(ctx, "record scope uses", func(tx *sql.Tx) error { return noteScopeUses(ctx, tx, some) }); err != nil {
			return err
		}
	}
	return nil
}

func noteScopeUses(ctx context.Context, tx *sql.Tx, uses []tokens.ScopeUse) error {
	note, err := tx.PrepareContext(ctx, `INSERT INTO token_scope_uses (token, alternatives, at)
		SELECT id, ?2, ?3 FROM tokens WHERE id = ?1
		ON CONFLICT (token, alternatives) DO UPDATE SET at = excluded.at WHERE excluded.at > at`)
	if err != nil {
		return err
	}
	defer note.Close()
	seen := map[string]bool{}
	for _, u := range uses {
		seen[u.ID] = true
		if _, err := note.ExecContext(ctx, u.ID, names(u.Alternatives), u.At.UnixMilli()); err != nil {
			return err
		}
	}
	return forgetScopeUses(ctx, tx, seen)
}

// forgetScopeUses keeps the newest of each token. A client that is sent through ever new endpoints would fill the disk
// otherwise.
func forgetScopeUses(ctx context.Context, tx *sql.Tx, of map[string]bool) error {
	forget, err := tx.PrepareContext(ctx, `DELETE FROM token_scope_uses WHERE token = ?1 AND alternatives IN (
		SELECT alternatives FROM token_scope_uses WHERE token = ?1 ORDER BY at DESC, alternatives LIMIT -1 OFFSET ?2)`)
	if err != nil {
		return err
	}
	defer forget.Close()
	for id := range of {
		if _, err := forget.ExecContext(ctx, id, tokens.MaxScopeUses); err != nil {
			return err
		}
	}
	return nil
}

// ScopeUses lists what is known of a token.
func (s *Store) ScopeUses(ctx context.Context, id string) (uses []tokens.ScopeUse, err error) {
	err = s.wait.retry(ctx, func() (err error) {
		uses, err = list(ctx, s.reader, func(row scanner) (tokens.ScopeUse, error) {
			u := tokens.ScopeUse{ID: id}
			var at int64
			err := row.Scan((*names)(&u.Alternatives), &at)
			u.At = time.UnixMilli(at).UTC()
			return u, err
		}, `SELECT alternatives, at FROM token_scope_uses WHERE token = ? ORDER BY at DESC, alternatives LIMIT ?`, id, tokens.MaxScopeUses)
		return err
	})
	if err != nil {
		return nil, faultOf(ctx, "scope uses", err)
	}
	return uses, nil
}
