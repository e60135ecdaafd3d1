package decisionlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/doorward/doorward/tokens"
)

// maxSegments bounds a ring's files, for every restart of a gateway begins one, however small.
const maxSegments = 128

// errorEvery is how often a failure that goes on is told.
const errorEvery = time.Minute

// writer is what the writing goroutine alone knows.
type writer struct {
	disk    disk
	options Options

	current file   // nil before the first record, and after some failures
	name    string // of current
	size    int64  // of current
	onDisk  int64  // of all segments

	failing bool
	told    time.Time // when OnError was called last in this series of failures
}

// run writes what is in the queue: a flush interval after the first record came in, or as soon as there is enough.
// After a failure it always waits for the interval, so that a broken disk is not asked without pause.
func (l *Log) run() {
	defer close(l.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for open := true; open; {
		select {
		case <-l.queue.wake:
		case <-l.closing:
		}
		timer.Reset(l.writer.options.Flush)
		enough := l.queue.full
		if l.writer.failing {
			enough = nil
		}
		select {
		case <-timer.C:
		case <-enough:
		case <-l.closing:
			open = false // nothing is put any more once closing is closed, so this round is the last
		}
		l.flush()
	}
	l.writer.end()
}

// flush writes the queue's lines, and drops those that the disk does not take.
func (l *Log) flush() {
	lines, count := l.queue.take()
	for len(lines) > 0 {
		length := chunkLength(lines, min(flushBytes, int(l.writer.options.Segment)))
		// Lines are masked already, field by field. This pass over their bytes is for what two fields and an escape
		// between them might spell, and for the field that somebody adds one day.
		chunk := tokens.MaskBytes(lines[:length])
		lines = lines[length:]
		n, err := l.writer.write(chunk)
		l.onDisk.Store(l.writer.onDisk)
		l.bytes.Add(uint64(n))
		whole := bytes.Count(chunk[:n], []byte{'\n'}) // a line has one line feed, and a count of one
		l.written.Add(uint64(whole))
		count -= whole
		l.writer.account(l, err)
		if err != nil {
			l.dropped.Add(uint64(count))
			return
		}
	}
}

// account keeps the counts of failures, and tells of them.
func (w *writer) account(l *Log, err error) {
	if err == nil {
		w.failing = false
		return
	}
	l.errors.Add(1)
	now := w.options.Now()
	if !w.failing || now.Sub(w.told) >= errorEvery {
		w.told = now
		w.options.OnError(fmt.Errorf("decision log: records are lost: %w", err))
	}
	w.failing = true
}

// chunkLength is the length of the whole lines that fit in limit bytes. The first always does: Segment is at least
// maxLine.
func chunkLength(lines []byte, limit int) int {
	if len(lines) <= limit {
		return len(lines)
	}
	return bytes.LastIndexByte(lines[:limit], '\n') + 1
}

// write puts whole lines at the end of the ring, and makes room for them first.
func (w *writer) write(lines []byte) (int, error) {
	segments, err := w.disk.list()
	if err != nil {
		w.end()
		return 0, err
	}
	// Another process may have taken this one's segment for the oldest.
	gone := w.current != nil && !segments.has(w.name)
	if gone || w.size+int64(len(lines)) > w.options.Segment {
		w.end()
	}
	if segments, err = w.makeRoom(segments, int64(len(lines))); err != nil {
		w.end()
		return 0, err
	}
	if err := w.begin(segments); err != nil {
		return 0, err
	}
	return w.put(lines)
}

// put reports how many bytes of whole lines were taken. Half a line is taken back, so that the segment can go on when
// the disk does; where that fails the segment is given up, for nothing must follow half a line.
func (w *writer) put(lines []byte) (int, error) {
	n, err := w.current.Write(lines)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	if err != nil {
		n = bytes.LastIndexByte(lines[:min(max(n, 0), len(lines))], '\n') + 1
	}
	w.size += int64(n)
	w.onDisk += int64(n)
	if err != nil && w.current.Truncate(w.size) != nil {
		empty, name := w.size == 0, w.name
		w.end()
		if empty {
			_ = w.disk.remove(name) // best effort: it holds nothing, but takes the place of a segment that does
		}
	}
	return n, err
}

// makeRoom removes the oldest segments until lines fit. A ring that cannot be kept within its bound takes nothing more.
func (w *writer) makeRoom(segments segments, lines int64) (segments, error) {
	most := maxSegments
	if w.current == nil {
		most-- // there will be one more
	}
	var failed error
	total := segments.bytes()
	left := segments[:0:0]
	for i, s := range segments {
		fits := total+lines <= w.options.MaxBytes && len(left)+len(segments)-i <= most
		if fits || w.current != nil && s.name == w.name {
			left = append(left, s)
			continue
		}
		if err := w.disk.remove(s.name); err != nil {
			failed = errors.Join(failed, err)
			left = append(left, s)
			continue
		}
		total -= s.size
	}
	w.onDisk = total
	if total+lines > w.options.MaxBytes || len(left) > most {
		return left, errors.Join(errors.New("the ring is full and its oldest part cannot be removed"), failed)
	}
	return left, nil
}

// begin opens a segment that comes after all others, unless there is one open.
func (w *writer) begin(others segments) error {
	if w.current != nil {
		return nil
	}
	order := w.options.Now().UnixNano()
	if n := len(others); n > 0 {
		order = max(order, others[n-1].order+1) // a clock that was put back does not make a segment the oldest
	}
	file, name, err := w.disk.create(order)
	if err != nil {
		return err
	}
	w.current, w.name, w.size = file, name, 0
	return nil
}

// end closes the segment. An error of Close is not told: the lines were taken by the system, and are not synced anyway.
func (w *writer) end() {
	if w.current != nil {
		_ = w.current.Close()
	}
	w.current, w.name, w.size = nil, "", 0
}
