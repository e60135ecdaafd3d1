// Package remoteaccesstest_test sends remote support staff through a whole gateway: over HTTP, with a real store, a real
// upstream, and administrators who work as another process or through the gateway's own API.
package remoteaccesstest_test

import (
	"cmp"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
)

// Who is in these tests.
const (
	katie = "katie.novak@example.com" // an administrator
	john  = "john.smith@example.com"  // of the support staff
)

// scene is what a test's gate is started with.
type scene struct {
	remote  string // options of remote access; "" is `setting approved`, "-" leaves the block out
	app     string // further options
	uploads string // where uploads go; "" is the upstream
}

// site is a gateway and an office that administers the same store from outside.
type site struct {
	*moduletest.Gate
	t      *testing.T
	office *module.Administration
	text   string // of the Caddyfile
}

func start(t *testing.T, s scene) *site {
	t.Helper()
	text, err := os.ReadFile("testdata/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	block := "remote_access {\n" + cmp.Or(s.remote, "setting approved") + "\n}"
	if s.remote == "-" {
		block = ""
	}
	caddyfile := strings.NewReplacer("{REMOTE}", block, "{APP}", s.app, "{UPLOADS}", cmp.Or(s.uploads, "{UPSTREAM}")).Replace(string(text))
	g := moduletest.Start(t, caddyfile)
	office := g.Administration()
	t.Cleanup(func() { _ = office.Close() })
	return &site{g, t, office, caddyfile}
}

// in is the site as a subtest has it.
func (s *site) in(t *testing.T) *site {
	sub := *s
	sub.t = t
	return &sub
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// allScopes are those of every endpoint here that is not the gateway's own business.
var allScopes = []string{
	"metrics.read", "settings.read", "settings.write", "logs.read", "InstallerDownload", "ReadConfig", "WriteConfig",
	"CaptureRequestData", "ServiceProviderAPI", "apiTokens.read", "apiTokens.write", "DTAQLAccess", "securityProblems.read",
	"securityProblems.write", "remoteaccess.approve", "remoteaccess.request",
}

// badge gives a token of support staff with every scope, so that nothing but the ceiling is in the way.
func (s *site) badge(user string) string {
	s.t.Helper()
	_, text := s.Mint("", tokens.Attributes{Owner: user, Scopes: allScopes, Cluster: true, Staff: true, AllowUncreatable: true})
	return text
}

// ordinary gives a token of somebody who is not staff.
func (s *site) ordinary(scopes ...string) string {
	s.t.Helper()
	return s.ordinaryOf(katie, scopes...)
}

func (s *site) ordinaryOf(user string, scopes ...string) string {
	s.t.Helper()
	_, text := s.Mint("", tokens.Attributes{Owner: user, Scopes: scopes, Cluster: true, AllowUncreatable: true})
	return text
}

func (s *site) admin() remote.Actor { return remote.Actor{Name: katie} }

// grant lets somebody in, as another process does, and waits until the gate has heard of it.
func (s *site) grant(user string, role remote.Role, token string) remote.Request {
	s.t.Helper()
	r, err := s.office.Remote.Grant(s.t.Context(), s.admin(), remote.Ask{User: user, Reason: "SUP-1 " + s.t.Name(), Days: 1, Role: role})
	s.must(err)
	s.until(http.StatusOK, token)
	return r
}

// set changes the setting, as another process does, and does not wait.
func (s *site) set(setting remote.Setting) {
	s.t.Helper()
	_, err := s.office.Remote.SetSetting(s.t.Context(), s.admin(), func(remote.Setting) remote.Setting { return setting })
	s.must(err)
}

// revoke ends one grant, as another process does, and does not wait.
func (s *site) revoke(id string) {
	s.t.Helper()
	_, err := s.office.Remote.SetState(s.t.Context(), s.admin(), id, remote.Decision{State: remote.Expired})
	s.must(err)
}

// call is one request. The host is a.test where none is named.
type call struct {
	method, host, target, token, body string
	header                            []string // lines
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (s *site) send(c call) answer {
	s.t.Helper()
	method := cmp.Or(c.method, http.MethodGet)
	lines := []string{method + " " + c.target + " HTTP/1.1", "Host: " + cmp.Or(c.host, "a.test"), "Connection: close"}
	if c.token != "" {
		lines = append(lines, "Authorization: "+scheme(c.token)+" "+c.token)
	}
	lines = append(lines, c.header...)
	if c.body != "" {
		lines = append(lines, "Content-Type: application/json", "Content-Length: "+itoa(len(c.body)))
	}
	response, body := moduletest.ParseResponse(s.t, method, s.Raw(strings.Join(lines, "\r\n")+"\r\n\r\n"+c.body))
	return answer{response.StatusCode, response.Header, body}
}

// scheme is that of a token: JWTs are bearer tokens.
func scheme(token string) string {
	if strings.HasPrefix(token, "ey") {
		return "Bearer"
	}
	return "Api-Token"
}

// get is a plain read.
func (s *site) get(target, token string) answer {
	s.t.Helper()
	return s.send(call{target: target, token: token})
}

// until asks until the answer has this status: nobody announces that a gate has heard of a change.
func (s *site) until(status int, token string) {
	s.t.Helper()
	s.eventually("the status is "+itoa(status), func() bool { return s.get("/plain", token).status == status })
}

func (s *site) eventually(what string, holds func() bool) {
	s.t.Helper()
	deadline := time.After(10 * time.Second)
	for !holds() {
		select {
		case <-deadline:
			s.t.Fatalf("waited in vain: %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}

func (s *site) expect(c call, status int) answer {
	s.t.Helper()
	a := s.send(c)
	if a.status != status {
		s.t.Errorf("%s %s: got %d %.300s, want %d", cmp.Or(c.method, "GET"), c.target, a.status, a.body, status)
	}
	return a
}

// reached is how many requests the upstream has seen since the last time.
func (s *site) reached() int { return len(s.Upstream.Seen()) }
