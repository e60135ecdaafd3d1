package policyengine_test

import (
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/regogen/regogentest"
)

// TestCacheChangesNothing runs one history on an engine with a cache and on one without.
//
// Attack: any order of publishing, asking and waiting after which the cache answers for policies or a time that are gone.
// Fix: keys, revisions and ends of entries. Invariant: both engines give the same verdicts, always, because a publication
// holds at once on the node that made it.
func TestCacheChangesNothing(t *testing.T) {
	rounds, hits := 1, uint64(0)
	if os.Getenv("DOORWARD_LONG") != "" {
		rounds = 20
	}
	for range rounds {
		rapid.Check(t, func(t *rapid.T) { hits += history(t) })
	}
	if hits < 100 {
		t.Errorf("only %d answers came from the cache", hits)
	}
}

func history(t *rapid.T) (hits uint64) {
	cached, uncached := drawnEngine(t, 0), drawnEngine(t, -1)
	defer cached.Close()
	defer uncached.Close()
	worlds := []*regogentest.World{regogentest.Draw(t), regogentest.Draw(t)}
	now, revision := start, int64(0)
	var asked []policyengine.Request
	publishNext := func(t *rapid.T) {
		revision++
		bindings := drawnBindings(t, worlds)
		for _, engine := range []*policyengine.Engine{cached, uncached} {
			if err := engine.Publish(t.Context(), policyengine.Policies{Revision: revision, Bindings: bindings}); err != nil {
				t.Fatal(err)
			}
		}
	}
	publishNext(t)
	ask := func(t *rapid.T, r policyengine.Request) {
		r.Now = now
		want, err := uncached.Decide(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := cached.Decide(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(policyengine.Verdict{}, "Cached")); diff != "" {
			t.Fatalf("%+v (-without +with cache)\n%s", r, diff)
		}
		cached.Settle()
	}
	t.Repeat(map[string]func(*rapid.T){
		"publish": publishNext,
		"advance": func(t *rapid.T) {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 5, 29, 30, 3600, 86_400}).Draw(t, "seconds")) * time.Second)
		},
		"ask": func(t *rapid.T) {
			r := requestOf(rapid.SampledFrom(regogentest.Permissions).Draw(t, "permission"), worlds[0].Facts(t))
			r.Account = "account"
			r.Subject.Groups = rapid.SliceOfN(rapid.SampledFrom([]string{"g1", "g2", "g3"}), 0, 3).Draw(t, "groups")
			asked = append(asked, r)
			ask(t, r)
		},
		"ask again": func(t *rapid.T) {
			if len(asked) > 0 {
				ask(t, rapid.SampledFrom(asked).Draw(t, "asked"))
			}
		},
		"ask once more": func(t *rapid.T) {
			if len(asked) > 0 {
				ask(t, asked[len(asked)-1])
			}
		},
	})
	return cached.Stats().Hits
}

func drawnEngine(t *rapid.T, cache int64) *policyengine.Engine {
	if cache == 0 {
		cache = 1 << 20
	}
	engine, err := policyengine.New(policyengine.Options{CacheBytes: cache})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// drawnBindings gives each group some of the statements.
func drawnBindings(t *rapid.T, worlds []*regogentest.World) []policyengine.Binding {
	var bindings []policyengine.Binding
	for _, group := range []string{"g1", "g2", "g3"} {
		from := rapid.SampledFrom(worlds).Draw(t, "world").Statements
		n := rapid.IntRange(0, len(from)).Draw(t, "statements")
		bindings = append(bindings, policyengine.Binding{Group: group, Level: bind.Account, LevelID: "account", Statements: from[:n]})
	}
	return bindings
}

// TestPublishWhileDeciding: many ask while policies change.
//
// Attack: win a race between a publication and the cache, so that an answer of the old policies is kept for the new ones.
// Fix: an answer is kept under the revision that was read before it was made. Invariant: who asks after a publication has
// returned is answered by it or by a newer one. The race detector watches.
func TestPublishWhileDeciding(t *testing.T) {
	const last = 60
	policies := []string{`ALLOW settings:objects:read WHERE settings:schemaId != "x";`, `DENY settings:objects:read WHERE settings:schemaId != "x";`}
	engine := engineWith(t, policyengine.Options{}, policies[1])
	var published atomic.Int64
	published.Store(1)
	var group sync.WaitGroup
	for worker := range uint64(4) {
		random := rand.New(rand.NewPCG(worker, 1))
		group.Go(func() {
			for published.Load() < last {
				r := request(t, "settings:objects:read settings:schemaId="+string('a'+byte(random.IntN(3))))
				if v, err := engine.Decide(t.Context(), r); err != nil || v.Allow != allows(v) {
					t.Errorf("%s, %v", describe(v), err)
					return
				}
			}
		})
	}
	for revision := int64(2); revision <= last; revision++ {
		publish(t, engine, revision, bindingOf(t, policies[revision%2]))
		if v := decide(t, engine, request(t, "settings:objects:read settings:schemaId=a")); v.Allow != (revision%2 == 0) {
			t.Errorf("revision %d: %s", revision, describe(v))
		}
		published.Store(revision)
	}
	group.Wait()
}

// allows reads the answer from the reasons: a verdict is never put together of two policies.
func allows(v policyengine.Verdict) bool {
	return len(v.Reasons) == 1 && v.Reasons[0].Effect.String() == "ALLOW"
}
