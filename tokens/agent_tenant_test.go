package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
	"github.com/doorward/doorward/tokens/tokenstest"
)

// putTenant gives an environment a tenant token; while a rotation runs, old is another one.
func putTenant(t testing.TB, store tokens.Store, environment, active, old string) {
	t.Helper()
	event := audit.Event{Time: now, Actor: "admin", Action: "tenanttoken.start", Object: environment}
	err := store.UpdateTenantToken(context.Background(), environment, &event, func(token *tokens.TenantToken) error {
		token.Active, token.ActiveDigest = []byte("sealed"), tokens.DigestOf(active)
		token.Old, token.OldDigest = nil, tokens.Digest{}
		if old != "" {
			token.Old, token.OldDigest = []byte("sealed before"), tokens.DigestOf(old)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Attack: a tenant token that was replaced because it leaked goes on working from the cache. Invariant: after
// ForgetTenant exactly the texts are good that the store has now.
func TestTenantRotation(t *testing.T) {
	for name, forget := range map[string]func(*gate){
		"ForgetTenant": func(g *gate) { g.ForgetTenant("prod") },
		"ForgetAll":    func(g *gate) { g.ForgetAll() },
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t, tokens.VerifierConfig{})
			const leaked, next = oldTenantText, tenantText
			for _, step := range []struct {
				what, active, old string
				leaked, next      tokens.Refusal
			}{
				{"none yet", "", "", tokens.Unknown, tokens.Unknown},
				{"first", leaked, "", "", tokens.WrongSecret},
				{"started", next, leaked, "", ""},
				{"cancelled", leaked, "", "", tokens.WrongSecret},
				{"started again", next, leaked, "", ""},
				{"finished", next, "", tokens.WrongSecret, ""},
			} {
				if step.active != "" {
					putTenant(t, g.store, "prod", step.active, step.old)
				}
				forget(g)
				for range 2 {
					if _, refusal := g.agent(t, leaked, bothKinds); refusal != step.leaked {
						t.Errorf("%s: the first text: %q, want %q", step.what, refusal, step.leaked)
					}
					if _, refusal := g.agent(t, next, bothKinds); refusal != step.next {
						t.Errorf("%s: the second text: %q, want %q", step.what, refusal, step.next)
					}
				}
			}
		})
	}
}

// ForgetTenant and Forget do not touch what the other one is for, though an environment may be called like a token.
func TestForgetTenantLeavesTokens(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	putTenant(t, g.store, "prod", tenantText, "")
	minted := g.issue(t, "dt0g02", nil)
	g.agent(t, tenantText, bothKinds)
	g.agent(t, minted.Secret.Reveal(), bothKinds)
	clear(g.queries)
	g.ForgetTenant(minted.ID)
	g.Forget("prod")
	g.agent(t, tenantText, bothKinds)
	g.agent(t, minted.Secret.Reveal(), bothKinds)
	if len(g.queries) != 0 {
		t.Errorf("queries %v", g.queries)
	}
	g.ForgetTenant("prod")
	g.Forget(minted.ID)
	g.agent(t, tenantText, bothKinds)
	g.agent(t, minted.Secret.Reveal(), bothKinds)
	if diff := cmp.Diff(map[string]int{"Token": 1, "TenantToken": 1}, g.queries); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
}

// Tenant tokens have the lifetimes of all others: hits do not prolong them, and without the store they serve up to a
// bound, unless a change was heard of.
func TestTenantTokenLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFlaky()
		g := newGate(t, tokens.VerifierConfig{Store: &store.Memory, FlushEvery: time.Hour})
		defer g.Close(t.Context())
		putTenant(t, store, "prod", oldTenantText, "")
		ask := func(text string) (tokens.Refusal, error) {
			_, refusal, err := g.VerifyAgent(t.Context(), text, bothKinds, "prod", "", time.Now())
			return refusal, err
		}
		if refusal, err := ask(oldTenantText); refusal != "" || err != nil {
			t.Fatalf("%q, %v", refusal, err)
		}
		putTenant(t, store, "prod", tenantText, "") // on another node
		for second := range 31 {
			want := tokens.Refusal("")
			if second == 30 {
				want = tokens.WrongSecret
			}
			if refusal, err := ask(oldTenantText); refusal != want || err != nil {
				t.Fatalf("after %d s: %q, %v", second, refusal, err)
			}
			time.Sleep(time.Second)
		}
		store.down.Store(true)
		time.Sleep(4 * time.Minute)
		if refusal, err := ask(tenantText); refusal != "" || err != nil {
			t.Errorf("with the store down: %q, %v", refusal, err)
		}
		time.Sleep(time.Minute)
		if _, err := ask(tenantText); fault.KindOf(err) != fault.Unavailable || err == nil {
			t.Errorf("beyond the bound: %v", err)
		}
		store.down.Store(false)
		if refusal, err := ask(tenantText); refusal != "" || err != nil {
			t.Errorf("with the store back: %q, %v", refusal, err)
		}
		store.down.Store(true)
		g.ForgetTenant("prod")
		if _, err := ask(tenantText); !errors.Is(err, errDown) {
			t.Errorf("with a change heard of: %v", err)
		}
	})
}

// Attack: ask for one invented environment after another, to fill the memory and to push the real ones out. Invariant:
// environments without a tenant token have a list of their own, of bounded size.
func TestInventedEnvironments(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	putTenant(t, g.store, "prod", tenantText, "")
	g.agent(t, tenantText, bothKinds)
	for i := range 1100 {
		_, refusal, err := g.VerifyAgent(t.Context(), tenantText, bothKinds, fmt.Sprint("invented-", i), "", now)
		if refusal != tokens.Unknown || err != nil {
			t.Fatalf("%q, %v", refusal, err)
		}
	}
	clear(g.queries)
	g.agent(t, tenantText, bothKinds)
	if s := g.Stats(); len(g.queries) != 0 || s.Tenants != 1 || s.Absent != 1000 {
		t.Errorf("queries %v, %+v", g.queries, s)
	}
}

// Attack: a tenant token is replaced while the store is just being asked for it. Invariant: nothing that was read before
// ForgetTenant is kept, or seen by who starts after it.
func TestTenantLoadThatRacesWithForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slowTenants{release: make(chan struct{})}
		putTenant(t, &store.Memory, "prod", oldTenantText, "")
		v := tokens.NewVerifier(tokens.VerifierConfig{Store: store, Formats: formats(t), FlushEvery: time.Hour})
		ask := func() tokens.Refusal {
			_, refusal, err := v.VerifyAgent(t.Context(), oldTenantText, bothKinds, "prod", "", time.Now())
			if err != nil {
				t.Error(err)
			}
			return refusal
		}
		var done sync.WaitGroup
		for range 10 {
			done.Go(func() { ask() })
		}
		synctest.Wait() // the record has been read, and is on its way
		putTenant(t, &store.Memory, "prod", tenantText, "")
		v.ForgetTenant("prod")
		done.Go(func() {
			if refusal := ask(); refusal != tokens.WrongSecret {
				t.Errorf("a request after the change: %q", refusal)
			}
		})
		synctest.Wait()
		close(store.release)
		done.Wait()
		if refusal := ask(); refusal != tokens.WrongSecret || v.Stats().Queries != 2 {
			t.Errorf("later: %q, %+v", refusal, v.Stats())
		}
		_ = v.Close(t.Context())
	})
}

// slowTenants has read its answer before it waits to be released.
type slowTenants struct {
	tokenstest.Memory
	release chan struct{}
}

func (s *slowTenants) TenantToken(ctx context.Context, environment string) (tokens.TenantToken, error) {
	token, err := s.Memory.TenantToken(ctx, environment)
	<-s.release
	return token, err
}
