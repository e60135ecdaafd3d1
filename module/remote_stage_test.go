package module

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
)

const staffUser = "john.smith@example.com"

// mintStaff gives a token of support staff.
func (g unitGate) mintStaff(t testing.TB) string {
	t.Helper()
	created, err := g.service.Create(t.Context(), "test", tokens.CreateRequest{Attributes: tokens.Attributes{
		Name: "staff", Owner: staffUser, Environment: DefaultEnvironment, Scopes: []string{"metrics.read"}, Staff: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return created.Secret.Reveal()
}

// letIn switches remote access on and gives a grant for a day to the staff of mintStaff.
func (g unitGate) letIn(t testing.TB, role remote.Role) remote.Request {
	t.Helper()
	admin := remote.Actor{Name: "test"}
	if _, err := g.remote.service.SetSetting(t.Context(), admin, func(remote.Setting) remote.Setting { return remote.Approved }); err != nil {
		t.Fatal(err)
	}
	r, err := g.remote.service.Grant(t.Context(), admin, remote.Ask{User: staffUser, Reason: "SUP-1", Days: 1, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A grant holds in the last millisecond of its time, and not in the first one after it.
func TestGrantEndsAtItsInstant(t *testing.T) {
	h, g := benchmarkHandler(t)
	token := g.mintStaff(t)
	r := g.letIn(t, remote.Viewer)
	for _, test := range []struct {
		at     time.Time
		status int
	}{
		{r.Expires.Add(-time.Hour), http.StatusOK},
		{r.Expires.Add(-time.Millisecond), http.StatusOK},
		{r.Expires.Add(-time.Nanosecond), http.StatusOK},
		{r.Expires, http.StatusForbidden},
		{r.Expires.Add(time.Millisecond), http.StatusForbidden},
		{r.Expires.Add(time.Hour), http.StatusForbidden},
	} {
		h.now = func() time.Time { return test.at }
		s := newBenchmarkRequest(h, token)
		s.reset()
		if err := h.ServeHTTP(s.w, s.r, answerNothing); err != nil || s.w.status != test.status {
			t.Errorf("at %v from the end: status %d, %v; want %d", test.at.Sub(r.Expires), s.w.status, err, test.status)
		}
	}
}

// Attack: a request comes in before the end of a grant, and its body so slowly that it is decided about after it. Fix: the
// decision looks at the clock itself. Invariant: what is decided at the end or later is refused, whenever it came in.
func TestGrantThatEndsOnTheWay(t *testing.T) {
	h, g := benchmarkHandler(t)
	token := g.mintStaff(t)
	r := g.letIn(t, remote.Viewer)
	looks := 0
	h.now = func() time.Time {
		if looks++; looks == 1 {
			return r.Expires.Add(-time.Minute)
		}
		return r.Expires
	}
	s := newBenchmarkRequest(h, token)
	s.reset()
	if err := h.ServeHTTP(s.w, s.r, answerNothing); err != nil || s.w.status != http.StatusForbidden {
		t.Errorf("status %d, %v; want 403", s.w.status, err)
	}
}

// What another handler fails with is answered outside of the gate, and is in the record of the request all the same.
func TestFailureBehindTheGateIsRecorded(t *testing.T) {
	h, g := benchmarkHandler(t)
	token := g.mintStaff(t)
	r := g.letIn(t, remote.Viewer)
	for name, test := range map[string]struct {
		err    error
		status int
	}{
		"with a status": {caddyhttp.Error(http.StatusBadGateway, errors.New("upstream is gone")), http.StatusBadGateway},
		"without any":   {errors.New("broken"), http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			s := newBenchmarkRequest(h, token)
			s.reset()
			next := caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return test.err })
			if err := h.ServeHTTP(s.w, s.r, next); !errors.Is(err, test.err) {
				t.Errorf("returned %v, want %v", err, test.err)
			}
			if got := lastCall(t, g, r.ID); got.Outcome == nil || got.Outcome.Status != test.status {
				t.Errorf("outcome %+v, want status %d", got.Outcome, test.status)
			}
		})
	}
}

// lastCall is the newest record of a request of staff.
func lastCall(t testing.TB, g unitGate, grant string) audit.Event {
	t.Helper()
	events, err := g.store.AuditEvents(t.Context(), store.AuditQuery{Object: grant})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if strings.HasPrefix(e.Action, "remote_access.") {
			return e
		}
	}
	t.Fatal("no request was recorded")
	return audit.Event{}
}

// readWithDelay is an upstream that answers before it has read the body, and a proxy that goes on reading it.
type readWithDelay struct{ read chan struct{} }

func (d readWithDelay) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	go func() {
		defer close(d.read)
		for buffer := make([]byte, 1<<10); ; {
			if _, err := r.Body.Read(buffer); err != nil {
				return
			}
		}
	}()
	w.WriteHeader(http.StatusOK)
	return nil
}

// The accident: an upstream answers early, the request is concluded while its body is still being read, and the digest is of
// something that was never sent. Invariant: a digest is that of the whole body, or there is none. The race detector watches.
func TestDigestWhileTheBodyIsRead(t *testing.T) {
	h, g := benchmarkHandler(t)
	token := g.mintStaff(t)
	grant := g.letIn(t, remote.Viewer)
	content := make([]byte, 1<<20)
	digest := sha256.Sum256(content)
	for range 20 {
		r, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://a.test/api/v2/metrics/query", bytes.NewReader(content))
		r.Header.Set("Authorization", "Api-Token "+token)
		r.RemoteAddr = "127.0.0.1:1234"
		w := &discard{header: http.Header{}}
		d := readWithDelay{make(chan struct{})}
		if err := h.ServeHTTP(w, caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, nil), d); err != nil || w.status != http.StatusOK {
			t.Fatalf("status %d, %v", w.status, err)
		}
		<-d.read
		if got := lastCall(t, g, grant.ID).Outcome.BodyDigest; got != "" && got != hex.EncodeToString(digest[:]) {
			t.Errorf("digest %s", got)
		}
	}
}
