package module

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"
	"unique"

	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/internal/weighed"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// rules answer what a user's policies permit: the engine, the policies in it, and who is in which groups.
type rules struct {
	engine *policyengine.Engine
	pap    *pap.Service
	known  *catalog.Catalog // that policies are read by
	store  store.Store
	logger *zap.Logger

	shadows *shadows // beside the engine
	rounds  rounds
	read    reading // what has been read for the publication before

	federation atomic.Pointer[federation] // as of the policies that are in force

	users    *weighed.Cache[string, memberships]
	asking   singleflight.Group // for the groups of one user
	changed  chan struct{}      // holds one token while policies wait to be published
	forgets  atomic.Uint64      // counts forgotten memberships; what a lookup that raced with one has found is not used again
	count    publications
	lifetime time.Duration
	staleFor time.Duration
}

// memberships are the groups of a user, as they were at some time.
type memberships struct {
	groups     []string
	loaded     time.Time
	retryAt    time.Time // with the store down: not to be asked again before; zero: the store answered
	generation uint64    // of rules.forgets: what is of an earlier one is forgotten, even where it was put in too late to be removed
}

// Bounds of what is remembered and of what one look at the store may take.
const (
	rememberedUsers = 20_000
	// rememberedGroups are those of all users together. A group takes 16 bytes for each user in it: its text is there once.
	rememberedGroups = 1_000_000

	groupsTimeout = 3 * time.Second
	groupsRetry   = time.Second // with the store down, what is remembered serves this long before it is asked again
)

func newRules(s store.Store, config gateConfig, logger *zap.Logger) (*rules, error) {
	cache := config.Cache
	known, err := mergePolicyCatalogs(config.PolicyCatalogs)
	if err != nil {
		return nil, err
	}
	engine, err := policyengine.New(policyengine.Options{Lifetime: time.Duration(cache.Lifetime), Preparation: publishPreparation})
	if err != nil {
		return nil, err
	}
	users, err := weighed.New[string, memberships](rememberedUsers, rememberedGroups)
	if err != nil {
		return nil, err
	}
	return &rules{
		engine: engine, store: s, logger: logger, users: users, changed: make(chan struct{}, 1),
		shadows: newShadows(logger), rounds: newRounds(), known: known,
		pap:      pap.NewService(pap.ServiceConfig{Store: s, Mask: tokens.Mask, Catalog: known}),
		lifetime: cmp.Or(time.Duration(cache.Lifetime), 30*time.Second),
		staleFor: cmp.Or(time.Duration(cache.StaleFor), 5*time.Minute),
	}, nil
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
	serves := remembered && now.Sub(known.loaded).Abs() < r.staleFor
	if serves && now.Before(known.retryAt) {
		return known.groups, nil
	}
	if serves && !known.retryAt.IsZero() { // a store that hangs holds up one request, and not all that come meanwhile
		known.retryAt = now.Add(groupsTimeout)
		r.remember(user, known)
	}
	groups, err := r.askGroups(ctx, user, generation)
	switch {
	case err == nil:
	case fault.KindOf(err) == fault.NotFound:
		groups = nil // nobody by that name: no groups, so nothing is granted
	case serves && r.forgets.Load() == generation:
		known.retryAt = now.Add(groupsRetry)
		r.remember(user, known)
		return known.groups, nil
	default:
		return nil, fmt.Errorf("groups of the user: %w", err)
	}
	if r.forgets.Load() == generation {
		r.remember(user, memberships{groups: groups, loaded: now, generation: generation})
	}
	return groups, nil
}

func (r *rules) remember(user string, m memberships) { r.users.Add(user, m, int64(len(m.groups))) }

// askGroups shares one question between all who ask about the same user at the same time. It goes on where one of them gives up.
func (r *rules) askGroups(ctx context.Context, user string, generation uint64) ([]string, error) {
	shared := r.asking.DoChan(fmt.Sprint(generation, " ", user), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), groupsTimeout)
		defer cancel()
		groups, err := r.pap.GroupsOf(ctx, user)
		for i, group := range groups {
			groups[i] = unique.Make(group).Value()
		}
		return groups, err
	})
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case answer := <-shared:
		groups, _ := answer.Val.([]string)
		return groups, answer.Err
	}
}

// close waits for what is under way: a publication, and what shadows are asked.
func (r *rules) close() {
	r.rounds.close()
	r.shadows.close()
	r.engine.Close()
}
