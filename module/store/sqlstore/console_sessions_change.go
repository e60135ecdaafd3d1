package sqlstore

import (
	"context"

	"github.com/doorward/doorward/internal/audit"
	consolesession "github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/tokens"
)

// audited is a change that no follower need hear of: what do changes and its event are one transaction, without a revision.
func (s *Store) audited(ctx context.Context, operation string, e audit.Event, do func(session) error) error {
	e.Revision, e.Failed = 0, false
	return s.write(ctx, operation, func(tx session) error {
		if err := do(tx); err != nil {
			return err
		}
		_, err := appendEvent(ctx, tx, e)
		return err
	})
}

// CreateConsoleSession adds a session.
func (s *Store) CreateConsoleSession(ctx context.Context, r consolesession.Record, room consolesession.Room, e audit.Event) error {
	return s.audited(ctx, "create console session", e, func(tx session) error {
		if err := insertSession(ctx, tx, r); err != nil {
			return err
		}
		if err := makeRoom(ctx, tx, r, room); err != nil {
			return err
		}
		n, err := count(ctx, tx, "console_sessions", conditions{})
		if err == nil && n > room.All {
			return verdict{consolesession.ErrFull}
		}
		return err
	})
}

// insertSession does nothing where identifier or digest are taken, and says so.
func insertSession(ctx context.Context, tx session, r consolesession.Record) error {
	result, err := tx.ExecContext(ctx, `INSERT INTO console_sessions (digest, sealed, environment, actor, `+sessionColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		r.Digest[:], r.Sealed, r.Environment, r.Actor, r.ID, r.Subject, r.Method, r.Issuer, r.Address, r.UserAgent,
		r.Created.UnixMilli(), r.LastUsed.UnixMilli(), r.Ends.UnixMilli(), r.Expires.UnixMilli(), instant(r.ConfirmedUntil))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return verdict{consolesession.ErrExists}
}

// makeRoom ends those sessions of the subject that are too many: the one that has just begun stays, whatever the clocks say.
func makeRoom(ctx context.Context, tx session, r consolesession.Record, room consolesession.Room) error {
	ended, err := list(ctx, tx, func(row scanner) (id string, err error) {
		err = row.Scan(&id)
		return id, err
	}, `DELETE FROM console_sessions WHERE digest IN (SELECT digest FROM console_sessions WHERE subject = ? AND environment = ?
			AND id <> ? ORDER BY created DESC, id DESC LIMIT ? OFFSET ?) RETURNING id`,
		r.Subject, r.Environment, r.ID, purgedAtOnce, room.PerSubject-1)
	if err != nil {
		return err
	}
	for _, id := range ended {
		e := room.Displaced
		e.Revision, e.Failed, e.Object = 0, false, id
		if _, err := appendEvent(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// RenewConsoleSession gives a session another cookie, and what goes with it. What is not renewed is not written either.
func (s *Store) RenewConsoleSession(ctx context.Context, old tokens.Digest, r consolesession.Record, e audit.Event) error {
	return s.audited(ctx, "renew console session", e, func(tx session) error {
		result, err := tx.ExecContext(ctx, `UPDATE console_sessions SET digest = ?, id = ?, sealed = ?, actor = ?, method = ?, issuer = ?,
			address = ?, user_agent = ?, last_used = ?, ends = ?, expires = ?, confirmed_until = ?
			WHERE digest = ? AND subject = ? AND environment = ?`,
			r.Digest[:], r.ID, r.Sealed, r.Actor, r.Method, r.Issuer, r.Address, r.UserAgent, r.LastUsed.UnixMilli(),
			r.Ends.UnixMilli(), r.Expires.UnixMilli(), instant(r.ConfirmedUntil), old[:], r.Subject, r.Environment)
		switch {
		case err != nil && s.dialect.Taken(err):
			return verdict{consolesession.ErrExists}
		case err != nil:
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return verdict{consolesession.ErrNotFound}
	})
}

// EndConsoleSession removes a session.
func (s *Store) EndConsoleSession(ctx context.Context, id string, w consolesession.Whose, e audit.Event) error {
	return s.audited(ctx, "end console session", e, func(tx session) error {
		c := ofWhom(w)
		c.add("id = ?", id)
		var was bool
		row := tx.QueryRowContext(ctx, `DELETE FROM console_sessions`+c.where()+` RETURNING true`, c.values...)
		return noRow(row.Scan(&was), consolesession.ErrNotFound)
	})
}
