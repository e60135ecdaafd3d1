package sqlite_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/store/sqlite"
)

func TestFileIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no file modes")
	}
	folder := filepath.Join(t.TempDir(), "made", "too")
	path := filepath.Join(folder, "doorward.db")
	mustCreate(t, openAt(t, path, sqlite.Options{}), 1)
	want := map[string]os.FileMode{folder: 0o700 | os.ModeDir, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600}
	got := map[string]os.FileMode{}
	for name := range want {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		got[name] = info.Mode()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("modes (-want +got):\n%s", diff)
	}
}

// A path with characters that mean something in a URI. The invariant: no part of a path becomes a setting, and no
// other file is made.
func TestStrangePaths(t *testing.T) {
	for _, name := range []string{"a b.db", "a?mode=memory", "a#b", "100%41", "ü'\";.db", "a&_pragma=synchronous(0)"} {
		folder := t.TempDir()
		s := openAt(t, filepath.Join(folder, name), sqlite.Options{})
		mustCreate(t, s, 1)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(folder)
		if err != nil || len(entries) != 1 || entries[0].Name() != name {
			t.Errorf("%q: the folder holds %v, %v", name, entries, err)
		}
	}
}

// TestOpenRefuses gives Open a file it must refuse, and checks that the error helps and the file is left as it was.
func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name   string
		spoil  func(t *testing.T, path string) // path does not exist yet
		advice string
	}{
		{"folder", func(t *testing.T, path string) { mustDo(t, os.Mkdir(path, 0o700)) }, "name a file in it"},
		{"parent is a file", func(t *testing.T, path string) {
			mustDo(t, os.Remove(filepath.Dir(path)))
			mustDo(t, os.WriteFile(filepath.Dir(path), nil, 0o600))
		}, "must be able to write in the folder"},
		{"text", func(t *testing.T, path string) {
			mustDo(t, os.WriteFile(path, []byte(strings.Repeat("not a database\n", 1000)), 0o600))
		}, "is not a SQLite database"},
		{"another program's", func(t *testing.T, path string) {
			mustExec(t, raw(t, path), "CREATE TABLE orders (id INTEGER)")
		}, "database of another program"},
		{"another program's, marked", func(t *testing.T, path string) {
			db := raw(t, path)
			mustExec(t, db, "CREATE TABLE orders (id INTEGER)")
			mustExec(t, db, "PRAGMA application_id = 7")
		}, "database of another program"},
		{"newer", func(t *testing.T, path string) {
			mustMake(t, path)
			mustExec(t, raw(t, path), "INSERT INTO schema_version (version_id, is_applied) VALUES (99999, 1)")
		}, "made by a newer Doorward"},
		{"damaged", damage, "restore the newest backup"},
		{"device", func(t *testing.T, path string) { mustDo(t, os.Symlink(os.DevNull, path)) }, "not a regular file"},
		{"locked", func(t *testing.T, path string) {
			mustMake(t, path)
			db := raw(t, path)
			mustExec(t, db, "PRAGMA locking_mode = EXCLUSIVE")
			mustExec(t, db, "BEGIN IMMEDIATE")
		}, "locked by another process"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "folder", "doorward.db")
			mustDo(t, os.Mkdir(filepath.Dir(path), 0o700))
			tt.spoil(t, path)
			before, _ := os.ReadFile(path)
			s, err := sqlite.Open(t.Context(), path, sqlite.Options{BusyTimeout: 10 * time.Millisecond})
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), tt.advice) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %q, want the path and %q in it", err, tt.advice)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mustMake makes a sound store with some tokens.
func mustMake(t *testing.T, path string) {
	t.Helper()
	s := openAt(t, path, sqlite.Options{})
	for n := range 40 {
		mustCreate(t, s, n)
	}
	mustDo(t, s.Close())
}

// damage overwrites pages in the middle of a store.
func damage(t *testing.T, path string) {
	mustMake(t, path)
	content, err := os.ReadFile(path)
	mustDo(t, err)
	for i := 3 * 4096; i < len(content); i++ {
		content[i] = byte(i * 7)
	}
	mustDo(t, os.WriteFile(path, content, 0o600))
}

// Opening waits for a lock that goes away in time.
func TestOpenWaits(t *testing.T) {
	path := newPath(t)
	mustMake(t, path)
	db := raw(t, path)
	mustExec(t, db, "PRAGMA locking_mode = EXCLUSIVE")
	mustExec(t, db, "BEGIN IMMEDIATE")
	released := time.AfterFunc(150*time.Millisecond, func() { db.Close() })
	defer released.Stop()
	openAt(t, path, sqlite.Options{BusyTimeout: time.Minute})
}

func TestSettings(t *testing.T) {
	path := newPath(t)
	openAt(t, path, sqlite.Options{CheckTime: -1})
	var mode string
	mustDo(t, raw(t, path).QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode))
	if mode != "wal" {
		t.Errorf("journal mode %s", mode)
	}
	for _, path := range []string{"", ":memory:", "a\x00b"} {
		if s, err := sqlite.Open(t.Context(), path, sqlite.Options{}); err == nil {
			s.Close()
			t.Errorf("path %q was opened", path)
		}
	}
}
