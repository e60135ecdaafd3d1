package sqlstore

import (
	"context"
	"fmt"
	"time"

	consolesession "github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/tokens"
)

const (
	sessionColumns = `id, subject, method, issuer, address, user_agent, created, last_used, ends, expires, confirmed_until`
	selectSessions = `SELECT ` + sessionColumns + ` FROM console_sessions`
	selectSession  = `SELECT digest, sealed, environment, actor, ` + sessionColumns + ` FROM console_sessions WHERE digest = ?`
)

// ConsoleSession returns the session with this digest.
func (s *Store) ConsoleSession(ctx context.Context, digest tokens.Digest) (r consolesession.Record, err error) {
	err = s.try(ctx, func(ctx context.Context) (err error) {
		r, err = scanSessionRecord(s.reader.QueryRowContext(ctx, selectSession, digest[:]))
		return err
	})
	if err != nil {
		return consolesession.Record{}, s.faultOf(ctx, "console session", noRow(err, consolesession.ErrNotFound))
	}
	return r, nil
}

// ConsoleSessions returns a page of sessions, newest first.
func (s *Store) ConsoleSessions(ctx context.Context, q consolesession.Query) ([]consolesession.Session, error) {
	size, err := pageSize(q.Limit, consolesession.MaxPage, consolesession.MaxPage)
	if err != nil {
		return nil, err
	}
	text, values := sessionPage(q, size)
	var page []consolesession.Session
	err = s.try(ctx, func(ctx context.Context) (err error) {
		page, err = list(ctx, s.reader, scanSession, text, values...)
		return err
	})
	if err != nil {
		return nil, s.faultOf(ctx, "console sessions", err)
	}
	return page, nil
}

// sessionPage goes by the index of the newest, or by that of a subject's. What is over is forgotten every few minutes, so there is
// little to pass over.
func sessionPage(q consolesession.Query, size int) (string, []any) {
	c := ofWhom(q.Whose)
	c.add("ends > ?", q.Now.UnixMilli())
	if q.After != (consolesession.Place{}) {
		c.add("(created, id) < (?, ?)", q.After.Created.UnixMilli(), q.After.ID)
	}
	return selectSessions + c.where() + ` ORDER BY created DESC, id DESC LIMIT ?`, append(c.values, size)
}

func ofWhom(w consolesession.Whose) (c conditions) {
	c.equal("subject", w.Subject)
	c.equal("environment", w.Environment)
	return c
}

func scanSession(row scanner) (s consolesession.Session, err error) {
	err = scanSessionAfter(row, &s)
	return s, err
}

// scanSessionRecord takes no digest of another length for one: see scanToken.
func scanSessionRecord(row scanner) (consolesession.Record, error) {
	var r consolesession.Record
	var digest []byte
	err := scanSessionAfter(row, &r.Session, &digest, &r.Sealed, &r.Environment, &r.Actor)
	if err != nil {
		return consolesession.Record{}, err
	}
	if len(digest) != len(r.Digest) {
		return consolesession.Record{}, fmt.Errorf("a digest of %d bytes", len(digest))
	}
	copy(r.Digest[:], digest)
	return r, nil
}

// scanSessionAfter reads sessionColumns, which come after other columns.
func scanSessionAfter(row scanner, s *consolesession.Session, before ...any) error {
	var created, lastUsed, ends, expires int64
	err := row.Scan(append(before, &s.ID, &s.Subject, &s.Method, &s.Issuer, &s.Address, &s.UserAgent, &created, &lastUsed, &ends, &expires,
		(*instant)(&s.ConfirmedUntil))...)
	s.Created, s.LastUsed = time.UnixMilli(created).UTC(), time.UnixMilli(lastUsed).UTC()
	s.Ends, s.Expires = time.UnixMilli(ends).UTC(), time.UnixMilli(expires).UTC()
	return err
}

// TouchConsoleSession notes that a session was used. The comparison of times is left to the statement: a read before the write could
// be outdated by another process.
func (s *Store) TouchConsoleSession(ctx context.Context, digest tokens.Digest, at, ends time.Time) error {
	return s.write(ctx, "record use of a console session", func(tx session) error {
		_, err := tx.ExecContext(ctx, `UPDATE console_sessions SET last_used = ?1, ends = ?2 WHERE digest = ?3 AND last_used < ?1`,
			at.UnixMilli(), ends.UnixMilli(), digest[:])
		return err
	})
}

// forgetSessions takes those first that have been over for longest.
const forgetSessions = `DELETE FROM console_sessions WHERE digest IN (SELECT digest FROM console_sessions WHERE ends < ? ORDER BY ends LIMIT ?)`

// ForgetConsoleSessions removes sessions that are over. What ends in the millisecond of now has ended; forget takes what is before a
// time.
func (s *Store) ForgetConsoleSessions(ctx context.Context, now time.Time) (int, error) {
	return s.forget(ctx, "forget console sessions", forgetSessions, now.Truncate(time.Millisecond).Add(time.Millisecond))
}
