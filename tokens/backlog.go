package tokens

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxPending bounds the notes of a backlog. More are not taken until the next flush has made room.
	maxPending = 10_000
	// batchSize is how many go to the store at once.
	batchSize = 1000
)

// backlog collects notes of type N, the newest for each key, and writes them in batches away from the request's way.
type backlog[K comparable, N any] struct {
	what    string // is written, for error messages
	write   func(context.Context, []N) error
	timeout time.Duration  // of one batch
	dropped *atomic.Uint64 // notes for which there was no room
	faults  *atomic.Uint64 // failed flushes

	flushing sync.Mutex // one flush at a time, so that a failed one gives back what it took before the next begins
	mu       sync.Mutex // guards pending
	pending  map[K]N
}

// add reports whether there was room.
func (b *backlog[K, N]) add(k K, n N) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, waiting := b.pending[k]; !waiting && len(b.pending) >= maxPending {
		b.dropped.Add(1)
		return false
	}
	if b.pending == nil {
		b.pending = make(map[K]N)
	}
	b.pending[k] = n
	return true
}

// flush writes what is pending. A batch that fails is given back, with all that come after it.
func (b *backlog[K, N]) flush(ctx context.Context) error {
	b.flushing.Lock()
	defer b.flushing.Unlock()
	b.mu.Lock()
	taken := b.pending
	b.pending = nil
	b.mu.Unlock()

	for batch := range slices.Chunk(slices.Collect(maps.Keys(taken)), batchSize) {
		if err := b.writeBatch(ctx, batch, taken); err != nil {
			b.giveBack(taken)
			b.faults.Add(1)
			return fmt.Errorf("writing %s: %w", b.what, err)
		}
		for _, k := range batch {
			delete(taken, k)
		}
	}
	return nil
}

func (b *backlog[K, N]) writeBatch(ctx context.Context, keys []K, taken map[K]N) error {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	notes := make([]N, len(keys))
	for i, k := range keys {
		notes[i] = taken[k]
	}
	return b.write(ctx, notes)
}

// giveBack puts notes back, where no newer one of the same key has come in, and as far as there is room.
func (b *backlog[K, N]) giveBack(unwritten map[K]N) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pending == nil {
		b.pending = unwritten
		return
	}
	for k, n := range unwritten {
		if _, newer := b.pending[k]; newer {
			continue
		}
		if len(b.pending) >= maxPending {
			b.dropped.Add(1)
			continue
		}
		b.pending[k] = n
	}
}
