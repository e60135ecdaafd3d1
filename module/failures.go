package module

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/doorward/doorward/internal/throttle"
)

// FailedAuthentications bounds the requests without a good credential from one address: an IPv4 address, or the /64 of an
// IPv6 one, as Caddy's `trusted_proxies` and `client_ip_headers` have it. What is beyond gets 429 with `Retry-After`, and its
// credential is not looked up. A credential that was good lately is let through all the same.
type FailedAuthentications struct {
	// How many each second are answered with 401 in the long run. Default: 10.
	Rate float64 `json:"rate,omitempty"`

	// How many at once, before that. Default: 100.
	Burst int `json:"burst,omitempty"`

	// Bound nothing. Default: false.
	Off bool `json:"off,omitempty"`
}

const (
	defaultFailureRate  = 10
	defaultFailureBurst = 100

	// The bounds of what an operator may set. Less than one an hour, a client would think that it is locked out.
	leastFailureRate, mostFailureRate = 1.0 / 3600, 1e6
	mostFailureBurst                  = 100_000

	// failingAddresses is how many addresses are known at a time. Each takes 25 bytes, whether there are any or not: 1.6 MB
	// in all. When there are more, those with the fewest failures are forgotten.
	failingAddresses = 65_536
)

var errFailuresOff = errors.New("failed_authentications: expected either off, or rate and burst")

// completed is the bound with its defaults filled in, which is comparable. nil stands for all of them.
func (c *FailedAuthentications) completed() FailedAuthentications {
	if c == nil {
		c = new(FailedAuthentications)
	}
	if c.Off {
		return FailedAuthentications{Off: true}
	}
	full := *c
	if full.Rate == 0 {
		full.Rate = defaultFailureRate
	}
	if full.Burst == 0 {
		full.Burst = defaultFailureBurst
	}
	return full
}

func (c *FailedAuthentications) check() error {
	if c == nil {
		return nil
	}
	full := c.completed()
	switch {
	case full.Off && (c.Rate != 0 || c.Burst != 0):
		return errFailuresOff
	case full.Off:
		return nil
	case !(full.Rate >= leastFailureRate && full.Rate <= mostFailureRate): // which leaves out NaN
		return fmt.Errorf("failed_authentications: rate: expected from one an hour to %g a second", mostFailureRate)
	case full.Burst < 1 || full.Burst > mostFailureBurst:
		return fmt.Errorf("failed_authentications: burst: expected 1 to %d", mostFailureBurst)
	}
	return nil
}

// rate is for a bound that is not off.
func (c FailedAuthentications) rate() throttle.Rate {
	return throttle.Rate{Every: max(1, time.Duration(float64(time.Second)/c.Rate)), Burst: c.Burst}
}

// failures counts failed authentications by address. They are the gate's, so a reload forgives nothing, unless it changes
// the bound. nil counts nothing: nobody is kept waiting in a rehearsal.
type failures struct {
	limit atomic.Pointer[throttle.Throttle[throttle.Address]] // nil: off

	changing sync.Mutex
	config   FailedAuthentications // completed
}

func newFailures(c *FailedAuthentications) *failures {
	f := &failures{config: FailedAuthentications{Off: true}}
	f.set(c)
	return f
}

// set changes the bound. It is apart from what a gate is told by, because it is changed under attack above all, when an
// empty cache would be the worst of answers.
func (f *failures) set(c *FailedAuthentications) {
	f.changing.Lock()
	defer f.changing.Unlock()
	wanted := c.completed()
	if wanted == f.config {
		return
	}
	f.config = wanted
	if wanted.Off {
		f.limit.Store(nil)
		return
	}
	f.limit.Store(throttle.New[throttle.Address](wanted.rate(), failingAddresses))
}

func (f *failures) current() *throttle.Throttle[throttle.Address] {
	if f == nil {
		return nil
	}
	return f.limit.Load()
}

// admit reports whether something unknown from an address is worth looking at. It is asked where nothing is remembered of a
// credential, and not for any other.
func (f *failures) admit(address string, now time.Time) bool { return f.wait(address, now) == 0 }

// wait is how long nothing unknown from an address is looked at, 0 where it is.
func (f *failures) wait(address string, now time.Time) time.Duration {
	limit := f.current()
	if limit == nil {
		return 0
	}
	return limit.Wait(throttle.AddressOf(address), now)
}

// count notes a failure, and reports whether the address may still be told so. What it is not told costs it nothing: after
// the time that it was told it gets an answer.
func (f *failures) count(address string, now time.Time) bool {
	limit := f.current()
	return limit == nil || limit.Take(throttle.AddressOf(address), now) == 0
}
