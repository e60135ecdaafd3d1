package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	_ "modernc.org/sqlite" // the tests of this package look into SQLite's plans

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store/migrations"
)

var (
	cause    = audit.Event{Time: time.UnixMilli(1), Actor: "cli:tester", Action: "group.delete", Object: "g"}
	errAgain = errors.New("somebody else was in the way")
)

// openNew is a store over SQLite with as little around it as will do; package sqlite, which has the rest, rests on this one.
func openNew(t testing.TB) *Store {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "x.db")+"?_txlock=immediate&_pragma=foreign_keys(on)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	if err := migrations.SQLite(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	no := func(error) bool { return false }
	s := New(db, db, Dialect{
		Name: "test", Prepares: true, Taken: no, Dangling: no,
		Again: func(err error) bool { return errors.Is(err, errAgain) },
		Fault: func(error) (fault.Kind, string) { return fault.Unavailable, Unavailable },
	}, Options{})
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// An interrupted statement reports an interruption; callers look for their context's own error.
func TestFaultOfEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cause := errors.New("interrupted")
	err := openNew(t).faultOf(ctx, "test", cause)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
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

// FuzzStorable: every text comes back as it was, is stored as what PostgreSQL takes, and ranges of prefixes are what they mean.
func FuzzStorable(f *testing.F) {
	for _, seed := range [][2]string{{"a", "ab"}, {"\x00", "\x00b"}, {"ab\xff", "ab"}, {"\xc3", "é"}, {escape + "41", escape}, {"\uD7FF", "\uE000"}, {"", "\U0010FFFF"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, prefix, text string) {
		written, begins := storable(text), storable(prefix)
		if got := original(written); got != text {
			t.Errorf("%q is stored as %q and read as %q", text, written, got)
		}
		if !utf8.ValidString(written) || strings.ContainsRune(written, 0) {
			t.Errorf("%q is stored as %q", text, written)
		}
		end := prefixEndUTF8(begins)
		if inside := written >= begins && (end == "" || written < end); inside != strings.HasPrefix(written, begins) {
			t.Errorf("prefix %q, text %q: end %q", begins, written, end)
		}
	})
}

// The accident: a transaction is repeated, and the event of the change tells what the first try has found. The invariant:
// each try begins with the event as the caller handed it over, and what the last has told is written.
func TestRepeatedChangeTellsAnew(t *testing.T) {
	s := openNew(t)
	e, try := cause, 0
	e.Detail = "handed over"
	err := s.told(t.Context(), "test", feed.TokenSettings, "x", &e, func(session) error {
		if e.Message != "" || e.Detail != "handed over" || e.Patch != "" {
			t.Errorf("try %d begins with %+v", try, e)
		}
		if try++; try == 1 {
			e.Message, e.Detail, e.Patch = "first", "first", "first"
			return errAgain
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
