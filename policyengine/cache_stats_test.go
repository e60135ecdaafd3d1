package policyengine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/policyengine"
)

// TestCacheCountsWhatItHolds: each decision once, also when it is made anew, and none that had to go.
func TestCacheCountsWhatItHolds(t *testing.T) {
	engine := engineWith(t, policyengine.Options{}, `ALLOW settings:objects:read WHERE settings:schemaId = "x";`)
	for _, after := range []time.Duration{0, time.Second, policyengine.MaxLifetime, 2 * policyengine.MaxLifetime} {
		for i := range 3 {
			r := request(t, fmt.Sprintf("settings:objects:read settings:schemaId=%d", i))
			r.Now = start.Add(after)
			decide(t, engine, r)
		}
		engine.Settle()
		s := engine.Stats()
		if s.Cached != 3 || s.Evictions != 0 || s.CacheLimit != policyengine.DefaultCacheBytes {
			t.Errorf("after %s: got %+v", after, s)
		}
		if each := s.CacheBytes / 3; each < 200 || each > 1000 {
			t.Errorf("after %s: a decision takes %d bytes", after, each)
		}
	}
}

// TestCacheCountsUnderPressure: entries and bytes go together when most of what is given has to make room.
func TestCacheCountsUnderPressure(t *testing.T) {
	const bound = 100_000
	engine := engineWith(t, policyengine.Options{CacheBytes: bound}, `ALLOW settings:objects:read WHERE settings:schemaId = "x";`)
	for i := range 2000 {
		decide(t, engine, request(t, fmt.Sprintf("settings:objects:read settings:schemaId=%d-%s", i, strings.Repeat("x", 1000))))
		if i%100 == 0 {
			engine.Settle()
		}
	}
	engine.Settle()
	s := engine.Stats()
	if s.CacheBytes > bound || s.CacheLimit != bound || s.Evictions == 0 || s.Cached == 0 {
		t.Fatalf("got %+v", s)
	}
	if each := s.CacheBytes / int64(s.Cached); each < 1000 || each > 2000 {
		t.Errorf("%d decisions take %d bytes, with a key of 1000 in each", s.Cached, s.CacheBytes)
	}
}

// TestNotesCount: a refusal is explained by texts of its own, which take memory as the key does.
func TestNotesCount(t *testing.T) {
	engine := engineWith(t, policyengine.Options{}, `DENY settings:objects:read WHERE settings:schemaId = "x";`)
	decide(t, engine, request(t, "settings:objects:read settings:schemaId=y"))
	engine.Settle()
	granted := engine.Stats().CacheBytes
	v := decide(t, engine, request(t, "settings:objects:read"))
	engine.Settle()
	if len(v.Reasons) != 1 || v.Reasons[0].Note == "" {
		t.Fatal(describe(v))
	}
	reasons := int64(len(v.Reasons[0].Note))
	if explained := engine.Stats().CacheBytes - granted; explained < granted+reasons {
		t.Errorf("a refusal with a note takes %d bytes, one without %d", explained, granted)
	}
}
