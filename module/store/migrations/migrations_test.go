package migrations

import (
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	_ "modernc.org/sqlite"
)

func open(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

// scripts is a schema of as many versions as texts.
func scripts(texts ...string) fstest.MapFS {
	all := fstest.MapFS{}
	for i, text := range texts {
		all["0000"+string(rune('1'+i))+"_step.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)}
	}
	return all
}

// versions lists what is noted as applied.
func versions(t *testing.T, db *sql.DB) (list []int) {
	t.Helper()
	rows, err := db.Query("SELECT version_id FROM " + VersionTable + " ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var v int
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

const (
	makeLedger = "CREATE TABLE ledger (entry TEXT);\n"
	addEntry   = "INSERT INTO ledger VALUES ('once');\n" // succeeds however often it runs
)

func TestEmbedded(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	for range 2 {
		if err := SQLite(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	want := []int{0}
	scripts, err := files.ReadDir("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		number, _, _ := strings.Cut(script.Name(), "_")
		n, err := strconv.Atoi(number)
		if err != nil || n <= want[len(want)-1] {
			t.Fatalf("%s: no number of its own, %v", script.Name(), err)
		}
		want = append(want, n)
	}
	if got := versions(t, db); !slices.Equal(got, want) {
		t.Errorf("versions noted: %v, want %v", got, want)
	}
}

func TestUpgradeAndNewer(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	one, two := scripts(makeLedger), scripts(makeLedger, addEntry)
	if err := sqliteUp(t.Context(), db, one); err != nil {
		t.Fatal(err)
	}
	if err := sqliteUp(t.Context(), db, two); err != nil {
		t.Fatal(err)
	}
	err := sqliteUp(t.Context(), db, one)
	newer, ok := errors.AsType[*NewerError](err)
	if !ok || *newer != (NewerError{Found: 2, Known: 1}) {
		t.Errorf("an older binary: got %v", err)
	}
}

// A migration that fails leaves nothing of itself, and what came before it stays.
func TestFailure(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "x.db"))
	if err := sqliteUp(t.Context(), db, scripts(makeLedger, addEntry+"INSERT INTO nowhere VALUES (1);\n")); err == nil {
		t.Fatal("a broken migration succeeded")
	}
	if got := versions(t, db); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("versions noted: %v", got)
	}
	var entries int
	if err := db.QueryRow("SELECT count(*) FROM ledger").Scan(&entries); err != nil || entries != 0 {
		t.Errorf("%d entries of the broken migration stayed, %v", entries, err)
	}
}

// The accident: several processes start a new version together, and each applies the migrations. The invariant: each
// migration takes effect once, also one that could run again without an error, and nobody fails.
func TestTogether(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "x.db")
		mustWAL(t, path)
		all := scripts(makeLedger, addEntry, addEntry)
		var group sync.WaitGroup
		for range 4 {
			db := open(t, path)
			group.Go(func() {
				if err := sqliteUp(t.Context(), db, all); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		db := open(t, path)
		var entries int
		if err := db.QueryRow("SELECT count(*) FROM ledger").Scan(&entries); err != nil || entries != 2 {
			t.Errorf("%d entries, %v, want 2", entries, err)
		}
		if got := versions(t, db); !slices.Equal(got, []int{0, 1, 2, 3}) {
			t.Errorf("versions noted: %v", got)
		}
	}
}

func mustWAL(t *testing.T, path string) {
	t.Helper()
	db := open(t, path)
	if _, err := db.Exec("PRAGMA journal_mode = WAL"); err != nil {
		t.Fatal(err)
	}
}
