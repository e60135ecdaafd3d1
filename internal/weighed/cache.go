// Package weighed remembers things that differ in size: their number and the sum of their weights are bounded both.
package weighed

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Cache keeps what was used lately; what was unused longest goes first. It is safe for concurrent use.
type Cache[K comparable, V any] struct {
	mu     sync.Mutex
	kept   *simplelru.LRU[K, weighedValue[V]]
	weight int64 // of all that is kept
	limit  int64
}

type weighedValue[V any] struct {
	value  V
	weight int64
}

// New makes a cache for so many entries, at least 1, of so much weight together. The unit of weight is the caller's.
func New[K comparable, V any](entries int, weight int64) (*Cache[K, V], error) {
	c := &Cache[K, V]{limit: weight}
	var err error
	// Called for all that leaves, but not for a value whose place another takes.
	c.kept, err = simplelru.NewLRU(entries, func(_ K, left weighedValue[V]) { c.weight -= left.weight })
	return c, err
}

// Add keeps a value in the place of the one with the same key. What weighs more than all may together is not kept, and
// neither is the value before.
func (c *Cache[K, V]) Add(key K, value V, weight int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept.Remove(key)
	if weight > c.limit {
		return
	}
	for c.weight+weight > c.limit {
		c.kept.RemoveOldest()
	}
	c.kept.Add(key, weighedValue[V]{value, weight})
	c.weight += weight
}

// Get finds a value, which counts as a use of it.
func (c *Cache[K, V]) Get(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.kept.Get(key)
	return found.value, ok
}

// Remove forgets one value.
func (c *Cache[K, V]) Remove(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept.Remove(key)
}

// Purge forgets all of them.
func (c *Cache[K, V]) Purge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept.Purge()
}

// Len is the number of values.
func (c *Cache[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept.Len()
}

// Weight is the sum of the weights.
func (c *Cache[K, V]) Weight() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.weight
}
