package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

func openNew(t testing.TB) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "doorward.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestConnections(t *testing.T) {
	s := openNew(t)
	for pragma, want := range map[string][2]string{ // reader, writer
		"query_only":     {"1", "0"},
		"synchronous":    {"2", "2"},
		"foreign_keys":   {"1", "1"},
		"trusted_schema": {"0", "0"},
		"busy_timeout":   {"100", "100"},
	} {
		var got [2]string
		if err := s.reader.QueryRow("PRAGMA " + pragma).Scan(&got[0]); err != nil {
			t.Fatal(err)
		}
		if err := s.writer.QueryRow("PRAGMA " + pragma).Scan(&got[1]); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s: got %v, want %v", pragma, got, want)
		}
	}
	if _, err := s.reader.Exec("DELETE FROM tokens"); err == nil {
		t.Error("a reader wrote")
	}
}

// A file system without WAL shows as another journal mode, as a database in memory does here.
func TestWALIsRequired(t *testing.T) {
	memory, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	s := &Store{writer: memory}
	if err := s.requireWAL(t.Context()); !errors.Is(err, errNoWAL) {
		t.Errorf("got %v, want %v", err, errNoWAL)
	}
}

// The search for damage ends in time, and running out of time is not damage; a caller who gives up is told so.
func TestCheckIsBounded(t *testing.T) {
	s := openNew(t)
	if err := s.findDamage(t.Context(), time.Nanosecond); err != nil {
		t.Errorf("out of time: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.findDamage(ctx, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}
