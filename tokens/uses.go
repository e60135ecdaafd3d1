package tokens

import (
	"context"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// noteEvery is the precision of last-used times: a token costs at most one write in this time.
	noteEvery = time.Minute
	// maxIP is the longest textual IP address, an IPv4-mapped IPv6 one.
	maxIP = 45
)

// sightings is what was noted of a token's use lately, so that not every request causes a write. It is handed on when the
// token's entry is reloaded. A token that left the cache in between is noted once more than it need be.
type sightings struct {
	last   atomic.Int64                 // when it was seen, Unix nanoseconds
	scopes atomic.Pointer[hourOfScopes] // nil: none yet
}

// sightingsOf carries the sightings over to a reloaded entry, or every reload would cause a write.
func sightingsOf(r Record, old *entry) *sightings {
	if old != nil {
		return old.principal.seen
	}
	seen := new(sightings)
	if !r.LastUsed.IsZero() {
		seen.last.Store(r.LastUsed.UnixNano())
	}
	return seen
}

// note remembers that a token was seen, unless that was noted within the last minute.
func (v *Verifier) note(p *Principal, clientIP string, now time.Time) {
	if p.seen == nil {
		return
	}
	at, last := now.UnixNano(), p.seen.last.Load()
	if since := time.Duration(at - last); -noteEvery < since && since < noteEvery {
		return
	}
	if !p.seen.last.CompareAndSwap(last, at) {
		return // another request of the same moment did
	}
	if len(clientIP) > maxIP {
		clientIP = ""
	}
	use := Use{ID: p.TokenID, At: now.UTC().Truncate(time.Millisecond), IP: strings.Clone(clientIP)}
	if !v.uses.add(use.ID, use) {
		p.seen.last.CompareAndSwap(at, last)
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
			if err := v.Flush(ctx); err != nil && ctx.Err() == nil {
				v.config.OnError(err)
			}
		}
	}
}
