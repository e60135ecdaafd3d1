package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/tokens/oauth2"
)

// Revoke adds a revocation, or moves the one that there is ahead.
func (s *Store) Revoke(ctx context.Context, r oauth2.Revocation, e audit.Event) error {
	return s.changes(ctx, "revoke", func(tx session) ([]entry, error) {
		moved, err := revoke(ctx, tx, r)
		if err != nil || !moved {
			return nil, err
		}
		return []entry{{feed.Revocation, r.ID, e}}, nil
	})
}

// revoke reports whether anything was moved. Each time by itself only ever goes ahead, whoever comes last: a clock that is
// slow gives nobody a token back.
func revoke(ctx context.Context, tx session, r oauth2.Revocation) (moved bool, err error) {
	before := int64(neverFirst)
	if !r.Before.IsZero() {
		before = notBefore(r.Before) // losing what is finer towards the past would leave a token alive
	}
	row := tx.QueryRowContext(ctx, `INSERT INTO revocations (id, issued_before, until) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET
			issued_before = CASE WHEN excluded.issued_before > revocations.issued_before THEN excluded.issued_before ELSE revocations.issued_before END,
			until = CASE WHEN excluded.until > revocations.until THEN excluded.until ELSE revocations.until END
		WHERE excluded.issued_before > revocations.issued_before OR excluded.until > revocations.until RETURNING true`, r.ID, before, notBefore(r.Until))
	err = row.Scan(&moved)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return moved, err
}

// selectRevocations goes by identifier. What is over is purged every minute, so there is little to pass over.
const selectRevocations = `SELECT id, issued_before, until FROM revocations WHERE id > ? AND until > ? ORDER BY id LIMIT ?`

// Revocations returns a page of what is revoked.
func (s *Store) Revocations(ctx context.Context, now time.Time, after string, limit int) ([]oauth2.Revocation, error) {
	size, err := oauth2.PageSize(limit)
	if err != nil {
		return nil, err
	}
	var page []oauth2.Revocation
	err = s.try(ctx, func(ctx context.Context) (err error) {
		page, err = list(ctx, s.reader, scanRevocation, selectRevocations, after, now.UnixMilli(), size)
		return err
	})
	if err != nil {
		return nil, s.faultOf(ctx, "revocations", err)
	}
	return page, nil
}

func scanRevocation(row scanner) (oauth2.Revocation, error) {
	var r oauth2.Revocation
	var before, until int64
	err := row.Scan(&r.ID, &before, &until)
	r.Before, r.Until = ofMoment(before), time.UnixMilli(until).UTC()
	return r, err
}

// Bounds of a purge. Each transaction is short, so that a revocation that is to be added never waits long for the write lock.
// There are fewer to forget than all of them together can; what is left over goes the next time.
const (
	purgedAtOnce = 500
	maxPurges    = 1000
)

// purgeRevocations takes the oldest first, by the index of their ends.
const purgeRevocations = `DELETE FROM revocations WHERE id IN (SELECT id FROM revocations WHERE until <= ? ORDER BY until LIMIT ?)`

// PurgeRevocations forgets what is over. When it fails, some of it is forgotten all the same.
func (s *Store) PurgeRevocations(ctx context.Context, now time.Time) error {
	for range maxPurges {
		purged, err := s.purge(ctx, now)
		if err != nil || purged < purgedAtOnce {
			return err
		}
	}
	return nil
}

func (s *Store) purge(ctx context.Context, now time.Time) (purged int64, err error) {
	err = s.write(ctx, "purge revocations", func(tx session) error {
		result, err := tx.ExecContext(ctx, purgeRevocations, now.UnixMilli(), purgedAtOnce)
		if err != nil {
			return err
		}
		purged, err = result.RowsAffected()
		return err
	})
	return purged, err
}
