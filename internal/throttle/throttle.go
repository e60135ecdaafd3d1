// Package throttle slows down whoever fails too often: each key has a budget of failures that fills up again. Memory is
// fixed, however many keys there are.
package throttle

import (
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// Rate is what a key may spend: Burst at once, and one more each Every.
type Rate struct {
	Every time.Duration // at least 1 ns
	Burst int           // at least 1
}

// check also keeps the arithmetic, which is in nanoseconds, away from its end.
func (r Rate) check() error {
	if r.Every < 1 || r.Burst < 1 || r.Burst > math.MaxInt32 || int64(r.Every) > int64(1<<61)/int64(r.Burst) {
		return fmt.Errorf("a rate of %d at once and one each %s cannot be counted", r.Burst, r.Every)
	}
	return nil
}

// slotsPerSet is how many keys share a lock and compete for the same memory.
const slotsPerSet = 8

// Throttle counts what keys spend, by the generic cell rate algorithm (ITU-T I.371): of each key it knows one instant, at
// which all it has spent will have come back. It is safe for concurrent use.
//
// A key lives in one of the slots of its set. Where they are all taken, the key that owes least is forgotten, which does it
// a favour. One that owes much stays: a crowd of keys that have spent once each does not drive it out.
type Throttle[K comparable] struct {
	every, most int64 // nanoseconds; most is the debt of a key that has spent all it may at once
	seed        maphash.Seed
	sets        []set[K]
}

type set[K comparable] struct {
	mu    sync.Mutex
	slots [slotsPerSet]slot[K]
}

// slot is a key and when it is out of debt, in Unix nanoseconds. The zero slot is free, as is every one whose time has come.
type slot[K comparable] struct {
	key  K
	even int64
}

// New makes a throttle that knows about keys keys at a time. It panics on a rate that cannot be counted: rates of operators
// are checked before, by their own rules.
func New[K comparable](rate Rate, keys int) *Throttle[K] {
	if err := rate.check(); err != nil {
		panic("throttle: " + err.Error())
	}
	every := int64(rate.Every)
	sets := max(1, (keys+slotsPerSet-1)/slotsPerSet)
	// The seed is secret, so that nobody can look for keys that end up in the set of another.
	return &Throttle[K]{every: every, most: every * int64(rate.Burst), seed: maphash.MakeSeed(), sets: make([]set[K], sets)}
}

// Take spends one of a key's budget at now. Where there is none left it spends nothing, and says how long until there is.
func (t *Throttle[K]) Take(key K, now time.Time) (wait time.Duration) {
	return t.at(key, now, func(debt int64) int64 {
		if t.excess(debt) > 0 {
			return debt
		}
		return debt + t.every
	})
}

// Spend is Take for what has happened already: a key that has nothing left stays at nothing.
func (t *Throttle[K]) Spend(key K, now time.Time) {
	t.at(key, now, func(debt int64) int64 { return min(debt+t.every, t.most) })
}

// Wait is how long a key has to wait until it has one to spend, 0 where it has.
func (t *Throttle[K]) Wait(key K, now time.Time) time.Duration {
	return t.at(key, now, func(debt int64) int64 { return debt })
}

// Untouched reports whether a key has all that it may spend.
func (t *Throttle[K]) Untouched(key K, now time.Time) bool {
	untouched := false
	t.at(key, now, func(debt int64) int64 {
		untouched = debt == 0
		return debt
	})
	return untouched
}

// excess is by how much a debt is too large for one more.
func (t *Throttle[K]) excess(debt int64) int64 { return max(0, debt-(t.most-t.every)) }

// at changes the debt of a key, and says how long it had to wait before that.
func (t *Throttle[K]) at(key K, now time.Time, change func(debt int64) int64) time.Duration {
	s := &t.sets[maphash.Comparable(t.seed, key)%uint64(len(t.sets))]
	instant := now.UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.slotOf(key, instant)
	// No debt is larger than the most that can be owed, unless the clock was set back: then it is cut down to that, or it
	// would last until the clock is where it was.
	before := min(found.debt(key, instant), t.most)
	if after := change(before); after > 0 {
		*found = slot[K]{key, instant + after}
	}
	return time.Duration(t.excess(before))
}

// slotOf is where a key is, or may be put.
func (s *set[K]) slotOf(key K, now int64) *slot[K] {
	least := &s.slots[0]
	for i := range s.slots {
		candidate := &s.slots[i]
		if candidate.key == key && candidate.even > now {
			return candidate
		}
		if candidate.even < least.even {
			least = candidate
		}
	}
	return least
}

func (s *slot[K]) debt(key K, now int64) int64 {
	if s.key != key {
		return 0
	}
	return max(0, s.even-now)
}

// Seconds is a wait as Retry-After has it (RFC 9110 section 10.2.3): whole seconds, one at least, and none too few.
func Seconds(wait time.Duration) int {
	return max(1, int((wait+time.Second-1)/time.Second))
}
