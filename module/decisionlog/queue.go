package decisionlog

import "sync"

// flushBytes is how much is written at once, and what is worth being written before its time.
const flushBytes = 256 << 10

// queue holds lines for the writer in one of two buffers that change places: requests fill one while the other is
// written. The lock is never held longer than it takes to copy a line.
type queue struct {
	wake chan struct{} // has one element when the first line came in
	full chan struct{} // has one element when there are flushBytes to be written

	mu         sync.Mutex
	lines      []byte // within its capacity, always
	count, max int    // of lines
	closed     bool

	spare []byte // the writer's, until it takes the lines
}

// init takes the memory of both buffers at once, so that put never has to.
func (q *queue) init(lines int) {
	size := max(lines*recordRoom, maxLine)
	q.wake, q.full = make(chan struct{}, 1), make(chan struct{}, 1)
	q.lines, q.spare = make([]byte, 0, size), make([]byte, 0, size)
	q.max = lines
}

// put reports whether there was room.
func (q *queue) put(line []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.count == q.max || len(q.lines)+len(line) > cap(q.lines) {
		return false
	}
	q.lines = append(q.lines, line...)
	q.count++
	if q.count == 1 {
		signal(q.wake)
	}
	if len(q.lines) >= flushBytes {
		signal(q.full)
	}
	return true
}

// take gives the writer what is there; it is valid until take is called again.
func (q *queue) take() (lines []byte, count int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lines, count = q.lines, q.count
	q.lines, q.count = q.spare[:0], 0
	q.spare = lines
	return lines, count
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it was given already
	}
}
