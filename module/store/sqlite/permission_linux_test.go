package sqlite_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/doorward/doorward/module/store/sqlite"
)

// asNobody runs f with the file permissions of a user who owns nothing, also when the tests run as root. It affects
// one thread only, so it serves for what f does without handing work to another goroutine.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread() // never unlocked on failure: the thread then ends with the goroutine
	const nobody = 65534
	syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0)
	f()
	syscall.RawSyscall(syscall.SYS_SETFSUID, 0, 0, 0)
	runtime.UnlockOSThread()
}

func TestOpenWithoutPermission(t *testing.T) {
	folder := t.TempDir()
	mustDo(t, os.Chmod(filepath.Dir(folder), 0o755)) // testing's own folder is for its user only
	mustDo(t, os.Chmod(folder, 0o555))
	path := filepath.Join(folder, "doorward.db")
	var err error
	asNobody(t, func() { _, err = sqlite.Open(t.Context(), path, sqlite.Options{}) })
	if err == nil || !strings.Contains(err.Error(), "must be able to write in the folder "+folder) {
		t.Errorf("making a file: got %v", err)
	}
	mustDo(t, os.Chmod(folder, 0o755))
	mustMake(t, path)
	mustDo(t, os.Chmod(path, 0o444))
	mustDo(t, os.Chmod(folder, 0o555))
	asNobody(t, func() { _, err = sqlite.Open(t.Context(), path, sqlite.Options{}) })
	if err == nil || !strings.Contains(err.Error(), "must be able to write the file and its folder") {
		t.Errorf("opening a file: got %v", err)
	}
	mustDo(t, os.Chmod(folder, 0o755))
}
