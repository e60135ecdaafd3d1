package migrations

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"

	"github.com/pressly/goose/v3/database"
)

// lockNumber is of the advisory lock: "Door" in ASCII.
const lockNumber = 1148153714

// Guard is what a PostgreSQL database is asked by the text of its errors' codes, which only its driver knows.
type Guard struct {
	// Lacking reports whether the database does not know what it was asked to do.
	Lacking func(error) bool
	// Made reports whether somebody else has made the same at the same time.
	Made func(error) bool
}

// Postgres brings the schema of a PostgreSQL database, or of one that is compatible, up to date. Of several that try at once one does
// it, and the others wait. The pool must have room for three connections. A schema newer than this binary is a *NewerError, and
// nothing is touched.
func Postgres(ctx context.Context, db *sql.DB, g Guard) error {
	scripts, err := fs.Sub(files, "postgres")
	if err != nil {
		return err
	}
	return postgresUp(ctx, db, g, scripts)
}

func postgresUp(ctx context.Context, db *sql.DB, g Guard, scripts fs.FS) error {
	lock, err := g.lock(ctx, db)
	if err != nil {
		return err
	}
	defer lock.Rollback()
	versions, err := database.NewStore(database.DialectPostgres, VersionTable)
	if err != nil {
		return err
	}
	if err := up(ctx, db, versions, scripts); err != nil {
		return err
	}
	return g.forbidTruncation(ctx, db)
}

// lock waits until nobody else is at it, and belongs to a transaction: it ends with the connection, and is that of one session also
// where a pooler is in between. Of the two ways the first leaves nothing behind; the second works wherever rows can be locked.
func (g Guard) lock(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	alone, err := g.advisoryLock(ctx, db, tx)
	if err == nil && alone {
		return tx, nil
	}
	tx.Rollback()
	if err != nil && !g.Lacking(err) {
		return nil, err
	}
	return g.rowLock(ctx, db)
}

// advisoryLock reports whether the lock that was taken keeps others out: there are databases that have the function and let everybody
// in. So another session tries, while this one has the lock.
func (g Guard) advisoryLock(ctx context.Context, db *sql.DB, tx *sql.Tx) (alone bool, err error) {
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, lockNumber); err != nil {
		return false, err
	}
	var other bool
	err = db.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, lockNumber).Scan(&other)
	return !other, err
}

// rowLock locks the one row of a table that is there for nothing else.
func (g Guard) rowLock(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	for _, text := range []string{
		`CREATE TABLE IF NOT EXISTS schema_lock (only_row INTEGER PRIMARY KEY CHECK (only_row = 1))`,
		`INSERT INTO schema_lock (only_row) VALUES (1) ON CONFLICT (only_row) DO NOTHING`,
	} {
		if _, err := db.ExecContext(ctx, text); err != nil && !g.Made(err) {
			return nil, err
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `SELECT only_row FROM schema_lock FOR UPDATE`); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

// forbidTruncation adds what stops TRUNCATE, which asks no trigger of a row. Not every database has such triggers, so they are no part
// of a migration; where there is no TRUNCATE trigger, the chain tells what was done.
func (g Guard) forbidTruncation(ctx context.Context, db *sql.DB) error {
	for _, table := range []string{"audit_events", "audit_outcomes", "audit_head"} {
		var there bool
		err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = $1 AND tgrelid = $2::regclass)`,
			table+"_whole", table).Scan(&there)
		if err == nil && !there {
			_, err = db.ExecContext(ctx, `CREATE TRIGGER `+table+`_whole BEFORE TRUNCATE ON `+table+` FOR EACH STATEMENT EXECUTE FUNCTION audit_never()`)
		}
		if err != nil && !g.Lacking(err) {
			return err
		}
	}
	return nil
}
