package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/query"
)

// addEvent writes who did it, or tried to, and where it was asked for. A revision of 0 is that of an attempt. A second
// event for one revision cannot be written.
func addEvent(ctx context.Context, tx executor, revision int64, e audit.Event) error {
	e = e.From(ctx)
	at := sql.NullInt64{Int64: revision, Valid: revision != 0}
	_, err := tx.ExecContext(ctx, `INSERT INTO audit_events (revision, time, environment, actor, origin, decision, action,
		event_type, category, object, failed, message, detail, patch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		at, e.Time.UnixMilli(), e.Environment, e.Actor, e.Origin, e.Decision, e.Action, e.Type(), e.Category(), e.Object,
		!at.Valid, e.Message, e.Detail, e.Patch)
	return err
}

// RecordAttempt writes an event that belongs to no change.
func (s *Store) RecordAttempt(ctx context.Context, e audit.Event) error {
	return s.write(ctx, "record attempt", func(tx *sql.Tx) error { return addEvent(ctx, tx, 0, e) })
}

const selectEvent = `SELECT id, ifnull(revision, 0), time, environment, actor, origin, decision, action, object, failed, message,
	detail, patch FROM audit_events`

// AuditEvent returns the event with this identifier.
func (s *Store) AuditEvent(ctx context.Context, id int64) (audit.Event, error) {
	var e audit.Event
	err := s.wait.retry(ctx, func() (err error) {
		e, err = scanEvent(s.reader.QueryRowContext(ctx, selectEvent+` WHERE id = ?`, id))
		return err
	})
	if err != nil {
		return audit.Event{}, faultOf(ctx, "audit event", noRow(err, query.ErrNotFound))
	}
	return e, nil
}

// AuditEvents returns a page of the trail; a limit out of range is a fault of kind Invalid.
func (s *Store) AuditEvents(ctx context.Context, q query.Audit) ([]audit.Event, error) {
	limit, err := pageSize(q.Limit, query.AuditPage, query.MaxAuditPage)
	if err != nil {
		return nil, err
	}
	text, values := auditPage(q, limit)
	var events []audit.Event
	err = s.wait.retry(ctx, func() (err error) {
		events, err = list(ctx, s.reader, scanEvent, text, values...)
		return err
	})
	if err != nil {
		return nil, faultOf(ctx, "audit events", err)
	}
	return events, nil
}

// CountAuditEvents is the number of events that q selects.
func (s *Store) CountAuditEvents(ctx context.Context, q query.Audit) (n int, err error) {
	text, values := auditCount(q)
	err = s.wait.retry(ctx, func() error { return s.reader.QueryRowContext(ctx, text, values...).Scan(&n) })
	if err != nil {
		return 0, faultOf(ctx, "count of audit events", err)
	}
	return n, nil
}

// scanEvent reads one event; its time comes back in UTC, to the millisecond.
func scanEvent(row scanner) (audit.Event, error) {
	var e audit.Event
	var at int64
	err := row.Scan(&e.ID, &e.Revision, &at, &e.Environment, &e.Actor, &e.Origin, &e.Decision, &e.Action, &e.Object, &e.Failed,
		&e.Message, &e.Detail, &e.Patch)
	e.Time = time.UnixMilli(at).UTC()
	return e, err
}
