package decisionlog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func writing(dir string, options Options) *writer {
	completed, err := options.completed()
	if err != nil {
		panic(err)
	}
	return &writer{disk: folder(dir), options: completed}
}

// Invariant: whatever two writers of one ring do, in whatever order, with a clock that jumps and with restarts, the
// segments never take more than MaxBytes nor are more than maxSegments; what is in them is the newest of what was written
// by each, without a gap.
func TestRingBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "ring")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		now := noon
		options := Options{MaxBytes: leastMaxBytes, Segment: maxLine, Now: func() time.Time { return now }}
		writers := []*writer{writing(dir, options), writing(dir, options)}
		written := [2]int{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			which := rapid.IntRange(0, 1).Draw(t, "writer")
			now = now.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "seconds")) * time.Second)
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				writers[which].end()
				writers[which] = writing(dir, options)
			}
			size := rapid.IntRange(10, maxLine-200).Draw(t, "size")
			written[which]++
			line := fmt.Appendf(nil, `{"v":1,"time":"2026-11-24T12:00:00Z","id":"X","kind":"%d","status":%d,"path":"%s"}`+"\n",
				which, written[which], strings.Repeat("x", size))
			if _, err := writers[which].write(line); err != nil {
				t.Fatal(err)
			}
			found, err := folder(dir).list()
			if err != nil || found.bytes() > options.MaxBytes || len(found) > maxSegments {
				t.Fatalf("%d bytes in %d segments, %v", found.bytes(), len(found), err)
			}
			if writers[which].onDisk != found.bytes() {
				t.Fatalf("%d bytes on disk, counted %d", found.bytes(), writers[which].onDisk)
			}
		}
		for which, w := range writers {
			w.end()
			want := written[which]
			for r, err := range Scan(context.Background(), dir, Filter{Match: func(r *Record) bool { return r.Kind == fmt.Sprint(which) }}, 0) {
				if err != nil || r.Status != want {
					t.Fatalf("writer %d: record %d, want %d (%v)", which, r.Status, want, err)
				}
				want--
			}
		}
	})
}

// A writer whose own segment is the oldest makes room with those of others: removing its own would lose what it is
// about to write.
func TestOwnSegmentIsTheOldest(t *testing.T) {
	dir := t.TempDir()
	options := Options{MaxBytes: leastMaxBytes, Segment: maxLine}
	idle, busy := writing(dir, options), writing(dir, options)
	first := encoded(numbered(1), hiding{})
	if _, err := idle.write(first); err != nil {
		t.Fatal(err)
	}
	fill := append([]byte(strings.Repeat("x", maxLine-1-len(first)/4-1)), '\n')
	for range 4 {
		if _, err := busy.write(fill); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := idle.write(encoded(numbered(2), hiding{})); err != nil {
		t.Fatal(err)
	}
	idle.end()
	busy.end()
	if diff := cmp.Diff([]int{2, 1}, statuses(t, dir)); diff != "" || len(segmentFiles(t, dir)) != 4 {
		t.Errorf("%d segments (-want +got)\n%s", len(segmentFiles(t, dir)), diff)
	}
}

// Attack: somebody puts a link where the next segment will be, to have a gateway write into another file. Invariant: a
// segment is a new file of one writer, also where two begin theirs in one nanosecond.
func TestSegmentsAreNew(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	if err := os.Symlink(target, filepath.Join(dir, segmentName(7))); err != nil {
		t.Fatal(err)
	}
	for want := int64(8); want < 10; want++ {
		f, name, err := folder(dir).create(7)
		if err != nil || name != segmentName(want) {
			t.Fatalf("created %s, %v; want %s", name, err, segmentName(want))
		}
		f.Close()
	}
	if _, err := os.Stat(target); err == nil {
		t.Error("the link was followed")
	}
}

// Attack: a crash loop fills the folder with tiny segments. Invariant: their number is bounded, too.
func TestRestartsDoNotPileUp(t *testing.T) {
	dir := t.TempDir()
	for i := range 2 * maxSegments {
		w := writing(dir, Options{})
		if _, err := w.write(encoded(numbered(i), hiding{})); err != nil {
			t.Fatal(err)
		}
		w.end()
	}
	got := statuses(t, dir)
	if len(segmentFiles(t, dir)) != maxSegments || len(got) != maxSegments || got[0] != 2*maxSegments-1 {
		t.Errorf("%d segments, %d records", len(segmentFiles(t, dir)), len(got))
	}
}

// Invariant: a ring that cannot be kept in its bound takes nothing more, and what is not a segment is never removed,
// read or waited for.
func TestRemoveFails(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"notes.txt", "decisions-1.jsonl", "decisions-+000000000000000001.jsonl", segmentName(1) + ".gz"} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, leastMaxBytes), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/dev/zero", filepath.Join(dir, segmentName(2))); err != nil {
		t.Fatal(err)
	}
	b := &breakable{disk: folder(dir), onRemove: func() error { return errBroken }}
	w := writing(dir, Options{MaxBytes: leastMaxBytes})
	w.disk = b
	line := append([]byte(strings.Repeat("x", maxLine-1)), '\n')
	for range 4 {
		if _, err := w.write(line); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.write(line); !errors.Is(err, errBroken) {
		t.Errorf("the ring outgrew its bound: %v", err)
	}
	b.onRemove = nil
	if _, err := w.write(line); err != nil {
		t.Error(err)
	}
	w.end()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 5+4 {
		t.Errorf("%d files, %v", len(entries), err)
	}
	if got := statuses(t, dir); len(got) != 0 {
		t.Errorf("records %v", got)
	}
}

// Invariant: whatever is in a segment, a reader finds the records that are whole, and a writer spoils none by appending
// to what was left behind.
func TestTornAndForeignLines(t *testing.T) {
	record := func(n int) string { return string(encoded(numbered(n), hiding{})) }
	for name, test := range map[string]struct {
		text string
		want []int
	}{
		"empty":               {"", nil},
		"torn only":           {record(1)[:20], nil},
		"torn":                {record(1) + record(2)[:20], []int{1}},
		"without line feed":   {record(1) + strings.TrimSuffix(record(2), "\n"), []int{1}},
		"torn in the middle":  {record(1) + record(2)[:20] + "\n" + record(3), []int{3, 1}},
		"zeros":               {record(1) + strings.Repeat("\x00", 5000) + "\n" + record(2), []int{2, 1}},
		"no JSON":             {record(1) + "}{\n\n[]\n\"x\"\n{}\n" + record(2), []int{2, 1}},
		"another version":     {strings.Replace(record(1), `"v":1`, `"v":2,"new":{"a":[1]}`, 1), []int{1}},
		"a line too long":     {record(1) + strings.Repeat("x", 3*maxLine) + "\n" + record(2), []int{2, 1}},
		"first line too long": {strings.Repeat("x", 5*maxLine) + "\n" + record(2), []int{2}},
		"torn and too long":   {record(1) + strings.Repeat("x", 3*maxLine), []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, segmentName(1)), []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, statuses(t, dir)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			l, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			l.Append(numbered(9))
			mustClose(t, l)
			if diff := cmp.Diff(append([]int{9}, test.want...), statuses(t, dir)); diff != "" {
				t.Errorf("after a restart (-want +got)\n%s", diff)
			}
		})
	}
}

// Invariant: reading backwards gives the lines that reading forwards gives, whatever their lengths.
func TestBackwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(readChunk-3, readChunk+3), rapid.IntRange(0, 3*readChunk)), 0, 12).Draw(t, "lengths")
		var text strings.Builder
		var want []int
		for i, n := range lengths {
			text.WriteString(strings.Repeat(string(rune('a'+i)), n) + "\n")
			if n > maxLine {
				n = 0
			}
			want = append(want, n)
		}
		text.WriteString(strings.Repeat("t", rapid.IntRange(0, 2*readChunk).Draw(t, "torn")))
		b, err := newBackwards(strings.NewReader(text.String()), int64(text.Len()))
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(want)
		var got []int
		for line, err := b.next(); err == nil; line, err = b.next() {
			got = append(got, len(line))
			if len(line) > 0 && strings.Trim(string(line), string(rune('a'+len(lengths)-len(got)))) != "" {
				t.Fatalf("line %d from the end is mixed", len(got))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

func TestScan(t *testing.T) {
	dir := t.TempDir()
	for writer := range 3 { // three processes that took turns
		l, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			n := 3*i + writer
			r := numbered(n)
			r.Time = noon.Add(time.Duration(n) * time.Second)
			r.Decision = []string{"allow", "deny"}[n%2]
			r.User = `a"b` + fmt.Sprint(n/6)
			l.Append(r)
		}
		mustClose(t, l)
	}
	for name, test := range map[string]struct {
		filter Filter
		limit  int
		want   []int
	}{
		"all":      {Filter{}, 0, []int{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
		"limit":    {Filter{}, 3, []int{11, 10, 9}},
		"decision": {Filter{Decision: "deny"}, 2, []int{11, 9}},
		"user":     {Filter{User: `a"b0`, Decision: "allow"}, 0, []int{4, 2, 0}},
		"time":     {Filter{Since: noon.Add(3 * time.Second), Until: noon.Add(5 * time.Second)}, 0, []int{4, 3}},
		"match":    {Filter{Match: func(r *Record) bool { return r.Status%5 == 0 }}, 0, []int{10, 5, 0}},
		"nothing":  {Filter{TokenID: "N1"}, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []int
			for r, err := range Scan(t.Context(), dir, test.filter, test.limit) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, r.Status)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		r := numbered(n)
		r.Path = `/"id":"N1000"` // a client may write another decision's identifier
		l.Append(r)
	}
	mustClose(t, l)
	got, err := Find(t.Context(), dir, "N42")
	if err != nil || got.Status != 42 {
		t.Errorf("found %d, %v", got.Status, err)
	}
	for _, id := range []string{"", "N1000", "N", `N42"`} {
		if got, err := Find(t.Context(), dir, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: found %s, %v", id, got.ID, err)
		}
	}
	if _, err := Find(t.Context(), filepath.Join(dir, "none"), "N1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no ring: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Find(cancelled, dir, "N42"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, err := range Scan(cancelled, dir, Filter{}, 0) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	}
}

// Invariant: readers see whole records, each writer's in its order, while writers append and the ring turns.
func TestReadersBesideWriters(t *testing.T) {
	dir := t.TempDir()
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 2 {
		l, err := Open(dir, Options{MaxBytes: leastMaxBytes, Flush: 100 * time.Microsecond})
		if err != nil {
			t.Fatal(err)
		}
		writers.Go(func() {
			defer l.Close()
			for n := range 4000 {
				r := numbered(n)
				r.Kind, r.Path = fmt.Sprint(w), "/"+strings.Repeat("x", n%900)
				l.Append(r)
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for {
				readOnce(t, dir)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
}

func readOnce(t *testing.T, dir string) {
	last := map[string]int{"0": 1 << 20, "1": 1 << 20}
	for r, err := range Scan(t.Context(), dir, Filter{}, 0) {
		if err != nil {
			t.Error(err)
			return
		}
		if r.Status >= last[r.Kind] || len(r.Path) != 1+r.Status%900 {
			t.Errorf("record %d of %s after %d, path of %d", r.Status, r.Kind, last[r.Kind], len(r.Path))
		}
		last[r.Kind] = r.Status
	}
}

const killedChild = "DOORWARD_DECISIONLOG_CHILD"

// TestMain is the child of TestKilled, where it is told so.
func TestMain(m *testing.M) {
	dir := os.Getenv(killedChild)
	if dir == "" {
		os.Exit(m.Run())
	}
	l, err := Open(dir, Options{Flush: time.Millisecond, MaxBytes: 1 << 20})
	if err != nil {
		panic(err)
	}
	for n := 0; ; n++ {
		for uint64(n) > l.Stats().Written+2000 {
			time.Sleep(100 * time.Microsecond) // so that none is dropped
		}
		l.Append(numbered(n))
		if n%5000 == 4999 {
			fmt.Println(l.Stats().Written)
		}
	}
}

// Invariant: a process that is killed while it writes leaves records without a gap, at most one line torn; what it
// reported as written is there; and the next process goes on.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.CommandContext(t.Context(), self)
		child.Env = append(os.Environ(), killedChild+"="+dir)
		output, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		var reported int
		lines := bufio.NewScanner(output)
		lines.Scan()
		_, err = fmt.Sscan(lines.Text(), &reported)
		_ = child.Process.Kill()
		_ = child.Wait()
		got := statuses(t, dir)
		if err != nil || len(got) == 0 || got[0] < reported-1 {
			t.Fatalf("%d records, newest %v, reported %d (%v)", len(got), got[:min(len(got), 1)], reported, err)
		}
		for i, n := range got {
			if n == 0 {
				break // before it are the records of the process before
			}
			if i > 0 && n != got[i-1]-1 {
				t.Fatalf("record %d is missing", got[i-1]-1)
			}
		}
	}
}
