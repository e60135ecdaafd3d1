package decisionlog

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	defaultMaxBytes = 64 << 20
	defaultSegment  = 8 << 20
	defaultQueue    = 4096
	defaultFlush    = time.Second

	// leastMaxBytes is a ring of four segments that hold one record of any size each.
	leastMaxBytes = 4 * maxLine
	// recordRoom is what the queue holds in memory for each record it may have, on average.
	recordRoom = 1 << 10
	// closePatience is how long Close waits for a disk that hangs.
	closePatience = 5 * time.Second
)

// Options of a ring. The zero Options are the defaults.
type Options struct {
	// MaxBytes bounds the segments together. Default 64 MiB, at least 256 KiB. While several processes write to one
	// ring it may be passed by what they write at the same moment, 256 KiB each.
	MaxBytes int64
	// Segment is the size at which a segment is closed and the next one begun; the ring forgets a segment at a time.
	// Default 8 MiB. It is brought between a 64th and a quarter of MaxBytes.
	Segment int64
	// Queue is how many records may wait for the disk. Default 4096. Memory is taken for 1 KiB a record, twice; longer
	// records fill the queue with fewer of them.
	Queue int
	// Flush is the longest that a record waits for others to be written with. Default 1 s.
	Flush time.Duration
	// Mask names members of the record that are written as "***": "path", "user", "attributes", or
	// "attributes.<name>" for a single one.
	Mask []string
	// Now is the clock that names segments. Default time.Now.
	Now func() time.Time
	// OnError hears of a failure to write, the first of a series and then one a minute. It is called by the writing
	// goroutine, which does nothing else meanwhile. Default: failures are only counted.
	OnError func(error)
}

// Stats are counts since Open.
type Stats struct {
	Written uint64 // records that the operating system has taken
	Dropped uint64 // records lost: queue full, disk failing, log closed
	Errors  uint64 // failed attempts to write
	Bytes   uint64 // of the records written
	OnDisk  int64  // size of the ring after the last write, other writers' segments included
}

// Log writes one ring. It is safe for concurrent use. A nil *Log drops everything, uncounted, so that a gateway
// without a ring needs no second path.
type Log struct {
	hide  hiding
	queue queue

	writer  writer
	closing chan struct{}
	closed  func()
	done    chan struct{} // closed when the writing goroutine has ended

	written, dropped, errors, bytes atomic.Uint64
	onDisk                          atomic.Int64
}

// Open starts writing to the ring in a folder, which is made where it does not exist (mode 0700; segments have 0600).
// An error is a mistake in the options, or a folder that cannot be made. No segment is begun before there is a record.
func Open(dir string, options Options) (*Log, error) {
	options, err := options.completed()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("decision log: %w", err)
	}
	return start(folder(dir), options)
}

func (o Options) completed() (Options, error) {
	o.MaxBytes = cmp.Or(o.MaxBytes, defaultMaxBytes)
	o.Segment = cmp.Or(o.Segment, defaultSegment)
	o.Queue = cmp.Or(o.Queue, defaultQueue)
	o.Flush = cmp.Or(o.Flush, defaultFlush)
	if o.MaxBytes < leastMaxBytes {
		return o, fmt.Errorf("decision log: a ring of %d bytes is too small; expected at least %d", o.MaxBytes, leastMaxBytes)
	}
	if o.Segment < 0 || o.Queue < 0 || o.Flush < 0 {
		return o, errors.New("decision log: segment size, queue length and flush interval cannot be negative")
	}
	o.Segment = min(max(o.Segment, o.MaxBytes/64), o.MaxBytes/4)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	return o, nil
}

// start runs the writing goroutine on a disk, which tests break.
func start(d disk, options Options) (*Log, error) {
	hide, err := newHiding(options.Mask)
	if err != nil {
		return nil, err
	}
	l := &Log{hide: hide, closing: make(chan struct{}), done: make(chan struct{})}
	l.closed = sync.OnceFunc(func() { close(l.closing) })
	l.queue.init(options.Queue)
	l.writer = writer{disk: d, options: options}
	go l.run()
	return l, nil
}

// scratch are lines while they are encoded. Those that grew large are not kept.
var scratch = sync.Pool{New: func() any { return &encoder{line: make([]byte, 0, 2*recordRoom)} }}

const keptScratch = 16 << 10

// Append hands a record to the writer. It never waits for the disk, nor for room: what the queue cannot take is
// dropped and counted. The record is masked and copied before Append returns, and may be used again.
func (l *Log) Append(r *Record) {
	if l == nil {
		return
	}
	e, ok := scratch.Get().(*encoder)
	if !ok {
		e = new(encoder)
	}
	e.line, e.hide, e.cut = e.line[:0], l.hide, false
	e.record(r)
	if !l.queue.put(e.line) {
		l.dropped.Add(1)
	}
	if cap(e.line) <= keptScratch {
		scratch.Put(e)
	}
}

// Stats may be called at any time. Records that are in the queue are neither written nor dropped yet.
func (l *Log) Stats() Stats {
	if l == nil {
		return Stats{}
	}
	return Stats{
		Written: l.written.Load(), Dropped: l.dropped.Load(), Errors: l.errors.Load(),
		Bytes: l.bytes.Load(), OnDisk: l.onDisk.Load(),
	}
}

// Close writes what is in the queue and ends. A disk that hangs is waited for 5 seconds; then Close gives up on it with
// an error, and the writing goroutine ends when the disk lets go of it. Further calls do the same.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	l.queue.close()
	l.closed()
	patience := time.NewTimer(closePatience)
	defer patience.Stop()
	select {
	case <-l.done:
		return nil
	case <-patience.C:
		return errors.New("decision log: the disk hangs; the last records may be lost")
	}
}
