package policyengine

import "time"

// AgeLimits are the upper bounds of Stats.Ages, the last of which counts what is older than all of them.
var AgeLimits = [...]time.Duration{time.Second, 3 * time.Second, 10 * time.Second, 20 * time.Second}

// Stats are counts since the engine was made.
type Stats struct {
	Hits       uint64                     // decisions given from the cache
	Misses     uint64                     // decisions that had to be evaluated, or waited for another that was
	Evictions  uint64                     // decisions that had to make room for others
	Cached     int                        // decisions in the cache
	CacheBytes int64                      // about what they take
	CacheLimit int64                      // what they may take; 0 without a cache
	Ages       [len(AgeLimits) + 1]uint64 // hits by the age of the decision
	Compiled   uint64                     // sets that were compiled
	Sets       int                        // compiled sets that are kept
	Statements int                        // in them
	Revision   int64                      // of the policies that decide; 0 before the first are published
}

// ageBucket is the index in Stats.Ages.
func ageBucket(age time.Duration) int {
	for i, limit := range AgeLimits {
		if age < limit {
			return i
		}
	}
	return len(AgeLimits)
}

// Stats reads the counts. They are read one after the other, while requests go on.
func (e *Engine) Stats() Stats {
	var s Stats
	if c := e.cache; c != nil {
		s.Hits, s.Misses, s.Evictions = c.hits.Load(), c.misses.Load(), c.evictions.Load()
		s.CacheLimit = c.decisions.MaxCost()
		s.Cached, s.CacheBytes = int(max(0, c.kept.Load())), s.CacheLimit-c.decisions.RemainingCost()
		for i := range c.ages {
			s.Ages[i] = c.ages[i].Load()
		}
	}
	s.Compiled, s.Sets, s.Statements = e.sets.stats()
	if current := e.current.Load(); current != nil {
		s.Revision = current.revision
	}
	return s
}
