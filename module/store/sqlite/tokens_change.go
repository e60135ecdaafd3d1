package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/tokens"
)

// CreateToken adds a token.
func (s *Store) CreateToken(ctx context.Context, r tokens.Record, e audit.Event) error {
	return s.change(ctx, "create token", feed.Token, r.ID, e, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO tokens (id, digest, name, owner, environment, cluster, personal,
			legacy, enabled, scopes, created, modified, expires, last_used, last_used_ip)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, r.Digest[:], r.Name, r.Owner, r.Environment, r.Cluster, r.Personal,
			r.Legacy, r.Enabled, names(r.Scopes), r.Created.UnixMilli(), instant(r.Modified), instant(r.Expires),
			instant(r.LastUsed), r.LastUsedIP)
		// Only this insert can mean "exists"; the same code from the audit trail or the list of changes is damage.
		if isTaken(err) {
			return verdict{tokens.ErrExists}
		}
		return err
	})
}

// UpdateToken hands the record to change and stores what it left, but for what makes the token this token.
func (s *Store) UpdateToken(ctx context.Context, id string, e audit.Event, change func(*tokens.Record) error) error {
	return s.change(ctx, "update token", feed.Token, id, e, func(tx *sql.Tx) error {
		r, err := scanToken(tx.QueryRowContext(ctx, selectRecord+` WHERE id = ?`, id))
		if err != nil {
			return missing(err)
		}
		if err := change(&r); err != nil {
			return verdict{err}
		}
		// Identifier, digest, format and creation are left out: no caller can move a token to another secret.
		_, err = tx.ExecContext(ctx, `UPDATE tokens SET name = ?, owner = ?, environment = ?, cluster = ?, personal = ?,
			enabled = ?, scopes = ?, modified = ?, expires = ?, last_used = ?, last_used_ip = ? WHERE id = ?`,
			r.Name, r.Owner, r.Environment, r.Cluster, r.Personal,
			r.Enabled, names(r.Scopes), instant(r.Modified), instant(r.Expires), instant(r.LastUsed), r.LastUsedIP, id)
		return err
	})
}

// DeleteToken removes a token for good.
func (s *Store) DeleteToken(ctx context.Context, id string, e audit.Event) error {
	return s.change(ctx, "delete token", feed.Token, id, e, func(tx *sql.Tx) error {
		var gone bool
		row := tx.QueryRowContext(ctx, `DELETE FROM tokens WHERE id = ? RETURNING true`, id)
		return missing(row.Scan(&gone))
	})
}

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
		WHERE id = ?3 AND (last_used IS NULL OR last_used < ?1)`)
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
