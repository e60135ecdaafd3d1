package tokens

import (
	"errors"
	"sync/atomic"
	"time"
)

const (
	// maxLookups is how many tokens that are not remembered are asked for at a time. It is about as many as a store reads
	// at once, so that a remembered token whose time has come, which asks past this bound, has few before it.
	maxLookups = 8
	// maxWaiting is how many more may wait for that. It is enough for a gateway that has just started and remembers nobody.
	maxWaiting = 10_000
)

// lookups bounds the queries about tokens that are not remembered, which anybody can cause. Who comes first is asked for
// first, so that nobody is passed over for long.
type lookups struct {
	places   chan struct{}
	waiting  atomic.Int64
	most     int64
	patience time.Duration
}

func newLookups(atOnce, waiting int, patience time.Duration) *lookups {
	return &lookups{places: make(chan struct{}, atOnce), most: int64(waiting), patience: patience}
}

var errCrowded = errors.New("too many unknown credentials are asked for at once")

// enter waits for a place, which leave gives back. The error says that there are too many before, or that it took too long.
func (l *lookups) enter() error {
	select {
	case l.places <- struct{}{}:
		return nil
	default:
	}
	if l.waiting.Add(1) > l.most {
		l.waiting.Add(-1)
		return errCrowded
	}
	defer l.waiting.Add(-1)
	timeout := time.NewTimer(l.patience)
	defer timeout.Stop()
	select {
	case l.places <- struct{}{}:
		return nil
	case <-timeout.C:
		return errCrowded
	}
}

func (l *lookups) leave() { <-l.places }
