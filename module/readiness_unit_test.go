package module

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What each fact makes of a readiness, in words. Only two of them take the gateway out: nothing may serve any more, and the
// process ends.
func TestHealthFacts(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	at := func(after time.Duration, change func(*healthFacts)) readiness {
		f := healthFacts{looked: noon, staleFor: 5 * time.Minute, revision: 7, policies: 6}
		change(&f)
		return f.report(noon.Add(after))
	}
	store := func(up bool, lag float64, until time.Time) *contact { return &contact{up, lag, until} }
	away := func(f *healthFacts) { f.down = true }
	bound := noon.Add(5 * time.Minute)
	for _, test := range []struct {
		name     string
		got      readiness
		ready    bool
		store    *contact
		problems []string
	}{
		{"well", at(200*time.Millisecond, func(*healthFacts) {}), true, store(true, 0.2, time.Time{}), []string{}},
		{"behind", at(3*time.Second, func(*healthFacts) {}), true, store(true, 3, time.Time{}),
			[]string{"behind the store for 3 s: revocations take that long"}},
		{"stuck", at(6*time.Minute, func(*healthFacts) {}), false, store(true, 360, time.Time{}),
			[]string{"behind the store for 360 s, nothing cached may serve since 12:05:00 UTC"}},
		{"down", at(12*time.Second, away), true, store(false, 12, bound),
			[]string{"store down for 12 s, serving cached until 12:05:00 UTC"}},
		{"down, to the last moment", at(5*time.Minute-1, away), true, store(false, 300, bound),
			[]string{"store down for 300 s, serving cached until 12:05:00 UTC"}},
		{"down for too long", at(5*time.Minute, away), false, store(false, 300, bound),
			[]string{"store down for 300 s, nothing cached may serve since 12:05:00 UTC"}},
		{"a clock set back", at(-time.Hour, func(*healthFacts) {}), true, store(true, 0, time.Time{}), []string{}},
		{"policies", at(0, func(f *healthFacts) { f.policiesSince = noon.Add(-time.Minute) }), true, store(true, 0, time.Time{}),
			[]string{"policies could not be read since 11:59:00 UTC: the ones before stay in force"}},
		{"tokens", at(0, func(f *healthFacts) { f.tokensSince = noon.Add(-time.Minute) }), true, store(true, 0, time.Time{}),
			[]string{"tokens could not be read since 11:59:00 UTC: those remembered serve for 5m0s at most"}},
		{"remote access", at(0, func(f *healthFacts) { f.remoteUnread = true }), true, store(true, 0, time.Time{}),
			[]string{"remote access not loaded: remote support staff are answered 503"}},
		{"keys", at(0, func(f *healthFacts) { f.keysUnread = true }), true, store(true, 0, time.Time{}),
			[]string{"keys and revocations of access tokens could not be read: it is tried again"}},
		{"ending", at(0, func(f *healthFacts) { f.exiting = true }), false, store(true, 0, time.Time{}),
			[]string{"the process is ending: what is under way is finished, and nothing new should come"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := readiness{Ready: test.ready, Problems: test.problems, Store: test.store, Revision: 7, PoliciesRevision: 6}
			if diff := cmp.Diff(want, test.got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A config that cannot be started after all leaves the one before it as the one that runs.
func TestRunningApps(t *testing.T) {
	var r runningApps
	before, after := new(App), new(App)
	newest := func(want *App) {
		t.Helper()
		if got := r.newest(); got != want {
			t.Errorf("the newest is %p, want %p", got, want)
		}
	}
	newest(nil)
	r.remove(before)
	r.add(before)
	r.add(after)
	newest(after)
	r.remove(after)
	newest(before)
	r.add(after)
	r.remove(before)
	newest(after)
	r.remove(after)
	newest(nil)
}

// Policies that cannot take over are a problem from the first failure on, until the next publication.
func TestPublications_FailingSince(t *testing.T) {
	var p publications
	fails := func() *time.Time { return p.failingSince.Load() }
	if p.note(nil); fails() != nil {
		t.Error("failing after a success")
	}
	p.note(errStreamCut)
	first := fails()
	p.note(errStreamCut)
	if first == nil || fails() != first {
		t.Errorf("failing since %v, want %v", fails(), first)
	}
	if p.note(nil); fails() != nil {
		t.Error("still failing after a success")
	}
}
