package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/tokens"
)

const selectTenant = `SELECT environment, active, active_digest, old, old_digest, created, modified FROM tenant_tokens
	WHERE environment = ?`

// TenantToken returns an environment's.
func (s *Store) TenantToken(ctx context.Context, environment string) (t tokens.TenantToken, err error) {
	err = s.try(ctx, func(ctx context.Context) (err error) {
		t, err = scanTenantToken(s.reader.QueryRowContext(ctx, selectTenant, environment))
		return err
	})
	if err != nil {
		return tokens.TenantToken{}, s.faultOf(ctx, "tenant token", missing(err))
	}
	return t, nil
}

// scanTenantToken takes no digest of another length for one: see scanToken.
func scanTenantToken(row scanner) (tokens.TenantToken, error) {
	var t tokens.TenantToken
	var active, old []byte
	var created int64
	err := row.Scan(&t.Environment, &t.Active, &active, &t.Old, &old, &created, (*instant)(&t.Modified))
	if err != nil {
		return tokens.TenantToken{}, err
	}
	if len(active) != len(t.ActiveDigest) || t.Rotating() != (len(old) == len(t.OldDigest)) {
		return tokens.TenantToken{}, fmt.Errorf("digests of %d and %d bytes", len(active), len(old))
	}
	copy(t.ActiveDigest[:], active)
	copy(t.OldDigest[:], old)
	t.Created = time.UnixMilli(created).UTC()
	return t, nil
}

// UpdateTenantToken hands an environment's to change and stores what it left.
func (s *Store) UpdateTenantToken(ctx context.Context, environment string, e *audit.Event, change func(*tokens.TenantToken) error) error {
	return s.told(ctx, "update tenant token", feed.TenantToken, environment, e, func(tx session) error {
		t, err := scanTenantToken(tx.QueryRowContext(ctx, selectTenant, environment))
		if errors.Is(err, sql.ErrNoRows) {
			t, err = tokens.TenantToken{Environment: environment}, nil
		}
		if err != nil {
			return err
		}
		if err := change(&t); err != nil {
			return verdict{err}
		}
		return putTenantToken(ctx, tx, environment, t)
	})
}

// putTenantToken keeps an old digest only with its text: a digest that is left over could let a discarded token in.
func putTenantToken(ctx context.Context, tx session, environment string, t tokens.TenantToken) error {
	var old, oldDigest []byte
	if t.Rotating() {
		old, oldDigest = t.Old, t.OldDigest[:]
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO tenant_tokens (environment, active, active_digest, old, old_digest, created, modified)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (environment) DO UPDATE SET active = excluded.active,
		active_digest = excluded.active_digest, old = excluded.old, old_digest = excluded.old_digest, created = excluded.created,
		modified = excluded.modified`,
		environment, t.Active, t.ActiveDigest[:], old, oldDigest, t.Created.UnixMilli(), instant(t.Modified))
	return err
}
