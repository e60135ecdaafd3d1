//go:build !linux

package load

import (
	"errors"
	"sync"
	"time"
)

// alarm waits for an instant as exactly as the scheduler of Go does it here.
type alarm struct {
	once sync.Once
	done chan struct{}
}

func newAlarm() (*alarm, error) { return &alarm{done: make(chan struct{})}, nil }

// wait returns when so much time has passed, or with an error when the alarm was closed.
func (a *alarm) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-a.done:
		return errors.New("closed")
	}
}

func (a *alarm) close() { a.once.Do(func() { close(a.done) }) }
