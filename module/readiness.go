package module

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/doorward/doorward/remote"
)

func init() { caddy.RegisterModule(new(AdminHealth)) }

// AdminHealth answers on Caddy's admin endpoint whether this gateway should be sent requests, and whether its process works.
// It has no options.
//
// `/doorward/ready` is 200 while requests are decided: from the store or, while that is away, from what is remembered. It is
// 503 when nothing that is remembered may serve any more, when no gate is loaded, and as soon as the process is told to end.
// `/doorward/live` is 200 for as long as the process answers at all: a restart helps against nothing that the former says.
//
// Both are about the process, so whoever reaches the admin endpoint may ask; they name no token, no user and no database.
type AdminHealth struct {
	now     func() time.Time // nil: time.Now
	exiting func() bool      // nil: caddy.Exiting
}

// CaddyModule returns the Caddy module information.
func (*AdminHealth) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.doorward", New: func() caddy.Module { return new(AdminHealth) }}
}

// Routes are the two probes.
func (a *AdminHealth) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: "/doorward/ready", Handler: caddy.AdminHandlerFunc(a.serveReady)},
		{Pattern: "/doorward/live", Handler: caddy.AdminHandlerFunc(a.serveLive)},
	}
}

func (a *AdminHealth) serveReady(w http.ResponseWriter, r *http.Request) error {
	report := a.report()
	status := http.StatusOK
	if !report.Ready {
		status = http.StatusServiceUnavailable
	}
	return answerProbe(w, r, status, report)
}

func (*AdminHealth) serveLive(w http.ResponseWriter, r *http.Request) error {
	return answerProbe(w, r, http.StatusOK, struct {
		Live bool `json:"live"`
	}{true})
}

// report is about the gate of the config that runs.
func (a *AdminHealth) report() readiness {
	now, exiting := time.Now, caddy.Exiting
	if a.now != nil {
		now = a.now
	}
	if a.exiting != nil {
		exiting = a.exiting
	}
	app := running.newest()
	if app == nil {
		return readiness{Problems: []string{"no gate is loaded: the config that runs has none, or none runs yet"}}
	}
	facts := app.gate.facts()
	facts.exiting = exiting()
	return facts.report(now())
}

// answerProbe writes an answer that no cache may keep.
func answerProbe(w http.ResponseWriter, r *http.Request, status int, body any) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("a probe is asked with GET")}
	}
	text, err := json.MarshalIndent(body, "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, err = w.Write(append(text, '\n'))
	}
	return err
}

// facts are what the gate knows of its own health. It reads memory only: a probe must not wait for the store that it asks about.
func (g *gate) facts() healthFacts {
	f := healthFacts{
		looked: g.lastLook(), down: g.isStoreDown(), staleFor: g.rules.staleFor,
		tokensSince: g.verifier.Stats().FailingSince, remoteUnread: g.remote.isUnread(), keysUnread: g.authority.isFailing(),
		revision: g.follower.Position(), policies: g.rules.rounds.published.Load(),
	}
	if since := g.rules.count.failingSince.Load(); since != nil {
		f.policiesSince = *since
	}
	return f
}

// lastLook is when all changes of the store had been applied: at the last look that caught up or, before the first one, when
// the gate was opened, because everything was read then.
func (g *gate) lastLook() time.Time {
	look := g.follower.LastLook()
	return cmp.Or(look, g.opened)
}

// lag is how far the gate is behind the store.
func (g *gate) lag() time.Duration { return time.Since(g.lastLook()) }

// storeFailed notes that the store did not answer.
func (g *gate) storeFailed(now time.Time) { g.missed.Store(&now) }

// isStoreDown reports whether the last look at the store brought no answer.
func (g *gate) isStoreDown() bool {
	missed := g.missed.Load()
	return missed != nil && missed.After(g.lastLook())
}

func (g *gate) storeUp() float64 {
	if g.isStoreDown() {
		return 0
	}
	return 1
}

// isUnread reports whether it is not known which remote staff get in.
func (d *remoteDesk) isUnread() bool { return d.limit.Decide(remote.Call{}).Reason == remote.NotLoaded }

// isFailing reports whether keys and revocations could not be read. Where no access tokens are issued there are none.
func (a *authority) isFailing() bool { return a != nil && a.failures.Load() > 0 }

// Interface guard.
var _ caddy.AdminRouter = (*AdminHealth)(nil)
