package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/doorward/doorward/tokens"
)

// Bounds of tokens.Query.Limit.
const (
	tokensPage    = 1000
	maxTokensPage = 10_000
)

const selectRecord = `SELECT id, digest, name, owner, environment, cluster, personal, legacy, enabled, scopes,
	created, modified, expires, last_used, last_used_ip FROM tokens`

// Token returns the token with this identifier, by one descent of one index.
func (s *Store) Token(ctx context.Context, id string) (tokens.Record, error) {
	return s.oneToken(ctx, s.tokenByID, id)
}

// LegacyToken returns the old-format token whose whole text has this digest.
func (s *Store) LegacyToken(ctx context.Context, digest tokens.Digest) (tokens.Record, error) {
	return s.oneToken(ctx, s.tokenByDigest, digest[:])
}

// oneToken never hands out half a record: with an error it is empty, so that nobody can go on with it by mistake.
func (s *Store) oneToken(ctx context.Context, statement *sql.Stmt, key any) (r tokens.Record, err error) {
	err = s.wait.retry(ctx, func() (err error) {
		r, err = scanToken(statement.QueryRowContext(ctx, key))
		return err
	})
	if err != nil {
		return tokens.Record{}, faultOf(ctx, "token", missing(err))
	}
	return r, nil
}

// Tokens returns a page of tokens, newest first.
func (s *Store) Tokens(ctx context.Context, q tokens.Query) ([]tokens.Record, error) {
	limit, err := pageSize(q.Limit, tokensPage, maxTokensPage)
	if err != nil {
		return nil, err
	}
	var page []tokens.Record
	err = s.wait.retry(ctx, func() error {
		c, err := s.tokenConditions(ctx, q)
		if err != nil {
			return err
		}
		text := selectRecord + c.where() + ` ORDER BY created DESC, id LIMIT ?`
		page, err = list(ctx, s.reader, scanToken, text, append(c.values, limit)...)
		return err
	})
	return page, faultOf(ctx, "tokens", err)
}

// tokenConditions places the page behind the token named by After, not behind a number of rows: tokens that come and go
// between two pages neither repeat nor hide others.
func (s *Store) tokenConditions(ctx context.Context, q tokens.Query) (c conditions, err error) {
	c.equal("owner", q.Owner)
	if q.Prefix != "" {
		// A range, because LIKE would read % and _ in the prefix and ignore case.
		c.add("id >= ?", q.Prefix)
		if end := prefixEnd(q.Prefix); end != "" {
			c.add("id < ?", end)
		}
	}
	if q.After == "" {
		return c, nil
	}
	var created int64 // never changes, so it needs no transaction with the page
	row := s.reader.QueryRowContext(ctx, `SELECT created FROM tokens WHERE id = ?`, q.After)
	if err := row.Scan(&created); err != nil {
		return c, missing(err)
	}
	// The first part alone would do for the index to start at the right place; the second is exact.
	c.add("created <= ? AND (created < ? OR id > ?)", created, created, q.After)
	return c, nil
}

// prefixEnd is the least text above all that begin with prefix, in the order of bytes; "" where there is none.
func prefixEnd(prefix string) string {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return string(end[:i+1])
		}
	}
	return ""
}

// scanToken reads a record in the order of selectRecord. A digest of another length is damage; padding or cutting it
// could make it equal to one that it is not.
func scanToken(row scanner) (tokens.Record, error) {
	var r tokens.Record
	var digest []byte
	var created int64
	err := row.Scan(&r.ID, &digest, &r.Name, &r.Owner, &r.Environment, &r.Cluster, &r.Personal, &r.Legacy, &r.Enabled,
		(*names)(&r.Scopes), &created, (*instant)(&r.Modified), (*instant)(&r.Expires), (*instant)(&r.LastUsed),
		&r.LastUsedIP)
	if err != nil {
		return tokens.Record{}, err
	}
	if len(digest) != len(r.Digest) {
		return tokens.Record{}, fmt.Errorf("a digest of %d bytes", len(digest))
	}
	copy(r.Digest[:], digest)
	r.Created = time.UnixMilli(created).UTC()
	return r, nil
}

// missing makes "no row" the contract's word for it. Nothing else may become that word.
func missing(err error) error { return noRow(err, tokens.ErrNotFound) }
