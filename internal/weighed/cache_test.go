package weighed_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/weighed"
)

// model is what the cache should hold: keys from the one that was unused longest to the one that was used last.
type model struct {
	keys    []int
	weights map[int]int64
}

func (m *model) use(key int) {
	m.drop(key, false)
	m.keys = append(m.keys, key)
}

func (m *model) drop(key int, forget bool) {
	for i, k := range m.keys {
		if k == key {
			m.keys = append(m.keys[:i:i], m.keys[i+1:]...)
			break
		}
	}
	if forget {
		delete(m.weights, key)
	}
}

func (m *model) weight() (sum int64) {
	for _, w := range m.weights {
		sum += w
	}
	return sum
}

// TestCacheIsItsModel: whatever is done, the cache holds what a list with a naive sum holds, and no more than it may.
func TestCacheIsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries, limit := rapid.IntRange(1, 5).Draw(t, "entries"), rapid.Int64Range(0, 30).Draw(t, "limit")
		c, err := weighed.New[int, int](entries, limit)
		if err != nil {
			t.Fatal(err)
		}
		m := &model{weights: map[int]int64{}}
		key := rapid.IntRange(0, 8)
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				k, w := key.Draw(t, "key"), rapid.Int64Range(0, 12).Draw(t, "weight")
				c.Add(k, k, w)
				m.drop(k, true)
				if w > limit {
					return
				}
				for len(m.keys) >= entries || m.weight()+w > limit {
					m.drop(m.keys[0], true)
				}
				m.weights[k] = w
				m.use(k)
			},
			"get": func(t *rapid.T) {
				k := key.Draw(t, "key")
				v, ok := c.Get(k)
				_, want := m.weights[k]
				if ok != want || ok && v != k {
					t.Fatalf("%d: got %d, %t; want %t", k, v, ok, want)
				}
				if want {
					m.use(k)
				}
			},
			"remove": func(t *rapid.T) {
				k := key.Draw(t, "key")
				c.Remove(k)
				m.drop(k, true)
			},
			"purge": func(*rapid.T) {
				c.Purge()
				*m = model{weights: map[int]int64{}}
			},
			"": func(t *rapid.T) {
				if c.Len() != len(m.keys) || c.Weight() != m.weight() || c.Weight() > limit || c.Len() > entries {
					t.Fatalf("%d of weight %d, want %d of %d", c.Len(), c.Weight(), len(m.keys), m.weight())
				}
			},
		})
	})
}

func TestNoRoomAtAll(t *testing.T) {
	if _, err := weighed.New[int, int](0, 1); err == nil {
		t.Error("a cache for no entries was made")
	}
}
