package attacktest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/module/moduletest"
)

// The names by which the gateway of this corpus tells the upstream who asks.
var identityNames = []string{
	"X-Remote-User", "X-Doorward-Token-Id", "X-Doorward-Environment", "X-Doorward-Scopes", "X-Doorward-Decision-Id",
}

// letIn makes Caddy keep header names with '_' and '.', which it drops by default: what the gate strips must not hang on
// that.
const letIn = "expected_underscore_headers x_* x-remote_* x-doorward_* x-doorward-token_* x-doorward-decision_*\n" +
	"expected_dot_headers x.* x-remote.* x-doorward.* x-doorward-token.* x-doorward-decision.*"

// Attack: a client sends the identity headers itself, in spellings that a filter misses and a CGI gateway folds back, and
// has the proxy remove the real ones by naming them in Connection. Fix: names are compared folded, and Connection is
// rewritten. Invariant: whatever 200 headers come in, the upstream's identity headers are exactly the gate's.
func TestIdentityIsTheGates(t *testing.T) {
	for name, servers := range map[string]string{"default": "", "aliases let in": letIn} {
		t.Run(name, func(t *testing.T) {
			s := besiege(t, servers, "")
			rapid.Check(t, func(rt *rapid.T) { s.checkEcho(rt) })
		})
	}
}

func (s *siege) checkEcho(rt *rapid.T) {
	path := rapid.SampledFrom([]string{"/api/v2/x", "/live", "/app/api/v2/x"}).Draw(rt, "path")
	names := rapid.SliceOfN(rapid.Custom(drawName), 200, 200).Draw(rt, "names")
	connection := rapid.SliceOfN(rapid.SampledFrom(append([]string{"close", "Upgrade", "keep-alive"}, names...)), 0, 20).Draw(rt, "connection")
	var request strings.Builder
	fmt.Fprintf(&request, "GET %s HTTP/1.1\r\nHost: a.test\r\nAuthorization: {R}\r\n", path)
	for _, name := range names {
		fmt.Fprintf(&request, "%s: spoof\r\n", name)
	}
	fmt.Fprintf(&request, "Connection: %s\r\n\r\n", strings.Join(connection, ", "))
	if got := s.http1(request.String()); got.status != http.StatusOK {
		rt.Fatalf("answered %v", got)
	}
	received := s.received()
	if len(received) != 1 {
		rt.Fatalf("the upstream got %d requests, want one", len(received))
	}
	want := map[string][]string{
		"x-remote-user": {owner}, "x-doorward-token-id": {s.ids["R"]}, "x-doorward-environment": {"default"},
		"x-doorward-scopes": {"read"}, "x-doorward-decision-id": received[0].Header["X-Doorward-Decision-Id"],
	}
	if diff := cmp.Diff(want, identityOf(received[0])); diff != "" {
		rt.Errorf("identity headers (-want +got):\n%s", diff)
	}
	if id := received[0].Header["X-Doorward-Decision-Id"]; len(id) != 1 || id[0] == "spoof" {
		rt.Errorf("the decision's identifier is %q", id)
	}
}

// identityOf is every header that some server would take for an identity header, by folded name.
func identityOf(r moduletest.Request) map[string][]string {
	folded := map[string][]string{}
	for name, values := range r.Header {
		name = fold(name)
		for _, identity := range identityNames {
			if name == fold(identity) {
				folded[name] = append(folded[name], values...)
			}
		}
	}
	return folded
}

// fold is how a CGI gateway turns the name of a header into that of a variable.
func fold(name string) string {
	return strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(name))
}

// drawName draws an identity header, another one that the gate knows, or any name, and changes case and separators.
func drawName(rt *rapid.T) string {
	known := rapid.SampledFrom(append([]string{"X-Forwarded-For", "X-Original-URL", "X-Doorward-User", "Keep-Alive"}, identityNames...))
	name := rapid.OneOf(known, known, rapid.StringMatching(`x[-_.][a-z0-9]{1,12}`)).Draw(rt, "name")
	mutations := rapid.SliceOfN(rapid.IntRange(0, 5), len(name), len(name)).Draw(rt, "mutations")
	spelled := []byte(name)
	for i, c := range spelled {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		switch {
		case letter && mutations[i] == 0:
			spelled[i] = c ^ 0x20
		case c == '-' && mutations[i] < 2:
			spelled[i] = "_."[mutations[i]]
		}
	}
	return string(spelled)
}
