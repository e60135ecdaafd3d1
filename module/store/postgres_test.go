package store_test

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/postgres/postgrestest"
)

var started *postgrestest.Server

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, postgrestest.Options{}, func(s *postgrestest.Server) { started = s }))
}

// TestOpenPostgres: every way to write a DSN names the same database, and followers find the hints through the interface.
func TestOpenPostgres(t *testing.T) {
	dsn := postgrestest.Need(t, started).New(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	keywords := "postgres:host=" + u.Hostname() + " port=" + u.Port() + " user=doorward sslmode=disable dbname=" + u.Path[1:] +
		" password='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(password) + "'"
	for n, way := range []string{dsn, strings.Replace(dsn, "postgres:", "postgresql:", 1), "postgres:" + dsn, keywords} {
		s, err := store.Open(t.Context(), way, store.Options{})
		if err != nil {
			t.Fatalf("way %d: %v", n, err)
		}
		if revision, err := s.Revision(t.Context()); err != nil || revision != 0 {
			t.Errorf("way %d: revision %d, %v", n, revision, err)
		}
		if _, ok := s.(feed.Hinter); !ok {
			t.Errorf("way %d: no hints", n)
		}
		if err := s.Close(); err != nil {
			t.Errorf("way %d: %v", n, err)
		}
	}
}
