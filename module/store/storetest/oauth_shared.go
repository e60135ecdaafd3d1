package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/oauth2"
)

// testOAuth2Together lets twenty goroutines loose on two stores of one medium: they replace signing keys, rotate the secret of
// one client, and make and delete clients of their own. The invariants: nobody ever sees half of a change, of those who
// replace a key at once one does, no rotation is lost, and every change has a revision of its own.
func testOAuth2Together(t *testing.T, open Open) {
	const goroutines, turns = 20, 3
	stores := []store.Store{open(t), open(t)}
	shared := oauthClient(0)
	shared.Name, shared.Digest = "0", tokens.DigestOf("0")
	must(t, stores[0].CreateClient(t.Context(), shared, many, event("oauthclient.create", shared.ID)))
	crowd := oauthCrowd{shared: shared.ID}
	crowd.changes.Add(1)

	var all sync.WaitGroup
	for n := range goroutines {
		all.Go(func() {
			s := stores[n%len(stores)]
			for range turns {
				if err := crowd.turn(t.Context(), s, oauthClient(n+1)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	for _, s := range stores {
		wantChanges(t, s, int(crowd.changes.Load()))
		if c, err := s.Client(t.Context(), shared.ID); err != nil || c.Name != fmt.Sprint(goroutines*turns) {
			t.Errorf("the client says %q rotations, %v, want %d", c.Name, err, goroutines*turns)
		}
		if left, err := s.Clients(t.Context(), oauth2.ClientQuery{}); err != nil || len(left) != 1 {
			t.Errorf("%d clients are left, %v", len(left), err)
		}
		// One for every client that was made and deleted, and one for the one whose secret was rotated.
		if gone, err := s.Revocations(t.Context(), epoch, "", 0); err != nil || len(gone) != goroutines+1 {
			t.Errorf("%d revocations, %v", len(gone), err)
		}
	}
}

// oauthCrowd is what the goroutines have in common.
type oauthCrowd struct {
	shared  string
	keys    atomic.Int64 // numbers of keys that were given away
	changes atomic.Int64 // that were acknowledged
}

// turn is what one goroutine does once; own is a client of its own.
func (o *oauthCrowd) turn(ctx context.Context, s store.Store, own oauth2.Client) error {
	steps := []func() error{
		func() error { return o.replaceKey(ctx, s) },
		func() error { return o.rotate(ctx, s) },
		func() error { return wholeClient(ctx, s, o.shared) },
		func() error { return s.CreateClient(ctx, own, many, event("oauthclient.create", own.ID)) },
		func() error { return s.RecordClientUse(ctx, o.shared, epoch) },
		func() error {
			return s.DeleteClient(ctx, own.ID, revocation(own.ID), event("oauthclient.delete", own.ID))
		},
	}
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	o.changes.Add(3)
	return nil
}

// replaceKey adds a key an hour behind the newest, and removes the oldest of three.
func (o *oauthCrowd) replaceKey(ctx context.Context, s store.Store) error {
	for {
		keys, err := s.SigningKeys(ctx)
		if err != nil {
			return err
		}
		for i := range max(len(keys)-1, 0) {
			if gap := keys[i+1].SignsFrom.Sub(keys[i].SignsFrom); gap != time.Hour {
				return fmt.Errorf("two keys came after one: %v between %s and %s", gap, keys[i].ID, keys[i+1].ID)
			}
		}
		next, newest := signingKey(int(o.keys.Add(1))), ""
		if n := len(keys); n > 0 {
			newest, next.SignsFrom = keys[n-1].ID, keys[n-1].SignsFrom.Add(time.Hour)
		}
		err = s.AddSigningKey(ctx, next, newest, event("signingkey.create", next.ID))
		if errors.Is(err, oauth2.ErrConflict) {
			continue
		}
		if err != nil {
			return err
		}
		o.changes.Add(1)
		if len(keys) < 2 {
			return nil
		}
		err = s.RemoveSigningKey(ctx, keys[0].ID, event("signingkey.delete", keys[0].ID))
		if errors.Is(err, oauth2.ErrNotFound) { // another was quicker
			return nil
		}
		o.changes.Add(1)
		return err
	}
}

// rotate counts up in name and digest, and moves the bound of the tokens and their revocation ahead.
func (o *oauthCrowd) rotate(ctx context.Context, s store.Store) error {
	return s.UpdateClient(ctx, o.shared, told("oauthclient.rotate", o.shared), func(c *oauth2.Client) (*oauth2.Revocation, error) {
		var n int
		if _, err := fmt.Sscan(c.Name, &n); err != nil {
			return nil, err
		}
		c.Name, c.Digest, c.OldDigest = fmt.Sprint(n+1), tokens.DigestOf(fmt.Sprint(n+1)), c.Digest
		c.TokensFrom = epoch.Truncate(time.Second).Add(time.Duration(n+1) * time.Second)
		return &oauth2.Revocation{ID: c.ID, Before: c.TokensFrom, Until: c.TokensFrom.Add(time.Hour)}, nil
	})
}

// wholeClient reads the client first: the revocation that it came with must be there then.
func wholeClient(ctx context.Context, s store.Store, id string) error {
	c, err := s.Client(ctx, id)
	if err != nil {
		return err
	}
	var n int
	if _, err := fmt.Sscan(c.Name, &n); err != nil {
		return err
	}
	if c.Digest != tokens.DigestOf(c.Name) || c.OldDigest != tokens.DigestOf(fmt.Sprint(n-1)) {
		return fmt.Errorf("rotation %d has the digests of another", n)
	}
	revoked, err := s.Revocations(ctx, epoch, "", 0)
	if err != nil {
		return err
	}
	for _, r := range revoked {
		if r.ID == id && !r.Before.Before(c.TokensFrom) {
			return nil
		}
	}
	return fmt.Errorf("rotation %d has come without its revocation", n)
}
