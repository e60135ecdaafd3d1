package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/store/query"
)

// addEvent writes who did it. The revision is the key: a second event for one change cannot be written.
func addEvent(ctx context.Context, tx *sql.Tx, revision int64, e audit.Event) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO audit_events (revision, time, actor, action, object, detail)
		VALUES (?, ?, ?, ?, ?, ?)`, revision, e.Time.UnixMilli(), e.Actor, e.Action, e.Object, e.Detail)
	return err
}

// AuditEvents returns a page of administrative changes, newest first; a limit out of range is a fault of kind Invalid.
func (s *Store) AuditEvents(ctx context.Context, q query.Audit) ([]audit.Event, error) {
	limit, err := pageSize(q.Limit, query.AuditPage, query.MaxAuditPage)
	if err != nil {
		return nil, err
	}
	// Paged by revision and not by time: clocks of several nodes differ, and two events can share a millisecond.
	var c conditions
	c.equal("actor", q.Actor)
	c.equal("action", q.Action)
	c.equal("object", q.Object)
	if q.Before != 0 {
		c.add("revision < ?", q.Before)
	}
	text := `SELECT revision, time, actor, action, object, detail FROM audit_events` + c.where() +
		` ORDER BY revision DESC LIMIT ?`
	var events []audit.Event
	err = s.wait.retry(ctx, func() (err error) {
		events, err = list(ctx, s.reader, scanEvent, text, append(c.values, limit)...)
		return err
	})
	return events, faultOf(ctx, "audit events", err)
}

// scanEvent reads one event; its time comes back in UTC, to the millisecond.
func scanEvent(row scanner) (audit.Event, error) {
	var e audit.Event
	var at int64
	err := row.Scan(&e.Revision, &at, &e.Actor, &e.Action, &e.Object, &e.Detail)
	e.Time = time.UnixMilli(at).UTC()
	return e, err
}

// pageSize checks a caller's limit; 0 asks for the usual one.
func pageSize(limit, usual, most int) (int, error) {
	switch {
	case limit == 0:
		return usual, nil
	case limit < 0 || limit > most:
		return 0, fault.New(fault.Invalid, fmt.Sprintf("The limit must be from 1 to %d.", most), nil)
	}
	return limit, nil
}
