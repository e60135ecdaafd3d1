package sqlstore

import (
	"context"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/tokens/oauth2"
)

// A change of a client and the revocation that it brings are one thing that changed: followers read both at the news of the
// client.

// CreateClient adds an OAuth2 client.
func (s *Store) CreateClient(ctx context.Context, c oauth2.Client, limit int, e audit.Event) error {
	return s.change(ctx, "create oauth client", feed.OAuthClient, c.ID, e, func(tx session) error {
		if err := insertClient(ctx, tx, c); err != nil {
			return err
		}
		var account conditions
		account.add("account = ?", c.Account)
		// Counted with the new one, which goes again with the transaction: "taken" comes before "full".
		n, err := count(ctx, tx, "oauth_clients", account)
		if err == nil && n > limit {
			return verdict{oauth2.ErrFull}
		}
		return err
	})
}

// insertClient does nothing where the identifier is taken, and says so.
func insertClient(ctx context.Context, tx session, c oauth2.Client) error {
	result, err := tx.ExecContext(ctx, `INSERT INTO oauth_clients (id, digest, old_digest, old_until, name, description, owner,
		account, scopes, enabled, created, modified, tokens_from, last_used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`,
		c.ID, c.Digest[:], oldDigest(c), instant(c.OldUntil), c.Name, c.Description, c.Owner, c.Account, names(c.Scopes), c.Enabled,
		c.Created.UnixMilli(), instant(c.Modified), instant(c.TokensFrom), instant(c.LastUsed))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return verdict{oauth2.ErrExists}
}

// UpdateClient hands the client to change and stores what it left, with the revocation that it returns.
func (s *Store) UpdateClient(ctx context.Context, id string, e *audit.Event,
	change func(*oauth2.Client) (*oauth2.Revocation, error)) error {
	return s.told(ctx, "update oauth client", feed.OAuthClient, id, e, func(tx session) error {
		c, err := scanClient(tx.QueryRowContext(ctx, selectOneClient, id))
		if err != nil {
			return noClient(err)
		}
		revocation, err := change(&c)
		if err != nil {
			return verdict{err}
		}
		// Identifier, account and creation are left out: no caller can make another client of it. So is the last use, which
		// is noted beside.
		_, err = tx.ExecContext(ctx, `UPDATE oauth_clients SET digest = ?, old_digest = ?, old_until = ?, name = ?,
			description = ?, owner = ?, scopes = ?, enabled = ?, modified = ?, tokens_from = ? WHERE id = ?`,
			c.Digest[:], oldDigest(c), instant(c.OldUntil), c.Name, c.Description, c.Owner, names(c.Scopes), c.Enabled,
			instant(c.Modified), instant(c.TokensFrom), id)
		if err != nil || revocation == nil {
			return err
		}
		_, err = revoke(ctx, tx, *revocation)
		return err
	})
}

// DeleteClient removes a client for good and revokes its tokens.
func (s *Store) DeleteClient(ctx context.Context, id string, r oauth2.Revocation, e audit.Event) error {
	return s.change(ctx, "delete oauth client", feed.OAuthClient, id, e, func(tx session) error {
		var was bool
		row := tx.QueryRowContext(ctx, `DELETE FROM oauth_clients WHERE id = ? RETURNING true`, id)
		if err := row.Scan(&was); err != nil {
			return noClient(err)
		}
		_, err := revoke(ctx, tx, r)
		return err
	})
}
