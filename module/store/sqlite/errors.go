package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/store/migrations"
	"github.com/doorward/doorward/module/store/sqlstore"
)

// primaryCode is SQLite's result code without its extension, 0 where err is not SQLite's.
func primaryCode(err error) int { return extendedCode(err) & 0xff }

func extendedCode(err error) int {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Code()
	}
	return 0
}

// dialect is what package sqlstore need know: its words are SQLite's, and BEGIN IMMEDIATE takes the write lock.
var dialect = sqlstore.Dialect{
	Name:     "sqlite",
	Prepares: true,
	Taken:    isTaken,
	Dangling: func(err error) bool { return extendedCode(err) == code.SQLITE_CONSTRAINT_FOREIGNKEY },
	Again:    isBusy,
	Fault:    faultOf,
}

// isTaken reports whether an insert met a row with the same key.
func isTaken(err error) bool {
	c := extendedCode(err)
	return c == code.SQLITE_CONSTRAINT_PRIMARYKEY || c == code.SQLITE_CONSTRAINT_UNIQUE
}

func isBusy(err error) bool { return primaryCode(err) == code.SQLITE_BUSY }

func faultOf(err error) (fault.Kind, string) {
	switch primaryCode(err) {
	case code.SQLITE_CORRUPT, code.SQLITE_NOTADB, code.SQLITE_CONSTRAINT, code.SQLITE_ERROR:
		return fault.Internal, sqlstore.Damaged
	}
	return fault.Unavailable, sqlstore.Unavailable
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
