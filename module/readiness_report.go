package module

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// healthFacts are what a readiness is made of.
type healthFacts struct {
	looked        time.Time     // everything that was in the store then has been applied
	down          bool          // the last look at the store brought no answer
	staleFor      time.Duration // how long what is remembered serves after that
	policiesSince time.Time     // since when policies cannot take over; zero: they can
	tokensSince   time.Time     // since when tokens cannot be read; zero: they can, as far as any was asked for
	remoteUnread  bool          // it is not known which remote staff get in
	keysUnread    bool          // keys and revocations of the gateway's own access tokens could not be read
	revision      int64
	policies      int64
	exiting       bool
}

// readiness is the answer to the question whether requests should be sent here. Problems may be there while Ready is true:
// then somebody should have a look, and requests are decided all the same.
type readiness struct {
	Ready            bool     `json:"ready"`
	Problems         []string `json:"problems"`
	Store            *contact `json:"store,omitempty"` // nil: there is no gate
	Revision         int64    `json:"revision"`
	PoliciesRevision int64    `json:"policies_revision"`
}

// contact is how this gateway gets on with the store.
type contact struct {
	Up           bool      `json:"up"`
	LagSeconds   float64   `json:"lag_seconds"`            // how old a revocation may be that was not heard of
	ServingUntil time.Time `json:"serving_until,omitzero"` // of what is remembered; only while the store is down
}

// lagWorthSaying is twice what a revocation is promised to take.
const lagWorthSaying = 2 * time.Second

// report puts the facts into words. The bound on what is remembered counts from the last look that caught up, because nothing
// can have been looked up after it: an entry that is older ends earlier, and none ends later.
func (f healthFacts) report(now time.Time) readiness {
	lag := max(now.Sub(f.looked), 0)
	until := f.looked.Add(f.staleFor)
	served := now.Before(until)
	r := readiness{
		Ready: served && !f.exiting, Problems: []string{}, Revision: f.revision, PoliciesRevision: f.policies,
		Store: &contact{Up: !f.down, LagSeconds: lag.Round(time.Millisecond).Seconds()},
	}
	if f.exiting {
		r.Problems = append(r.Problems, "the process is ending: what is under way is finished, and nothing new should come")
	}
	if f.down {
		r.Store.ServingUntil = until.UTC()
	}
	if words := f.storeProblem(lag, until, served); words != "" {
		r.Problems = append(r.Problems, words)
	}
	r.Problems = append(r.Problems, f.unread()...)
	return r
}

// storeProblem is what there is to say of the store; "" where all is well.
func (f healthFacts) storeProblem(lag time.Duration, until time.Time, served bool) string {
	away := "store down"
	if !f.down {
		away = "behind the store"
	}
	seconds := int(lag.Round(time.Second).Seconds())
	switch {
	case !served:
		return fmt.Sprintf("%s for %d s, nothing cached may serve since %s", away, seconds, clock(until))
	case f.down:
		return fmt.Sprintf("%s for %d s, serving cached until %s", away, seconds, clock(until))
	case lag >= lagWorthSaying:
		return fmt.Sprintf("%s for %d s: revocations take that long", away, seconds)
	}
	return ""
}

// unread lists what could not be read of the store, and what follows for whom.
func (f healthFacts) unread() (problems []string) {
	if !f.policiesSince.IsZero() {
		problems = append(problems, fmt.Sprintf("policies could not be read since %s: the ones before stay in force", clock(f.policiesSince)))
	}
	if !f.tokensSince.IsZero() {
		problems = append(problems, fmt.Sprintf("tokens could not be read since %s: those remembered serve for %s at most",
			clock(f.tokensSince), f.staleFor))
	}
	if f.remoteUnread {
		problems = append(problems, "remote access not loaded: remote support staff are answered 503")
	}
	if f.keysUnread {
		problems = append(problems, "keys and revocations of access tokens could not be read: it is tried again")
	}
	return problems
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05") + " UTC" }

// runningApps are the apps of this process that have been started and not cleaned up, oldest first. During a reload there are
// two; where the newer one cannot be started after all, the older one is the newest again.
type runningApps struct {
	mu   sync.Mutex
	apps []*App
}

var running runningApps

func (r *runningApps) add(a *App) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.apps = append(r.apps, a)
}

func (r *runningApps) remove(a *App) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.apps = slices.DeleteFunc(r.apps, func(other *App) bool { return other == a })
}

// newest is nil where none runs.
func (r *runningApps) newest() *App {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.apps) == 0 {
		return nil
	}
	return r.apps[len(r.apps)-1]
}
