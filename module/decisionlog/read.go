package decisionlog

import (
	"bytes"
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"
)

// ErrNotFound is that of Find: no such decision was recorded, or it is older than the ring.
var ErrNotFound = errors.New("decision log: no record of that decision")

// Filter picks records. Every member that is not zero has to agree. Strings are compared with what was written: a
// member that is configured to be masked is found as "***" only.
type Filter struct {
	ID, Decision, Reason, Environment, Endpoint, TokenID, User string

	Since, Until time.Time          // Since included, Until not
	Match        func(*Record) bool // whatever else; nil: everything
}

// Find reads the record of a decision, while others write to the ring too. Errors are ErrNotFound, that of ctx, and
// those of the file system, such as fs.ErrNotExist for a ring that is not there.
func Find(ctx context.Context, dir, id string) (Record, error) {
	if id == "" {
		return Record{}, ErrNotFound
	}
	found, err := ring(dir)
	if err != nil {
		return Record{}, err
	}
	filter := Filter{ID: id}
	for _, s := range found {
		c, err := openCursor(ctx, dir, s, &filter)
		if err != nil {
			return Record{}, err
		}
		if c == nil {
			continue
		}
		c.close()
		return c.record, nil
	}
	return Record{}, ErrNotFound
}

// Scan gives the records that the filter picks, newest first, and limit of them at most; no limit is below 1. Records of
// one writer come in the reverse of the order they were settled in, those of several writers are merged by time. It
// holds one chunk of each segment in memory, 128 KiB. An error ends it; its record is empty.
func Scan(ctx context.Context, dir string, filter Filter, limit int) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		var heads newest
		defer func() { heads.close() }()
		found, err := ring(dir)
		for i := 0; err == nil && i < len(found); i++ {
			var c *cursor
			if c, err = openCursor(ctx, dir, found[i], &filter); c != nil {
				c.age = i
				heads = append(heads, c)
			}
		}
		heap.Init(&heads)
		for given := 0; err == nil && len(heads) > 0 && (limit < 1 || given < limit); given++ {
			if !yield(heads[0].record, nil) {
				return
			}
			err = heads.advance(ctx)
		}
		if err != nil {
			yield(Record{}, err)
		}
	}
}

// ring lists a ring's segments, newest first, as many as a writer would leave.
func ring(dir string) (segments, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("decision log: %w", err)
	}
	found, err := folder(dir).list()
	if err != nil {
		return nil, fmt.Errorf("decision log: %w", err)
	}
	newest := make(segments, 0, maxSegments)
	for i := len(found) - 1; i >= 0 && len(newest) < maxSegments; i-- {
		newest = append(newest, found[i])
	}
	return newest, nil
}

// cursor stands on a record of a segment that the filter picks.
type cursor struct {
	file    *os.File
	lines   *backwards
	filter  *Filter
	needles [][]byte
	record  Record
	age     int // of the segment among the others: 0 is the newest
}

// openCursor is nil where the segment has gone, or has nothing that the filter picks.
func openCursor(ctx context.Context, dir string, s segment, filter *Filter) (*cursor, error) {
	file, err := os.Open(filepath.Join(dir, s.name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the ring went on
	}
	if err != nil {
		return nil, fmt.Errorf("decision log: %w", err)
	}
	c := &cursor{file: file, filter: filter, needles: filter.needles()}
	// The listing's size will do: what came in since is newer than this reading.
	if c.lines, err = newBackwards(file, s.size); err == nil {
		err = c.advance(ctx)
	}
	if err != nil {
		c.close()
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return nil, err
	}
	return c, nil
}

func (c *cursor) close() { _ = c.file.Close() }

// advance goes to the next record that the filter picks. Lines that are no record are skipped.
func (c *cursor) advance(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := c.lines.next()
		if err != nil {
			return err
		}
		if !containsAll(line, c.needles) {
			continue
		}
		c.record = Record{}
		if json.Unmarshal(line, &c.record) == nil && c.record.ID != "" && c.filter.picks(&c.record) {
			return nil
		}
	}
}

// needles are what a line has to contain, so that most lines need not be decoded. A quote inside a string is escaped,
// so a client cannot write a needle.
func (f *Filter) needles() [][]byte {
	var needles [][]byte
	for _, value := range f.strings() {
		if value != "" {
			needles = append(needles, appendQuoted(nil, value))
		}
	}
	return needles
}

func (f *Filter) strings() [7]string {
	return [...]string{f.ID, f.Decision, f.Reason, f.Environment, f.Endpoint, f.TokenID, f.User}
}

func containsAll(line []byte, needles [][]byte) bool {
	for _, needle := range needles {
		if !bytes.Contains(line, needle) {
			return false
		}
	}
	return len(line) > 0
}

func (f *Filter) picks(r *Record) bool {
	has := [...]string{r.ID, r.Decision, r.Reason, r.Environment, r.Endpoint, r.TokenID, r.User}
	for i, want := range f.strings() {
		if want != "" && want != has[i] {
			return false
		}
	}
	return !r.Time.Before(f.Since) && (f.Until.IsZero() || r.Time.Before(f.Until)) && (f.Match == nil || f.Match(r))
}

// newest is a heap of cursors, the one with the newest record in front.
type newest []*cursor

func (h newest) Len() int { return len(h) }
func (h newest) Less(i, j int) bool {
	if order := h[i].record.Time.Compare(h[j].record.Time); order != 0 {
		return order > 0
	}
	return h[i].age < h[j].age
}
func (h newest) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is part of heap.Interface; all cursors are there from the start.
func (h *newest) Push(any) {}

// Pop is part of heap.Interface.
func (h *newest) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	*h = (*h)[:last]
	return c
}

// advance moves the front cursor on.
func (h *newest) advance(ctx context.Context) error {
	front := (*h)[0]
	err := front.advance(ctx)
	if err == nil {
		heap.Fix(h, 0)
		return nil
	}
	heap.Pop(h)
	front.close()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (h newest) close() {
	for _, c := range h {
		c.close()
	}
}
