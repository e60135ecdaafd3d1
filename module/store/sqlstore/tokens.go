package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/doorward/doorward/tokens"
)

// recordColumns are all but the identifier, which some queries take from another table.
const recordColumns = `digest, name, owner, tokens.environment, cluster, tokens.personal, administrator, staff, legacy, enabled,
	seed, activegate, environments, scopes, networks, tokens.created, modified, expires, last_used, last_used_ip`

const selectRecord = `SELECT id, ` + recordColumns + ` FROM tokens`

// Token returns the token with this identifier, by one descent of one index.
func (s *Store) Token(ctx context.Context, id string) (tokens.Record, error) {
	return s.oneToken(ctx, &s.tokenByID, id)
}

// LegacyToken returns the old-format token whose whole text has this digest.
func (s *Store) LegacyToken(ctx context.Context, digest tokens.Digest) (tokens.Record, error) {
	return s.oneToken(ctx, &s.tokenByDigest, digest[:])
}

// oneToken never hands out half a record: with an error it is empty, so that nobody can go on with it by mistake.
func (s *Store) oneToken(ctx context.Context, q *question, key any) (r tokens.Record, err error) {
	err = s.try(ctx, func(ctx context.Context) (err error) {
		r, err = scanToken(q.row(ctx, key))
		return err
	})
	if err != nil {
		return tokens.Record{}, s.faultOf(ctx, "token", missing(err))
	}
	return r, nil
}

// scanToken reads a record in the order of selectRecord. A digest of another length is damage; padding or cutting it
// could make it equal to one that it is not.
func scanToken(row scanner) (tokens.Record, error) { return scanTokenAnd(row) }

// scanTokenAnd reads a record from a row that has more columns.
func scanTokenAnd(row scanner, more ...any) (tokens.Record, error) {
	var r tokens.Record
	var digest []byte
	var created, modified, expires, lastUsed int64
	into := append([]any{&r.ID, &digest, &r.Name, &r.Owner, &r.Environment, &r.Cluster, &r.Personal, &r.Administrator, &r.Staff,
		&r.Legacy, &r.Enabled, &r.Seed, &r.ActiveGate, (*names)(&r.Environments), (*names)(&r.Scopes), (*names)(&r.Networks), &created, &modified, &expires, &lastUsed,
		&r.LastUsedIP}, more...)
	if err := row.Scan(into...); err != nil {
		return tokens.Record{}, err
	}
	if len(digest) != len(r.Digest) {
		return tokens.Record{}, fmt.Errorf("a digest of %d bytes", len(digest))
	}
	copy(r.Digest[:], digest)
	r.Created = time.UnixMilli(created).UTC()
	r.Modified, r.Expires, r.LastUsed = ofMoment(modified), ofMoment(expires), ofMoment(lastUsed)
	return r, nil
}

// missing makes "no row" the contract's word for it. Nothing else may become that word.
func missing(err error) error { return noRow(err, tokens.ErrNotFound) }
