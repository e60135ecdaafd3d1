package module

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/tokens"
)

// TestAllocations holds the way of a request to what it costs in memory when everything is cached. Unlike time, that is the same on
// every machine. What is left of the bounds is told where it is made: the exchange, and the closure by which its placeholders
// are found.
func TestAllocations(t *testing.T) {
	if watchesRaces {
		t.Skip("under the race detector there are more")
	}
	h, g := benchmarkHandler(t)
	_, reader := g.mint(t, "metrics.read")
	_, other := g.mint(t, "logs.read")
	for name, test := range map[string]struct {
		token       string
		status      int
		allocations float64
	}{
		"200":          {reader, http.StatusOK, 2},
		"401":          {other[:len(other)-10] + reader[len(reader)-10:], http.StatusUnauthorized, 2},
		"401 no token": {reader[:60], http.StatusUnauthorized, 2},
		"403":          {other, http.StatusForbidden, 3},
	} {
		s := newBenchmarkRequest(h, test.token)
		n := testing.AllocsPerRun(200, func() {
			s.reset()
			if err := h.ServeHTTP(s.w, s.r, answerNothing); err != nil || s.w.status != test.status {
				t.Fatal(name, err, s.w.status)
			}
		})
		if n > test.allocations {
			t.Errorf("%s: %v allocations, want at most %v", name, n, test.allocations)
		}
	}
}

// TestAllocations_Policies: of a request that policies are asked about.
func TestAllocations_Policies(t *testing.T) {
	if watchesRaces {
		t.Skip("under the race detector there are more")
	}
	h, g := benchmarkHandler(t)
	d := newDesk(t, g.gate)
	d.must(d.policies.AddToGroups(t.Context(), "test", DefaultAccount, deskUser, []string{d.group}))
	d.decideBy(policyengine.Binding{Group: d.group, Level: bind.Account, LevelID: DefaultAccount, Statements: statementsFor(100)})
	texts := holdInMemory(t, h, 1, func(_ int, r *tokens.Record) {
		r.Owner, r.Personal, r.Scopes = deskUser, true, []string{"settings.read"}
	})
	s := newBenchmarkRequest(h, "")
	s.askForSettings()
	s.authorization = texts[0]
	serve := func() {
		s.reset()
		if err := h.ServeHTTP(s.w, s.r, answerNothing); err != nil || s.w.status != http.StatusOK {
			t.Fatal(err, s.w.status)
		}
	}
	for g.rules.engine.Stats().Hits == 0 { // the cache takes an answer in when it comes to it
		serve()
	}
	if n := testing.AllocsPerRun(200, serve); n > 8 {
		t.Errorf("%v allocations, want at most 8", n)
	}
}

// TestCanonicaliseDoesNotAllocate: the path that nearly every request has is passed on as it came.
func TestCanonicaliseDoesNotAllocate(t *testing.T) {
	for _, path := range []string{"/", "/api/v2/metrics/query", "/api/v2/entities/HOST-1,HOST-2/tags:all/", "/a..b/.hidden"} {
		u := &url.URL{Path: path}
		n := testing.AllocsPerRun(100, func() {
			c, err := canonicalise(u)
			if err != nil {
				t.Fatal(path, err)
			}
			c.apply(u)
		})
		if n != 0 || u.RawPath != "" {
			t.Errorf("%s: %v allocations, RawPath %q", path, n, u.RawPath)
		}
	}
}
