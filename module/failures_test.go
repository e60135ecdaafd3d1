package module_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
)

// boundedSite believes this machine which address a client has.
func boundedSite(options string) string {
	return strings.NewReplacer(
		"auto_https off", "auto_https off\n\tservers {\n\t\ttrusted_proxies static 127.0.0.1/32\n\t}",
		"store sqlite {STORE}", "store sqlite {STORE}\n\t\tfailed_authentications {\n"+options+"\n}",
	).Replace(plainSite)
}

// from sends a request that came from a client at an address, with an Authorization header or without.
func from(t *testing.T, g *moduletest.Gate, address, authorization string) (*http.Response, string) {
	t.Helper()
	header := []string{"X-Forwarded-For: " + address}
	if authorization != "" {
		header = append(header, "Authorization: "+authorization)
	}
	return send(t, g, "GET", query, header...)
}

// Attack: send bad credentials as fast as the line goes, to keep the store busy, to fill the logs, or to guess; and learn
// from who is slowed down how, which tokens exist. Fix: an address that has failed too often gets 429, whatever it sends,
// and nothing is looked up. Invariants: it is one answer for every cause; who is known goes through, at this address too;
// other addresses are not concerned; a reload forgives nothing, and drops nothing.
func TestFailuresAreBounded(t *testing.T) {
	const attacker, neighbour = "192.0.2.1", "192.0.2.2"
	g := moduletest.Start(t, boundedSite("rate 1/h\nburst 4"))
	_, known := g.MintScopes("metrics.read")
	_, cold := g.MintScopes("metrics.read")
	// What is remembered of a token is forgotten when word of a change of it comes, and so is that it was known.
	eventually(t, "the gate has heard of the tokens", func() bool { return module.TheGate(t).HasFollowed(t) })
	if response, body := from(t, g, neighbour, "Api-Token "+known); response.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", response.StatusCode, body)
	}
	invented := "Api-Token dt0c01.AAAAAAAA" + cold[len("dt0c01.AAAAAAAA"):]
	bad := map[string]string{
		"none": "", "malformed": "Bearer x", "another scheme": "Basic YTpi", "unknown": invented,
		"wrong secret": "Api-Token " + known[:len(known)-1] + "!",
	}
	for range 4 {
		if response, body := from(t, g, attacker, bad["unknown"]); response.StatusCode != http.StatusUnauthorized {
			t.Fatalf("within the bound: %d %s", response.StatusCode, body)
		}
	}
	queries := module.TheGate(t).Stats().Queries
	bad["never seen"] = "Api-Token " + cold
	var first http.Header
	check := func(t *testing.T, status int) {
		t.Helper()
		for name, authorization := range bad {
			response, body := from(t, g, attacker, authorization)
			const want = `{"error":{"code":429,"message":"Too many requests from this address had no good credential; try again later"}}`
			if response.StatusCode != status || status == 429 && body != want {
				t.Errorf("%s: %d %s", name, response.StatusCode, body)
			}
			if status == 429 {
				if wait, err := strconv.Atoi(response.Header.Get("Retry-After")); err != nil || wait < 3590 || wait > 3600 {
					t.Errorf("%s: Retry-After %q", name, response.Header.Get("Retry-After"))
				}
				for _, changing := range []string{"X-Doorward-Decision-Id", "Date", "Retry-After"} {
					response.Header.Del(changing)
				}
				if first == nil {
					first = response.Header
				}
				if diff := cmp.Diff(first, response.Header); diff != "" {
					t.Errorf("%s: the answers differ:\n%s", name, diff)
				}
			}
		}
	}
	for _, pass := range []string{"first", "second", "after a reload"} {
		t.Run(pass, func(t *testing.T) {
			check(t, http.StatusTooManyRequests)
			if response, body := from(t, g, attacker, "Api-Token "+known); response.StatusCode != http.StatusOK {
				t.Errorf("known, from the same address: %d %s", response.StatusCode, body)
			}
			if n := module.TheGate(t).Stats().Queries - queries; n != 0 {
				t.Errorf("the store was asked %d times", n)
			}
		})
		if pass == "second" {
			before := module.TheGate(t)
			g.Load(boundedSite("rate 1/h\nburst 4"))
			if !module.TheGate(t).Same(before) {
				t.Error("the reload opened another gate")
			}
		}
	}
	if response, _ := send(t, g, "GET", "/api/v1/time", "X-Forwarded-For: "+attacker); response.StatusCode != http.StatusOK {
		t.Errorf("a public endpoint: %d", response.StatusCode)
	}
	if response, _ := from(t, g, neighbour, invented); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("a bad token from another address: %d", response.StatusCode)
	}
	if response, _ := from(t, g, neighbour, "Api-Token "+cold); response.StatusCode != http.StatusOK {
		t.Errorf("a good token from another address: %d", response.StatusCode)
	}
	delete(bad, "never seen")
	before := module.TheGate(t)
	g.Load(boundedSite("off"))
	t.Run("off", func(t *testing.T) { check(t, http.StatusUnauthorized) })
	if !module.TheGate(t).Same(before) {
		t.Error("changing the bound opened another gate, with empty caches")
	}
	if !strings.Contains(g.Logs(), `"reason":"throttled"`) {
		t.Error("the log does not have the reason")
	}
}

// Who waits as long as it is told is answered again.
func TestFailuresComeBack(t *testing.T) {
	g := moduletest.Start(t, boundedSite("rate 2/s\nburst 1"))
	is := func(status int) func() bool {
		return func() bool {
			response, _ := from(t, g, "192.0.2.1", "")
			if after := response.Header.Get("Retry-After"); response.StatusCode == http.StatusTooManyRequests && after != "1" {
				t.Errorf("Retry-After %q", after)
			}
			return response.StatusCode == status
		}
	}
	for range 2 {
		eventually(t, "too many", is(http.StatusTooManyRequests))
		eventually(t, "told again", is(http.StatusUnauthorized))
	}
}

func TestThrottledForms(t *testing.T) {
	site := strings.Replace(boundedSite("rate 1/m\nburst 1"), "\tdoorward\n", "\tdoorward {\n\t\terrors problem\n\t}\n", 1)
	g := moduletest.Start(t, site)
	from(t, g, "2001:db8::1", "")
	response, body := from(t, g, "2001:db8::2", "") // of the same /64
	id := response.Header.Get("X-Doorward-Decision-Id")
	want := `{"type":"urn:doorward:problem:too_many_requests","title":"Too many requests from this address had no good credential; try again later",` +
		`"status":429,"code":"too_many_requests","decision_id":"` + id + `"}`
	if response.StatusCode != http.StatusTooManyRequests || body != want || response.Header.Get("Content-Type") != "application/problem+json" || response.Header.Get("Retry-After") != "60" {
		t.Errorf("%d %s %v", response.StatusCode, body, response.Header)
	}
	if response.Header["Www-Authenticate"] != nil || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", response.Header)
	}
	if response, _ := from(t, g, "2001:db8:0:1::1", ""); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("another /64: %d", response.StatusCode)
	}
}

// The same for JWTs: one that was verified lately passes, another one is not looked at, be it good or bad.
func TestJWTsAreThrottled(t *testing.T) {
	issuer := moduletest.NewIssuer(t)
	g := moduletest.Start(t, strings.Replace(trustingSite(issuer),
		"store sqlite {STORE}", "store sqlite {STORE}\n\t\tfailed_authentications {\n\t\t\trate 1/h\n\t\t\tburst 2\n\t\t}", 1))
	ask := func(token string) int {
		response, _ := send(t, g, "GET", "/scoped", "Authorization: Bearer "+token)
		return response.StatusCode
	}
	verified := issuer.Sign(claims{"scope": "orders:read", "jti": "one"})
	other := issuer.Sign(claims{"scope": "orders:read", "jti": "two"})
	eventually(t, "the keys are there", func() bool { return ask(verified) == http.StatusOK })
	for range 2 {
		if got := ask(verified[:len(verified)-4] + "AAAA"); got != http.StatusUnauthorized {
			t.Fatalf("within the bound: %d", got)
		}
	}
	for name, test := range map[string]struct {
		token string
		want  int
	}{"verified": {verified, 200}, "good, never seen": {other, 429}, "forged": {other[:len(other)-4] + "AAAA", 429}, "forged, seen": {verified[:len(verified)-4] + "AAAA", 429}} {
		if got := ask(test.token); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

// Honest clients with a token that has run out ask again and again, and get the answer that says so.
func TestDefaultBoundLeavesPatientClientsAlone(t *testing.T) {
	g := moduletest.Start(t, plainSite)
	for i := range 100 {
		if response, _ := send(t, g, "GET", query); response.StatusCode != http.StatusUnauthorized {
			t.Fatalf("request %d: %d", i, response.StatusCode)
		}
	}
	begun := time.Now()
	var got int
	for range 200 {
		response, _ := send(t, g, "GET", query)
		if got = response.StatusCode; got != http.StatusUnauthorized {
			break
		}
	}
	if got != http.StatusTooManyRequests && time.Since(begun) < 5*time.Second {
		t.Errorf("300 failures at once: the last was %d", got)
	}
}
