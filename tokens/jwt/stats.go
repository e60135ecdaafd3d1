package jwt

import (
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// Stats says what a Verifier has done since it was made, and how much it holds. The counts are taken one after another,
// so they need not add up to the last request.
type Stats struct {
	Hits        uint64 // accepted from the cache, but for the time
	RefusedHits uint64 // refused from the cache
	Misses      uint64 // examined
	Refused     uint64 // all refusals
	Cached      int    // verified tokens in the cache
	CachedBad   int    // refused tokens in the cache

	Issuers []IssuerStats // by URL
}

// IssuerStats is about the keys of one issuer.
type IssuerStats struct {
	URL         string
	Keys        int       // usable ones
	Loaded      time.Time // when they were last fetched; zero for never, and for keys that were given
	Refreshes   uint64    // attempts to fetch them
	Faults      uint64    // attempts that failed
	UnknownKeys uint64    // signatures that no key had made, or for which there was none
	Unavailable uint64    // requests that ended in a fault for want of keys
}

type counters struct{ hits, refusedHits, misses, refused atomic.Uint64 }

type sourceCounters struct{ refreshes, faults, unknownKeys, unavailable atomic.Uint64 }

// Stats is a snapshot for metrics.
func (v *Verifier) Stats() Stats {
	stats := Stats{
		Hits: v.count.hits.Load(), RefusedHits: v.count.refusedHits.Load(), Misses: v.count.misses.Load(),
		Refused: v.count.refused.Load(), Cached: v.cache.verified.Len(), CachedBad: v.cache.refused.Len(),
	}
	for _, name := range slices.Sorted(maps.Keys(v.sources)) {
		stats.Issuers = append(stats.Issuers, v.sources[name].stats())
	}
	return stats
}

func (s *source) stats() IssuerStats {
	stats := IssuerStats{
		URL: s.issuer.URL, Refreshes: s.count.refreshes.Load(), Faults: s.count.faults.Load(),
		UnknownKeys: s.count.unknownKeys.Load(), Unavailable: s.count.unavailable.Load(),
	}
	if state := s.state.Load(); state != nil {
		stats.Keys, stats.Loaded = len(state.keys.keys), state.loaded
	}
	return stats
}
