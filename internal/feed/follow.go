package feed

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// batch is how many changes a follower asks for at once.
const batch = 1000

// FollowOptions are a follower's pace. The zero value is right for production but for Start.
type FollowOptions struct {
	// Start is the revision that what stands in the caches reflects already; 0 for the beginning of the store. Read
	// Source.Revision before filling a cache, not after: a change in between is then applied twice rather than never.
	Start int64
	// Interval is the longest time between two looks while the source answers. 0 means 250 ms.
	Interval time.Duration
	// MaxBackoff is the longest time between two looks while it does not. 0 means four times Interval.
	MaxBackoff time.Duration
	// Timeout is how long one question to the source may take. 0 means 5 s.
	Timeout time.Duration
	// OnError is told of every failed look, from the goroutine that follows. nil means nobody is told.
	OnError func(error)
	// Now is the clock of LastLook. nil means time.Now.
	Now func() time.Time
	// Jitter gives numbers in [0, 1) that spread the looks of several nodes. nil means random ones.
	Jitter func() float64
}

// Follower keeps caches up to date with a Source. Make it with NewFollower; Run does the work, every other method may
// be called from any goroutine at any time.
type Follower struct {
	source Source
	opt    FollowOptions
	apply  func(changes []Change, gap bool)
	poke   chan struct{}

	position atomic.Int64
	lastLook atomic.Pointer[time.Time]
}

// NewFollower returns a follower that calls apply, always from the goroutine of Run, with the changes in the order of
// their revisions, each exactly once. With gap true, everything cached must be forgotten before the changes are
// applied: some are missing, or the store is an older copy of itself. There may be no changes then.
//
// A hint of a source that is a Hinter makes it look at once. It looks as often as it would without.
func NewFollower(source Source, opt FollowOptions, apply func(changes []Change, gap bool)) *Follower {
	if opt.Interval <= 0 {
		opt.Interval = 250 * time.Millisecond
	}
	if opt.MaxBackoff <= 0 {
		opt.MaxBackoff = 4 * opt.Interval
	}
	if opt.Timeout <= 0 {
		opt.Timeout = 5 * time.Second
	}
	if opt.OnError == nil {
		opt.OnError = func(error) {}
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Jitter == nil {
		opt.Jitter = rand.Float64
	}
	f := &Follower{source: source, opt: opt, apply: apply, poke: make(chan struct{}, 1)}
	f.position.Store(opt.Start)
	return f
}

// Follow follows source until ctx ends. Use a Follower where Poke or LastLook is needed.
func Follow(ctx context.Context, source Source, opt FollowOptions, apply func(changes []Change, gap bool)) {
	NewFollower(source, opt, apply).Run(ctx)
}

// Run follows until ctx ends; apply is not called after that. It must not be called twice.
func (f *Follower) Run(ctx context.Context) {
	var hints <-chan struct{}
	if hinter, ok := f.source.(Hinter); ok {
		hints = hinter.Hints(ctx)
	}
	wait := f.opt.Interval
	for ctx.Err() == nil {
		if err := f.look(ctx); err == nil {
			wait = f.opt.Interval
		} else if ctx.Err() == nil {
			f.opt.OnError(err)
			wait = min(2*wait, f.opt.MaxBackoff)
		}
		hints = f.pause(ctx, wait, hints)
	}
}

// Poke makes the follower look at once, also while it backs off. A poke during a look brings another look after it, so
// what was committed before the poke is applied by the next successful look. Poke never waits.
func (f *Follower) Poke() {
	select {
	case f.poke <- struct{}{}:
	default: // one is waiting already, and will do for both
	}
}

// LastLook is the time of the last look that caught up: everything committed before it has been applied. It is zero
// before the first.
func (f *Follower) LastLook() time.Time {
	if t := f.lastLook.Load(); t != nil {
		return *t
	}
	return time.Time{}
}

// Position is the revision up to which changes have been applied.
func (f *Follower) Position() int64 { return f.position.Load() }

// pause waits for between half of the time and all of it, so that it never gets longer than promised. It returns the hints to wait
// for the next time: none, once there will be none any more.
func (f *Follower) pause(ctx context.Context, most time.Duration, hints <-chan struct{}) <-chan struct{} {
	timer := time.NewTimer(most/2 + time.Duration(f.opt.Jitter()*float64(most-most/2)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-f.poke:
	case _, more := <-hints:
		if !more {
			return nil
		}
	}
	return hints
}

// look asks and applies until it has caught up.
func (f *Follower) look(ctx context.Context) error {
	for {
		asked := f.opt.Now() // before the question: what is committed while it runs may be in the answer or not
		more, err := f.step(ctx)
		if err != nil {
			return err
		}
		if !more {
			f.lastLook.Store(&asked)
			return nil
		}
	}
}

// step applies one batch and reports whether there may be more.
func (f *Follower) step(ctx context.Context) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.opt.Timeout)
	defer cancel()
	after := f.position.Load()
	changes, gap, err := f.source.ChangesAfter(ctx, after, batch)
	if err != nil {
		return false, err
	}
	next := after
	switch {
	case len(changes) > 0:
		next = changes[len(changes)-1].Revision
	case gap:
		// Nothing after our position is kept, or the store is behind it. The revision is read before the caches are
		// emptied, so that what is cached afterwards is no older than it.
		if next, err = f.source.Revision(ctx); err != nil {
			return false, err
		}
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if gap || len(changes) > 0 {
		f.apply(changes, gap)
		f.position.Store(next)
	}
	return len(changes) == batch, nil
}
