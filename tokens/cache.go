package tokens

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// key names a token in the cache: by identifier, or in the old format by digest, never both. A tenant token is named by
// its environment, in a cache of its own.
type key struct {
	id     string
	legacy Digest
}

// cloned is the key without a hold on the request's header, which has the secret in it.
func (k key) cloned() key { return key{id: strings.Clone(k.id), legacy: k.legacy} }

// flight is the name under which concurrent loads of one token are shared. The generation is part of it: whoever comes
// after a change never joins a load that began before. A number ends at the first letter, so no two names are alike.
func (k key) flight(generation uint64) string {
	if k.id == "" {
		return fmt.Sprintf("%d legacy %x", generation, k.legacy)
	}
	return fmt.Sprintf("%d token %s", generation, k.id)
}

// entry is a token as the store had it. All but retryAt, and what the principal's sightings hold, is immutable.
type entry struct {
	principal Principal
	digest    Digest
	old       *Digest // of a second secret that is good too, while a tenant token is being replaced; nil for none
	nets      clientNets
	enabled   bool
	loaded    time.Time // when the store was asked; carries the monotonic clock if the caller's time did

	retryAt atomic.Int64 // with the store down: not to be asked again before, Unix nanoseconds; 0: the store answered
}

// nobody is compared against when there is no entry, so that an unknown token takes as much work as a known one.
var nobody = &entry{digest: DigestOf("nobody")}

// cache has two lists, so that a flood of invented identifiers pushes out other invented ones, and no real token.
type cache struct {
	lifetime time.Duration
	present  *lru.Cache[key, *entry]
	absent   *lru.Cache[key, time.Time] // when the store said so

	// generation counts changes. It is read before the store is asked; the answer is kept only if it is still the same.
	generation atomic.Uint64
	inserting  sync.Mutex // makes "still the same, so keep it" one step; held by changes too
}

func newCache(present, absent int, lifetime time.Duration) *cache {
	c := &cache{lifetime: lifetime}
	// lru.New fails for sizes below 1 only, which completed() has replaced.
	c.present, _ = lru.New[key, *entry](present)
	c.absent, _ = lru.New[key, time.Time](absent)
	return c
}

// fresh reports whether what was loaded then still holds. A clock that was set back by more than the lifetime does not
// prolong anything; the monotonic clock, where the times carry it, does not notice at all.
func (c *cache) fresh(loaded, now time.Time) bool { return now.Sub(loaded).Abs() < c.lifetime }

// knownAbsent reports whether the store said lately that there is no such token.
func (c *cache) knownAbsent(k key, now time.Time) bool {
	loaded, ok := c.absent.Get(k)
	return ok && c.fresh(loaded, now)
}

// keep puts the store's answer in, unless anything changed since generation. A nil entry says that there is none.
func (c *cache) keep(k key, e *entry, now time.Time, generation uint64) {
	c.inserting.Lock()
	defer c.inserting.Unlock()
	if c.generation.Load() != generation {
		return
	}
	if e == nil {
		c.present.Remove(k)
		c.absent.Add(k.cloned(), now)
		return
	}
	c.absent.Remove(k)
	if k.id == e.principal.TokenID {
		c.present.Add(key{id: e.principal.TokenID, legacy: k.legacy}, e) // one text for both
		return
	}
	c.present.Add(k.cloned(), e)
}

func (c *cache) forget(id string) {
	c.inserting.Lock()
	defer c.inserting.Unlock()
	c.generation.Add(1)
	c.present.Remove(key{id: id})
	c.absent.Remove(key{id: id})
}

// forgetLegacy drops an old-format token, which the cache knows by its digest only. There is no telling which absent
// digests a new one had, so all of them go; changes of old-format tokens are rare.
func (c *cache) forgetLegacy(id string) {
	c.inserting.Lock()
	defer c.inserting.Unlock()
	c.generation.Add(1)
	for _, k := range c.present.Keys() {
		if e, ok := c.present.Peek(k); ok && e.principal.TokenID == id {
			c.present.Remove(k)
		}
	}
	c.absent.Purge()
}

func (c *cache) forgetAll() {
	c.inserting.Lock()
	defer c.inserting.Unlock()
	c.generation.Add(1)
	c.present.Purge()
	c.absent.Purge()
}
