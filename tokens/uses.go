package tokens

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// noteEvery is the precision of last-used times: a token costs at most one write in this time.
	noteEvery = time.Minute
	// maxPending bounds the sightings that wait to be written. More are not noted until the next flush has made room.
	maxPending = 10_000
	// useBatch is how many go to the store at once.
	useBatch = 1000
	// maxIP is the longest textual IP address, an IPv4-mapped IPv6 one.
	maxIP = 45
)

// uses collects when tokens were last seen, away from the request's way.
type uses struct {
	store   Store
	timeout time.Duration // of one batch
	count   *counters

	flushing sync.Mutex // one flush at a time, so that a failed one gives back what it took before the next begins
	mu       sync.Mutex // guards pending
	pending  map[string]Use
}

// note remembers that a token was seen, unless that was noted within the last minute.
func (v *Verifier) note(e *entry, clientIP string, now time.Time) {
	at, last := now.UnixNano(), e.noted.Load()
	if since := time.Duration(at - last); -noteEvery < since && since < noteEvery {
		return
	}
	if !e.noted.CompareAndSwap(last, at) {
		return // another request of the same moment did
	}
	if !v.uses.add(Use{ID: e.principal.TokenID, At: now.UTC().Truncate(time.Millisecond), IP: clientIP}) {
		e.noted.CompareAndSwap(at, last)
	}
}

// lastNoted carries the last sighting over to a reloaded entry, or every reload would cause a write.
func lastNoted(r Record, old *entry) *atomic.Int64 {
	if old != nil {
		return old.noted
	}
	last := new(atomic.Int64)
	if !r.LastUsed.IsZero() {
		last.Store(r.LastUsed.UnixNano())
	}
	return last
}

// add reports whether there was room.
func (u *uses) add(use Use) bool {
	if len(use.IP) > maxIP {
		use.IP = ""
	}
	use.IP = strings.Clone(use.IP)
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, waiting := u.pending[use.ID]; !waiting && len(u.pending) >= maxPending {
		u.count.droppedUses.Add(1)
		return false
	}
	u.pending[use.ID] = use
	return true
}

// flush writes what is pending. A batch that fails is given back, with all that come after it.
func (u *uses) flush(ctx context.Context) error {
	u.flushing.Lock()
	defer u.flushing.Unlock()
	u.mu.Lock()
	taken := u.pending
	u.pending = make(map[string]Use)
	u.mu.Unlock()

	batches := slices.Collect(slices.Chunk(slices.Collect(maps.Values(taken)), useBatch))
	for i, batch := range batches {
		if err := u.write(ctx, batch); err != nil {
			u.giveBack(slices.Concat(batches[i:]...))
			u.count.flushFaults.Add(1)
			return fmt.Errorf("writing when tokens were last used: %w", err)
		}
	}
	return nil
}

func (u *uses) write(ctx context.Context, batch []Use) error {
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	return u.store.RecordUses(ctx, batch)
}

// giveBack puts sightings back, where no newer one of the same token has come in, and as far as there is room.
func (u *uses) giveBack(unwritten []Use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, use := range unwritten {
		if _, newer := u.pending[use.ID]; newer {
			continue
		}
		if len(u.pending) >= maxPending {
			u.count.droppedUses.Add(1)
			continue
		}
		u.pending[use.ID] = use
	}
}

// flushUntil writes at a steady pace until ctx ends.
func (v *Verifier) flushUntil(ctx context.Context) {
	ticker := time.NewTicker(v.config.FlushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			// Close interrupts a write that is under way; Close then writes that batch itself and needs no report.
			if err := v.uses.flush(ctx); err != nil && ctx.Err() == nil {
				v.config.OnError(err)
			}
		}
	}
}
