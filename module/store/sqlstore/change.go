package sqlstore

import (
	"context"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
)

// entry is what others must hear of one thing that changed, and the record of who did it.
type entry struct {
	kind  feed.Kind
	id    string
	event audit.Event
}

// change is changes for one thing.
func (s *Store) change(ctx context.Context, operation string, kind feed.Kind, id string, e audit.Event,
	do func(session) error) error {
	return s.changes(ctx, operation, func(tx session) ([]entry, error) {
		return []entry{{kind, id, e}}, do(tx)
	})
}

// told is change for a do that tells by itself what it has done: it may fill in Message, Detail and Patch of the event. When
// the transaction is repeated, what the first try has told is forgotten.
func (s *Store) told(ctx context.Context, operation string, kind feed.Kind, id string, e *audit.Event,
	do func(session) error) error {
	before := *e
	return s.changes(ctx, operation, func(tx session) ([]entry, error) {
		e.Message, e.Detail, e.Patch = before.Message, before.Detail, before.Patch
		if err := do(tx); err != nil {
			return nil, err
		}
		return []entry{{kind, id, *e}}, nil
	})
}

// changes is the one way to change something that others must hear of: what do changes and, for every thing that do
// names, the next revision, the audit event and the entry in the list of changes are one transaction.
func (s *Store) changes(ctx context.Context, operation string, do func(session) ([]entry, error)) error {
	return s.write(ctx, operation, func(tx session) error {
		entries, err := do(tx)
		if err != nil {
			return err
		}
		var newest int64
		for _, e := range entries {
			if newest, err = s.note(ctx, tx, e); err != nil {
				return err
			}
		}
		if newest == 0 || s.dialect.Hint == "" {
			return nil
		}
		_, err = tx.ExecContext(ctx, s.dialect.Hint, newest)
		return err
	})
}

// note writes all that a change of one thing leaves behind.
func (s *Store) note(ctx context.Context, tx session, e entry) (revision int64, err error) {
	if revision, err = nextRevision(ctx, tx); err != nil {
		return 0, err
	}
	if err := addEvent(ctx, tx, revision, e.event); err != nil {
		return 0, err
	}
	return revision, addChange(ctx, tx, feed.Change{Revision: revision, Kind: e.kind, ID: e.id}, int64(s.opt.KeepChanges))
}

// write runs do in a transaction, again if another process was in the way, and commits what it did when it returns nil.
func (s *Store) write(ctx context.Context, operation string, do func(session) error) error {
	err := s.try(ctx, func(ctx context.Context) error {
		tx, err := s.writer.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() // after a commit this does nothing
		if err := s.lockAnd(ctx, session{on: tx, speak: s.speak, within: ctx}, do); err != nil {
			return err
		}
		return tx.Commit()
	})
	return s.faultOf(ctx, operation, err)
}

// lockAnd does it when nobody else is changing anything any more, and sees all that the others did.
func (s *Store) lockAnd(ctx context.Context, tx session, do func(session) error) error {
	if s.dialect.Lock != "" {
		if _, err := tx.ExecContext(ctx, s.dialect.Lock); err != nil {
			return err
		}
	}
	return do(tx)
}

// nextRevision counts up inside the transaction, so a change that is rolled back leaves no hole.
func nextRevision(ctx context.Context, tx session) (revision int64, err error) {
	err = tx.QueryRowContext(ctx, `UPDATE store_state SET revision = revision + 1 RETURNING revision`).Scan(&revision)
	return revision, err
}

// addChange also forgets the change that is now too old. Revisions have no holes, so there is at most one, but for the
// first change after the bound was lowered.
func addChange(ctx context.Context, tx session, c feed.Change, keep int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO changes (revision, kind, id) VALUES (?, ?, ?)`, c.Revision, c.Kind, c.ID)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM changes WHERE revision <= ?`, c.Revision-keep)
	return err
}
