package postgres_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/postgres"
	"github.com/doorward/doorward/module/store/postgres/postgrestest"
	"github.com/doorward/doorward/module/store/storetest"
	"github.com/doorward/doorward/tokens"
)

var started *postgrestest.Server

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, postgrestest.Options{}, func(s *postgrestest.Server) { started = s }))
}

// newDSN is of an empty database.
func newDSN(t testing.TB) string {
	t.Helper()
	return postgrestest.Need(t, started).New(t)
}

// schema is a database with the schema and nothing else, to be copied: that takes a fraction of the time of making it.
var schema = sync.OnceValues(func() (string, error) {
	const name = "schema"
	ctx := context.Background()
	if err := started.Admin(ctx, "CREATE DATABASE "+name+" OWNER doorward TEMPLATE template0"); err != nil {
		return "", err
	}
	s, err := postgres.Open(ctx, started.DSN("doorward", name), postgres.Options{})
	if err != nil {
		return "", err
	}
	return name, s.Close()
})

// readyDSN is of a database that has the schema.
func readyDSN(t testing.TB) string {
	t.Helper()
	postgrestest.Need(t, started)
	name, err := schema()
	mustDo(t, err)
	return started.Copy(t, name)
}

func openAt(t testing.TB, dsn string, opt postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), dsn, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// raw is a connection behind the store's back.
func raw(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func mustExec(t testing.TB, conn *pgx.Conn, text string, values ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), text, values...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func mustDo(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return openAt(t, readyDSN(t), postgres.Options{}) })
}

func TestShared(t *testing.T) {
	storetest.RunShared(t, func(t *testing.T) storetest.Open {
		dsn := newDSN(t)
		return func(t *testing.T) store.Store {
			t.Helper()
			return openAt(t, dsn, postgres.Options{})
		}
	})
}

var epoch = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func tokenNumber(n int) tokens.Record {
	id := fmt.Sprintf("dt0c01.%024d", n)
	return tokens.Record{ID: id, Digest: tokens.DigestOf(id), Name: "n", Owner: fmt.Sprint("o", n%5), Enabled: true, Created: epoch,
		Scopes: []string{"logs.read", "metrics.read"}}
}

func create(ctx context.Context, s *postgres.Store, n int) error {
	r := tokenNumber(n)
	return s.CreateToken(ctx, r, audit.Event{Time: epoch, Actor: "cli:tester", Action: "token.create", Object: r.ID})
}

func mustCreate(t testing.TB, s *postgres.Store, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		mustDo(t, create(t.Context(), s, n))
	}
}
