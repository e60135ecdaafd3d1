package decisionlog

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWrittenWithinTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _, dir := begin(t, Options{})
		l.Append(numbered(1))
		time.Sleep(defaultFlush - time.Nanosecond)
		synctest.Wait()
		if got := statuses(t, dir); len(got) != 0 {
			t.Errorf("a record alone was written at once: %v", got)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if diff := cmp.Diff([]int{1}, statuses(t, dir)); diff != "" {
			t.Errorf("after a second (-want +got)\n%s", diff)
		}
		l.Append(numbered(2))
		mustClose(t, l)
		mustClose(t, l)
		if diff := cmp.Diff([]int{2, 1}, statuses(t, dir)); diff != "" {
			t.Errorf("after Close (-want +got)\n%s", diff)
		}
		l.Append(numbered(3))
		if got := l.Stats(); got.Written != 2 || got.Dropped != 1 || got.Errors != 0 || got.Bytes != uint64(got.OnDisk) {
			t.Errorf("stats %+v", got)
		}
	})
}

func TestMuchIsWrittenBeforeItsTime(t *testing.T) {
	l, _, _ := begin(t, Options{Flush: time.Hour})
	defer l.Close()
	for deadline := time.Now().Add(20 * time.Second); l.Stats().Written == 0; {
		l.Append(numbered(1))
		if time.Now().After(deadline) {
			t.Fatal("nothing was written")
		}
	}
}

// Attack: the disk hangs (a network volume, a full pipe), and every request that is logged hangs with it. Fix: requests
// only ever fill a queue in memory. Invariant: Append returns whatever the disk does, each record is counted once, Close
// is bounded, and what was queued is written when the disk comes back.
func TestHangingDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, b, dir := begin(t, Options{Queue: 100})
		release := make(chan struct{})
		b.set(func(b *breakable) { b.onWrite = func(p []byte) (int, error) { <-release; return len(p), nil } })
		l.Append(numbered(0))
		time.Sleep(defaultFlush)
		synctest.Wait() // the writer hangs with record 0
		before := time.Now()
		for i := range 1000 {
			l.Append(numbered(1 + i))
		}
		if took := time.Since(before); took != 0 {
			t.Errorf("requests waited for %v", took)
		}
		if got := l.Stats(); got.Dropped != 900 || got.Written != 0 {
			t.Errorf("stats %+v", got)
		}
		if err := l.Close(); err == nil || time.Since(before) != closePatience {
			t.Errorf("Close: %v after %v", err, time.Since(before))
		}
		close(release)
		mustClose(t, l)
		if got := l.Stats(); got.Written != 101 || got.Dropped != 900 {
			t.Errorf("stats %+v", got)
		}
		if got := statuses(t, dir); len(got) != 101 || got[0] != 100 || got[100] != 0 {
			t.Errorf("%d records: %v", len(got), got)
		}
	})
}

// Attack: few, very large records, to have a queue that counts records take all memory. Invariant: it is bounded in
// bytes, and its buffers are never replaced.
func TestQueueIsBoundedInBytes(t *testing.T) {
	var q queue
	q.init(4096)
	before := &q.lines[:1][0]
	line := append([]byte(strings.Repeat("x", maxLine-1)), '\n')
	taken := 0
	for q.put(line) {
		taken++
	}
	if taken != 4096*recordRoom/maxLine || &q.lines[0] != before {
		t.Errorf("%d lines of 64 KiB, moved %v", taken, &q.lines[0] != before)
	}
	if q.put(line[:10]); q.count != taken {
		t.Error("a line went in that has no room")
	}
	q.take()
	if lines, count := func() ([]byte, int) { q.put(line); return q.take() }(); count != 1 || len(lines) != maxLine {
		t.Errorf("%d lines of %d bytes", count, len(lines))
	}
}

func TestFailingDisk(t *testing.T) {
	full := func() (file, error) { return os.OpenFile("/dev/full", os.O_WRONLY, 0) }
	for name, fail := range map[string]func(*breakable){
		"list":                  func(b *breakable) { b.onList = func() error { return errBroken } },
		"create":                func(b *breakable) { b.onCreate = func() (file, error) { return nil, errBroken } },
		"write":                 func(b *breakable) { b.onWrite = func([]byte) (int, error) { return 0, errBroken } },
		"write, silently short": func(b *breakable) { b.onWrite = func([]byte) (int, error) { return 0, nil } },
		"write half a line":     func(b *breakable) { b.onWrite = func([]byte) (int, error) { return 10, errBroken } },
		"write and truncate": func(b *breakable) {
			b.onWrite = func([]byte) (int, error) { return 10, errBroken }
			b.onCut = func() error { return errBroken }
		},
		"full device": func(b *breakable) { b.onCreate = full },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat("/dev/full"); name == "full device" && err != nil {
				t.Skip("there is no /dev/full")
			}
			synctest.Test(t, func(t *testing.T) { failAndRecover(t, fail) })
		})
	}
}

// failAndRecover: what is written before and after a failure is there, what came during it is counted, and somebody was
// told once and once more a minute later.
func failAndRecover(t *testing.T, fail func(*breakable)) {
	var told []string
	l, b, dir := begin(t, Options{OnError: func(err error) { told = append(told, err.Error()) }})
	b.set(fail)
	round := func(n int) {
		l.Append(numbered(n))
		time.Sleep(defaultFlush)
		synctest.Wait()
	}
	for range 100 {
		round(1)
	}
	if got := l.Stats(); got.Written != 0 || got.Dropped != 100 || got.Errors != 100 {
		t.Errorf("failing: stats %+v", got)
	}
	if left := segmentFiles(t, dir); len(left) > 1 {
		t.Errorf("failures left %d segments, which take the places of good ones", len(left))
	}
	if len(told) != 2 || !strings.HasPrefix(told[0], "decision log: records are lost: ") {
		t.Errorf("told %q", told)
	}
	b.set(func(b *breakable) { b.onList, b.onCreate, b.onWrite, b.onCut = nil, nil, nil, nil })
	round(2)
	b.set(fail)
	round(3)
	b.set(func(b *breakable) { b.onList, b.onCreate, b.onWrite, b.onCut = nil, nil, nil, nil })
	round(4)
	mustClose(t, l)
	// A failure of create alone does not show while a segment is open.
	got := slices.DeleteFunc(statuses(t, dir), func(n int) bool { return n == 3 })
	if diff := cmp.Diff([]int{4, 2}, got); diff != "" {
		t.Errorf("recovered (-want +got)\n%s", diff)
	}
	if s := l.Stats(); s.Written+s.Dropped != 103 {
		t.Errorf("recovered: stats %+v", s)
	}
}

// Half of a batch gets through: its whole lines count and stay, and the half line does not spoil the next record.
func TestPartOfABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, b, dir := begin(t, Options{})
		line := len(encoded(numbered(1), hiding{}))
		b.set(func(b *breakable) { b.onWrite = func([]byte) (int, error) { return 2*line + 5, errBroken } })
		for i := range 5 {
			l.Append(numbered(i + 1))
		}
		time.Sleep(defaultFlush)
		synctest.Wait()
		b.set(func(b *breakable) { b.onWrite = nil })
		l.Append(numbered(6))
		mustClose(t, l)
		if diff := cmp.Diff([]int{6, 2, 1}, statuses(t, dir)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if got := l.Stats(); got.Written != 3 || got.Dropped != 3 || got.Bytes != uint64(3*line) || got.OnDisk != int64(3*line) {
			t.Errorf("stats %+v", got)
		}
	})
}

// A broken disk is asked once an interval, however much there is to be written.
func TestFailureIsNotRetriedWithoutPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, b, _ := begin(t, Options{Queue: 1 << 12})
		b.set(func(b *breakable) { b.onList = func() error { return errBroken } })
		big := &Record{ID: "X", Path: strings.Repeat("/", maxPath)}
		for range 10 {
			for range 1 << 12 {
				l.Append(big)
			}
			synctest.Wait()
		}
		if got := l.Stats(); got.Errors > 1 {
			t.Errorf("%d attempts at one instant", got.Errors)
		}
		mustClose(t, l)
		if got := l.Stats(); got.Dropped != 10<<12 {
			t.Errorf("stats %+v", got)
		}
	})
}

func TestFolderRemovedMeanwhile(t *testing.T) {
	l, err := Open(filepath.Join(t.TempDir(), "a", "ring"), Options{Flush: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	dir := string(l.writer.disk.(folder))
	l.Append(numbered(1))
	await(t, l, 1)
	if err := os.RemoveAll(filepath.Dir(dir)); err != nil {
		t.Fatal(err)
	}
	l.Append(numbered(2))
	mustClose(t, l)
	if diff := cmp.Diff([]int{2}, statuses(t, dir)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, segmentFiles(t, dir)[0]: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, want %v (%v)", path, info.Mode(), want, err)
		}
	}
}

// await lets the writer come to n records.
func await(t *testing.T, l *Log, n uint64) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); l.Stats().Written < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("stats %+v, want %d written", l.Stats(), n)
		}
	}
}

func segmentFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, segmentPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	occupied := filepath.Join(dir, "file")
	if err := os.WriteFile(occupied, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		dir     string
		options Options
	}{
		"a file":        {occupied, Options{}},
		"small":         {dir, Options{MaxBytes: leastMaxBytes - 1}},
		"negative":      {dir, Options{MaxBytes: -1}},
		"negative part": {dir, Options{Segment: -1}},
		"unknown mask":  {dir, Options{Mask: []string{"id"}}},
	} {
		if l, err := Open(test.dir, test.options); err == nil {
			t.Errorf("%s: opened", name)
			mustClose(t, l)
		}
	}
}

func TestNilLog(t *testing.T) {
	var l *Log
	l.Append(numbered(1))
	mustClose(t, l)
	if l.Stats() != (Stats{}) {
		t.Error("a nil log counts")
	}
}

func TestAppendsAtOnce(t *testing.T) {
	l, _, dir := begin(t, Options{Queue: 10_000, Flush: time.Millisecond})
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 500 {
				l.Append(numbered(500*g + i))
			}
		})
	}
	group.Wait()
	mustClose(t, l)
	got := statuses(t, dir)
	slices.Sort(got)
	if s := l.Stats(); s.Written != 4000 || len(slices.Compact(got)) != 4000 {
		t.Errorf("stats %+v, %d records", s, len(got))
	}
}
