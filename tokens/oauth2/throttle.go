package oauth2

import (
	"math"
	"net/netip"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// throttle counts events by a key, each key with a budget that fills up again. Memory is bounded: the keys that were
// quiet longest are forgotten first. It is safe for concurrent use.
type throttle struct {
	burst float64       // the budget of a key
	every time.Duration // one more each

	mu   sync.Mutex
	left *lru.Cache[string, budget]
}

type budget struct {
	left float64
	at   time.Time
}

// maxThrottled bounds the keys of one throttle.
const maxThrottled = 10_000

func newThrottle(burst int, every time.Duration) *throttle {
	left, _ := lru.New[string, budget](maxThrottled) // fails for sizes below 1 only
	return &throttle{burst: float64(burst), every: every, left: left}
}

// budgetOf is what a key has at now, filled up. A clock that is set back takes nothing away and gives nothing.
func (t *throttle) budgetOf(key string, now time.Time) float64 {
	b, known := t.left.Get(key)
	if !known {
		return t.burst
	}
	return min(t.burst, b.left+max(0, float64(now.Sub(b.at))/float64(t.every)))
}

// spend takes one from a key's budget, down to nothing.
func (t *throttle) spend(key string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left.Add(key, budget{max(0, t.budgetOf(key, now)-1), now})
}

// wait is how many seconds a key has to wait until it has one to spend, 0 where it has.
func (t *throttle) wait(key string, now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	missing := 1 - t.budgetOf(key, now)
	if missing <= 0 {
		return 0
	}
	return max(1, int(math.Ceil(missing*t.every.Seconds())))
}

// untouched reports whether a key has spent nothing lately.
func (t *throttle) untouched(key string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.budgetOf(key, now) >= t.burst
}

// failures slows down whoever guesses secrets: an address after 50 failures, with one more each second; a client after
// 10, with one more every 6 seconds.
//
// What is counted are failures, when they are over. Guesses that run at once may all pass, as many as the server takes at
// once.
type failures struct{ addresses, clients *throttle }

func newFailures() failures {
	return failures{newThrottle(50, time.Second), newThrottle(10, 6*time.Second)}
}

// wait is how many seconds an attempt is too early, 0 for one that may be made. A client whose secret somebody else
// guesses still gets in from an address without failures: guessing must not lock it out.
func (f failures) wait(address, client string, now time.Time) int {
	if wait := f.addresses.wait(address, now); wait > 0 {
		return wait
	}
	if f.addresses.untouched(address, now) {
		return 0
	}
	return f.clients.wait(client, now)
}

func (f failures) note(address, client string, now time.Time) {
	f.addresses.spend(address, now)
	if len(client) <= maxClientID {
		f.clients.spend(client, now)
	}
}

// maxClientID is longer than every identifier of a client.
const maxClientID = 40

// addressKey is what counts as one address: an IPv4 address, in whatever spelling, or a /64, of which everybody has many.
func addressKey(text string) string {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return "unknown"
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	network, _ := address.Prefix(64) // fails for longer prefixes only
	return network.String()
}
