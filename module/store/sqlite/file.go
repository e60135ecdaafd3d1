package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// busySlice is the longest wait inside SQLite, which is deaf to the context there.
const busySlice = 100 * time.Millisecond

// making serializes the making of files. Closing any descriptor of a file drops all POSIX locks that this process
// holds on it, SQLite's among them; so a descriptor of ours must be closed before SQLite can know the file.
var making sync.Mutex

// prepareFile makes the file and its folder where they are missing, and returns the absolute path. An existing file is
// looked at but never opened here, for the reason given at making.
func prepareFile(path string) (string, error) {
	if path == "" || path == ":memory:" || strings.ContainsRune(path, 0) {
		return "", errors.New("a store needs the path of a file")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", folderError(path, err)
	}
	making.Lock()
	defer making.Unlock()
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, makeFile(path)
	case err != nil:
		return "", folderError(path, err)
	case info.IsDir():
		return "", fmt.Errorf("is a folder; name a file in it, such as %s", filepath.Join(path, "doorward.db"))
	case !info.Mode().IsRegular():
		return "", errors.New("is not a regular file; name a file on a local disk")
	}
	return path, nil
}

// makeFile makes an empty file that only this user can read. SQLite gives its companions (-wal, -shm) the same mode.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was quicker
	}
	if err != nil {
		return folderError(path, err)
	}
	return f.Close()
}

func folderError(path string, err error) error {
	return fmt.Errorf("cannot be made or reached; the user who runs Doorward must be able to write in the folder %s: %w",
		filepath.Dir(path), err)
}

// Settings of every connection. mode=rw: SQLite itself never makes a file, it would be readable by others. The busy
// timeout is a slice of the store's patience, because SQLite does not notice a cancelled context while it waits.
// The rest takes away what ordinary SQL could do to damage the file.
func baseSettings() url.Values {
	return url.Values{
		"mode":          {"rw"},
		"_busy_timeout": {fmt.Sprint(busySlice.Milliseconds())},
		"_foreign_keys": {"on"},
		"_defensive":    {"true"},
		"_dqs":          {"false"},
		"_error_rc":     {"true"},
		"_pragma":       {"trusted_schema(off)"},
	}
}

func writerDSN(path string) string {
	v := baseSettings()
	v.Set("_journal_mode", "WAL")
	v.Set("_synchronous", "FULL")
	v.Set("_txlock", "immediate")
	v.Add("_pragma", "journal_size_limit(67108864)") // a log that once grew gives its disk space back
	return fileDSN(path, v)
}

func readerDSN(path string) string {
	v := baseSettings()
	v.Set("_query_only", "on")
	return fileDSN(path, v)
}

// fileDSN escapes the path, so that no character in it can become a setting.
func fileDSN(path string, settings url.Values) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/… of Windows
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: settings.Encode()}
	return u.String()
}
