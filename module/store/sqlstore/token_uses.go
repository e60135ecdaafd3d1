package sqlstore

import (
	"context"
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
		if err := s.write(ctx, "record uses", func(tx session) error { return noteUses(ctx, tx, some) }); err != nil {
			return err
		}
	}
	return nil
}

// noteUses leaves the comparison of times to the statement: a read before the write could be outdated by another
// process. Unknown identifiers meet no row. All of them are one statement, because others wait for the write lock.
func noteUses(ctx context.Context, tx session, uses []tokens.Use) error {
	newest := map[string]tokens.Use{}
	for _, u := range uses {
		if before, seen := newest[u.ID]; !seen || u.At.After(before.At) {
			newest[u.ID] = u
		}
	}
	var lines table
	for _, u := range newest {
		lines = append(lines, []any{u.ID, u.At.UnixMilli(), u.IP})
	}
	_, err := tx.ExecContext(ctx, `UPDATE tokens SET last_used = seen.at, last_used_ip = seen.ip
		FROM (SELECT line.value ->> 0 AS id, CAST(line.value ->> 1 AS BIGINT) AS at, line.value ->> 2 AS ip FROM json_each(?) AS line) AS seen
		WHERE tokens.id = seen.id AND tokens.last_used < seen.at`, lines)
	return err
}

// RecordScopeUses notes with which scopes tokens got through, as RecordUses does.
func (s *Store) RecordScopeUses(ctx context.Context, uses []tokens.ScopeUse) error {
	for some := range slices.Chunk(uses, usesAtOnce) {
		if err := s.write(ctx, "record scope uses", func(tx session) error { return noteScopeUses(ctx, tx, some) }); err != nil {
			return err
		}
	}
	return nil
}

func noteScopeUses(ctx context.Context, tx session, uses []tokens.ScopeUse) error {
	type use struct{ id, alternatives string }
	newest := map[use]int64{}
	var seen set
	for _, u := range uses {
		one := use{u.ID, asJSON(append([]string{}, u.Alternatives...))}
		if at, again := newest[one]; !again || u.At.UnixMilli() > at {
			newest[one] = u.At.UnixMilli()
		}
		seen = append(seen, u.ID)
	}
	var lines table
	for one, at := range newest {
		lines = append(lines, []any{one.id, one.alternatives, at})
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO token_scope_uses (token, alternatives, at)
		SELECT tokens.id, line.value ->> 1, CAST(line.value ->> 2 AS BIGINT) FROM json_each(?) AS line
			JOIN tokens ON tokens.id = line.value ->> 0 WHERE TRUE
		ON CONFLICT (token, alternatives) DO UPDATE SET at = excluded.at WHERE excluded.at > token_scope_uses.at`, lines)
	if err != nil {
		return err
	}
	// Only the newest of each token are kept. A client that is sent through ever new endpoints would fill the disk otherwise.
	_, err = tx.ExecContext(ctx, `DELETE FROM token_scope_uses WHERE (token, alternatives) IN (SELECT token, alternatives FROM
		(SELECT token, alternatives, row_number() OVER (PARTITION BY token ORDER BY at DESC, alternatives) AS place FROM token_scope_uses
			WHERE token IN (SELECT value FROM json_each(?))) AS ranked WHERE place > ?)`, seen, tokens.MaxScopeUses)
	return err
}

// ScopeUses lists what is known of a token.
func (s *Store) ScopeUses(ctx context.Context, id string) (uses []tokens.ScopeUse, err error) {
	err = s.try(ctx, func(ctx context.Context) (err error) {
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
		return nil, s.faultOf(ctx, "scope uses", err)
	}
	return uses, nil
}
