package policyengine

import (
	"bytes"
	"hash/maphash"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/dgraph-io/ristretto/v2"
)

// decision is a verdict that may be given again. It is immutable.
type decision struct {
	key     []byte
	verdict Verdict
	made    time.Time
	until   time.Time // made plus the lifetime, or an earlier change of a time condition
}

// serves reports whether a decision may answer at an instant. Nothing moves its end, and it does not answer for a time
// before it was made: the clock may have been set back over a limit.
func (d *decision) serves(now time.Time) bool { return !now.Before(d.made) && now.Before(d.until) }

// bytes is about what a decision takes; its texts belong to the policies.
func (d *decision) bytes() int64 {
	return int64(unsafe.Sizeof(*d)) + int64(len(d.key)) +
		int64(len(d.verdict.Reasons))*int64(unsafe.Sizeof(Reason{})) + int64(len(d.verdict.Missing))*int64(unsafe.Sizeof(""))
}

// decisionCache keeps decisions by their full key, bounded in bytes. The nil cache keeps none.
type decisionCache struct {
	seed      maphash.Seed
	decisions *ristretto.Cache[uint64, *decision]
	hits      atomic.Uint64
	misses    atomic.Uint64
	evictions atomic.Uint64
	ages      [len(AgeLimits) + 1]atomic.Uint64
}

// averageDecision is a guess that sizes ristretto's counters, of which it wants ten for each entry.
const averageDecision = 400

func newDecisionCache(size int64) (*decisionCache, error) {
	c := &decisionCache{seed: maphash.MakeSeed()}
	var err error
	c.decisions, err = ristretto.NewCache(&ristretto.Config[uint64, *decision]{
		NumCounters: max(10*size/averageDecision, 1000),
		MaxCost:     size,
		BufferItems: 64,
		// The key given is a hash already. Two keys that share it take turns, because lookup compares the whole key.
		KeyToHash: func(hash uint64) (uint64, uint64) { return hash, 0 },
		OnEvict:   func(*ristretto.Item[*decision]) { c.evictions.Add(1) },
	})
	return c, err
}

// lookup finds a decision that may be given now.
func (c *decisionCache) lookup(key []byte, now time.Time) (*decision, bool) {
	if c == nil {
		return nil, false
	}
	d, ok := c.decisions.Get(maphash.Bytes(c.seed, key))
	if !ok || !bytes.Equal(d.key, key) || !d.serves(now) {
		c.misses.Add(1)
		return nil, false
	}
	c.hits.Add(1)
	c.ages[ageBucket(now.Sub(d.made))].Add(1)
	return d, true
}

// keep adds a decision. Ristretto may drop it, which costs an evaluation and no more. The lifetime given to it frees the
// memory of decisions that nobody asks for; whether one may be given is for serves to say.
func (c *decisionCache) keep(d *decision) {
	if c == nil {
		return
	}
	if lifetime := d.until.Sub(d.made); lifetime > 0 {
		c.decisions.SetWithTTL(maphash.Bytes(c.seed, d.key), d, d.bytes(), lifetime)
	}
}

func (c *decisionCache) close() {
	if c != nil {
		c.decisions.Close()
	}
}
