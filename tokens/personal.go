package tokens

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// SwitchesConfig is what Switches work with. The zero value of each duration means its default.
type SwitchesConfig struct {
	Store Store // required

	Lifetime    time.Duration // the settings are read again after this; default 30 s
	StaleFor    time.Duration // with the store down, they serve until they are this old; default 5 min
	LoadTimeout time.Duration // for one query of the store; default 3 s

	// Now is the clock by which the age of a reading counts; what callers of PersonalTokens have as now must come from the
	// same one. nil: time.Now.
	Now func() time.Time

	// OnError hears of every reading in the background that failed. It must not block. nil: nobody hears.
	OnError func(error)
}

// Switches are the settings of every environment, kept in memory for the gate. Until they were read for the first time
// every switch is off. They are safe for concurrent use. Close them.
//
// A switch that may just have been turned off counts as off. So after Forget every switch is off until the settings were
// read again, however long that takes; environments whose settings did not change miss theirs for that moment too. While
// the store is down and no change was heard of, the last reading serves until it is StaleFor old.
type Switches struct {
	config  SwitchesConfig
	current atomic.Pointer[reading] // nil: none yet
	changes atomic.Uint64           // how often Forget was called
	keeping sync.Mutex              // makes "newer, so keep it" one step

	wake       chan struct{} // to read again at once
	stop       context.CancelFunc
	background sync.WaitGroup
}

// reading is what the store said once. It is immutable.
type reading struct {
	personal map[string]bool // environments where personal tokens are taken
	asked    time.Time       // when the store was asked
	changes  uint64          // that had been heard of when the store was asked
}

// NewSwitches starts the one goroutine that reads the settings, after Lifetime for the first time: call Load before.
func NewSwitches(c SwitchesConfig) *Switches {
	c.Lifetime = cmp.Or(max(c.Lifetime, 0), 30*time.Second)
	c.StaleFor = cmp.Or(max(c.StaleFor, 0), 5*time.Minute)
	c.LoadTimeout = cmp.Or(max(c.LoadTimeout, 0), 3*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OnError == nil {
		c.OnError = func(error) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Switches{config: c, wake: make(chan struct{}, 1), stop: cancel}
	s.background.Go(func() { s.readUntil(ctx) })
	return s
}

// PersonalTokens reports whether personal tokens are taken in an environment at now. It never waits.
func (s *Switches) PersonalTokens(environment string, now time.Time) bool {
	r := s.current.Load()
	return r != nil && r.changes == s.changes.Load() && now.Sub(r.asked).Abs() < s.config.StaleFor && r.personal[environment]
}

// AreOutdated reports whether the settings could not be read for so long that nobody knows whether personal tokens are taken.
func (s *Switches) AreOutdated(now time.Time) bool {
	r := s.current.Load()
	return r == nil || now.Sub(r.asked).Abs() >= s.config.StaleFor
}

// Forget says that a change of the settings was committed. What was read before does not count from when Forget returns;
// the settings are read again at once, in the background, until that works.
func (s *Switches) Forget() {
	s.changes.Add(1)
	s.readSoon()
}

func (s *Switches) readSoon() {
	select {
	case s.wake <- struct{}{}:
	default: // is on its way to reading anyway
	}
}

// Load reads the settings now. Where that fails, it is tried again in the background, and the switches stay as they are.
func (s *Switches) Load(ctx context.Context) error {
	err := s.read(ctx)
	if err != nil {
		s.readSoon()
	}
	return err
}

// Close ends the reading in the background. The last reading still serves until it is too old.
func (s *Switches) Close() {
	s.stop()
	s.background.Wait()
}

func (s *Switches) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.LoadTimeout)
	defer cancel()
	// Both are taken before the store is asked: the answer may be from any moment after.
	r := &reading{personal: make(map[string]bool), asked: s.config.Now(), changes: s.changes.Load()}
	settings, err := s.config.Store.Settings(ctx)
	if err != nil {
		return fmt.Errorf("reading the settings of tokens: %w", err)
	}
	for environment, chosen := range settings {
		if chosen.PersonalTokens {
			r.personal[environment] = true
		}
	}
	s.keep(r)
	return nil
}

// keep lets a reading count, unless a later one came in first.
func (s *Switches) keep(r *reading) {
	s.keeping.Lock()
	defer s.keeping.Unlock()
	kept := s.current.Load()
	if kept == nil || kept.changes < r.changes || kept.changes == r.changes && !kept.asked.After(r.asked) {
		s.current.Store(r)
	}
}

// readUntil reads at a steady pace until ctx ends, sooner when woken, and every second while that fails.
func (s *Switches) readUntil(ctx context.Context) {
	timer := time.NewTimer(s.config.Lifetime)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		next := s.config.Lifetime
		if err := s.read(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			s.config.OnError(err)
			next = retryAfter
		}
		timer.Reset(next)
	}
}
