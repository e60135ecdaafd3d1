package module

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/internal/rest"
)

// administered is a call by an administrator to an operation that does what it is told.
func administered(g *gate, kind string, body io.Reader, serve func(*rest.Call) error) error {
	call := &rest.Call{Request: httptest.NewRequest(http.MethodPost, "/x", body), Caller: rest.Caller{Kind: kind}}
	o := &operation{Operation: rest.Operation{Serve: func(_ http.ResponseWriter, c *rest.Call) error { return serve(c) }}}
	return g.administer(httptest.NewRecorder(), call, o)
}

func newPatientGate() *gate {
	return &gate{opened: time.Now(), follower: feed.NewFollower(nil, feed.FollowOptions{}, func([]feed.Change, bool) {})}
}

// Once the gateway knows that the store is away, administration is told so without anything being begun. What is public goes on.
func TestAdministrationWithoutStore(t *testing.T) {
	g := newPatientGate()
	began := 0
	begin := func(*rest.Call) error { began++; return nil }
	if err := administered(g, "dt0c01", nil, begin); err != nil || began != 1 {
		t.Fatalf("with the store: %v, begun %d times", err, began)
	}
	g.storeFailed(time.Now().Add(time.Second))
	err := administered(g, "dt0c01", nil, begin)
	if fault.KindOf(err) != fault.Unavailable || err == nil || began != 1 || rest.Of(err).RetryAfter == 0 {
		t.Errorf("without: %v, begun %d times", err, began)
	}
	if err := administered(g, "", nil, begin); err != nil || began != 2 {
		t.Errorf("public: %v, begun %d times", err, began)
	}
}

// slowly sends a byte every four seconds.
type slowly struct{ left int }

func (s *slowly) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(4 * time.Second)
	s.left--
	return copy(p, "x"), nil
}

// Whoever administers waits for a bounded time, which begins when they have sent what they want: a slow client is not cut off.
func TestAdministrationIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		err := administered(newPatientGate(), "dt0c01", &slowly{left: 5}, func(c *rest.Call) error {
			if text, err := io.ReadAll(c.Body); len(text) != 5 || err != nil || c.Context().Err() != nil {
				t.Errorf("read %q, %v, %v", text, err, c.Context().Err())
			}
			<-c.Context().Done()
			return context.Cause(c.Context())
		})
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != 20*time.Second+administrationTimeout {
			t.Errorf("%v after %v", err, took)
		}
	})
}
