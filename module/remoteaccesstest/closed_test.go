package remoteaccesstest_test

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to break the store under the gate

	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
)

// sabotage works on the file of the store itself.
func (s *site) sabotage(statements ...string) {
	s.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(s.Folder, "doorward.db")+"?_pragma=busy_timeout(5000)")
	s.must(err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, statement := range statements {
		_, err := db.ExecContext(s.t.Context(), statement)
		s.must(err)
	}
}

// broken are ways in which what staff do cannot be written down, each with what mends it.
var broken = map[string]struct{ broken, mended []string }{
	"no event can be written": {
		[]string{"CREATE TRIGGER full BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'disk full'); END"},
		[]string{"DROP TRIGGER full"},
	},
	"the trail is gone": {
		[]string{"PRAGMA legacy_alter_table = ON", "ALTER TABLE audit_head RENAME TO audit_head_gone"},
		[]string{"PRAGMA legacy_alter_table = ON", "ALTER TABLE audit_head_gone RENAME TO audit_head"},
	},
}

// Attack: whoever fills the disk, or takes the trail away, works unseen from then on. Fix: what staff do is written down
// before it is done. Invariant: while it cannot be, staff get 503, the upstream sees nothing of them, and ordinary users go
// on as before. Once it can be again, so do staff.
func TestNoRecordNoAccess(t *testing.T) {
	for name, test := range broken {
		for _, known := range []bool{true, false} {
			t.Run(name+map[bool]string{true: ", in a session", false: ", first request"}[known], func(t *testing.T) {
				s := start(t, scene{})
				token, ordinary := s.badge(john), s.ordinary("metrics.read")
				s.grant(john, remote.Viewer, token)
				if !known {
					token = s.badge(john)
				}
				s.expect(call{target: "/plain", token: ordinary}, http.StatusOK)
				s.sabotage(test.broken...)
				s.reached()
				for _, c := range []call{{target: "/plain"}, {method: "POST", target: "/plain", body: "{}"}, {target: "/live", header: upgrade}} {
					c.token = token
					a := s.expect(c, http.StatusServiceUnavailable)
					if a.header.Get("Retry-After") == "" || strings.Contains(a.body, "audit") {
						t.Errorf("answered %v %s", a.header, a.body)
					}
				}
				if n := s.reached(); n != 0 {
					t.Errorf("the upstream saw %d requests", n)
				}
				s.expect(call{target: "/plain", token: ordinary}, http.StatusOK)
				s.sabotage(test.mended...)
				s.expect(call{target: "/plain", token: token}, http.StatusOK)
				s.mustBeWhole()
			})
		}
	}
}

var upgrade = []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}

// Administrators are to hear of every session. A session of which they could not be told does not begin.
func TestNoNoticeNoSession(t *testing.T) {
	s := start(t, scene{remote: mailing("127.0.0.1:1", "sessions")})
	token := s.badge(john)
	s.grant(john, remote.Viewer, token)
	s.sabotage("CREATE TRIGGER full BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'disk full'); END")
	s.reached()
	another := s.badge(john)
	s.expect(call{target: "/plain", token: another}, http.StatusServiceUnavailable)
	if n := s.reached(); n != 0 {
		t.Errorf("the upstream saw %d requests", n)
	}
	s.expect(call{target: "/plain", token: token}, http.StatusOK) // a session that has begun
	s.sabotage("DROP TRIGGER full")
	s.expect(call{target: "/plain", token: another}, http.StatusOK)
	s.mustBeWhole()
}

// The whole store is away. Ordinary users who are known go on for as long as is configured; staff do not, from the first
// request on.
func TestStoreAway(t *testing.T) {
	s := start(t, scene{})
	token, ordinary := s.badge(john), s.ordinary("metrics.read")
	s.grant(john, remote.Viewer, token)
	s.expect(call{target: "/plain", token: ordinary}, http.StatusOK)
	statements := []string{"PRAGMA legacy_alter_table = ON"}
	for _, table := range []string{"tokens", "changes", "store_state", "audit_events", "audit_head", "remote_requests", "remote_setting", "deliveries"} {
		statements = append(statements, "ALTER TABLE "+table+" RENAME TO "+table+"_gone")
	}
	s.sabotage(statements...)
	s.reached()
	s.expect(call{target: "/plain", token: token}, http.StatusServiceUnavailable)
	if n := s.reached(); n != 0 {
		t.Errorf("the upstream saw %d requests", n)
	}
	s.expect(call{target: "/plain", token: ordinary}, http.StatusOK)
}

// Attack: the store is kept from answering, so that nobody hears of a revocation, and a connection that is open goes on. Fix:
// what was read of remote access last holds for a while only. Invariant: after that nobody is let in, and what is open is cut.
func TestWhoGetsInIsForgotten(t *testing.T) {
	s := startStreaming(t)
	const staleFor, lifetime = 600 * time.Millisecond, 100 * time.Millisecond
	s.Load(strings.Replace(s.text, "doorward {\n\t\tstore", "doorward {\n\t\tcache {\n\t\t\tlifetime 100ms\n\t\t\tstale_for 600ms\n\t\t}\n\t\tstore", 1))
	token := s.badge(john)
	s.grant(john, remote.Viewer, token)
	s.caughtUp()
	u := openSocket(s, token)
	statements := []string{"PRAGMA legacy_alter_table = ON", "ALTER TABLE remote_requests RENAME TO remote_requests_gone"}
	s.sabotage(statements...)
	gone := time.Now()
	s.must(u.ended())
	if took := time.Since(gone); took > staleFor+2*lifetime+cutBound || took < staleFor-2*lifetime {
		t.Errorf("cut after %v, want about %v", took, staleFor)
	}
	s.expect(call{target: "/plain", token: token}, http.StatusServiceUnavailable)
	s.sabotage("PRAGMA legacy_alter_table = ON", "ALTER TABLE remote_requests_gone RENAME TO remote_requests")
	s.until(http.StatusOK, token)
}

// caughtUp waits until the gate has followed every change so far. It may know what a change has come to before it hears of the
// change itself, and of one that it cannot read it makes the worst. That a token was deleted reaches a connection by no other way.
func (s *site) caughtUp() {
	s.t.Helper()
	id, text := s.Mint("", tokens.Attributes{Owner: katie, Scopes: []string{"metrics.read"}})
	u := openSocket(s, text)
	s.Disable(id)
	s.must(u.ended())
}

// A gateway that nobody has told of remote access lets no staff in, whatever their token holds.
func TestStaffAtAGatewayWithoutRemoteAccess(t *testing.T) {
	s := start(t, scene{remote: "-"})
	token := s.badge(john)
	a := s.expect(call{target: "/plain", token: token}, http.StatusForbidden)
	if !strings.Contains(a.body, "Remote access is switched off.") || strings.Contains(a.body, "ask for it") {
		t.Errorf("answered %s", a.body)
	}
	s.expect(call{method: "POST", target: "/api/doorward/v1/remoteAccess/ownRequests", token: token,
		body: `{"reason":"SUP-1","requestedDays":1,"role":"devops-viewer"}`}, http.StatusForbidden)
	if n := s.reached(); n != 0 {
		t.Errorf("the upstream saw %d requests", n)
	}
	if denied := s.trail("remote_access."); len(denied) != 2 || !denied[0].Failed || s.detail(denied[0])["setting"] != "off" {
		t.Errorf("recorded %+v", summary(denied))
	}
	s.mustBeWhole()
}
