package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/store/sqlite"
)

// rivalEnv makes the test binary a process that wants the file, whose path is the value, for itself.
const rivalEnv = "DOORWARD_TEST_STORE_RIVAL"

func rival(path string) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=locking_mode(exclusive)")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(context.Background(), "BEGIN IMMEDIATE"); err != nil {
		os.Stdout.WriteString("kept out: " + err.Error())
		return
	}
	os.Stdout.WriteString("got in")
}

// The accident: POSIX drops all locks of a process on a file when the process closes any descriptor of it. If opening
// a store a second time opened and closed the file, another process could take the file from under the first, and fold
// or delete its log. The invariant: opening leaves the locks of this process alone.
func TestOpeningKeepsLocks(t *testing.T) {
	path := newPath(t)
	mustCreate(t, openAt(t, path, sqlite.Options{}), 1)
	second := openAt(t, path, sqlite.Options{})
	mustDo(t, second.Ping(t.Context()))

	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), rivalEnv+"="+path)
	out, err := child.Output()
	if err != nil || !strings.HasPrefix(string(out), "kept out: database is locked") {
		t.Errorf("another process: %q, %v", out, err)
	}
	mustCreate(t, second, 2)
}
