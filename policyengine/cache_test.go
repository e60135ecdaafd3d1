package policyengine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/policyengine"
)

// TestLifetimeIsHard: an answer is given again for so long and no longer, however often it is asked for.
//
// Attack: keep a right that was taken away by asking for it all the time. Fix: the end of an entry is set when it is made.
// Invariant: a hit never moves it.
func TestLifetimeIsHard(t *testing.T) {
	for _, policy := range []string{`ALLOW hub:catalog:read;`, `DENY hub:catalog:read;`} {
		engine := engineWith(t, policyengine.Options{Lifetime: 10 * time.Second}, policy)
		r := request(t, "hub:catalog:read")
		decide(t, engine, r)
		engine.Settle()
		for second := range 25 {
			r.Now = start.Add(time.Duration(second) * time.Second)
			v := decide(t, engine, r)
			engine.Settle()
			if want := second%10 != 0 || second == 0; v.Cached != want || v.Allow != strings.HasPrefix(policy, "ALLOW") {
				t.Errorf("%s after %d seconds: %s, cached %t", policy, second, describe(v), v.Cached)
			}
		}
	}
}

// TestLifetimeHasABound: no option lets an answer live for longer than half a minute.
func TestLifetimeHasABound(t *testing.T) {
	for after, want := range map[time.Duration]bool{policyengine.MaxLifetime - 1: true, policyengine.MaxLifetime: false, -1: false} {
		r := request(t, "hub:catalog:read")
		r.Now = start.Add(after)
		engine := engineWith(t, policyengine.Options{Lifetime: time.Hour}, `ALLOW hub:catalog:read;`)
		decide(t, engine, request(t, "hub:catalog:read"))
		engine.Settle()
		if v := decide(t, engine, r); v.Cached != want {
			t.Errorf("after %v: cached %t", after, v.Cached)
		}
	}
}

// TestTimeEndsEntries: an answer that a time condition had a part in ends with it, for grants and refusals alike.
func TestTimeEndsEntries(t *testing.T) {
	engine := engineWith(t, policyengine.Options{},
		`ALLOW hub:catalog:read WHERE global:date-time > "2026-01-07T12:00:05Z" AND global:date-time < "2026-01-07T12:00:15Z";`)
	for second := range 20 {
		r := request(t, "hub:catalog:read")
		r.Now = start.Add(time.Duration(second)*time.Second + 900*time.Millisecond)
		v := decide(t, engine, r)
		engine.Settle()
		if want := second > 5 && second < 15; v.Allow != want {
			t.Errorf("after %d seconds: %s", second, describe(v))
		}
		if made := second == 0 || second == 5 || second == 6 || second == 15 || second == 16; v.Cached == made {
			t.Errorf("after %d seconds: cached %t", second, v.Cached)
		}
	}
}

// TestRightsDoNotLeak: what was decided for one is not given to another.
//
// Attack: ask for what somebody else, or another permission, place or environment, was granted a moment ago. Fix: the
// answer's key has all that its policies read. Invariant: only a request that says the same gets the same answer.
func TestRightsDoNotLeak(t *testing.T) {
	engine := engineWith(t, policyengine.Options{},
		`ALLOW settings:objects:read WHERE settings:schemaId = "mine" AND settings:scope = "${global:userId}"; DENY settings:objects:write; ALLOW hub:catalog:read WHERE global:environmentId = "env";`)
	r := request(t, "settings:objects:read settings:schemaId=mine settings:scope=u")
	if v := decide(t, engine, r); !v.Allow {
		t.Fatal(describe(v))
	}
	decide(t, engine, request(t, "hub:catalog:read"))
	engine.Settle()
	for name, change := range map[string]func(*policyengine.Request){
		"another user":        func(r *policyengine.Request) { r.Subject.User = "v" },
		"no user":             func(r *policyengine.Request) { r.Subject.User = "" },
		"another permission":  func(r *policyengine.Request) { r.Permission = "settings:objects:write" },
		"another schema":      func(r *policyengine.Request) { r.Attributes[0].Values = []string{"yours"} },
		"no schema":           func(r *policyengine.Request) { r.Attributes[0].Known = false },
		"a list":              func(r *policyengine.Request) { r.Attributes[0].List = true },
		"another group":       func(r *policyengine.Request) { r.Subject.Groups = []string{"g2"} },
		"another account":     func(r *policyengine.Request) { r.Account = "other" },
		"another environment": func(r *policyengine.Request) { r.Permission, r.Environment = "hub:catalog:read", "other" },
	} {
		r := request(t, "settings:objects:read settings:schemaId=mine settings:scope=u")
		change(&r)
		if v := decide(t, engine, r); v.Allow || v.Cached {
			t.Errorf("%s: %s, cached %t", name, describe(v), v.Cached)
		}
	}
	r.Attributes = append(r.Attributes, policyengine.Attribute{Name: "settings:unread", Known: true, Values: []string{"x"}})
	if v := decide(t, engine, r); !v.Allow || !v.Cached {
		t.Errorf("what no policy reads: %s, cached %t", describe(v), v.Cached)
	}
}

// TestCollision: two keys with one hash.
//
// Attack: find a request whose key has the hash of a granted one's. Fix: the whole key is compared. Invariant: a hash
// never decides.
func TestCollision(t *testing.T) {
	engine := engineWith(t, policyengine.Options{}, `ALLOW settings:objects:read WHERE settings:schemaId = "mine";`)
	granted, refused := request(t, "settings:objects:read settings:schemaId=mine"), request(t, "settings:objects:read settings:schemaId=yours")
	set, err := engine.Set(t.Context(), granted)
	if err != nil {
		t.Fatal(err)
	}
	from, err := set.Key(granted)
	if err != nil {
		t.Fatal(err)
	}
	to, err := set.Key(refused)
	if err != nil {
		t.Fatal(err)
	}
	engine.Collide(from, to, start)
	if v := decide(t, engine, refused); v.Allow || v.Cached {
		t.Errorf("%s, cached %t", describe(v), v.Cached)
	}
}

// TestCacheIsBounded: the cache keeps to its bytes whatever is asked.
func TestCacheIsBounded(t *testing.T) {
	const bound = 256 << 10
	engine := engineWith(t, policyengine.Options{CacheBytes: bound}, `ALLOW settings:objects:read WHERE settings:schemaId = "mine";`)
	for i := range 2000 {
		decide(t, engine, request(t, fmt.Sprintf("settings:objects:read settings:schemaId=%d-%s", i, strings.Repeat("x", 1000))))
	}
	engine.Settle()
	if cost := engine.CacheCost(); cost > bound || cost < bound/2 {
		t.Errorf("%d bytes of %d", cost, bound)
	}
	if s := engine.Stats(); s.Misses != 2000 || s.Hits != 0 {
		t.Errorf("got %+v", s)
	}
}

// TestStats: hits by age.
func TestStats(t *testing.T) {
	engine := engineWith(t, policyengine.Options{}, `ALLOW hub:catalog:read;`)
	r := request(t, "hub:catalog:read")
	decide(t, engine, r)
	engine.Settle()
	for _, after := range []time.Duration{0, 2, 2, 5, 15, 29} {
		r.Now = start.Add(after * time.Second)
		decide(t, engine, r)
	}
	if s := engine.Stats(); s.Misses != 1 || s.Hits != 6 || s.Ages != [5]uint64{1, 2, 1, 1, 1} {
		t.Errorf("got %+v", s)
	}
}
