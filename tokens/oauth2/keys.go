package oauth2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/seal"
)

// KeysConfig is what Keys works with. The zero value of each duration means its default.
type KeysConfig struct {
	Store  Store        // required
	Sealer *seal.Sealer // required

	RotateEvery time.Duration // a key signs as long; default 30 d, at least 1 h
	CacheFor    time.Duration // others may keep the published keys as long; default 15 min, at least 1 min, less than RotateEvery

	// OnChange hears every new set of public keys, from the goroutine of Load or Maintain. It must neither block nor
	// load keys itself. nil: nobody hears.
	OnChange func(*jose.JSONWebKeySet)
}

const (
	rotateEvery = 30 * 24 * time.Hour
	cacheFor    = 15 * time.Minute
	minRotate   = time.Hour
	minCache    = time.Minute
)

// Keys has the keys that access tokens are signed with. It is safe for concurrent use.
//
// A key is published when it is made and signs from CacheFor and a minute later, when everybody has had to ask for the
// keys again; so long the key before it goes on. That one stays published until its last token has expired. Only the
// very first key signs at once.
type Keys struct {
	config KeysConfig
	write  sync.Mutex // of whoever replaces the state
	state  atomic.Pointer[keyState]
}

// keyState is what was last found in the store. It is immutable.
type keyState struct {
	keys   []*signingKey // by the time from which they sign
	public jose.JSONWebKeySet
	text   []byte // public, as it is published
}

// NewKeys returns keys that are not loaded yet: Maintain does it.
func NewKeys(config KeysConfig) (*Keys, error) {
	config.RotateEvery = cmp.Or(config.RotateEvery, rotateEvery)
	config.CacheFor = cmp.Or(config.CacheFor, cacheFor)
	switch {
	case config.Store == nil || config.Sealer == nil:
		return nil, errors.New("signing keys need a store, and an encryption key to be stored under")
	case config.CacheFor < minCache || config.RotateEvery < minRotate:
		return nil, fmt.Errorf("keys are cached for %s at least, and sign for %s at least", minCache, minRotate)
	case config.RotateEvery <= config.CacheFor+margin+Lifetime+margin:
		return nil, fmt.Errorf("keys that are replaced every %s cannot be cached for %s", config.RotateEvery, config.CacheFor)
	}
	if config.OnChange == nil {
		config.OnChange = func(*jose.JSONWebKeySet) {}
	}
	return &Keys{config: config}, nil
}

// lead is the time between the birth of a key and its first signature.
func (k *Keys) lead() time.Duration { return k.config.CacheFor + margin }

// Current is the identifier of the key that signs at now, "" where none is loaded.
func (k *Keys) Current(now time.Time) string {
	if key := k.current(now); key != nil {
		return key.id
	}
	return ""
}

func (k *Keys) current(now time.Time) *signingKey {
	state := k.state.Load()
	if state == nil || len(state.keys) == 0 {
		return nil
	}
	signs := state.keys[0] // also where this node's clock is behind the one that made the first key
	for _, key := range state.keys[1:] {
		if !now.Before(key.signsFrom) {
			signs = key
		}
	}
	return signs
}

// Public is the set of public keys, for everybody; empty where none is loaded. It is the caller's own.
func (k *Keys) Public() *jose.JSONWebKeySet {
	state := k.state.Load()
	if state == nil {
		return &jose.JSONWebKeySet{}
	}
	return &jose.JSONWebKeySet{Keys: slices.Clone(state.public.Keys)}
}

// find is the loaded key with this identifier, nil for none.
func (k *Keys) find(id string) *signingKey {
	state := k.state.Load()
	if state == nil {
		return nil
	}
	at := slices.IndexFunc(state.keys, func(key *signingKey) bool { return key.id == id })
	if at < 0 {
		return nil
	}
	return state.keys[at]
}

// Load reads the store's keys; call it at every change of kind feed.SigningKey. A key that cannot be opened is left out,
// and named in the error, beside which the others are in use.
func (k *Keys) Load(ctx context.Context) error {
	_, err := k.load(ctx)
	return err
}

func (k *Keys) load(ctx context.Context) ([]SigningKey, error) {
	k.write.Lock()
	defer k.write.Unlock()
	stored, err := k.config.Store.SigningKeys(ctx)
	if err != nil {
		return nil, storeFault(err)
	}
	var keys []*signingKey
	var errs []error
	for _, s := range stored {
		key := k.find(s.ID) // opened before; a key never changes
		if key == nil {
			if key, err = openKey(k.config.Sealer, s); err != nil {
				errs = append(errs, fmt.Errorf("signing key %s: %w", s.ID, err))
				continue
			}
		}
		keys = append(keys, key)
	}
	state, err := newKeyState(keys)
	if err != nil {
		return nil, fault.New(fault.Internal, "The signing keys cannot be published.", err)
	}
	old := k.state.Swap(state)
	if old == nil || string(old.text) != string(state.text) {
		k.config.OnChange(k.Public())
	}
	if len(errs) > 0 {
		return stored, fault.New(fault.Internal, "A signing key cannot be opened.", errors.Join(errs...))
	}
	return stored, nil
}

// Maintain loads the keys, makes the next one where it is time, and removes those whose last token has expired. Call it
// at start and every minute or so; several gateways on one store may do so at once.
func (k *Keys) Maintain(ctx context.Context, now time.Time) error {
	now = now.UTC().Truncate(time.Millisecond)
	stored, err := k.load(ctx)
	if err != nil {
		return err // above all, no new key takes the place of one that only cannot be opened here
	}
	changed, err := k.add(ctx, stored, now)
	if err != nil {
		return err
	}
	removed, err := k.remove(ctx, stored, now)
	if err != nil {
		return err
	}
	if changed || removed {
		return k.Load(ctx)
	}
	return nil
}

// add makes the first key, or the next one early enough to be known when its turn comes.
func (k *Keys) add(ctx context.Context, stored []SigningKey, now time.Time) (bool, error) {
	newest, signsFrom := "", now
	if len(stored) > 0 {
		last := stored[len(stored)-1]
		if due := last.SignsFrom.Add(k.config.RotateEvery - k.lead()); now.Before(due) {
			return false, nil
		}
		newest, signsFrom = last.ID, now.Add(k.lead())
	}
	key, err := makeKey(k.config.Sealer, now, signsFrom)
	if err != nil {
		return false, fault.New(fault.Internal, "A signing key could not be made.", err)
	}
	err = k.config.Store.AddSigningKey(ctx, key, newest, keyEvent("signingkey.create", key.ID, now))
	if err != nil && !errors.Is(err, ErrConflict) { // then another gateway has made it
		return false, storeFault(err)
	}
	return true, nil
}

// remove drops keys whose successor has signed for longer than a token lives.
func (k *Keys) remove(ctx context.Context, stored []SigningKey, now time.Time) (bool, error) {
	removed := false
	for i := range max(len(stored)-1, 0) {
		if now.Before(stored[i+1].SignsFrom.Add(Lifetime + 2*margin)) {
			break
		}
		err := k.config.Store.RemoveSigningKey(ctx, stored[i].ID, keyEvent("signingkey.delete", stored[i].ID, now))
		if err != nil && !errors.Is(err, ErrNotFound) { // then another gateway has removed it
			return removed, storeFault(err)
		}
		removed = true
	}
	return removed, nil
}

func keyEvent(action, id string, now time.Time) audit.Event {
	return audit.Event{Time: now, Actor: "system", Action: action, Object: id}
}
