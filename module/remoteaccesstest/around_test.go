package remoteaccesstest_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens/oauth2"
)

// Attack: staff look for another way in than the one that the ceiling hangs over: the second name of an API, the API on a site of
// its own, an environment that is named twice, a gate behind the gate. Fix: every gate asks the same desk, and a second name
// takes over what the first one needs. Invariant: on each of them staff without a grant get 403, nothing reaches the upstream, and
// with the strongest role tokens are not to be had.
func TestNoWayAround(t *testing.T) {
	i := moduletest.NewIssuer(t)
	s := start(t, scene{
		remote: "setting approved\nstaff issuer " + i.URL,
		app:    "issuer " + i.URL + " {\naudience api\nlocal_users\n}",
	})
	s.Load(s.text + `
http://own.test:{PORT} {
	doorward_api
}

http://twice.test:{PORT} {
	doorward {
		keep_credential
	}
	route {
		doorward
		import gate
	}
}
`)
	jwt := i.Sign(staffClaims("scope", "metrics:read environment-api:api-tokens:write environment-api:api-tokens:read settings:objects:read"))
	mark := s.badge("john")
	calls := []call{
		{target: "/platform/classic/environment-api/v2/apiTokens", token: jwt},
		{method: "POST", target: "/platform/classic/environment-api/v2/apiTokens", token: jwt, body: `{"name":"x","scopes":["metrics.read"]}`},
		{target: "/api/v2/apiTokens", host: "own.test", token: mark},
		{target: "/e/default/api/v2/apiTokens", host: "own.test", token: mark},
		{method: "POST", target: "/api/v2/apiTokens", host: "own.test", token: mark, body: `{"name":"x","scopes":["metrics.read"]}`},
		{target: "/plain", host: "twice.test", token: mark},
		{method: "HEAD", target: "/plain", token: mark},
		{target: "/plain", token: mark, header: []string{"Connection: Upgrade", "Upgrade: websocket"}},
	}
	before := s.state()
	for _, c := range calls {
		s.expect(c, http.StatusForbidden)
	}
	if n := s.reached(); n != 0 {
		t.Errorf("the upstream saw %d requests", n)
	}
	s.grant("john", remote.Admin, mark)
	s.reached()
	for _, c := range calls {
		if c.method == http.MethodPost {
			s.expect(c, http.StatusForbidden)
		}
	}
	s.expect(call{target: "/plain", host: "twice.test", token: mark}, http.StatusOK)
	if after := s.state(); !strings.HasSuffix(after, before[strings.LastIndex(before, ","):]) {
		t.Errorf("tokens before: %s\nafter: %s", before, after)
	}
}

// Attack: somebody of the staff owns an OAuth client of the gateway, which no mark can be put on, and comes with its access tokens.
// Fix: the claims of these tokens name staff as those of any issuer do. Invariant: once the configuration names the owner or the
// client, the ceiling hangs over both.
func TestClientsOfStaff(t *testing.T) {
	for name, claim := range map[string]string{"owner": "sub " + john, "client": "client_id {CLIENT}"} {
		t.Run(name, func(t *testing.T) {
			key := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(key, []byte(seal.NewKey()), 0o600); err != nil {
				t.Fatal(err)
			}
			const app = "account acme {\nenvironment default\n}\nencryption_key "
			s := start(t, scene{app: app + key})
			made, err := s.office.OAuth2.CreateClient(t.Context(), "cli:test", "acme",
				oauth2.Attributes{Name: "support", Owner: john, Scopes: []string{"metrics:read"}})
			s.must(err)
			named := strings.ReplaceAll(claim, "{CLIENT}", made.Client.ID)
			s.Load(strings.Replace(s.text, "setting approved", "setting approved\nstaff claim "+named, 1))
			form := url.Values{"grant_type": {"client_credentials"}, "client_id": {made.Client.ID}, "client_secret": {made.Secret.Reveal()}}
			a := s.send(call{method: "POST", target: "/sso/oauth2/token", header: []string{
				"Content-Type: application/x-www-form-urlencoded", "Content-Length: " + itoa(len(form.Encode())), "", form.Encode(),
			}})
			_, rest, _ := strings.Cut(a.body, `"access_token":"`)
			token, _, found := strings.Cut(rest, `"`)
			if !found {
				t.Fatalf("no token: %d", a.status)
			}
			s.expect(call{target: "/plain", token: token}, http.StatusForbidden)
			s.grant(john, remote.Viewer, s.badge(john))
			s.expect(call{target: "/plain", token: token}, http.StatusOK)
			if logins := s.trail("session.login"); len(logins) != 2 || logins[1].Actor != john {
				t.Errorf("recorded %+v", summary(logins))
			}
		})
	}
}

// What an operator sees who is woken at night: who gets in, who was let in and how, who is in, and that it is over. Whatever was done
// without anybody's approval is a warning, and nothing that strangers have typed is there.
func TestLog(t *testing.T) {
	s := start(t, scene{remote: "setting approved\nbreak_glass devops-viewer", app: "cache {\nlifetime 50ms\n}"})
	token := s.badge(john)
	s.expect(call{method: "POST", target: "/api/doorward/v1/remoteAccess/ownRequests", token: token,
		body: `{"role":"devops-viewer","requestedDays":1,"reason":"SUP-9 words of a stranger"}`}, http.StatusCreated)
	granted := s.grant(john, remote.Viewer, token)
	s.expect(call{method: "POST", target: "/api/doorward/v1/remoteAccess/breakGlass", token: s.badge("jane@example.com"),
		body: `{"role":"devops-viewer","minutes":5,"reason":"SUP-9 words of a stranger"}`}, http.StatusCreated)
	s.revoke(granted.ID)
	s.set(remote.All)
	for _, want := range []struct{ level, message, part string }{
		{"warn", "remote_access: break_glass is on, and neither mail nor a webhook tells anybody when it is used", ""},
		{"info", "the setting of remote access", `"setting":"approved"`},
		{"info", "remote access is asked for", john},
		{"info", "remote access is granted", `"by":"` + katie + `"`},
		{"info", "a session of remote support staff begins", granted.ID},
		{"warn", "remote access is taken without approval", "jane@example.com"},
		{"info", "remote access has ended, or will not begin", granted.ID},
		{"info", "a session of remote support staff is over", granted.ID},
		{"warn", "the setting of remote access", `"setting":"all","was":"approved","by":"` + katie + `"`},
	} {
		s.eventually(want.message+" "+want.part, func() bool { return logged(s.Logs(), want.level, want.message, want.part) })
	}
	if strings.Contains(s.Logs(), "words of a stranger") {
		t.Error("the log has the reason of a request")
	}
}

func logged(log, level, message, part string) bool {
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"level":"`+level+`"`) && strings.Contains(line, `"msg":"`+message+`"`) && strings.Contains(line, part) {
			return true
		}
	}
	return false
}
