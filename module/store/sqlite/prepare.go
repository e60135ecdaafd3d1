package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/doorward/doorward/module/store/migrations"
	"github.com/doorward/doorward/module/store/sqlstore"
)

// applicationID is set by the first migration: "Door" in ASCII.
const applicationID = 1148153714

var (
	errForeign = errors.New("is the database of another program; name another file")
	errNoWAL   = errors.New("is on a file system without the shared memory and locks that SQLite's WAL mode needs;" +
		" use a local disk")
)

// damageError is what the search for damage found.
type damageError string

func (e damageError) Error() string { return "damage found: " + string(e) }

// prepare looks at the file through a reader first, so that a file that is refused stays as it was, and then brings it
// up to date. Each step waits for locks of other processes.
func (s *Store) prepare(ctx context.Context, opt Options) error {
	steps := []func(context.Context) error{
		s.refuseForeign,
		func(ctx context.Context) error { return s.findDamage(ctx, cmp.Or(opt.CheckTime, 2*time.Second)) },
		s.requireWAL,
		func(ctx context.Context) error { return migrations.SQLite(ctx, s.writer) },
		s.Prepare, // last, because the tables must exist
	}
	patience := cmp.Or(opt.BusyTimeout, 5*time.Second)
	for _, step := range steps {
		if err := sqlstore.Patiently(ctx, patience, isBusy, func() error { return step(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// refuseForeign lets a Doorward store and an empty file pass. The tables are counted first: another process that makes
// them at this moment sets the mark with them.
func (s *Store) refuseForeign(ctx context.Context) error {
	var tables, mark int
	err := s.reader.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema
		WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name <> ?`, migrations.VersionTable).Scan(&tables)
	if err != nil || tables == 0 {
		return err
	}
	if err := s.reader.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&mark); err != nil {
		return err
	}
	if mark != applicationID {
		return errForeign
	}
	return nil
}

// findDamage runs SQLite's quick check for as long as limit allows. A large file that is not through by then is
// opened all the same: a gateway that starts late does harm too.
func (s *Store) findDamage(ctx context.Context, limit time.Duration) error {
	if limit < 0 {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var finding string
	err := s.reader.QueryRowContext(bounded, `PRAGMA quick_check(1)`).Scan(&finding)
	switch {
	case err == nil && finding != "ok":
		err = damageError(finding)
	case err != nil && bounded.Err() != nil && ctx.Err() == nil:
		err = nil // not through in time
	}
	return err
}

// requireWAL makes the writer's connection, which sets WAL mode. SQLite reports a mode it could not set by keeping the
// old one.
func (s *Store) requireWAL(ctx context.Context) error {
	var mode string
	if err := s.writer.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("%w (journal mode %s)", errNoWAL, mode)
	}
	// An immediate transaction fails at once on a file that cannot be written, before a migration tries to.
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	return tx.Rollback()
}
