package storecopy_test

import (
	"testing"
	"time"

	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/module/store/storecopy"
	"github.com/doorward/doorward/tokens"
)

// TestSessionsAreLeftOut. Attack: a copy that is taken away brings along who is signed in to the console. Invariant: it has everything
// but that, in both directions between the engines, while the events of the sessions are in its trail.
func TestSessionsAreLeftOut(t *testing.T) {
	first := newStores["sqlite"](t)
	used(t, first)
	s := openStore(t, first)
	r := session.Record{
		Session: session.Session{ID: "s", Subject: "user ann", Method: session.MethodToken, Created: epoch, LastUsed: epoch,
			Ends: epoch.Add(time.Hour), Expires: epoch.Add(time.Hour)},
		Digest: tokens.DigestOf("cookie"), Sealed: []byte{1}, Environment: "prod", Actor: "ann",
	}
	mustDo(t, s.CreateConsoleSession(t.Context(), r, session.Room{PerSubject: 1, All: 1}, event("session.login", "s")))
	mustDo(t, s.Close())
	from := first
	for _, engine := range []string{"postgres", "sqlite"} {
		to := newStores[engine](t)
		_, err := copyStore(t.Context(), from, to, storecopy.Options{})
		mustDo(t, err)
		target := openStore(t, to)
		left, err := target.ConsoleSessions(t.Context(), session.Query{})
		mustDo(t, err)
		events, err := target.CountAuditEvents(t.Context(), store.AuditQuery{Action: "session.login"})
		mustDo(t, err)
		if len(left) != 0 || events != 1 {
			t.Errorf("%s: %d sessions and %d of their events in the copy, want none and 1", engine, len(left), events)
		}
		from = to
	}
}
