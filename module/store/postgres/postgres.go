// Package postgres is the store in a PostgreSQL database, or in one that is compatible, which several gateways share.
//
// A change locks the one row of store_state first and reads what is committed after that: the changes of all gateways come one after
// the other, in the order of their revisions. Each gateway has one connection that changes things; those that read never wait for it.
package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/doorward/doorward/module/store/migrations"
	"github.com/doorward/doorward/module/store/sqlstore"
)

// Options bound the patience and the memory of a Store. The zero value is right for production.
type Options struct {
	// BusyTimeout is how long an operation waits for locks and goes on trying where others were in the way. 0 means 5 s.
	BusyTimeout time.Duration
	// KeepChanges is how many of the newest changes are kept for followers. 0 means 100,000.
	KeepChanges int
	// WithoutHints keeps from asking for and sending notifications: followers then learn of changes by looking only.
	WithoutHints bool
	// Unfinished opens the target of a copy that has not ended, too. Whoever copies may do that and nobody else: half of the tokens
	// may be there, and nothing that takes them back.
	Unfinished bool
}

// Store is a pool of connections to one database. It is safe for concurrent use. Its methods are the contract of store.Store.
type Store struct {
	*sqlstore.Store
	pool  *pgxpool.Pool
	hints bool // notifications arrive
}

// Open connects to the server that the DSN names and makes the schema, or brings it up to date. A database that a newer Doorward has
// made, that cannot be written to or in which nothing may be created is refused. Errors name the server and say what to do in one line;
// they never have the password in them, nor anything else of the DSN that is not known to be harmless.
//
// The DSN is a URL (postgres://…) or a string of keywords (host=… dbname=…), both with what libpq and pgxpool take.
func Open(ctx context.Context, dsn string, opt Options) (*Store, error) {
	config, err := configOf(dsn, opt)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, config, opt)
	if err != nil {
		return nil, openError(config.ConnConfig, err)
	}
	return s, nil
}

func open(ctx context.Context, config *pgxpool.Config, opt Options) (*Store, error) {
	hints, err := prepare(ctx, config.ConnConfig, opt)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	reader, writer := stdlib.OpenDBFromPool(pool), stdlib.OpenDBFromPool(pool)
	writer.SetMaxOpenConns(1) // more would wait for each other at the server, with the connections of readers
	reader.SetMaxOpenConns(int(config.MaxConns) - 1)
	patience := cmp.Or(opt.BusyTimeout, busyTimeout)
	s := &Store{
		Store: sqlstore.New(writer, reader, dialect(pool, hints), sqlstore.Options{
			Patience: patience, Bound: patience + statementTimeout, KeepChanges: opt.KeepChanges, Unfinished: opt.Unfinished,
		}),
		pool:  pool,
		hints: hints,
	}
	if err := s.Prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close waits for running operations and closes all connections. It may be called again.
func (s *Store) Close() error {
	err := s.Store.Close()
	s.pool.Close()
	return err
}

// prepare makes the schema through connections of its own: making it may take long, and waits for others who are at it. It also finds
// out what the database can do.
func prepare(ctx context.Context, config *pgx.ConnConfig, opt Options) (hints bool, err error) {
	config = config.Copy()
	for _, limit := range timeouts {
		delete(config.RuntimeParams, limit)
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	if err := refuseForeign(ctx, db); err != nil {
		return false, err
	}
	if err := migrations.Postgres(ctx, db, migrations.Guard{Lacking: isLacking, Made: isMade}); err != nil {
		return false, err
	}
	if opt.WithoutHints {
		return false, nil
	}
	return notifies(ctx, config)
}

var errForeign = errors.New("the database is another program's; name a database of its own for Doorward")

// refuseForeign lets a Doorward store and a database without tables pass. Tables of another program could have the names of ours.
func refuseForeign(ctx context.Context, db *sql.DB) error {
	var tables, ours int
	err := db.QueryRowContext(ctx, `SELECT count(*), count(CASE WHEN table_name IN ('schema_lock', 'store_state', $1) THEN 1 END)
		FROM information_schema.tables WHERE table_schema = current_schema()`, migrations.VersionTable).Scan(&tables, &ours)
	if err == nil && tables > 0 && ours == 0 {
		return errForeign
	}
	return err
}
