package module

import (
	"sync"
	"time"
)

// allowance lets a few things happen a second, and a handful at once. The zero allowance is full.
type allowance struct {
	mu   sync.Mutex
	used float64 // of allowanceAtOnce
	at   time.Time
}

const (
	allowanceAtOnce = 50
	allowanceEach   = 5 // a second
)

// take reports whether one more may happen now.
func (a *allowance) take(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used = max(0, a.used-max(0, now.Sub(a.at).Seconds())*allowanceEach)
	a.at = now
	if a.used+1 > allowanceAtOnce {
		return false
	}
	a.used++
	return true
}
