package module

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/pap"
)

// Bounds of a publication.
const (
	publishTimeout = time.Minute
	publishRetry   = time.Second

	// publishPreparation is spent on compiling for those who asked lately; what is left compiles while those who ask for it
	// wait. It is as long as it can be: another gateway hears of a change after a quarter of a second at most, needs some
	// time to read it, and has to go by it within a second.
	publishPreparation = 600 * time.Millisecond

	publishAttempts = 5    // readings of the policies until none of them has changed meanwhile
	publishLook     = 1000 // changes that are looked through at once
	publishLooks    = 20
	publishFollowed = 2000 // changes from which on everything is read again, which is then quicker
)

// reading is what has been read of the store for publications. It is guarded by the publication under way.
type reading struct {
	copy       *pap.Copy // nil: nothing, or what there was is of no use any more
	revision   int64     // of the store, as far as copy and groups have followed it
	groups     []pap.Group
	groupsRead bool
}

// publish brings the policies in force up to what the store has. Policies that cannot be used leave the running ones in place:
// the service refuses to store such, so this is a fault and not a way to lose a DENY. Calls of it take turns; see settle.
func (r *rules) publish(ctx context.Context) (err error) {
	defer func() { r.count.note(err) }()
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	for range publishAttempts {
		before, err := r.store.Revision(ctx)
		if err != nil {
			return err
		}
		if err := r.readUpTo(ctx, before); err != nil {
			r.read = reading{}
			return err
		}
		resolution, err := r.read.copy.Resolve(ctx)
		if err != nil {
			r.read = reading{}
			return err
		}
		settled, err := r.settledSince(ctx, before)
		if err != nil {
			return err
		}
		if settled {
			return r.put(ctx, before, resolution)
		}
	}
	return errors.New("the policies kept changing while they were read")
}

// readUpTo reads what has changed up to a revision, and perhaps some of what changed after it; or everything, where nothing
// was read before or too much has changed.
func (r *rules) readUpTo(ctx context.Context, revision int64) error {
	if r.read.copy != nil {
		changes, whole, err := r.changesUpTo(ctx, revision)
		if err != nil {
			return err
		}
		if whole {
			if err := r.read.copy.Follow(ctx, changes); err != nil {
				return err
			}
			r.read.revision = revision
			return r.readGroups(ctx, changes)
		}
	}
	copied, err := r.pap.Copy(ctx)
	if err != nil {
		return err
	}
	r.read = reading{copy: copied, revision: revision}
	return r.readGroups(ctx, nil)
}

// readGroups reads all groups where one of them has changed, or none has been read yet: what is wanted of them is their names,
// of which each may stand for several.
func (r *rules) readGroups(ctx context.Context, changes []feed.Change) (err error) {
	for _, change := range changes {
		if change.Kind == feed.Group {
			r.read.groupsRead = false
		}
	}
	if r.read.groupsRead {
		return nil
	}
	r.read.groups, err = r.pap.AllGroups(ctx)
	r.read.groupsRead = err == nil
	return err
}

// changesUpTo lists the changes that concern policies, from what has been read up to a revision. whole is false where the
// list would be too long, or the store no longer has it.
func (r *rules) changesUpTo(ctx context.Context, revision int64) (concerning []feed.Change, whole bool, err error) {
	after := r.read.revision
	if after > revision {
		return nil, false, nil // a store that went back is another one
	}
	for range publishLooks {
		if after >= revision {
			return concerning, true, nil
		}
		changes, gap, err := r.store.ChangesAfter(ctx, after, publishLook)
		if err != nil || gap || len(changes) == 0 {
			return nil, false, err
		}
		for _, change := range changes {
			if concernsPolicies(change.Kind) {
				concerning = append(concerning, change)
			}
		}
		if len(concerning) > publishFollowed {
			return nil, false, nil
		}
		after = changes[len(changes)-1].Revision
	}
	return nil, false, nil
}

// concernsPolicies tells changes that a publication is about. Tokens and members have nothing to do with it: where tokens are
// issued all the time, policies that waited for a moment without would never be published.
func concernsPolicies(kind feed.Kind) bool {
	switch kind {
	case feed.Policy, feed.Boundary, feed.Binding, feed.Group:
		return true
	}
	return false
}

// settledSince reports whether nothing that policies depend on has changed after a revision.
func (r *rules) settledSince(ctx context.Context, revision int64) (bool, error) {
	for range publishLooks {
		changes, gap, err := r.store.ChangesAfter(ctx, revision, publishLook)
		if err != nil || gap {
			return false, err
		}
		for _, change := range changes {
			if concernsPolicies(change.Kind) {
				return false, nil
			}
			revision = change.Revision
		}
		if len(changes) < publishLook {
			return true, nil
		}
	}
	return false, nil
}

// put has policies in force, and then the names of groups. A request between the two is answered as if a group had got its
// new names a moment later, which is an order that could have been. The shadows come last: nobody waits for them.
func (r *rules) put(ctx context.Context, revision int64, resolution pap.Resolution) error {
	live := policiesOf(revision, resolution.Live)
	before := r.shadows.suspend()
	if err := r.engine.Publish(ctx, live); err != nil {
		r.shadows.current.Store(before)
		return err
	}
	named := newFederation(r.read.groups)
	r.federation.Store(&named)
	r.rounds.published.Store(revision)
	r.shadows.publish(ctx, live, resolution)
	return nil
}

// publications counts how often policies took over, and how often they could not.
type publications struct {
	done, failed atomic.Uint64
	failingSince atomic.Pointer[time.Time] // nil: the last one took over
}

func (p *publications) note(err error) {
	if err != nil {
		p.failed.Add(1)
		now := time.Now()
		p.failingSince.CompareAndSwap(nil, &now)
		return
	}
	p.done.Add(1)
	p.failingSince.Store(nil)
}

func policiesOf(revision int64, granted []pap.Granted) policyengine.Policies {
	p := policyengine.Policies{Revision: revision, Bindings: make([]policyengine.Binding, len(granted))}
	for i, g := range granted {
		p.Bindings[i] = policyengine.Binding{Group: g.Group, Level: g.Level.Type, LevelID: g.Level.ID, Statements: g.Statements}
	}
	return p
}

// rounds let all who need a publication at one time share it. A round that has begun may have read the store before the
// change that somebody comes with, so only the next one will do; there is never more than one under way and one to come.
type rounds struct {
	published atomic.Int64 // revision of the policies in force
	life      context.Context
	end       context.CancelFunc
	running   sync.WaitGroup
	turn      sync.Mutex // held by the one under way

	mu     sync.Mutex // guards the rest
	next   *round
	closed bool
}

// round is one publication. err may be read once done is closed.
type round struct {
	done chan struct{}
	err  error
}

func newRounds() rounds {
	life, end := context.WithCancel(context.Background())
	return rounds{life: life, end: end}
}

// settle returns once everything that was in the store when it was called is in force, or with the reason why it is not.
func (r *rules) settle(ctx context.Context) error {
	mine := r.join()
	select {
	case <-mine.done:
		return mine.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// join gives the round to come, and starts it where the caller is the first.
func (r *rules) join() *round {
	r.rounds.mu.Lock()
	defer r.rounds.mu.Unlock()
	if r.rounds.next != nil {
		return r.rounds.next
	}
	mine := &round{done: make(chan struct{})}
	if r.rounds.closed {
		mine.err = context.Canceled
		close(mine.done)
		return mine
	}
	r.rounds.next = mine
	r.rounds.running.Go(func() { r.lead(mine) })
	return mine
}

// lead waits for the round before, and then nobody can join this one any more.
func (r *rules) lead(mine *round) {
	r.rounds.turn.Lock()
	defer r.rounds.turn.Unlock()
	r.rounds.mu.Lock()
	r.rounds.next = nil
	r.rounds.mu.Unlock()
	defer close(mine.done)
	// A change that the round before has seen already is news twice: from whoever made it, and from the store.
	if settled, err := r.settledSince(r.rounds.life, r.rounds.published.Load()); err == nil && settled {
		return
	}
	mine.err = r.publish(r.rounds.life)
}

func (r *rounds) close() {
	r.end()
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.running.Wait()
}

// run publishes whenever policies have changed, and tries again while that fails.
func (r *rules) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.changed:
		}
		if err := r.settle(ctx); err != nil && ctx.Err() == nil {
			r.logger.Error("publishing policies: the ones before stay in force", zap.Error(err))
			time.AfterFunc(publishRetry, r.wake)
		}
	}
}

// wake has the policies published soon; several calls in a row are one.
func (r *rules) wake() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}
