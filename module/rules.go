package module

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"go.uber.org/zap"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// rules answer what a user's policies permit: the engine, the policies in it, and who is in which groups.
type rules struct {
	engine *policyengine.Engine
	pap    *pap.Service
	store  store.Store
	logger *zap.Logger

	federation atomic.Pointer[federation] // as of the policies that are in force

	users    *lru.Cache[string, memberships]
	changed  chan struct{} // holds one token while policies wait to be published
	forgets  atomic.Uint64 // counts forgotten memberships; what a lookup that raced with one has found is not used again
	count    publications
	lifetime time.Duration
	staleFor time.Duration
}

// memberships are the groups of a user, as they were at some time.
type memberships struct {
	groups     []string
	loaded     time.Time
	generation uint64 // of rules.forgets: what is of an earlier one is forgotten, even where it was put in too late to be removed
}

// Bounds of what is remembered and of what one look at the store may take.
const (
	rememberedUsers = 20_000
	publishTimeout  = time.Minute
	groupsTimeout   = 3 * time.Second
	publishRetry    = time.Second
	publishAttempts = 5    // readings of the policies until none of them has changed meanwhile
	publishLook     = 1000 // changes that are looked through at once
	publishLooks    = 20
)

func newRules(s store.Store, config gateConfig, logger *zap.Logger) (*rules, error) {
	cache := config.Cache
	known, err := mergePolicyCatalogs(config.PolicyCatalogs)
	if err != nil {
		return nil, err
	}
	engine, err := policyengine.New(policyengine.Options{Lifetime: time.Duration(cache.Lifetime)})
	if err != nil {
		return nil, err
	}
	users, err := lru.New[string, memberships](rememberedUsers)
	if err != nil {
		return nil, err
	}
	return &rules{
		engine: engine, store: s, logger: logger, users: users, changed: make(chan struct{}, 1),
		pap:      pap.NewService(pap.ServiceConfig{Store: s, Mask: tokens.Mask, Catalog: known}),
		lifetime: cmp.Or(time.Duration(cache.Lifetime), 30*time.Second),
		staleFor: cmp.Or(time.Duration(cache.StaleFor), 5*time.Minute),
	}, nil
}

// publish reads all policies and gives them to the engine. Policies that cannot be used leave the running ones in place:
// the service refuses to store such, so this is a fault and not a way to lose a DENY.
func (r *rules) publish(ctx context.Context) (err error) {
	defer func() { r.count.note(err) }()
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	for range publishAttempts {
		before, err := r.store.Revision(ctx)
		if err != nil {
			return err
		}
		granted, err := r.pap.Everything(ctx)
		if err != nil {
			return err
		}
		groups, err := r.pap.AllGroups(ctx)
		if err != nil {
			return err
		}
		settled, err := r.settledSince(ctx, before)
		if err != nil {
			return err
		}
		if settled {
			return r.put(ctx, policiesOf(before, granted), newFederation(groups))
		}
	}
	return errors.New("the policies kept changing while they were read")
}

// settledSince reports whether nothing that policies depend on has changed after a revision. Tokens and members have nothing to
// do with it: where tokens are issued all the time, policies that waited for a moment without would never be published.
func (r *rules) settledSince(ctx context.Context, revision int64) (bool, error) {
	for range publishLooks {
		changes, gap, err := r.store.ChangesAfter(ctx, revision, publishLook)
		if err != nil || gap {
			return false, err
		}
		for _, change := range changes {
			if change.Kind != feed.Token && change.Kind != feed.User {
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
// new names a moment later, which is an order that could have been.
func (r *rules) put(ctx context.Context, policies policyengine.Policies, named federation) error {
	if err := r.engine.Publish(ctx, policies); err != nil {
		return err
	}
	r.federation.Store(&named)
	return nil
}

// publications counts how often policies took over, and how often they could not.
type publications struct{ done, failed atomic.Uint64 }

func (p *publications) note(err error) {
	if err != nil {
		p.failed.Add(1)
		return
	}
	p.done.Add(1)
}

func policiesOf(revision int64, granted []pap.Granted) policyengine.Policies {
	p := policyengine.Policies{Revision: revision, Bindings: make([]policyengine.Binding, len(granted))}
	for i, g := range granted {
		p.Bindings[i] = policyengine.Binding{Group: g.Group, Level: g.Level.Type, LevelID: g.Level.ID, Statements: g.Statements}
	}
	return p
}

// run publishes whenever policies have changed, and tries again while that fails.
func (r *rules) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.changed:
		}
		if err := r.publish(ctx); err != nil && ctx.Err() == nil {
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

// apply takes note of a change in the store.
func (r *rules) apply(kind feed.Kind) {
	switch kind {
	case feed.Policy, feed.Boundary, feed.Binding:
		r.wake()
	case feed.Group:
		r.forgetUsers()
		r.wake() // its names at issuers may be others
	case feed.User:
		r.forgetUsers()
	}
}

func (r *rules) forgetUsers() {
	r.forgets.Add(1)
	r.users.Purge()
}

// groupsOf finds the groups of a user, from memory where it can. With the store away, what is remembered serves until
// it is too old.
func (r *rules) groupsOf(ctx context.Context, user string, now time.Time) ([]string, error) {
	generation := r.forgets.Load()
	known, remembered := r.users.Get(user)
	remembered = remembered && known.generation == generation
	if remembered && now.Sub(known.loaded).Abs() < r.lifetime {
		return known.groups, nil
	}
	ctx, cancel := context.WithTimeout(ctx, groupsTimeout)
	defer cancel()
	groups, err := r.pap.GroupsOf(ctx, user)
	switch {
	case err == nil:
	case fault.KindOf(err) == fault.NotFound:
		groups = nil // nobody by that name: no groups, so nothing is granted
	case remembered && r.forgets.Load() == generation && now.Sub(known.loaded).Abs() < r.staleFor:
		return known.groups, nil
	default:
		return nil, fmt.Errorf("groups of the user: %w", err)
	}
	if r.forgets.Load() == generation {
		r.users.Add(user, memberships{groups, now, generation})
	}
	return groups, nil
}

func (r *rules) close() { r.engine.Close() }
