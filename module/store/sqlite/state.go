package sqlite

import (
	"context"
	"errors"
	"os"

	"github.com/doorward/doorward/module/store/migrations"
)

// State is how far the schema of the file is. Nothing is made or changed; a missing file is fs.ErrNotExist.
func State(ctx context.Context, path string) (migrations.State, error) {
	if _, err := os.Stat(path); err != nil {
		return migrations.State{}, openError(path, err)
	}
	state, err := stateOf(ctx, path)
	if err != nil {
		return migrations.State{}, openError(path, err)
	}
	return state, nil
}

func stateOf(ctx context.Context, path string) (state migrations.State, err error) {
	if path, err = prepareFile(path); err != nil {
		return migrations.State{}, err
	}
	s, err := connect(path, Options{})
	if err != nil {
		return migrations.State{}, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.refuseForeign(ctx); err != nil {
		return migrations.State{}, err
	}
	var there int
	err = s.reader.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?`, migrations.VersionTable).Scan(&there)
	if err != nil {
		return migrations.State{}, err
	}
	return migrations.StateOf(ctx, s.reader, "sqlite", there > 0)
}
