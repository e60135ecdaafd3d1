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

// bytes is about what a decision takes. Its texts belong to the policies, but for the notes, which are made for it.
func (d *decision) bytes() int64 {
	sum := int64(unsafe.Sizeof(*d)) + int64(len(d.key)) +
		int64(len(d.verdict.Reasons))*int64(unsafe.Sizeof(Reason{})) + int64(len(d.verdict.Missing))*int64(unsafe.Sizeof(""))
	for i := range d.verdict.Reasons {
		sum += int64(len(d.verdict.Reasons[i].Note))
	}
	return sum
}

// decisionCache keeps decisions by their full key, bounded in bytes. The nil cache keeps none.
type decisionCache struct {
	seed      maphash.Seed
	decisions *ristretto.Cache[uint64, *decision]
	hits      atomic.Uint64
	misses    atomic.Uint64
	evictions atomic.Uint64
	kept      atomic.Int64 // decisions; ristretto counts its own only where it counts every look-up too
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
		OnEvict:   c.evicted,
		OnExit:    c.left,
	})
	return c, err
}

// evicted hears of decisions that are removed: those that had to make room, and those whose time was over, which alone come
// with their end.
func (c *decisionCache) evicted(item *ristretto.Item[*decision]) {
	if item.Expiration.IsZero() {
		c.evictions.Add(1)
	}
}

// left hears of every decision that was given to ristretto and is not in it any more, for whatever reason.
func (c *decisionCache) left(d *decision) {
	if d != nil {
		c.kept.Add(-1)
	}
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
		c.kept.Add(1)
		if !c.decisions.SetWithTTL(maphash.Bytes(c.seed, d.key), d, d.bytes(), lifetime) {
			c.kept.Add(-1)
		}
	}
}

func (c *decisionCache) close() {
	if c != nil {
		c.decisions.Close()
	}
}
