package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
)

// maxChanges bounds what one look at the list of changes returns.
const maxChanges = 10_000

// Revision is the number of the newest committed change.
func (s *Store) Revision(ctx context.Context) (revision int64, err error) {
	err = s.try(ctx, func(ctx context.Context) error {
		return s.reader.QueryRowContext(ctx, `SELECT revision FROM store_state`).Scan(&revision)
	})
	return revision, s.faultOf(ctx, "revision", err)
}

// One statement is one snapshot: the newest revision and the changes belong together. It gives at least one row. The
// limit is inside, so that a follower far behind does not make SQLite sort everything it has missed for each batch.
const selectChangesAfter = `SELECT s.revision, c.revision, c.kind, c.id
	FROM store_state AS s LEFT JOIN
		(SELECT revision, kind, id FROM changes WHERE revision > ? ORDER BY revision LIMIT ?) AS c ON TRUE
	ORDER BY c.revision`

// ChangesAfter is feed.Source's. A limit above 10,000 counts as 10,000. A follower that is ahead of the store, because
// an older copy of the file was put back, is told gap without changes.
func (s *Store) ChangesAfter(ctx context.Context, after int64, limit int) ([]feed.Change, bool, error) {
	if limit < 1 {
		return nil, false, fault.New(fault.Invalid, "The limit must be at least 1.", nil)
	}
	var list []feed.Change
	var newest int64
	err := s.try(ctx, func(ctx context.Context) (err error) {
		list, newest, err = s.readChanges(ctx, after, min(limit, maxChanges))
		return err
	})
	if err != nil {
		return nil, false, s.faultOf(ctx, "changes", err)
	}
	if len(list) == 0 {
		return nil, after != newest, nil
	}
	return list, list[0].Revision != after+1, nil
}

// readChanges returns the newest revision even when there are no changes to return: without it, "nothing new" and
// "nothing kept" look the same.
func (s *Store) readChanges(ctx context.Context, after int64, limit int) (list []feed.Change, newest int64, err error) {
	rows, err := s.changesAfter.rows(ctx, after, limit)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	found := false
	for rows.Next() {
		found = true
		var revision sql.NullInt64
		var kind, id sql.NullString
		if err := rows.Scan(&newest, &revision, &kind, &id); err != nil {
			return nil, 0, err
		}
		if revision.Valid {
			list = append(list, feed.Change{Revision: revision.Int64, Kind: feed.Kind(kind.String), ID: id.String})
		}
	}
	if err := rows.Err(); err != nil {
		return nil, 0, err
	}
	if !found {
		return nil, 0, errors.New("the store has lost its revision")
	}
	return list, newest, nil
}
