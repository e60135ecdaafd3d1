package migrations

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// State is how far the schema of a database is.
type State struct {
	Version int64    // of the database; 0 for none
	Known   int64    // the newest that this binary knows
	Pending []string // names of the migrations in between, in their order
}

// StateOf reads the state of a database that has the table of versions, or not, as there says. The folder is that of the engine.
func StateOf(ctx context.Context, db *sql.DB, folder string, there bool) (State, error) {
	var s State
	if there {
		// There is no way back, so the newest version is the one the database is at.
		err := db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM `+VersionTable).Scan(&s.Version)
		if err != nil {
			return State{}, err
		}
	}
	scripts, err := fs.ReadDir(files, folder)
	if err != nil {
		return State{}, err
	}
	for _, script := range scripts { // in the order of their names, which is that of their numbers
		number, _, _ := strings.Cut(script.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return State{}, fmt.Errorf("%s has no number", script.Name())
		}
		s.Known = version
		if version > s.Version {
			s.Pending = append(s.Pending, strings.TrimSuffix(script.Name(), ".sql"))
		}
	}
	return s, nil
}
