package policyengine_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/policyengine"
)

// TestAllocations: an answer from the cache takes no memory, and an evaluation takes as much as it always has.
func TestAllocations(t *testing.T) {
	if watchesRaces {
		t.Skip("under the race detector there are more")
	}
	engine := published(t, policyengine.Options{}, many(100))
	r := asking("app:schema.97")
	for !decide(t, engine, r).Cached { // the cache takes an answer in when it comes to it
		time.Sleep(time.Millisecond)
	}
	hit := func() {
		if v, err := engine.Decide(t.Context(), r); err != nil || !v.Allow || !v.Cached {
			t.Fatal(v, err)
		}
	}
	if n := testing.AllocsPerRun(200, hit); n != 0 {
		t.Errorf("%v allocations for an answer from the cache, want none", n)
	}
	engine = published(t, policyengine.Options{CacheBytes: -1}, many(100))
	decide(t, engine, r)
	miss := func() {
		if v, err := engine.Decide(t.Context(), r); err != nil || !v.Allow || v.Cached {
			t.Fatal(v, err)
		}
	}
	if n := testing.AllocsPerRun(200, miss); n > 82 {
		t.Errorf("%v allocations for an evaluation, want at most 82", n)
	}
}
