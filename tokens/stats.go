package tokens

import (
	"sync/atomic"
	"time"
)

// Stats says what a Verifier has done since it was made, and how much it holds. The counts are taken one after another,
// so they need not add up to the last request.
type Stats struct {
	Hits        uint64 // answered from the cache
	AbsentHits  uint64 // answered from memory that there is no such token
	Stale       uint64 // answered from an entry past its lifetime, because the store is down
	Misses      uint64 // had to wait for the store
	Queries     uint64 // of the store; fewer than Misses where several waited for one
	Faults      uint64 // queries that failed
	Throttled   uint64 // queries not made, because the client's address was not admitted
	Crowded     uint64 // queries not made, because too many others were under way
	FlushFaults uint64 // failed attempts to write uses of tokens
	DroppedUses uint64 // sightings not noted for want of room

	DroppedScopeUses uint64 // uses of scopes not noted for want of room

	// FailingSince is when the first query failed of those that all failed up to now; zero where the last one did not.
	FailingSince time.Time

	Cached  int // tokens in the cache
	Absent  int // identifiers remembered as absent, and environments as without a tenant token
	Tenants int // tenant tokens in the cache; the counts above have them too
}

type counters struct {
	hits, absentHits, stale, misses, queries, faults, throttled, crowded, flushFaults, droppedUses, droppedScopeUses atomic.Uint64

	failing atomic.Pointer[time.Time] // nil: the last query did not fail
}

// Stats is a snapshot for metrics.
func (v *Verifier) Stats() Stats {
	c := &v.count
	var failingSince time.Time
	if since := c.failing.Load(); since != nil {
		failingSince = *since
	}
	return Stats{
		Hits: c.hits.Load(), AbsentHits: c.absentHits.Load(), Stale: c.stale.Load(), Misses: c.misses.Load(),
		Queries: c.queries.Load(), Faults: c.faults.Load(), Throttled: c.throttled.Load(), Crowded: c.crowded.Load(), FlushFaults: c.flushFaults.Load(), DroppedUses: c.droppedUses.Load(),
		DroppedScopeUses: c.droppedScopeUses.Load(), FailingSince: failingSince,
		Cached: v.tokens.present.Len(), Absent: v.tokens.absent.Len() + v.tenants.absent.Len(), Tenants: v.tenants.present.Len(),
	}
}
