package module_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
)

// A reload takes the keys along; another description of the issuer gets keys of its own.
func TestReloadKeepsKeys(t *testing.T) {
	g, i := trusting(t)
	token := i.Sign(claims{"scope": "orders:read"})
	expectStatus(t, "before", 200, asBearer(t, g, "/scoped", token))
	gate := module.TheGate(t)
	i.Away.Store(true)
	g.Load(trustingSite(i) + "http://other.test:{PORT} {\n\tdoorward\n}\n")
	expectStatus(t, "after a reload", 200, asBearer(t, g, "/scoped", token))
	if !module.TheGate(t).Same(gate) || i.Fetches.Load() != 1 {
		t.Errorf("keys were fetched %d times, want once", i.Fetches.Load())
	}
	i.Away.Store(false)
	g.Load(trustingSite(i, "environments other"))
	expectStatus(t, "for another environment", 401, asBearer(t, g, "/scoped", token))
	g.Load(plainSite)
	eventually(t, "nobody fetches keys any more", func() bool {
		var stacks bytes.Buffer
		_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
		return !strings.Contains(stacks.String(), "tokens/jwt.(*source).run")
	})
}

// An issuer that replaces its key: tokens under the new one come in, those under the old one no longer do.
func TestIssuerRotatesKeys(t *testing.T) {
	g, i := trusting(t, "refresh 1s")
	before := asBearer(t, g, "/scoped", i.Sign(claims{"scope": "orders:read"}))
	expectStatus(t, "the old key", 200, before)
	i.Rotate()
	answersWith(t, 200, asBearer(t, g, "/scoped", i.Sign(claims{"scope": "orders:read"})))
	expectStatus(t, "the old key", 401, before)
}

// The issuer is away: its keys serve for a while, and then nobody is let in, which is nobody's fault but a fault. When it
// is back, so are its users.
func TestIssuerAway(t *testing.T) {
	g, i := trusting(t, "refresh 1s", "stale_for 2s")
	asked := asBearer(t, g, "/scoped", i.Sign(claims{"scope": "orders:read"}))
	expectStatus(t, "at first", 200, asked)
	i.Away.Store(true)
	expectStatus(t, "with keys that are known", 200, asked)
	answersWith(t, 503, asked)
	i.Away.Store(false)
	answersWith(t, 200, asked)
	expectStatus(t, "an issuer that is back", 401, asBearer(t, g, "/scoped", i.Sign(claims{"aud": "other"})))
}

// A stream ends when its token does, and no sooner: the store knows nothing of the token, which must not look as if it
// had been deleted.
func TestIssuerStream(t *testing.T) {
	g, i := trusting(t)
	gate := module.TheGate(t)
	ended := make(chan struct{}, 1)
	g.Upstream.Handler = endless("text/event-stream", ended)
	expires := time.Now().Add(2500 * time.Millisecond).Truncate(time.Second)
	body := openAs(t, g, i.Sign(claims{"scope": "orders:read", "exp": expires.Unix()}))
	id, _ := g.MintScopes("metrics.read")
	g.Disable(id)
	eventually(t, "the gate has heard of the change", func() bool { return module.TheGate(t).HasFollowed(t) })
	gate.MissChanges(t.Context())
	if n := gate.OpenStreams(t); n != 1 {
		t.Errorf("%v streams open after another token's change, want 1", n)
	}
	mustEnd(t, body, expires)
	if early := time.Until(expires); early > 0 {
		t.Errorf("the response ended %v before its token", early)
	}
	<-ended
	mustBeForgotten(t, gate)
	if n := gate.CutStreams(t, "expired"); n != 1 {
		t.Errorf("%v streams were counted as expired, want 1", n)
	}
}

func openAs(t *testing.T, g *moduletest.Gate, token string) io.Reader {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.Addr+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %d, want 200", response.StatusCode)
	}
	event := make([]byte, len(firstEvent))
	if _, err := io.ReadFull(response.Body, event); err != nil || string(event) != firstEvent {
		t.Fatalf("first event %q, %v", event, err)
	}
	return response.Body
}
