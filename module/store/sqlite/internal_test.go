package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
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

// An interrupted statement reports an interruption; callers look for their context's own error.
func TestFaultOfEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cause := errors.New("interrupted")
	err := faultOf(ctx, "test", cause)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
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

// FuzzPrefixEnd holds the range of a prefix to its meaning: a text is in it exactly when it begins with the prefix.
func FuzzPrefixEnd(f *testing.F) {
	for _, seed := range [][2]string{{"dt0c01.", "dt0c01.A"}, {"a", "b"}, {"\xff", "\xff\xff"}, {"a\xff", "b"}, {"z", ""}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, prefix, text string) {
		end := prefixEnd(prefix)
		inside := text >= prefix && (end == "" || text < end)
		if inside != strings.HasPrefix(text, prefix) {
			t.Errorf("prefix %q, text %q: end %q", prefix, text, end)
		}
	})
}

// The accident: a transaction is repeated, and the event of the change tells what the first try has found. The invariant:
// each try begins with the event as the caller handed it over, and what the last has told is written.
func TestRepeatedChangeTellsAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doorward.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rival, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer rival.Close()
	e, try := cause, 0
	e.Detail = "handed over"
	err = s.told(t.Context(), "test", feed.TokenSettings, "x", &e, func(*sql.Tx) error {
		if e.Message != "" || e.Detail != "handed over" || e.Patch != "" {
			t.Errorf("try %d begins with %+v", try, e)
		}
		if try++; try == 1 {
			e.Message, e.Detail, e.Patch = "first", "first", "first"
			_, busy := rival.BeginTx(t.Context(), nil) // this transaction has the lock
			return busy
		}
		e.Message = "second"
		return nil
	})
	if err != nil || try != 2 {
		t.Fatalf("%d tries, %v", try, err)
	}
	got, err := s.AuditEvent(t.Context(), 1)
	if err != nil || got.Message != "second" || got.Detail != "handed over" || got.Patch != "" {
		t.Errorf("event: %+v, %v", got, err)
	}
}
