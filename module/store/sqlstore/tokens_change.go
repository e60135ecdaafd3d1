package sqlstore

import (
	"context"
	"strings"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/tokens"
)

// Counts, scopes and uses follow the table of tokens by its triggers, in the statements of this file.

// CreateToken adds a token.
func (s *Store) CreateToken(ctx context.Context, r tokens.Record, e audit.Event) error {
	return s.change(ctx, "create token", feed.Token, r.ID, e, func(tx session) error { return insertToken(ctx, tx, r) })
}

// insertToken does nothing where the identifier or an old-format token's digest is taken, and says so. Errors of
// uniqueness are not asked for: they could be those of a table that a trigger writes to, which is damage.
func insertToken(ctx context.Context, tx session, r tokens.Record) error {
	result, err := tx.ExecContext(ctx, `INSERT INTO tokens (id, digest, name, owner, environment, kind, cluster, personal,
		administrator, staff, legacy, enabled, seed, activegate, environments, scopes, networks, created, newest, modified, expires, last_used,
		last_used_ip)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		r.ID, r.Digest[:], r.Name, r.Owner, r.Environment, kindOf(r), r.Cluster, r.Personal,
		r.Administrator, r.Staff, r.Legacy, r.Enabled, r.Seed, r.ActiveGate, names(r.Environments), names(r.Scopes), names(r.Networks),
		r.Created.UnixMilli(), -r.Created.UnixMilli(), moment(r.Modified, neverFirst), moment(r.Expires, neverLast), moment(r.LastUsed, neverFirst), r.LastUsedIP)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return verdict{tokens.ErrExists}
}

// kindOf is what a token is listed as. Old-format tokens are access tokens: an index that begins with the kind is in order
// for one kind only.
func kindOf(r tokens.Record) string {
	if r.Legacy {
		return tokens.KindAccess
	}
	prefix, _, _ := strings.Cut(r.ID, ".")
	return prefix
}

// UpdateToken hands the record to change and stores what it left, but for what makes the token this token.
func (s *Store) UpdateToken(ctx context.Context, id string, e *audit.Event, change func(*tokens.Record) error) error {
	return s.told(ctx, "update token", feed.Token, id, e, func(tx session) error {
		r, err := scanToken(tx.QueryRowContext(ctx, selectRecord+` WHERE id = ?`, id))
		if err != nil {
			return missing(err)
		}
		if err := change(&r); err != nil {
			return verdict{err}
		}
		// Identifier, digest, format, ActiveGate type and creation are left out: no caller can move a token to another
		// secret, or make another kind of token of it. A staff mark stays, whoever writes what he has read before it was set.
		_, err = tx.ExecContext(ctx, `UPDATE tokens SET name = ?, owner = ?, environment = ?, cluster = ?, personal = ?,
			administrator = ?, staff = staff OR ?, enabled = ?, environments = ?, scopes = ?, networks = ?, modified = ?, expires = ?, last_used = ?, last_used_ip = ?
			WHERE id = ?`,
			r.Name, r.Owner, r.Environment, r.Cluster, r.Personal,
			r.Administrator, r.Staff, r.Enabled, names(r.Environments), names(r.Scopes), names(r.Networks), moment(r.Modified, neverFirst),
			moment(r.Expires, neverLast), moment(r.LastUsed, neverFirst), r.LastUsedIP, id)
		return err
	})
}

// DeleteToken removes a token for good.
func (s *Store) DeleteToken(ctx context.Context, id string, e audit.Event) error {
	return s.change(ctx, "delete token", feed.Token, id, e, func(tx session) error {
		var gone bool
		row := tx.QueryRowContext(ctx, `DELETE FROM tokens WHERE id = ? RETURNING true`, id)
		return missing(row.Scan(&gone))
	})
}
