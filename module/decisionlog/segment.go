package decisionlog

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A segment's name has the order it was begun in: the time in nanoseconds since 1970, made larger than that of every
// segment before. All names have one length, so that a listing by name is a listing by age.
const (
	segmentPrefix = "decisions-"
	segmentSuffix = ".jsonl"
	orderDigits   = 19
)

// segment is a file of a ring.
type segment struct {
	name  string
	order int64
	size  int64
}

// segments are in their order, oldest first.
type segments []segment

func (s segments) bytes() (total int64) {
	for _, one := range s {
		total += one.size
	}
	return total
}

func (s segments) has(name string) bool {
	return slices.ContainsFunc(s, func(one segment) bool { return one.name == name })
}

func segmentName(order int64) string {
	return fmt.Sprintf("%s%0*d%s", segmentPrefix, orderDigits, order, segmentSuffix)
}

// segmentOrder reports whether a file's name is that of a segment. Whatever else is in the folder is nobody's.
func segmentOrder(name string) (order int64, ok bool) {
	digits, ok := strings.CutPrefix(name, segmentPrefix)
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutSuffix(digits, segmentSuffix)
	if !ok || len(digits) != orderDigits {
		return 0, false
	}
	number, err := strconv.ParseUint(digits, 10, 63) // ParseInt would take a sign
	return int64(number), err == nil
}

// disk is what the writer asks of a file system. Each method may fail, and may take however long.
type disk interface {
	list() (segments, error)
	// create makes a segment that did not exist, of that order or a little later.
	create(order int64) (f file, name string, err error)
	remove(name string) error
}

// file is a segment that is being written, always at its end.
type file interface {
	io.WriteCloser
	Truncate(size int64) error
}

// folder is the disk that a ring is on.
type folder string

func (f folder) list() (segments, error) {
	entries, err := os.ReadDir(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // create makes it again
	}
	if err != nil {
		return nil, err
	}
	var found segments
	for _, entry := range entries {
		order, ok := segmentOrder(entry.Name())
		if !ok || !entry.Type().IsRegular() { // a pipe of that name would hang who opens it
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed by another writer
		}
		if err != nil {
			return nil, err
		}
		found = append(found, segment{entry.Name(), order, info.Size()})
	}
	slices.SortFunc(found, func(a, b segment) int { return cmp.Compare(a.order, b.order) })
	return found, nil
}

// simultaneous is how many writers may begin a segment in one nanosecond.
const simultaneous = 100

func (f folder) create(order int64) (file, string, error) {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return nil, "", err
	}
	for range simultaneous {
		name := segmentName(order)
		// O_EXCL makes the segment this writer's own, and follows no link.
		created, err := os.OpenFile(filepath.Join(string(f), name), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if err == nil {
			return created, name, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, "", err
		}
		order++
	}
	return nil, "", fmt.Errorf("%s: no name is free for a segment", string(f))
}

func (f folder) remove(name string) error {
	err := os.Remove(filepath.Join(string(f), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another writer did
	}
	return err
}
