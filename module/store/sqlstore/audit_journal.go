package sqlstore

import (
	"context"

	"github.com/doorward/doorward/internal/audit"
)

// RecordAttempt writes an event that changed nothing.
func (s *Store) RecordAttempt(ctx context.Context, e audit.Event) error {
	e.Failed = true
	_, err := s.Record(ctx, e)
	return err
}

// Record writes an event that belongs to no change.
func (s *Store) Record(ctx context.Context, e audit.Event) (id int64, err error) {
	e.Revision = 0
	err = s.write(ctx, "record", func(tx session) error {
		id, err = appendEvent(ctx, tx, e)
		return err
	})
	if err != nil {
		return 0, err // not the number that the event would have had
	}
	return id, nil
}

// Conclude adds the outcome to an event that has none yet.
func (s *Store) Conclude(ctx context.Context, id int64, o audit.Outcome) error {
	return s.write(ctx, "conclude", func(tx session) error {
		var of audit.Digest
		var concluded bool
		err := tx.QueryRowContext(ctx, `SELECT hash, event IS NOT NULL`+withOutcomes+` WHERE id = ?`, id).
			Scan((*chainHash)(&of), &concluded)
		if err != nil {
			return noRow(err, audit.ErrNotFound)
		}
		if concluded {
			return verdict{audit.ErrConcluded}
		}
		hash := o.Chained(of)
		_, err = tx.ExecContext(ctx, `INSERT INTO audit_outcomes (event, at, status, bytes, body_digest, cut, outcome_hash)
			VALUES (?, ?, ?, ?, ?, ?, ?)`, id, o.At.UnixMilli(), o.Status, o.Bytes, o.BodyDigest, o.Cut, hash[:])
		return err
	})
}
