package oauth2

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/doorward/doorward/internal/fault"
)

const (
	// MaxRevocations bounds how many single tokens can be revoked at a time. Each is forgotten when its token has expired,
	// after minutes.
	MaxRevocations = 20_000
	// hardMaxRevocations bounds what is held in memory, with those of whole clients, which are never turned away.
	hardMaxRevocations = 2 * MaxRevocations
	// StaleFor is how old the set may become before it vouches for nobody.
	StaleFor = 5 * time.Minute
)

// Revocations is a copy of the store's revocations, to be asked at every request without waiting. It is safe for
// concurrent use.
//
// Load it at start, at every change of kind feed.Revocation and feed.OAuthClient, and every minute. A set that was never
// loaded, or not for StaleFor, counts every token as revoked.
type Revocations struct {
	store Store
	write sync.Mutex // of whoever replaces the set; nobody who reads takes it
	set   atomic.Pointer[revocationSet]
}

// revocationSet is immutable.
type revocationSet struct {
	by     map[string]Revocation
	loaded time.Time // zero: never
}

// NewRevocations is a set over the store, not loaded yet.
func NewRevocations(store Store) *Revocations { return &Revocations{store: store} }

// Revoked reports whether a token is to be refused at now: itself, or with all that its client got up to an instant. A
// token without jti or client is none of ours, and revoked.
func (r *Revocations) Revoked(jti, clientID string, issuedAt, now time.Time) bool {
	if jti == "" || clientID == "" || r.Stale(now) {
		return true
	}
	by := r.set.Load().by
	if _, single := by[jti]; single {
		return true
	}
	all, has := by[clientID]
	return has && issuedAt.Before(all.Before)
}

// Stale reports whether the set is too old to vouch for anybody, or was never loaded. The gate may want to answer that
// with 503 rather than 401.
func (r *Revocations) Stale(now time.Time) bool {
	set := r.set.Load()
	return set == nil || set.loaded.IsZero() || now.Sub(set.loaded).Abs() >= StaleFor
}

// Load reads the store's revocations. On error the set stays as it was.
func (r *Revocations) Load(ctx context.Context, now time.Time) error {
	by := map[string]Revocation{}
	after := ""
	for {
		page, err := r.store.Revocations(ctx, now, after, MaxPage)
		if err != nil {
			return storeFault(err)
		}
		for _, one := range page {
			by[one.ID] = one
		}
		if len(page) < MaxPage {
			break
		}
		if after = page[len(page)-1].ID; len(by) >= hardMaxRevocations {
			return fault.New(fault.Unavailable, "Too many tokens are revoked.", fmt.Errorf("more than %d revocations", hardMaxRevocations))
		}
	}
	r.replace(by, now)
	return nil
}

// replace swaps the set. What was added while the store was read is kept: nothing revoked becomes good again.
func (r *Revocations) replace(by map[string]Revocation, now time.Time) {
	r.write.Lock()
	defer r.write.Unlock()
	if old := r.set.Load(); old != nil {
		for id, one := range old.by {
			if now.Before(one.Until) {
				by[id] = one.later(by[id])
			}
		}
	}
	r.set.Store(&revocationSet{by: by, loaded: now})
}

// later has the greater times of both.
func (r Revocation) later(other Revocation) Revocation {
	if other.Before.After(r.Before) {
		r.Before = other.Before
	}
	if other.Until.After(r.Until) {
		r.Until = other.Until
	}
	return r
}

// add notes a revocation that was made on this node.
func (r *Revocations) add(one Revocation) {
	r.write.Lock()
	defer r.write.Unlock()
	set := &revocationSet{by: map[string]Revocation{}}
	if old := r.set.Load(); old != nil {
		set.loaded = old.loaded
		maps.Copy(set.by, old.by)
	}
	set.by[one.ID] = one.later(set.by[one.ID])
	r.set.Store(set)
}

// Forget drops everything: until the next Load every token counts as revoked. It is for a store that turned out to be
// another one than it was.
func (r *Revocations) Forget() {
	r.write.Lock()
	defer r.write.Unlock()
	r.set.Store(nil)
}

// Len is the number of revocations that are known.
func (r *Revocations) Len() int {
	if set := r.set.Load(); set != nil {
		return len(set.by)
	}
	return 0
}

// Maintain loads the set, and has the store forget what has no token left. Call it at start and every minute.
func (r *Revocations) Maintain(ctx context.Context, now time.Time) error {
	if err := r.Load(ctx, now); err != nil {
		return err
	}
	return storeFault(r.store.PurgeRevocations(ctx, now))
}
