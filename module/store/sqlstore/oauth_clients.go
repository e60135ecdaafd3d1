package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
)

const selectClient = `SELECT id, digest, old_digest, old_until, name, description, owner, account, scopes, enabled, created,
	modified, tokens_from, last_used FROM oauth_clients`

const selectOneClient = selectClient + ` WHERE id = ?`

// Client returns the OAuth2 client with this identifier.
func (s *Store) Client(ctx context.Context, id string) (c oauth2.Client, err error) {
	err = s.try(ctx, func(ctx context.Context) (err error) {
		c, err = scanClient(s.reader.QueryRowContext(ctx, selectOneClient, id))
		return err
	})
	if err != nil {
		return oauth2.Client{}, s.faultOf(ctx, "oauth client", noClient(err))
	}
	return c, nil
}

// Clients returns a page of OAuth2 clients.
func (s *Store) Clients(ctx context.Context, q oauth2.ClientQuery) ([]oauth2.Client, error) {
	size, err := oauth2.PageSize(q.Limit)
	if err != nil {
		return nil, err
	}
	text, values := clientPage(q, size)
	var page []oauth2.Client
	err = s.try(ctx, func(ctx context.Context) (err error) {
		page, err = list(ctx, s.reader, scanClient, text, values...)
		return err
	})
	if err != nil {
		return nil, s.faultOf(ctx, "oauth clients", err)
	}
	return page, nil
}

// clientPage is one piece of the table, or of the index that begins with the account.
func clientPage(q oauth2.ClientQuery, size int) (string, []any) {
	var c conditions
	c.equal("account", q.Account)
	if q.After != "" {
		c.add("id > ?", q.After)
	}
	return selectClient + c.where() + ` ORDER BY id LIMIT ?`, append(c.values, size)
}

// scanClient takes no digest of another length for one: see scanToken.
func scanClient(row scanner) (oauth2.Client, error) {
	var c oauth2.Client
	var digest, old []byte
	var created int64
	err := row.Scan(&c.ID, &digest, &old, (*instant)(&c.OldUntil), &c.Name, &c.Description, &c.Owner, &c.Account,
		(*names)(&c.Scopes), &c.Enabled, &created, (*instant)(&c.Modified), (*instant)(&c.TokensFrom), (*instant)(&c.LastUsed))
	if err != nil {
		return oauth2.Client{}, err
	}
	if len(digest) != len(c.Digest) || old != nil && len(old) != len(c.OldDigest) {
		return oauth2.Client{}, fmt.Errorf("digests of %d and %d bytes", len(digest), len(old))
	}
	copy(c.Digest[:], digest)
	copy(c.OldDigest[:], old)
	c.Created = time.UnixMilli(created).UTC()
	return c, nil
}

// oldDigest is stored as NULL where there is none: no row has a digest that nobody made.
func oldDigest(c oauth2.Client) []byte {
	if c.OldDigest == (tokens.Digest{}) {
		return nil
	}
	return c.OldDigest[:]
}

// noClient makes "no row" the contract's word for it.
func noClient(err error) error { return noRow(err, oauth2.ErrNotFound) }

// RecordClientUse notes when a client last got a token. The comparison of times is left to the statement: a read before the
// write could be outdated by another process. An unknown identifier meets no row.
func (s *Store) RecordClientUse(ctx context.Context, id string, at time.Time) error {
	return s.write(ctx, "record use of an oauth client", func(tx session) error {
		_, err := tx.ExecContext(ctx, `UPDATE oauth_clients SET last_used = ?1 WHERE id = ?2
			AND (last_used IS NULL OR last_used < ?1)`, at.UnixMilli(), id)
		return err
	})
}
