package auditapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/auditapi"
)

// chained is a chain in memory.
type chained struct {
	links []audit.Link
	head  audit.Head
	fail  error
	walks int
	hold  chan struct{} // nil: a walk is not held up
}

func newChained(n int) *chained {
	c := &chained{}
	for id := range int64(n) {
		e := audit.Event{ID: id + 1, Time: now, Actor: "ann", Action: "token.create"}
		c.head.Hash = e.Chained(c.head.Hash)
		c.links = append(c.links, audit.Link{Event: e, Hash: c.head.Hash})
	}
	c.head.Last = int64(n)
	return c
}

func (c *chained) AuditHead(context.Context) (audit.Head, error) { return c.head, c.fail }

func (c *chained) AuditChain(ctx context.Context, after int64, limit int) ([]audit.Link, error) {
	if after == 0 {
		c.walks++
	}
	if c.hold != nil {
		select {
		case <-c.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return c.links[after:min(int(after)+limit, len(c.links))], c.fail
}

// chainAnswer is what a client reads.
type chainAnswer struct {
	Head struct {
		Digest string
		LastID int64
	}
	Verification *struct {
		State   string
		Checked int64
		Break   *struct {
			LogID         int64
			Kind, Message string
		}
	}
	Running *struct{ Read, Of int64 }
}

// askChain asks in an environment.
func askChain(t *testing.T, chain *auditapi.Chain, environment string) (int, chainAnswer) {
	t.Helper()
	w := httptest.NewRecorder()
	for _, o := range auditapi.Operations(auditapi.Config{Store: &trail{}, Chain: chain}) {
		if !strings.HasSuffix(o.Path, "/chain") {
			continue
		}
		r := httptest.NewRequest(http.MethodGet, o.Path, http.NoBody)
		if err := o.Serve(w, &rest.Call{Request: r, Caller: rest.Caller{Environment: environment}}); err != nil {
			return rest.Of(err).Status, chainAnswer{}
		}
	}
	var a chainAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatal(w.Body, err)
	}
	return w.Code, a
}

// TestChain: who asks is not kept waiting, and learns of the verification that the question has begun when asking again. Attack: somebody
// asks all the time, and so has the whole trail read all the time. Invariant: there is one walk at a time, and one in five minutes.
func TestChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newChained(12_000)
		s.hold = make(chan struct{})
		chain := auditapi.NewChain(s, nil)
		defer chain.Close()
		for range 3 {
			if status, a := askChain(t, chain, "prod"); status != http.StatusOK || a.Verification != nil || a.Running == nil || a.Running.Of != 12_000 {
				t.Fatalf("%d %+v", status, a)
			}
		}
		close(s.hold)
		time.Sleep(time.Minute)
		for range 3 {
			_, a := askChain(t, chain, "prod")
			if v := a.Verification; v == nil || v.State != "whole" || v.Checked != 12_000 || a.Running != nil || a.Head.LastID != 12_000 || a.Head.Digest == "" {
				t.Fatalf("%+v", a)
			}
		}
		if s.walks != 1 {
			t.Errorf("%d walks", s.walks)
		}
		s.links[4711].Actor = "mallory"
		time.Sleep(5 * time.Minute)
		if _, a := askChain(t, chain, "prod"); a.Verification.State != "whole" || a.Running == nil {
			t.Errorf("%+v", a)
		}
		time.Sleep(time.Minute)
		_, a := askChain(t, chain, "prod")
		if v := a.Verification; v.State != "broken" || v.Break == nil || v.Break.LogID != 4712 || v.Break.Kind != "changed" || v.Checked != 4711 {
			t.Errorf("%+v", v)
		}
	})
}

// A trail that cannot be read is neither whole nor broken.
func TestChainUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newChained(3)
		chain := auditapi.NewChain(s, nil)
		defer chain.Close()
		s.fail = errors.New("disk 7 failed")
		if status, _ := askChain(t, chain, "prod"); status != http.StatusServiceUnavailable {
			t.Errorf("%d", status)
		}
		s.fail, s.hold = nil, make(chan struct{})
		_, _ = askChain(t, chain, "prod")
		s.fail = errors.New("disk 7 failed")
		close(s.hold)
		synctest.Wait()
		s.fail = nil
		if _, a := askChain(t, chain, "prod"); a.Verification == nil || a.Verification.State != "unknown" || a.Verification.Checked != 0 {
			t.Errorf("%+v", a.Verification)
		}
		if status, _ := askChain(t, chain, ""); status != http.StatusForbidden {
			t.Errorf("in no environment: %d", status)
		}
	})
}

// Invariant: closing ends a walk that is under way, and none begins afterwards.
func TestChainClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newChained(3)
		s.hold = make(chan struct{})
		chain := auditapi.NewChain(s, nil)
		_, _ = askChain(t, chain, "prod")
		chain.Close()
		time.Sleep(time.Hour)
		if _, a := askChain(t, chain, "prod"); a.Running != nil || s.walks != 1 {
			t.Errorf("%+v after %d walks", a, s.walks)
		}
	})
}
