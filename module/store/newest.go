package store

import (
	"context"

	"github.com/doorward/doorward/module/store/migrations"
)

// EngineOf is the engine of a DSN, sqlite or postgres.
func EngineOf(dsn string) (string, error) {
	scheme, _, err := cut(dsn)
	if err == nil && scheme != "sqlite" {
		scheme = "postgres"
	}
	return scheme, err
}

// NewestSchema is the number of the newest schema of an engine that this binary knows. A store that is open has it: Open brings every store
// there, and takes none that is further. The store itself is not asked.
func NewestSchema(ctx context.Context, engine string) (int64, error) {
	state, err := migrations.StateOf(ctx, nil, engine, false)
	return state.Known, err
}
