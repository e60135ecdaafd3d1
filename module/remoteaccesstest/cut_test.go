package remoteaccesstest_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/remote"
)

// cutBound is how late the end of remote access may reach what is open, as the design promises.
const cutBound = time.Second

// endings are the ways in which remote access ends. Each is given a grant that is live, and returns once the change is
// committed; from then on the time runs.
var endings = map[string]func(s *site, id string){
	"revoked by another process":         func(s *site, id string) { s.revoke(id) },
	"rejected by another process":        func(s *site, id string) { s.decide(id, remote.Rejected) },
	"suspended by another process":       func(s *site, id string) { s.decide(id, remote.Pending) },
	"all are revoked by another process": func(s *site, _ string) { _, err := s.office.Remote.RevokeAll(s.t.Context(), s.admin()); s.must(err) },
	"switched off by another process":    func(s *site, _ string) { s.set(remote.Off) },
	"revoked by the API": func(s *site, id string) {
		s.administer("PUT", "/api/cluster/v2/remoteaccess/requests/"+id+"/state", `{"state":"EXPIRED"}`)
	},
	"all are revoked by the API": func(s *site, _ string) { s.administer("POST", "/api/doorward/v1/remoteAccess/revokeAll", "") },
	"switched off by the API": func(s *site, _ string) {
		s.administer("PUT", "/api/doorward/v1/remoteAccess/setting", `{"setting":"off"}`)
	},
}

func (s *site) decide(id string, state remote.State) {
	s.t.Helper()
	_, err := s.office.Remote.SetState(s.t.Context(), s.admin(), id, remote.Decision{State: state})
	s.must(err)
}

// administer makes a change through the API of the gate itself.
func (s *site) administer(method, target, body string) {
	s.t.Helper()
	s.expect(call{method: method, target: target, body: body, token: s.ordinary("ServiceProviderAPI"),
		header: emptyBody(method, body)}, http.StatusOK)
}

func emptyBody(method, body string) []string {
	if method == http.MethodPost && body == "" {
		return []string{"Content-Length: 0"}
	}
	return nil
}

// startStreaming runs a gate whose upstream answers everything that is asked for long.
func startStreaming(t *testing.T) *site {
	t.Helper()
	uploading = newUploads(t)
	s := start(t, scene{uploads: uploading.Listener.Addr().String()})
	s.Upstream.Handler = func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/live":
			moduletest.EchoWebsocket(w, r)
		case "/events":
			w.Header().Set("Content-Type", r.Header.Get("Accept"))
			_, _ = io.WriteString(w, firstEvent)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	}
	return s
}

// Attack: a member of the support staff opens a connection while they may, and goes on with it after they may no more. Fix:
// what staff have under way is registered under their grant for as long as it lasts. Invariant: whatever it is, and however
// remote access ends, it ends within the bound, the next request is refused, and the trail says that it was cut.
func TestWhatIsOpenIsCut(t *testing.T) {
	s := startStreaming(t)
	token := s.badge(john)
	for ending, end := range endings {
		for kind, open := range kinds {
			t.Run(kind+" "+ending, func(t *testing.T) {
				s := s.in(t)
				s.set(remote.Approved)
				r := s.grant(john, remote.Viewer, token)
				after := s.last()
				u := open(s, token)
				end(s, r.ID)
				s.mustEnd(u, time.Now())
				s.expect(call{target: "/plain", token: token}, http.StatusForbidden)
				s.mustHaveBeenCut(after, u, "remote")
			})
		}
	}
	s.mustBeWhole()
}

func (s *site) mustEnd(u under, committed time.Time) {
	s.t.Helper()
	s.must(u.ended())
	took := time.Since(committed)
	s.t.Logf("cut after %v", took.Round(100*time.Microsecond))
	if took > cutBound {
		s.t.Errorf("cut after %v, want at most %v", took, cutBound)
	}
}

// mustHaveBeenCut looks for the record of the one request after an event.
func (s *site) mustHaveBeenCut(after int64, u under, why string) {
	s.t.Helper()
	var calls []audit.Event
	for _, e := range s.concluded(after) {
		if !e.Failed {
			calls = append(calls, e)
		}
	}
	if len(calls) != 1 || calls[0].Outcome.Cut != why || u.status != 0 && calls[0].Outcome.Status != u.status {
		for _, e := range calls {
			s.t.Errorf("recorded %s %s %+v", e.Action, e.Detail, *e.Outcome)
		}
		s.t.Errorf("want one request, cut: %q, status %d", why, u.status)
	}
}

// brief makes a grant that ends at an instant: shorter than the API has any.
func (s *site) brief(expires time.Time) remote.Request {
	s.t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	id := fmt.Sprintf("00000000-0000-4000-8000-%012x", now.UnixMilli())
	r := remote.Request{
		ID: id, User: john, Reason: "SUP-1 brief", Created: now, By: katie, AskedRole: remote.Viewer, AskedDays: 1,
		Role: remote.Viewer, Days: 1, State: remote.Accepted, Changed: now, ChangedBy: katie, Expires: expires,
	}
	e := remote.Entry{Event: audit.Event{Time: now, Actor: katie, Action: "remote_access_request.create", Object: id}}
	s.must(s.office.Store.CreateRemoteRequest(s.t.Context(), r, &e, func(remote.Current) error { return nil }))
	return r
}

// The same for a grant whose time is over: nobody has changed anything then, so each request has a clock of its own.
func TestWhatIsOpenIsCutAtExpiry(t *testing.T) {
	s := startStreaming(t)
	token := s.badge(john)
	for kind, open := range kinds {
		t.Run(kind, func(t *testing.T) {
			s := s.in(t)
			s.until(http.StatusForbidden, token)
			expires := time.Now().Add(1500 * time.Millisecond).Truncate(time.Millisecond)
			s.brief(expires)
			s.until(http.StatusOK, token)
			after := s.last()
			u := open(s, token)
			s.mustEnd(u, expires)
			if early := time.Until(expires); early > 0 {
				t.Errorf("cut %v before the end of the grant", early)
			}
			s.expect(call{target: "/plain", token: token}, http.StatusForbidden)
			calls := s.concluded(after)
			for _, e := range calls {
				if !e.Failed && e.Outcome.Cut != "expired" && e.Outcome.Cut != "remote" {
					t.Errorf("cut is recorded as %q, want expired, or remote where the sweeper was first", e.Outcome.Cut)
				}
			}
		})
	}
	s.mustBeWhole()
}

// Attack: the store is kept from writing down that a grant is over, and what was opened under it goes on. Invariant: it is cut
// at the instant all the same, because every request has a clock of its own.
func TestExpiryNeedsNoStore(t *testing.T) {
	s := startStreaming(t)
	token := s.badge(john)
	expires := time.Now().Add(1500 * time.Millisecond).Truncate(time.Millisecond)
	s.brief(expires)
	s.until(http.StatusOK, token)
	u := openSocket(s, token)
	after := s.last() - 1
	s.sabotage("CREATE TRIGGER full BEFORE UPDATE ON remote_requests BEGIN SELECT RAISE(ABORT, 'disk full'); END")
	s.mustEnd(u, expires)
	s.expect(call{target: "/plain", token: token}, http.StatusForbidden)
	s.mustHaveBeenCut(after, u, "expired")
}

// A grant is made shorter under a request that has noted the old end.
func TestWhatIsOpenIsCutAtAnEarlierExpiry(t *testing.T) {
	s := startStreaming(t)
	token := s.badge(john)
	r := s.grant(john, remote.Viewer, token)
	u := openSocket(s, token)
	expires := time.Now().Add(time.Second).UTC().Truncate(time.Millisecond)
	e := remote.Entry{Event: audit.Event{Time: time.Now().UTC(), Actor: katie, Action: "remote_access_request.update", Object: r.ID}}
	s.must(s.office.Store.UpdateRemoteRequest(t.Context(), r.ID, &e, func(_ remote.SettingRecord, r *remote.Request) error {
		r.Expires = expires
		return nil
	}))
	s.mustEnd(u, expires)
	s.expect(call{target: "/plain", token: token}, http.StatusForbidden)
}

// A close frame inside another frame would be read as its payload. So it waits for the frame's end, and nothing that comes
// behind the frame gets through.
func TestWebSocketIsCutBetweenFrames(t *testing.T) {
	s := startStreaming(t)
	payload := bytes.Repeat([]byte("0123456789abcdef"), 1<<12)
	half, finish := make(chan struct{}, 1), make(chan struct{})
	s.Upstream.Handler = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/live" {
			return
		}
		upstream, err := moduletest.AcceptWebsocket(w, r)
		if err != nil {
			return
		}
		defer upstream.Close()
		frame := moduletest.AppendFrame(nil, moduletest.TextFrame, payload, false)
		_, _ = upstream.Write(frame[:len(frame)/2])
		half <- struct{}{}
		<-finish
		_, _ = upstream.Write(moduletest.AppendFrame(frame[len(frame)/2:], moduletest.TextFrame, []byte("too late"), false))
		_, _ = upstream.Receive()
	}
	token := s.badge(john)
	r := s.grant(john, remote.Viewer, token)
	socket, _ := s.DialWebsocket("/live", token)
	<-half
	// The gate answers only once the change holds, so from here on the socket is being cut.
	s.administer("PUT", "/api/cluster/v2/remoteaccess/requests/"+r.ID+"/state", `{"state":"EXPIRED"}`)
	close(finish)
	frame, err := socket.Receive()
	if err != nil || !bytes.Equal(frame.Payload, payload) {
		t.Fatalf("the frame under way came as %d bytes, %v, want all %d", len(frame.Payload), err, len(payload))
	}
	if frame, err = socket.Receive(); err != nil || frame.Status() != policyViolation {
		t.Errorf("after it came opcode %#x %.20q, %v, want a close frame with 1008", frame.Opcode, frame.Payload, err)
	}
}

// What other staff and ordinary users have open goes on.
func TestWhatOthersHaveOpenGoesOn(t *testing.T) {
	s := startStreaming(t)
	jane := "jane@example.com"
	token, other, ordinary := s.badge(john), s.badge(jane), s.ordinary("metrics.read")
	r := s.grant(john, remote.Viewer, token)
	s.grant(jane, remote.Viewer, other)
	u := openSocket(s, token)
	var going []*moduletest.Websocket
	for _, who := range []string{other, ordinary} {
		socket, _ := s.DialWebsocket("/live", who)
		going = append(going, socket)
	}
	s.revoke(r.ID)
	s.mustEnd(u, time.Now())
	for _, socket := range going {
		s.must(socket.Send(moduletest.TextFrame, []byte("still here")))
		if frame, err := socket.Receive(); err != nil || !strings.HasPrefix(string(frame.Payload), "still") {
			t.Errorf("received %q, %v", frame.Payload, err)
		}
	}
}

// An HTTP/2 stream has a reader of its own that waits for the client, apart from the connection's.
func TestUploadIsCutOverHTTP2(t *testing.T) {
	s := startStreaming(t)
	token := s.badge(john)
	r := s.grant(john, remote.Viewer, token)
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	transport := &http.Transport{Protocols: &protocols, TLSClientConfig: &tls.Config{RootCAs: s.Authority, ServerName: "a.test"}}
	t.Cleanup(transport.CloseIdleConnections)
	body, upload := io.Pipe()
	t.Cleanup(func() { upload.Close() })
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+s.TLSAddr+"/upload", body)
	s.must(err)
	request.Host = "a.test"
	request.Header.Set("Authorization", "Api-Token "+token)
	answered := make(chan int, 1)
	go func() {
		status := 0
		if response, err := transport.RoundTrip(request); err == nil {
			status = response.StatusCode
			response.Body.Close()
		}
		answered <- status
	}()
	_, err = io.WriteString(upload, "part")
	s.must(err)
	<-uploading.begun
	after := s.last()
	s.revoke(r.ID)
	s.mustEnd(under{ended: uploadEnded}, time.Now())
	if status := <-answered; status == http.StatusOK {
		t.Errorf("status %d", status)
	}
	s.expect(call{target: "/plain", token: token}, http.StatusForbidden)
	s.eventually("the request is concluded", func() bool {
		for _, e := range s.trail("remote_access.create") {
			if e.Outcome != nil {
				return e.Outcome.Cut == "remote" && e.ID <= after
			}
		}
		return false
	})
}
