package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/query"
)

// addEvent writes who changed something, and where it was asked for. A second event for one revision cannot be written.
func addEvent(ctx context.Context, tx session, revision int64, e audit.Event) error {
	e.Revision, e.Failed = revision, false
	_, err := appendEvent(ctx, tx, e)
	return err
}

// appendEvent is the one way to write an event: it makes it the next one of the chain. A trigger moves the head.
func appendEvent(ctx context.Context, tx session, e audit.Event) (int64, error) {
	var last int64
	var previous audit.Digest
	if err := tx.QueryRowContext(ctx, `SELECT last, hash FROM audit_head`).Scan(&last, (*chainHash)(&previous)); err != nil {
		return 0, err
	}
	e = e.From(ctx)
	e.ID = last + 1
	hash := e.Chained(previous)
	_, err := tx.ExecContext(ctx, `INSERT INTO audit_events (id, revision, time, environment, actor, origin, decision, action,
		event_type, category, object, failed, message, detail, patch, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.ID, sql.NullInt64{Int64: e.Revision, Valid: e.Revision != 0}, e.Time.UnixMilli(), e.Environment, e.Actor, e.Origin,
		e.Decision, e.Action, e.Type(), e.Category(), e.Object, e.Failed, e.Message, e.Detail, e.Patch, hash[:])
	return e.ID, err
}

const (
	eventColumns = `id, ifnull(revision, 0), time, environment, actor, origin, decision, action, object, failed, message, detail,
	patch, at, status, bytes, body_digest, cut`
	withOutcomes = ` FROM audit_events LEFT JOIN audit_outcomes ON event = id`
	selectEvent  = `SELECT ` + eventColumns + withOutcomes
)

// AuditEvent returns the event with this identifier.
func (s *Store) AuditEvent(ctx context.Context, id int64) (audit.Event, error) {
	var e audit.Event
	err := s.try(ctx, func(ctx context.Context) (err error) {
		e, err = scanEvent(s.reader.QueryRowContext(ctx, selectEvent+` WHERE id = ?`, id))
		return err
	})
	if err != nil {
		return audit.Event{}, s.faultOf(ctx, "audit event", noRow(err, query.ErrNotFound))
	}
	return e, nil
}

// AuditEvents returns a page of the trail; a limit out of range is a fault of kind Invalid.
func (s *Store) AuditEvents(ctx context.Context, q query.Audit) ([]audit.Event, error) {
	limit, err := pageSize(q.Limit, query.AuditPage, query.MaxAuditPage)
	if err != nil {
		return nil, err
	}
	text, values := auditPage(s.dialect, q, limit)
	var events []audit.Event
	err = s.try(ctx, func(ctx context.Context) (err error) {
		events, err = list(ctx, s.reader, scanEvent, text, values...)
		return err
	})
	if err != nil {
		return nil, s.faultOf(ctx, "audit events", err)
	}
	return events, nil
}

// CountAuditEvents is the number of events that q selects.
func (s *Store) CountAuditEvents(ctx context.Context, q query.Audit) (n int, err error) {
	text, values := auditCount(s.dialect.Key, q)
	err = s.try(ctx, func(ctx context.Context) error { return s.reader.QueryRowContext(ctx, text, values...).Scan(&n) })
	if err != nil {
		return 0, s.faultOf(ctx, "count of audit events", err)
	}
	return n, nil
}

func scanEvent(row scanner) (audit.Event, error) {
	var r eventRow
	err := row.Scan(r.columns()...)
	return r.event(), err
}

// eventRow is a row of eventColumns.
type eventRow struct {
	e             audit.Event
	time          int64
	at            sql.NullInt64 // NULL where there is no outcome; then so are the others
	status, bytes sql.NullInt64
	body, cut     sql.NullString
}

func (r *eventRow) columns() []any {
	return []any{
		&r.e.ID, &r.e.Revision, &r.time, &r.e.Environment, &r.e.Actor, &r.e.Origin, &r.e.Decision, &r.e.Action, &r.e.Object, &r.e.Failed,
		&r.e.Message, &r.e.Detail, &r.e.Patch, &r.at, &r.status, &r.bytes, &r.body, &r.cut,
	}
}

// event is what was read; its times come back in UTC, to the millisecond.
func (r *eventRow) event() audit.Event {
	e := r.e
	e.Time = time.UnixMilli(r.time).UTC()
	if r.at.Valid {
		e.Outcome = &audit.Outcome{
			At: time.UnixMilli(r.at.Int64).UTC(), Status: int(r.status.Int64), Bytes: r.bytes.Int64,
			BodyDigest: r.body.String, Cut: r.cut.String,
		}
	}
	return e
}
