package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
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

// TestPlans keeps the queries on their indexes: the request path must be one search, and a page must not sort.
func TestPlans(t *testing.T) {
	s := openNew(t)
	order := ` ORDER BY created DESC, id LIMIT 10`
	after := ` created <= 5 AND (created < 5 OR id > 'x')`
	tests := []struct{ query, want string }{
		{selectRecord + ` WHERE id = 'x'`, "SEARCH tokens USING PRIMARY KEY (id=?)"},
		{selectRecord + ` WHERE legacy = 1 AND digest = x'00'`, "SEARCH tokens USING INDEX tokens_legacy (digest=?)"},
		{selectRecord + order, "SCAN tokens USING INDEX tokens_newest"},
		{selectRecord + ` WHERE` + after + order, "SEARCH tokens USING INDEX tokens_newest (created<?)"},
		{selectRecord + ` WHERE owner = 'x' AND` + after + order,
			"SEARCH tokens USING INDEX tokens_owner_newest (owner=? AND created<?)"},
		{`SELECT * FROM audit_events WHERE object = 'x' AND revision < 9 ORDER BY revision DESC LIMIT 10`,
			"SEARCH audit_events USING INDEX audit_events_object (object=? AND revision<?)"},
		{selectChangesAfter, "MATERIALIZE c|SEARCH changes USING INTEGER PRIMARY KEY (rowid>?)|" + // sorts one batch at most
			"SCAN s|SCAN c LEFT-JOIN|USE TEMP B-TREE FOR ORDER BY"},
	}
	for _, tt := range tests {
		text := strings.NewReplacer("LIMIT ?", "LIMIT 9", "> ?", "> 3").Replace(tt.query)
		if got := plan(t, s, text); got != tt.want {
			t.Errorf("%s\n got plan %s\nwant plan %s", tt.query, got, tt.want)
		}
	}
}

func plan(t *testing.T, s *Store, text string) string {
	t.Helper()
	steps, err := list(t.Context(), s.reader, func(row scanner) (step string, err error) {
		var number, parent, unused int
		return step, row.Scan(&number, &parent, &unused, &step)
	}, "EXPLAIN QUERY PLAN "+text)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "|")
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

// fill adds tokens without paying for a transaction each.
func fill(b *testing.B, s *Store, count int) {
	b.Helper()
	_, err := s.writer.Exec(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
		INSERT INTO tokens SELECT printf('dt0c01.%024d', i * 7919 % ?), randomblob(32), 'token', 'owner', 'abc12345', 0, 0, 0, 1,
		'["logs.read","metrics.read"]', 1763800000000 + i, NULL, NULL, NULL, '' FROM n`, count, count)
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkToken is what a miss of the token cache costs: the budget is 50 µs.
func BenchmarkToken(b *testing.B) {
	for _, count := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			s := openNew(b)
			fill(b, s, count)
			ids := make([]string, 1024)
			for i := range ids {
				ids[i] = fmt.Sprintf("dt0c01.%024d", i*104_729%count)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.Token(b.Context(), ids[i%len(ids)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkUnknownToken is the same for a token that does not exist.
func BenchmarkUnknownToken(b *testing.B) {
	s := openNew(b)
	fill(b, s, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Token(b.Context(), "dt0c01.NOBODY"); !errors.Is(err, tokens.ErrNotFound) {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecordUses is the bookkeeping for a thousand tokens.
func BenchmarkRecordUses(b *testing.B) {
	s := openNew(b)
	fill(b, s, 100_000)
	uses := make([]tokens.Use, 1000)
	for i := range uses {
		uses[i] = tokens.Use{ID: fmt.Sprintf("dt0c01.%024d", i), IP: "192.0.2.1"}
	}
	at := time.UnixMilli(1763800000000)
	for b.Loop() {
		at = at.Add(time.Second)
		for i := range uses {
			uses[i].At = at
		}
		if err := s.RecordUses(b.Context(), uses); err != nil {
			b.Fatal(err)
		}
	}
}
