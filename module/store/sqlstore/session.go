package sqlstore

import (
	"context"
	"database/sql"
	"io"
	"strings"
)

// scanner is a row: *sql.Row, *sql.Rows, or one that reads back what storable has written.
type scanner interface{ Scan(dest ...any) error }

// rows are the answer to a question: *sql.Rows, or those that read back what storable has written.
type rows interface {
	scanner
	io.Closer
	Next() bool
	Err() error
}

// connection is a pool or a transaction.
type connection interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// session is a pool or a transaction that is spoken to in the words of this package.
type session struct {
	on     connection
	speak  *speaker        // nil: the database knows these words
	within context.Context //nolint:containedctx // of a transaction, whose statements end with it; nil for the caller's
}

func (s session) bounded(ctx context.Context) context.Context {
	if s.within != nil {
		return s.within
	}
	return ctx
}

func (s session) QueryContext(ctx context.Context, text string, values ...any) (rows, error) {
	if s.speak == nil {
		return s.on.QueryContext(s.bounded(ctx), text, values...) //nolint:rowserrcheck // who reads them asks
	}
	answer, err := s.on.QueryContext(s.bounded(ctx), s.speak.text(text), storables(values)...) //nolint:rowserrcheck // who reads them asks
	if err != nil {
		return nil, err
	}
	return readingRows{answer}, nil
}

func (s session) QueryRowContext(ctx context.Context, text string, values ...any) scanner {
	if s.speak == nil {
		return s.on.QueryRowContext(s.bounded(ctx), text, values...)
	}
	return readingRow{s.on.QueryRowContext(s.bounded(ctx), s.speak.text(text), storables(values)...)}
}

func (s session) ExecContext(ctx context.Context, text string, values ...any) (sql.Result, error) {
	if s.speak == nil {
		return s.on.ExecContext(s.bounded(ctx), text, values...)
	}
	return s.on.ExecContext(s.bounded(ctx), s.speak.text(text), storables(values)...)
}

// question is a statement of the request path, prepared where that is worth it.
type question struct {
	session  session
	text     string
	prepared *sql.Stmt
}

// ready prepares the statement, or asks it for nothing: both fail where the tables are not as they are expected.
func (q *question) ready(ctx context.Context, db *sql.DB, prepare bool) error {
	if prepare {
		statement, err := db.PrepareContext(ctx, q.text) //nolint:sqlclosecheck // closed with the pool
		q.prepared = statement
		return err
	}
	answer, err := q.rows(ctx, make([]any, strings.Count(q.text, "?"))...)
	if err != nil {
		return err
	}
	defer answer.Close()
	for answer.Next() {
	}
	return answer.Err()
}

func (q *question) row(ctx context.Context, values ...any) scanner {
	if q.prepared != nil {
		return q.prepared.QueryRowContext(ctx, values...)
	}
	return q.session.QueryRowContext(ctx, q.text, values...)
}

func (q *question) rows(ctx context.Context, values ...any) (rows, error) {
	if q.prepared != nil {
		return q.prepared.QueryContext(ctx, values...) //nolint:rowserrcheck // who reads them asks
	}
	return q.session.QueryContext(ctx, q.text, values...)
}
