package remoteaccesstest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/remote"
)

// told is what a test looks at of an event.
type told struct {
	Action, Type, Category, Actor, Object string
	Failed                                bool
}

func summary(events []audit.Event) (list []told) {
	for _, e := range events {
		list = append(list, told{e.Action, e.Type(), e.Category(), e.Actor, e.Object, e.Failed})
	}
	return list
}

// mustTell compares what was recorded about a grant since an event.
func (s *site) mustTell(after int64, want ...told) []audit.Event {
	s.t.Helper()
	got := since(s.trail("remote_access", "session."), after)
	if diff := cmp.Diff(want, summary(got)); diff != "" {
		s.t.Errorf("recorded (-want +got):\n%s", diff)
	}
	for _, e := range got {
		if e.Time.IsZero() || e.Actor != "system" && e.Origin != "127.0.0.1" {
			s.t.Errorf("%s: time %v, from %q", e.Action, e.Time, e.Origin)
		}
	}
	return got
}

// mustDetail compares what an event says of a request of staff, the session aside.
func (s *site) mustDetail(e audit.Event, want map[string]string) {
	s.t.Helper()
	got := s.detail(e)
	delete(got, "session")
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("%s says (-want +got):\n%s", e.Action, diff)
	}
}

// Each step of remote access, from the question to the end of the grant, is one event, and says what an auditor asks for.
func oneEventEach(t *testing.T) {
	s := start(t, scene{app: "cache {\nlifetime 100ms\n}"})
	administrator, token := s.ordinary("ServiceProviderAPI"), s.badge(john)
	after := s.last()

	r := s.ask(john, "devops-viewer", administrator)
	created := s.mustTell(after, told{"remote_access_request.create", "CREATE", "CONFIG", s.actorOf(after), r.ID, false})
	for _, part := range []string{`"SUP-123456 Verifying"`, `"path":"/requestedDays","value":7`, `"devops-viewer"`, `"PENDING"`} {
		if !strings.Contains(created[0].Patch, part) {
			t.Errorf("the patch of the request lacks %s: %s", part, created[0].Patch)
		}
	}
	if created[0].Message != "Request for remote access." || created[0].Decision == "" {
		t.Errorf("message %q, decision %q", created[0].Message, created[0].Decision)
	}

	after = s.last()
	s.expect(stateOf(r.ID, "ACCEPTED", administrator), http.StatusOK)
	accepted := s.mustTell(after, told{"remote_access_request.update", "UPDATE", "CONFIG", s.actorOf(after), r.ID, false})
	for _, part := range []string{`{"op":"replace","path":"/state","oldValue":"PENDING","value":"ACCEPTED"}`, `"/expirationTimestamp"`} {
		if !strings.Contains(accepted[0].Patch, part) {
			t.Errorf("the patch of the approval lacks %s: %s", part, accepted[0].Patch)
		}
	}

	after = s.last()
	const body = `{"what":"ever"}`
	s.expect(call{method: "POST", target: "/plain?x=1", token: token, body: body}, http.StatusOK)
	s.concluded(after)
	did := s.mustTell(after,
		told{"session.login", "LOGIN", "WEB_UI", john, r.ID, false},
		told{"remote_access.create", "CREATE", "CONFIG", john, r.ID, false})
	session := s.detail(did[0])["session"]
	if session == "" || session != s.detail(did[1])["session"] {
		t.Errorf("sessions %q and %q, want one", session, s.detail(did[1])["session"])
	}
	common := map[string]string{"user": john, "role": "devops-viewer", "setting": "approved", "client": "127.0.0.1"}
	s.mustDetail(did[0], common)
	s.mustDetail(did[1], with(common, "method", "POST", "path", "/plain", "query", "x=1", "endpoint", "POST /plain"))
	digest := sha256.Sum256([]byte(body))
	want := audit.Outcome{Status: 200, Bytes: int64(len("upstream")), BodyDigest: hex.EncodeToString(digest[:])}
	got := *did[1].Outcome
	if got.At.IsZero() || got.At.Before(did[1].Time) {
		t.Errorf("concluded at %v, begun at %v", got.At, did[1].Time)
	}
	got.At = time.Time{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
	if seen := s.Upstream.Seen(); len(seen) != 1 || seen[0].Header.Get("X-Doorward-Decision-Id") != did[1].Decision {
		t.Errorf("the decision of the record is %q, and the upstream saw another one", did[1].Decision)
	}

	after = s.last()
	s.expect(call{target: "/api/v2/logs/search", token: token}, http.StatusForbidden)
	denied := s.mustTell(after, told{"remote_access.read", "READ", "CONFIG", john, r.ID, true})
	s.mustDetail(denied[0], with(common, "method", "GET", "path", "/api/v2/logs/search", "endpoint", "GET /api/v2/logs/search",
		"missing", "logs.read"))

	// The ceiling is not the first thing that refuses; what comes before it is written down as completely.
	after = s.last()
	s.expect(call{target: "/nowhere", token: token}, http.StatusForbidden)
	denied = s.mustTell(after, told{"remote_access.read", "READ", "CONFIG", john, r.ID, true})
	s.mustDetail(denied[0], with(common, "method", "GET", "path", "/nowhere"))

	s.expireNow(r.ID)
	after = s.last()
	s.eventually("the expiry is recorded", func() bool { return len(since(s.trail("remote_access_request.update"), after)) > 0 })
	s.eventually("the session is over", func() bool { return len(since(s.trail("session.logout"), after)) > 0 })
	s.until(http.StatusForbidden, token)
	expired := since(s.trail("remote_access_request.update"), after)
	if len(expired) != 1 || expired[0].Actor != "system" || !strings.Contains(expired[0].Patch, `"oldValue":"ACCEPTED","value":"EXPIRED"`) {
		t.Errorf("expiry was recorded as %+v", expired)
	}
	if out := since(s.trail("session.logout"), after); len(out) != 1 || out[0].Object != r.ID || s.detail(out[0])["session"] != session {
		t.Errorf("the end of the session was recorded as %+v", out)
	}
	s.mustBeWhole()
}

// actorOf is who the first event after another one says has acted: a token of the API is named by its identifier.
func (s *site) actorOf(after int64) string {
	s.t.Helper()
	events := since(s.trail("remote_access"), after)
	if len(events) == 0 || !strings.HasPrefix(events[0].Actor, "dt0c01.") || strings.Count(events[0].Actor, ".") != 1 {
		s.t.Fatalf("want an event whose actor is the public part of a token, got %+v", summary(events))
	}
	return events[0].Actor
}

func with(of map[string]string, more ...string) map[string]string {
	all := map[string]string{}
	for k, v := range of {
		all[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

// expireNow makes the time of a grant run out, and leaves it to the gate to notice.
func (s *site) expireNow(id string) {
	s.t.Helper()
	e := remote.Entry{Event: audit.Event{Time: time.Now().UTC(), Actor: katie, Action: "test.shorten", Object: id}}
	s.must(s.office.Store.UpdateRemoteRequest(s.t.Context(), id, &e, func(_ remote.SettingRecord, r *remote.Request) error {
		r.Expires = time.Now().Add(200 * time.Millisecond).UTC().Truncate(time.Millisecond)
		return nil
	}))
}

// A session is what somebody does without a long pause: many requests, one login and one logout.
func TestSessions(t *testing.T) {
	s := start(t, scene{remote: "setting approved\nsession_idle 500ms", app: "cache {\nlifetime 50ms\n}"})
	token := s.badge(john)
	s.grant(john, remote.Viewer, token) // which ends with a request, and so with a session
	logins := func() int { return len(s.trail("session.login")) }
	logouts := func() int { return len(s.trail("session.logout")) }
	s.eventually("the session is over", func() bool { return logouts() == 1 })
	before := s.last()

	// Five at once begin one session.
	var asking sync.WaitGroup
	for range 5 {
		asking.Go(func() { s.expect(call{target: "/plain", token: token}, http.StatusOK) })
	}
	asking.Wait()
	calls := s.concluded(before)
	sessions := map[string]bool{}
	for _, e := range calls {
		sessions[s.detail(e)["session"]] = true
	}
	if logins() != 2 || len(calls) != 5 || len(sessions) != 1 {
		t.Errorf("%d logins, %d requests in %d sessions; want 2, 5 and 1", logins(), len(calls), len(sessions))
	}

	// A pause ends it, and what comes after it is another one. Another credential is another one too.
	s.eventually("the session is over", func() bool { return logouts() == 2 })
	s.expect(call{target: "/plain", token: token}, http.StatusOK)
	s.expect(call{target: "/plain", token: s.badge(john)}, http.StatusOK)
	if logins() != 4 {
		t.Errorf("%d logins, want 4", logins())
	}
	s.eventually("both sessions are over", func() bool { return logouts() == 4 })
	s.mustBeWhole()
}

// A session that a reload closes with its gate is over, and what was under way in it has its outcome: a gateway that is stopped
// leaves no request of which nobody knows what became of it.
func TestSessionsEndWithTheGate(t *testing.T) {
	s := startStreaming(t)
	token := s.badge(john)
	s.grant(john, remote.Viewer, token)
	after := s.last()
	u := openSocket(s, token)
	closed := make(chan error, 1)
	go func() { closed <- u.ended() }()
	s.Load("{\nadmin off\ndefault_bind 127.0.0.1\n}\n{SITE} {\nrespond 204\n}")
	s.eventually("the session is over", func() bool { return len(s.trail("session.logout")) == 1 })
	s.must(<-closed)
	s.mustHaveBeenCut(after, u, "closed")
	s.mustBeWhole()
}
