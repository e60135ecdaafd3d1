package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

func TestConcurrentMissesShareOneQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var queries atomic.Int64
		store := &tokenstest.Memory{Before: func(context.Context, string) error {
			queries.Add(1)
			<-release
			return nil
		}}
		g := newGate(t, tokens.VerifierConfig{Store: store, FlushEvery: time.Hour})
		one, two := g.issue(t, "dt0c01", nil).Secret.Reveal(), g.issue(t, "dt0c01", nil).Secret.Reveal()
		var done sync.WaitGroup
		for i := range 100 {
			done.Go(func() {
				want, text := tokens.Refusal(""), []string{one, two}[i%2]
				if i%4 >= 2 { // those who share a query are still judged by their own secret
					want, text = tokens.WrongSecret, text[:95]+flip(text[95])
				}
				if refusal, err := at(t, g.Verifier, text); refusal != want || err != nil {
					t.Errorf("%q, %v; want %q", refusal, err, want)
				}
			})
		}
		synctest.Wait()
		close(release)
		done.Wait()
		if queries.Load() != 2 {
			t.Errorf("%d queries for two tokens", queries.Load())
		}
		_ = g.Close(t.Context())
	})
}

// Attack: a client hangs up in order to make the requests of others fail that wait for the same query. Invariant: the
// shared query goes on without the one who began it.
func TestCancelledCallerDoesNotPoisonOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		store := &tokenstest.Memory{Before: func(ctx context.Context, method string) error {
			select {
			case <-release:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		g := newGate(t, tokens.VerifierConfig{Store: store, FlushEvery: time.Hour})
		text := g.issue(t, "dt0c01", nil).Secret.Reveal()
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() {
			_, _, err := g.Verify(ctx, apiToken(text), "prod", "", time.Now())
			if !errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Unavailable {
				t.Errorf("the one who gave up: %v", err)
			}
		})
		synctest.Wait()
		done.Go(func() {
			if refusal, err := at(t, g.Verifier, text); refusal != "" || err != nil {
				t.Errorf("the other: %q, %v", refusal, err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(release)
		done.Wait()
		_ = g.Close(t.Context())
	})
}

func TestHangingQueryTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &tokenstest.Memory{Before: func(ctx context.Context, method string) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		g := newGate(t, tokens.VerifierConfig{Store: store, LoadTimeout: 2 * time.Second})
		start := time.Now()
		_, err := at(t, g.Verifier, g.issue(t, "dt0c01", nil).Secret.Reveal())
		if fault.KindOf(err) != fault.Unavailable || err == nil || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		_ = g.Close(t.Context())
	})
}

// Attack: a token is revoked while the store is just being asked for it; the answer from before would then sit in the
// cache for its whole lifetime, or be handed to a request that came after the revocation. Fix: a generation is read
// before the query. Invariant: nothing that was read before Forget is kept, or seen by who starts after it.
func TestLoadThatRacesWithForget(t *testing.T) {
	for name, forget := range map[string]func(*tokens.Verifier, string){
		"Forget":    (*tokens.Verifier).Forget,
		"ForgetAll": func(v *tokens.Verifier, _ string) { v.ForgetAll() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &slowStore{release: make(chan struct{})}
				g := newGate(t, tokens.VerifierConfig{Store: &store.Memory, FlushEvery: time.Hour})
				minted := g.issue(t, "dt0c01", nil)
				v := tokens.NewVerifier(tokens.VerifierConfig{Store: store, Formats: g.formats, FlushEvery: time.Hour})
				var early tokens.Refusal
				var done sync.WaitGroup
				done.Go(func() { early, _ = at(t, v, minted.Secret.Reveal()) })
				synctest.Wait() // the record has been read, and is on its way

				store.Put(tokens.Record{ID: minted.ID, Digest: minted.Digest, Environment: "prod"})
				forget(v, minted.ID)
				done.Go(func() {
					if refusal, err := at(t, v, minted.Secret.Reveal()); refusal != tokens.Disabled || err != nil {
						t.Errorf("a request after the revocation: %q, %v", refusal, err)
					}
				})
				synctest.Wait()
				close(store.release)
				done.Wait()
				if early != "" {
					t.Errorf("the request from before: %q", early)
				}
				if refusal, err := at(t, v, minted.Secret.Reveal()); refusal != tokens.Disabled || err != nil {
					t.Errorf("later: %q, %v", refusal, err)
				}
				_, _ = v.Close(t.Context()), g.Close(t.Context())
			})
		})
	}
}

// slowStore has read its answer before it waits to be released.
type slowStore struct {
	tokenstest.Memory
	release chan struct{}
}

func (s *slowStore) Token(ctx context.Context, id string) (tokens.Record, error) {
	r, err := s.Memory.Token(ctx, id)
	<-s.release
	return r, err
}

// Invariant under load: whoever asks after Forget has returned never gets the answer from before the change.
func TestConcurrentChanges(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{Store: &tokenstest.Memory{}, CacheEntries: 4, AbsentEntries: 4})
	minted := make([]tokens.Minted, 8)
	for i := range minted {
		minted[i] = g.issue(t, "dt0c01", nil)
	}
	var readers, writers sync.WaitGroup
	stop := make(chan struct{})
	for i, m := range minted {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				refusal, err := at(t, g.Verifier, m.Secret.Reveal())
				if err != nil || refusal != "" && refusal != tokens.Disabled {
					t.Errorf("%q, %v", refusal, err)
					return
				}
			}
		})
		writers.Go(func() {
			for n := range 300 {
				enabled := n%2 == 1
				g.store.Put(tokens.Record{ID: m.ID, Digest: m.Digest, Environment: "prod", Enabled: enabled, Name: fmt.Sprint(n)})
				if i == 0 {
					g.ForgetAll()
				}
				g.Forget(m.ID)
				refusal, err := at(t, g.Verifier, m.Secret.Reveal())
				if err != nil || (refusal == "") != enabled {
					t.Errorf("change %d: %q, %v", n, refusal, err)
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	if s := g.Stats(); s.Cached > 4 || s.Absent > 4 {
		t.Errorf("%+v", s)
	}
}
