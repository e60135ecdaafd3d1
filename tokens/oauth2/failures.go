package oauth2

import (
	"strings"
	"time"

	"github.com/doorward/doorward/internal/throttle"
)

// maxThrottled is how many addresses, and how many clients, are counted at a time.
const maxThrottled = 10_000

// failures slows down whoever guesses secrets: an address after 50 failures, with one more each second; a client after
// 10, with one more every 6 seconds.
//
// What is counted are failures, when they are over. Guesses that run at once may all pass, as many as the server takes at
// once.
type failures struct {
	addresses *throttle.Throttle[throttle.Address]
	clients   *throttle.Throttle[string]
}

func newFailures() failures {
	return failures{
		throttle.New[throttle.Address](throttle.Rate{Every: time.Second, Burst: 50}, maxThrottled),
		throttle.New[string](throttle.Rate{Every: 6 * time.Second, Burst: 10}, maxThrottled),
	}
}

// wait is for how long an attempt is too early, 0 for one that may be made. A client whose secret somebody else guesses
// still gets in from an address without failures: guessing must not lock it out.
func (f failures) wait(address throttle.Address, client string, now time.Time) time.Duration {
	if wait := f.addresses.Wait(address, now); wait > 0 {
		return wait
	}
	if f.addresses.Untouched(address, now) {
		return 0
	}
	return f.clients.Wait(client, now)
}

func (f failures) note(address throttle.Address, client string, now time.Time) {
	f.addresses.Spend(address, now)
	if len(client) <= maxClientID {
		f.clients.Spend(strings.Clone(client), now) // the form that it is a part of has a secret in it
	}
}

// maxClientID is longer than every identifier of a client.
const maxClientID = 40
