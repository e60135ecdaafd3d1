package decisionlog

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

var errBroken = errors.New("broken disk")

// breakable is a disk that does as it is told. What is nil works.
type breakable struct {
	disk
	mu       sync.Mutex
	onList   func() error
	onCreate func() (file, error)
	onWrite  func(p []byte) (n int, err error) // how many bytes get through, and then what
	onCut    func() error
	onRemove func() error
}

func (b *breakable) set(change func(*breakable)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

func (b *breakable) list() (segments, error) {
	b.mu.Lock()
	f := b.onList
	b.mu.Unlock()
	if f != nil {
		if err := f(); err != nil {
			return nil, err
		}
	}
	return b.disk.list()
}

func (b *breakable) create(order int64) (file, string, error) {
	b.mu.Lock()
	f := b.onCreate
	b.mu.Unlock()
	if f != nil {
		made, err := f()
		return made, segmentName(order), err
	}
	made, name, err := b.disk.create(order)
	if err != nil {
		return nil, "", err
	}
	return &breakableFile{made, b}, name, nil
}

func (b *breakable) remove(name string) error {
	b.mu.Lock()
	f := b.onRemove
	b.mu.Unlock()
	if f != nil {
		if err := f(); err != nil {
			return err
		}
	}
	return b.disk.remove(name)
}

type breakableFile struct {
	file
	disk *breakable
}

func (f *breakableFile) Write(p []byte) (int, error) {
	f.disk.mu.Lock()
	onWrite := f.disk.onWrite
	f.disk.mu.Unlock()
	if onWrite == nil {
		return f.file.Write(p)
	}
	n, err := onWrite(p)
	if n, short := f.file.Write(p[:n]); short != nil {
		return n, short
	}
	return n, err
}

func (f *breakableFile) Truncate(size int64) error {
	f.disk.mu.Lock()
	onCut := f.disk.onCut
	f.disk.mu.Unlock()
	if onCut != nil {
		return onCut()
	}
	return f.file.Truncate(size)
}

// begin starts a log on a disk that can be broken, in a folder of its own.
func begin(t *testing.T, options Options) (*Log, *breakable, string) {
	t.Helper()
	dir := t.TempDir()
	b := &breakable{disk: folder(dir)}
	options, err := options.completed()
	if err != nil {
		t.Fatal(err)
	}
	l, err := start(b, options)
	if err != nil {
		t.Fatal(err)
	}
	return l, b, dir
}

// numbered is the n-th record of a test.
func numbered(n int) *Record {
	return &Record{ID: fmt.Sprintf("N%d", n), Time: noon, Status: n, Path: "/api/v2/settings/objects"}
}

// statuses are the numbers of the records that are in a ring, newest first.
func statuses(t *testing.T, dir string) []int {
	t.Helper()
	var numbers []int
	for r, err := range Scan(t.Context(), dir, Filter{}, 0) {
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, r.Status)
	}
	return numbers
}

func mustClose(t *testing.T, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
