package clustertest_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/module/store/postgres/postgrestest"
)

// startServer starts a server for one test, which may do with it what it likes.
func startServer(t *testing.T) *postgrestest.Server {
	t.Helper()
	return postgrestest.For(t, postgrestest.Options{Durable: true, Settings: map[string]string{"max_wal_senders": "4", "wal_level": "replica"}})
}

// raw is a connection to the database, past everything. A server that is starting again is waited for.
func (c *cluster) raw() *pgx.Conn {
	c.t.Helper()
	var conn *pgx.Conn
	within(c.t, time.Minute, "the server lets us in", func() (in bool) {
		var err error
		conn, err = pgx.Connect(c.t.Context(), c.dsn)
		return err == nil
	})
	c.t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}
