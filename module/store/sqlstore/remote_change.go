package sqlstore

import (
	"context"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/remote"
)

// toldRemote is told for an entry that has a batch as well: the deliveries are committed with the change, so that nothing
// happens that nobody is told of, and nobody is told of what has not happened. The do returns what has changed along with it.
func (s *Store) toldRemote(ctx context.Context, operation string, kind feed.Kind, id string, e *remote.Entry,
	do func(session) ([]entry, error)) error {
	before := *e
	return s.changes(ctx, operation, func(tx session) ([]entry, error) {
		e.Message, e.Detail, e.Patch, e.Batch = before.Message, before.Detail, before.Patch, before.Batch
		along, err := do(tx)
		if err != nil {
			return nil, err
		}
		if err := addDeliveries(ctx, tx, e.Batch); err != nil {
			return nil, err
		}
		return append([]entry{{kind, id, e.Event}}, along...), nil
	})
}

// CreateRemoteRequest adds a request, if allow does not object to what is there.
func (s *Store) CreateRemoteRequest(ctx context.Context, r remote.Request, e *remote.Entry, allow func(remote.Current) error) error {
	return s.toldRemote(ctx, "create remote request", feed.RemoteRequest, r.ID, e, func(tx session) ([]entry, error) {
		c, err := readAccess(ctx, tx) // before the new one is there
		if err != nil {
			return nil, err
		}
		if err := insertRequest(ctx, tx, r); err != nil {
			return nil, err
		}
		if err := allow(c); err != nil {
			return nil, verdict{err}
		}
		return nil, nil
	})
}

// insertRequest does nothing where the identifier is taken, and says so.
func insertRequest(ctx context.Context, tx session, r remote.Request) error {
	result, err := tx.ExecContext(ctx, `INSERT INTO remote_requests (`+requestColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		r.ID, r.User, r.Reason, r.Ticket, r.Created.UnixMilli(), r.By, r.AskedRole.String(), r.AskedDays, r.Role.String(), r.Days,
		string(r.State), instant(r.Changed), r.ChangedBy, names(r.Approvals), instant(r.PendingUntil), instant(r.Expires),
		r.BreakGlass, instant(r.ReviewBy), instant(r.Reviewed), r.ReviewedBy, r.Review)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return verdict{remote.ErrExists}
}

// UpdateRemoteRequest hands the setting and the request to change, and stores what it left of the request.
func (s *Store) UpdateRemoteRequest(ctx context.Context, id string, e *remote.Entry, change func(remote.SettingRecord, *remote.Request) error) error {
	return s.toldRemote(ctx, "update remote request", feed.RemoteRequest, id, e, func(tx session) ([]entry, error) {
		r, err := scanRequest(tx.QueryRowContext(ctx, selectOneRequest, id))
		if err != nil {
			return nil, noRow(err, remote.ErrNotFound)
		}
		setting, err := readRemoteSetting(ctx, tx)
		if err != nil {
			return nil, err
		}
		if err := change(setting, &r); err != nil {
			return nil, verdict{err}
		}
		return nil, updateRequest(ctx, tx, id, r)
	})
}

// updateRequest leaves out what says whose request it is and what was asked for: no caller can make another one of it.
func updateRequest(ctx context.Context, tx session, id string, r remote.Request) error {
	_, err := tx.ExecContext(ctx, `UPDATE remote_requests SET role = ?, days = ?, state = ?, changed = ?, changed_by = ?, approvals = ?,
		pending_until = ?, expires = ?, review_by = ?, reviewed = ?, reviewed_by = ?, review = ? WHERE id = ?`,
		r.Role.String(), r.Days, string(r.State), instant(r.Changed), r.ChangedBy, names(r.Approvals), instant(r.PendingUntil),
		instant(r.Expires), instant(r.ReviewBy), instant(r.Reviewed), r.ReviewedBy, r.Review, id)
	return err
}

// UpdateOpenRemoteRequests hands every open request to change, and stores those for which it returns an entry.
func (s *Store) UpdateOpenRemoteRequests(ctx context.Context, change func(*remote.Request) (*remote.Entry, error)) error {
	return s.changes(ctx, "update open remote requests", func(tx session) ([]entry, error) { return updateOpen(ctx, tx, change) })
}

// updateOpen returns what every stored request leaves behind; each has a revision of its own.
func updateOpen(ctx context.Context, tx session, change func(*remote.Request) (*remote.Entry, error)) ([]entry, error) {
	open, err := list(ctx, tx, scanRequest, selectOpenRequests)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, r := range open {
		id := r.ID
		e, err := change(&r)
		if err != nil {
			return nil, verdict{err}
		}
		if e == nil {
			continue
		}
		if err := updateRequest(ctx, tx, id, r); err != nil {
			return nil, err
		}
		if err := addDeliveries(ctx, tx, e.Batch); err != nil {
			return nil, err
		}
		entries = append(entries, entry{feed.RemoteRequest, id, e.Event})
	}
	return entries, nil
}
