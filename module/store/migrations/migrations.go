// Package migrations holds the schema of the store as numbered SQL files, a folder for each engine, and applies them.
//
// A migration that was released is never edited; a change of the schema is a new file. There is no way back: an older
// binary refuses a newer schema, and the operator restores the backup made before the upgrade.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// VersionTable is where the applied migrations are noted.
const VersionTable = "schema_version"

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// NewerError says that the schema was made by a newer binary than this one.
type NewerError struct {
	Found int64 // version of the schema in the store
	Known int64 // newest version this binary knows
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("the schema is version %d, this binary knows up to %d", e.Found, e.Known)
}

// SQLite brings the schema of a SQLite database up to date. Transactions of db must begin IMMEDIATE: that is what
// keeps two processes that open a new file together from applying a migration twice. A schema newer than this binary
// is a *NewerError, and nothing is touched.
func SQLite(ctx context.Context, db *sql.DB) error {
	scripts, err := fs.Sub(files, "sqlite")
	if err != nil {
		return err
	}
	return sqliteUp(ctx, db, scripts)
}

func sqliteUp(ctx context.Context, db *sql.DB, scripts fs.FS) error {
	versions, err := database.NewStore(database.DialectSQLite3, VersionTable)
	if err != nil {
		return err
	}
	return up(ctx, db, onceStore{versions}, scripts)
}

func up(ctx context.Context, db *sql.DB, versions database.Store, scripts fs.FS) error {
	// Goose's own logger writes to standard error; errors tell all there is to tell.
	provider, err := goose.NewProvider(goose.DialectCustom, db, scripts,
		goose.WithStore(versions), goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	return upTogether(ctx, provider)
}

// upTogether applies what is pending. Losing against another process that applies the same migrations shows as an
// error while the version has moved on; then the rest is tried again. Each round needs a version that moved, so the
// number of rounds is bounded by the number of migrations.
func upTogether(ctx context.Context, provider *goose.Provider) error {
	for {
		before, known, err := provider.GetVersions(ctx)
		if err != nil {
			return err
		}
		if before > known {
			return &NewerError{Found: before, Known: known}
		}
		_, err = provider.Up(ctx)
		if err == nil {
			return nil
		}
		if after, _, again := provider.GetVersions(ctx); again != nil || after <= before {
			return err
		}
	}
}
