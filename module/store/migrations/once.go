package migrations

import (
	"context"
	"fmt"

	"github.com/pressly/goose/v3/database"
)

// onceStore notes a version once only. Goose lists the pending migrations before it takes the write lock, so a second
// process can begin one that the first has just committed; its note fails here, inside the transaction, and takes the
// second application back with it.
type onceStore struct{ database.Store }

// CreateVersionTable does nothing where another process has made the table in the meantime.
func (s onceStore) CreateVersionTable(ctx context.Context, db database.DBTxConn) error {
	if _, err := s.GetMigration(ctx, db, 0); err == nil {
		return nil
	}
	return s.Store.CreateVersionTable(ctx, db)
}

// Insert notes a version, and refuses one that is noted already. Version 0 stands for the empty schema and may be
// noted by everybody who believes to have made the table.
func (s onceStore) Insert(ctx context.Context, db database.DBTxConn, r database.InsertRequest) error {
	if _, err := s.GetMigration(ctx, db, r.Version); err != nil {
		return s.Store.Insert(ctx, db, r)
	}
	if r.Version == 0 {
		return nil
	}
	return fmt.Errorf("migration %d was applied by another process", r.Version)
}
