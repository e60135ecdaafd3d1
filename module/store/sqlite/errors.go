package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/store/migrations"
)

// primaryCode is SQLite's result code without its extension, 0 where err is not SQLite's.
func primaryCode(err error) int { return extendedCode(err) & 0xff }

func extendedCode(err error) int {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Code()
	}
	return 0
}

// isTaken reports whether an insert met a row with the same key.
func isTaken(err error) bool {
	c := extendedCode(err)
	return c == code.SQLITE_CONSTRAINT_PRIMARYKEY || c == code.SQLITE_CONSTRAINT_UNIQUE
}

// noRow gives "there is no such row" the word that a contract has for it.
func noRow(err, word error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return verdict{word}
	}
	return err
}

// verdict marks an error that the store worked out or was handed, as opposed to one that broke it: it reaches the
// caller as it is.
type verdict struct{ error }

func (v verdict) Unwrap() error { return v.error }

// faultOf turns what a running operation met into what its caller may see. SQLite's texts name tables and columns but
// never values, so no digest gets into a log this way.
func faultOf(ctx context.Context, operation string, err error) error {
	if err == nil {
		return nil
	}
	if v, ok := errors.AsType[verdict](err); ok {
		return v.error
	}
	// A cancelled statement reports an interruption; callers look for the context's own error.
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w (%w)", ended, err)
	}
	cause := fmt.Errorf("sqlite: %s: %w", operation, err)
	switch primaryCode(err) {
	case code.SQLITE_CORRUPT, code.SQLITE_NOTADB, code.SQLITE_CONSTRAINT, code.SQLITE_ERROR:
		return fault.New(fault.Internal, "The store is damaged or refused the data.", cause)
	}
	return fault.New(fault.Unavailable, "The store does not answer at the moment.", cause)
}

// openError says what is wrong with the file and what to do about it.
func openError(path string, err error) error {
	if newer, ok := errors.AsType[*migrations.NewerError](err); ok {
		return fmt.Errorf("sqlite: %s: was made by a newer Doorward; run that version, or restore the backup made "+
			"before the upgrade: %w", path, newer)
	}
	if _, ok := errors.AsType[damageError](err); ok {
		return fmt.Errorf("sqlite: %s: %s: %w", path, advice[code.SQLITE_CORRUPT], err)
	}
	if a, ok := advice[primaryCode(err)]; ok {
		return fmt.Errorf("sqlite: %s: %s: %w", path, a, err)
	}
	return fmt.Errorf("sqlite: %s: %w", path, err)
}

// advice for the operator, by SQLite's primary result code.
var advice = map[int]string{
	code.SQLITE_BUSY: "is locked by another process; stop it, or wait until its backup or maintenance is done",
	code.SQLITE_CANTOPEN: "cannot be opened; the user who runs Doorward must be able to read and write the file and " +
		"its folder",
	code.SQLITE_CORRUPT: "is damaged; restore the newest backup, or try \"sqlite3 <file> .recover\" on a copy",
	code.SQLITE_FULL:    "the disk is full; make room",
	code.SQLITE_IOERR:   "the disk reports an error; see the system log",
	code.SQLITE_NOTADB:  "is not a SQLite database; name another file, or restore the newest backup",
	code.SQLITE_PERM:    "may not be opened by the user who runs Doorward",
	code.SQLITE_READONLY: "cannot be written; the user who runs Doorward must be able to write the file and its " +
		"folder",
}
