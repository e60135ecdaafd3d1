package remoteaccesstest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/remote"
)

const requestsPath = "/api/cluster/v2/remoteaccess/requests"

// request is a request as the API shows it.
type request struct {
	ID         string  `json:"requestId"`
	State      string  `json:"state"`
	Expires    *int64  `json:"expirationTimestamp"`
	ModifiedBy *string `json:"stateModifiedByUser"`
}

func (s *site) show(id, token string) (r request) {
	s.t.Helper()
	a := s.expect(call{target: requestsPath + "/" + id, token: token}, http.StatusOK)
	s.must(json.Unmarshal([]byte(a.body), &r))
	return r
}

func (s *site) ask(user, role, token string) (r request) {
	s.t.Helper()
	a := s.expect(call{method: "POST", target: requestsPath, token: token,
		body: `{"userId":"` + user + `","reason":"SUP-123456 Verifying","requestedDays":7,"role":"` + role + `"}`}, http.StatusCreated)
	s.must(json.Unmarshal([]byte(a.body), &r))
	return r
}

func stateOf(id, state, token string) call {
	return call{method: "PUT", target: requestsPath + "/" + id + "/state", body: `{"state":"` + state + `"}`, token: token}
}

// TestVectors are the compatibility vectors that need a gate in front of something, by their numbers. Those of the API
// alone are stories of package apitest.
func TestVectors(t *testing.T) {
	t.Run("3", acceptedForSevenDays)
	t.Run("4", expiredAtItsInstant)
	t.Run("5", revokedThenRefused)
	t.Run("7", whatEachRoleReaches)
	t.Run("8", noSpellingGetsFurther)
	t.Run("9", readOnlyCapsAGrant)
	t.Run("11", oneEventEach)
	t.Run("12", oneMailEach)
}

func acceptedForSevenDays(t *testing.T) {
	s := start(t, scene{})
	administrator, token := s.ordinary("ServiceProviderAPI"), s.badge(john)
	r := s.ask(john, "devops-admin", administrator)
	s.expect(call{target: "/plain", token: token}, http.StatusForbidden)
	before := time.Now().UnixMilli()
	if a := s.expect(stateOf(r.ID, "ACCEPTED", administrator), http.StatusOK); a.body != "" {
		t.Errorf("answered with %q, want an empty body", a.body)
	}
	after := time.Now().UnixMilli()
	s.expect(call{target: "/plain", token: token}, http.StatusOK) // at once: the gate itself made the change
	const week = 604_800_000
	r = s.show(r.ID, administrator)
	if r.Expires == nil || *r.Expires < before+week || *r.Expires > after+week {
		t.Errorf("expires at %v, want %d to %d", r.Expires, before+week, after+week)
	}
	if r.ModifiedBy == nil || *r.ModifiedBy != katie {
		t.Errorf("modified by %v, want %s", r.ModifiedBy, katie)
	}
}

// The millisecond itself is looked at by a unit test of package module, which sets the clock.
func expiredAtItsInstant(t *testing.T) {
	s := start(t, scene{})
	administrator, token := s.ordinary("ServiceProviderAPI"), s.badge(john)
	expires := time.Now().Add(time.Second).Truncate(time.Millisecond)
	r := s.brief(expires)
	s.until(http.StatusOK, token)
	for {
		sent := time.Now()
		a := s.get("/plain", token)
		if a.status == http.StatusOK && !sent.Before(expires) {
			t.Errorf("let in %v after the end", sent.Sub(expires))
		}
		if a.status != http.StatusOK {
			if time.Now().Before(expires) {
				t.Errorf("refused before the end: %d %s", a.status, a.body)
			}
			break
		}
	}
	if shown := s.show(r.ID, administrator); shown.State != "EXPIRED" {
		t.Errorf("shown as %s, want EXPIRED", shown.State)
	}
	for _, state := range []string{"PENDING", "ACCEPTED", "REJECTED", "EXPIRED"} {
		s.expect(stateOf(r.ID, state, administrator), http.StatusConflict)
	}
}

func revokedThenRefused(t *testing.T) {
	s := startStreaming(t)
	administrator, token := s.ordinary("ServiceProviderAPI"), s.badge(john)
	r := s.grant(john, remote.Viewer, token)
	stream := openResponse(s, token, "text/event-stream")
	since := time.Now()
	s.expect(stateOf(r.ID, "EXPIRED", administrator), http.StatusOK)
	s.expect(call{target: "/plain", token: token}, http.StatusForbidden)
	s.mustEnd(stream, since)
}

// reach is what a role gets from a request: the statuses of Viewer, User and Admin.
type reach struct {
	call
	want [3]int
}

const setting = `[{"schemaId":"builtin:%","scope":"environment","value":{}}]`

var (
	all   = [3]int{200, 200, 200}
	admin = [3]int{403, 403, 200}
	none  = [3]int{403, 403, 403}
)

var reaches = []reach{
	{call{target: "/api/v2/settings/objects?schemaIds=builtin:x"}, all},
	{call{method: "POST", target: "/api/v2/settings/objects", body: strings.Replace(setting, "%", "x", 1)}, admin},
	{call{method: "POST", target: "/api/v2/settings/objects", body: strings.Replace(setting, "%", "oneagent.features", 1)}, [3]int{403, 200, 200}},
	{call{method: "POST", target: "/api/v2/settings/objects", body: strings.Replace(setting, "%", "audit-log", 1)}, none},
	{call{target: "/api/v2/logs/search"}, admin},
	{call{target: "/api/v1/deployment/installer/agent/unix/default/latest"}, admin},
	{call{target: "/api/config/v1/service/requestAttributes"}, all},
	{call{method: "PUT", target: "/api/config/v1/service/requestAttributes/1", body: "{}"}, admin},
	{call{method: "POST", target: "/api/v1.0/onpremise/nodeManagement/nodeRestart", body: "{}"}, admin},
	{call{method: "POST", target: "/api/v2/apiTokens", body: `{"name":"x","scopes":["metrics.read"]}`}, none},
	{call{target: "/api/v1.0/onpremise/sslCertificate"}, none},
	{call{target: "/api/v1/userSessionQueryLanguage/table?query=x"}, admin}, // masked
	{call{target: "/api/v2/securityProblems"}, admin},
	{call{method: "POST", target: "/api/v2/securityProblems/mute", body: "{}"}, none},
	{call{target: "/unmapped"}, none},
}

// roles are in the order of reach.want.
var roles = []remote.Role{remote.Viewer, remote.User, remote.Admin}

// eachRole runs a test under a grant of each role, and with the statuses that it gets.
func eachRole(t *testing.T, s *site, test func(s *site, token string, role int)) {
	for i, role := range roles {
		t.Run(role.String(), func(t *testing.T) {
			s := s.in(t)
			user := role.String() + "@example.com"
			token := s.badge(user)
			s.grant(user, role, token)
			s.reached()
			test(s, token, i)
		})
	}
}

// startRoles has an upstream that answers JSON, so that what is masked can be.
func startRoles(t *testing.T) *site {
	t.Helper()
	s := start(t, scene{})
	s.Upstream.Handler = answering("application/json", `{"columnNames":["ip"],"values":[["198.51.100.7"]]}`)
	return s
}

func answering(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write([]byte(body))
	}
}

func whatEachRoleReaches(t *testing.T) {
	eachRole(t, startRoles(t), func(s *site, token string, role int) {
		for _, r := range reaches {
			r.token = token
			a := s.expect(r.call, r.want[role])
			if n := s.reached(); n > 0 != (a.status == http.StatusOK) {
				s.t.Errorf("%s %s: answered %d, and the upstream saw %d requests", r.method, r.target, a.status, n)
			}
			if strings.Contains(a.body, "198.51.100.7") && strings.Contains(r.target, "userSession") {
				s.t.Errorf("%s: shown unmasked: %s", r.target, a.body)
			}
		}
	})
}

// spellings are other ways to ask for the same, and what looks like it.
var spellings = map[string]func(c call) call{
	"environment prefix":    target(func(p string) string { return "/e/default" + p }),
	"other environment":     target(func(p string) string { return "/e/elsewhere" + p }),
	"two prefixes":          target(func(p string) string { return "/e/default/e/default" + p }),
	"encoded dots":          target(func(p string) string { return "/plain/%2e%2e" + p }),
	"encoded dots, capital": target(func(p string) string { return "/plain/%2E%2E" + p }),
	"dots":                  target(func(p string) string { return "/plain/.." + p }),
	"half encoded dots":     target(func(p string) string { return "/plain/.%2e" + p }),
	"twice encoded dots":    target(func(p string) string { return "/plain/%252e%252e" + p }),
	"two slashes in front":  target(func(p string) string { return "/" + p }),
	"two slashes":           target(func(p string) string { return strings.Replace(p, "/v", "//v", 1) }),
	"slash at the end":      target(func(p string) string { return p + "/" }),
	"encoded slash":         target(func(p string) string { return strings.Replace(p, "/v", "%2fv", 1) }),
	"backslash":             target(func(p string) string { return strings.Replace(p, "/v", "%5cv", 1) }),
	"parameter":             target(func(p string) string { return p + ";a=b" }),
	"zero":                  target(func(p string) string { return p + "%00" }),
	"capitals":              target(strings.ToUpper),
	"one capital":           target(func(p string) string { return strings.Replace(p, "/api/", "/Api/", 1) }),
	"encoded letter":        target(func(p string) string { return strings.Replace(p, "/api/", "/%61pi/", 1) }),
	"dot segment":           target(func(p string) string { return strings.Replace(p, "/api/", "/api/./", 1) }),
	"absolute form":         target(func(p string) string { return "http://a.test" + p }),
	"HEAD":                  method(http.MethodHead),
	"OPTIONS":               method(http.MethodOptions),
	"method in small letters": func(c call) call {
		c.method = strings.ToLower(c.method)
		return c
	},
	"override to GET":        header("X-HTTP-Method-Override: GET"),
	"override, another name": header("X-Method-Override: GET"),
	"override by underscore": header("X_HTTP_Method_Override: GET"),
	"override in the query": func(c call) call {
		c.target += map[bool]string{true: "&", false: "?"}[strings.Contains(c.target, "?")] + "_method=GET"
		return c
	},
	"another target by header": header("X-Original-URL: /plain", "X-Rewrite-URL: /plain"),
}

func target(change func(string) string) func(call) call {
	return func(c call) call {
		p, query, found := strings.Cut(c.target, "?")
		if c.target = change(p); found {
			c.target += "?" + query
		}
		return c
	}
}

func method(name string) func(call) call {
	return func(c call) call {
		if c.method == "" {
			c.method = name
		}
		return c
	}
}

func header(lines ...string) func(call) call {
	return func(c call) call {
		c.header = append(slices.Clone(c.header), lines...)
		return c
	}
}

// Attack: a request that the role does not allow is written in another way, so that the gate takes it for another one while
// the upstream takes it for what it is. Fix: there is one reading of a path, and what is decided is what is forwarded.
// Invariant: of what is refused no spelling gets through, and the upstream sees nothing of it. What is allowed arrives as it
// was decided, with the method that was decided.
func noSpellingGetsFurther(t *testing.T) {
	eachRole(t, startRoles(t), func(s *site, token string, role int) {
		for _, r := range reaches {
			for name, spell := range spellings {
				c := spell(r.call)
				c.token = token
				a, seen := s.send(c), s.Upstream.Seen()
				switch {
				case len(seen) == 0:
					continue
				case r.want[role] != http.StatusOK:
					s.t.Errorf("%s: %s %s: answered %d, and the upstream saw %s %s", name, c.method, c.target, a.status, seen[0].Method, seen[0].RequestURI)
				case !sameTarget(r.call, seen[0].RequestURI) || seen[0].Method != methodOf(c):
					s.t.Errorf("%s: %s %s was decided, and the upstream saw %s %s", name, c.method, r.target, seen[0].Method, seen[0].RequestURI)
				}
				for _, sent := range []string{"X-Http-Method-Override", "X-Method-Override", "X_http_method_override", "X-Original-Url", "X-Rewrite-Url"} {
					if len(seen[0].Header[sent]) > 0 {
						s.t.Errorf("%s: the upstream saw %s", name, sent)
					}
				}
			}
		}
	})
}

// sameTarget reports whether the upstream saw the path that was decided: with its environment in front, or written plainly.
func sameTarget(c call, uri string) bool {
	want, _, _ := strings.Cut(c.target, "?")
	got, _, _ := strings.Cut(strings.TrimPrefix(uri, "/e/default"), "?")
	plain, err := url.PathUnescape(got)
	return err == nil && strings.TrimSuffix(plain, "/") == want
}

func methodOf(c call) string {
	if c.method == "" {
		return http.MethodGet
	}
	return c.method
}

func readOnlyCapsAGrant(t *testing.T) {
	s := startRoles(t)
	token := s.badge(john)
	s.grant(john, remote.Admin, token)
	logs := call{target: "/api/v2/logs/search", token: token}
	s.expect(logs, http.StatusOK)
	for _, only := range []remote.Setting{remote.ReadOnly, remote.ApprovedReadOnly} {
		s.set(only)
		s.eventually("only reading is left", func() bool { return s.send(logs).status == http.StatusForbidden })
		s.reached()
		for _, r := range reaches {
			r.token = token
			a := s.expect(r.call, r.want[0])
			if n := s.reached(); n > 0 != (a.status == http.StatusOK) {
				t.Errorf("%s: answered %d, and the upstream saw %d requests", r.target, a.status, n)
			}
		}
	}
}
