package postgres

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/doorward/doorward/module/store/migrations"
)

// State is how far the schema of the database is. Nothing is made or changed. Errors are those of Open.
func State(ctx context.Context, dsn string) (migrations.State, error) {
	config, err := configOf(dsn, Options{})
	if err != nil {
		return migrations.State{}, err
	}
	db := stdlib.OpenDB(*config.ConnConfig)
	defer db.Close()
	state, err := stateOf(ctx, db)
	if err != nil {
		return migrations.State{}, openError(config.ConnConfig, err)
	}
	return state, nil
}

func stateOf(ctx context.Context, db *sql.DB) (migrations.State, error) {
	if err := refuseForeign(ctx, db); err != nil {
		return migrations.State{}, err
	}
	var there bool
	err := db.QueryRowContext(ctx, `SELECT count(*) > 0 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1`,
		migrations.VersionTable).Scan(&there)
	if err != nil {
		return migrations.State{}, err
	}
	return migrations.StateOf(ctx, db, "postgres", there)
}
