package remoteaccesstest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
)

// Attack: somebody of the support staff, with the strongest role and a token that holds every scope, makes more of it: they
// approve their own request, or another one, let themselves in for longer, widen the setting, or mint a token that outlives
// the grant. Fix: these endpoints are closed to remote access, whatever the role. Invariant: 403, and nothing has changed.
func TestNoStaffHelpThemselves(t *testing.T) {
	s := start(t, scene{})
	token := s.badge(john)
	own := s.grant(john, remote.Admin, token)
	pending, err := s.office.Remote.Create(t.Context(), s.admin(), remote.Ask{User: "jane@example.com", Reason: "SUP-2", Days: 1, Role: remote.Admin})
	s.must(err)
	before := s.state()
	calls := []call{
		stateOf(pending.ID, "ACCEPTED", token), stateOf(pending.ID, "REJECTED", token), stateOf(own.ID, "PENDING", token),
		stateOf(own.ID, "EXPIRED", token),
		{method: "POST", target: requestsPath, body: `{"userId":"jane@example.com","reason":"SUP-3","requestedDays":1,"role":"devops-admin"}`},
		{method: "POST", target: "/api/doorward/v1/remoteAccess/grants", body: `{"userId":"john.smith@example.com","reason":"SUP-3","requestedDays":30,"role":"devops-admin"}`},
		{method: "PUT", target: "/api/doorward/v1/remoteAccess/setting", body: `{"setting":"all"}`},
		{method: "POST", target: "/api/doorward/v1/remoteAccess/revokeAll", header: []string{"Content-Length: 0"}},
		{method: "POST", target: "/api/doorward/v1/remoteAccess/requests/" + own.ID + "/review", body: `{"comment":"fine"}`},
		{method: "POST", target: "/api/doorward/v1/remoteAccess/breakGlass", body: `{"role":"devops-admin","minutes":5,"reason":"SUP-3"}`},
		{method: "POST", target: "/api/v1.0/onpremise/preferences", body: `{"supportAllowRemoteAccess":true,"remoteAccessOnDemandOnly":false}`},
		{method: "POST", target: "/api/v2/apiTokens", body: `{"name":"x","scopes":["metrics.read"]}`},
		{method: "POST", target: "/e/default/api/v2/apiTokens", body: `{"name":"x","scopes":["metrics.read"]}`},
		{method: "POST", target: "/api/v1/tokens", body: `{"name":"x","scopes":["DataExport"]}`},
		{method: "POST", target: "/api/cluster/v2/tokens", body: `{"name":"x","scopes":["ServiceProviderAPI"]}`},
		{method: "POST", target: "/api/v2/activeGateTokens", body: `{"name":"x","activeGateType":"ENVIRONMENT"}`},
	}
	s.reached()
	for _, c := range calls {
		c.token = token
		s.expect(c, http.StatusForbidden)
	}
	if n := s.reached(); n != 0 {
		t.Errorf("the upstream saw %d requests", n)
	}
	if diff := cmp.Diff(before, s.state()); diff != "" {
		t.Errorf("something has changed (-before +after):\n%s", diff)
	}
	// The same person with an ordinary token is told that nobody approves their own.
	ordinary := s.ordinaryOf(strings.ToUpper(john), "ServiceProviderAPI")
	mine, err := s.office.Remote.Create(t.Context(), s.admin(), remote.Ask{User: john, Reason: "SUP-4", Days: 1, Role: remote.User})
	s.must(err)
	s.expect(stateOf(mine.ID, "ACCEPTED", ordinary), http.StatusForbidden)
}

// state is what must not change behind an administrator's back.
func (s *site) state() string {
	s.t.Helper()
	current, err := s.office.Store.RemoteAccess(s.t.Context())
	s.must(err)
	minted, err := s.office.Tokens.Count(s.t.Context(), tokens.Query{})
	s.must(err)
	return fmt.Sprintf("%+v, %d tokens", current, minted)
}

// startJWT trusts an issuer of staff, who need a second factor and come from one network.
func startJWT(t *testing.T) (*site, *moduletest.Issuer) {
	t.Helper()
	i := moduletest.NewIssuer(t)
	return start(t, scene{
		remote: "setting approved\nstaff issuer " + i.URL + "\nrequire_claim amr mfa\nnetworks 192.0.2.0/24",
		app:    "issuer " + i.URL + " {\naudience api\n}",
	}), i
}

var near = []string{"X-Forwarded-For: 192.0.2.7"}

func staffClaims(more ...any) map[string]any {
	claims := map[string]any{"sub": "john", "scope": "metrics:read", "amr": []string{"pwd", "mfa"}, "jti": "staff-1"}
	for i := 0; i < len(more); i += 2 {
		claims[more[i].(string)] = more[i+1]
	}
	return claims
}

// Attack: a stolen password of somebody of the staff, without the second factor, or from another network; and a name that
// an administrator takes for another one. Fix: such a credential is none. Invariant: the answer is byte for byte that of a
// token that nobody has issued, the upstream sees nothing, and the attempt is written down as a failed login.
func TestStaffWhoAreNotGoodEnough(t *testing.T) {
	s, i := startJWT(t)
	s.letIn("john", i.Sign(staffClaims()))
	mark := s.badge("john@example.com")
	ordinary := s.send(call{target: "/plain", token: "dt0c01.AAAAAAAAAAAAAAAAAAAAAAAA." + strings.Repeat("A", 64), header: near})
	if ordinary.status != http.StatusUnauthorized {
		t.Fatalf("got %d %s", ordinary.status, ordinary.body)
	}
	s.reached()
	after := s.last()
	refused := 0
	for name, c := range map[string]call{
		"no second factor":         {token: i.Sign(staffClaims("amr", []string{"pwd"})), header: near},
		"nothing about factors":    {token: i.Sign(staffClaims("amr", nil)), header: near},
		"factor in capitals":       {token: i.Sign(staffClaims("amr", []string{"MFA"})), header: near},
		"another network":          {token: i.Sign(staffClaims()), header: []string{"X-Forwarded-For: 198.51.100.7"}},
		"mapped address":           {token: i.Sign(staffClaims()), header: []string{"X-Forwarded-For: ::ffff:198.51.100.7"}},
		"the network in a header":  {token: i.Sign(staffClaims()), header: []string{"X-Real-IP: 192.0.2.7"}},
		"a token with the mark":    {token: mark, header: near},
		"Cyrillic letter":          {token: i.Sign(staffClaims("sub", "j\u043ehn")), header: near},
		"full-width letter":        {token: i.Sign(staffClaims("sub", "\uff4aohn")), header: near},
		"zero-width space":         {token: i.Sign(staffClaims("sub", "jo\u200bhn")), header: near},
		"dotted capital I":         {token: i.Sign(staffClaims("sub", "\u0130ohn")), header: near},
		"two blanks":               {token: i.Sign(staffClaims("sub", "jo  hn")), header: near},
		"right-to-left override":   {token: i.Sign(staffClaims("sub", "\u202ejohn")), header: near},
		"no-break space at an end": {token: i.Sign(staffClaims("sub", "john\u00a0")), header: near},
	} {
		c.target = "/plain"
		a := s.send(c)
		refused++
		if diff := cmp.Diff(plain(ordinary), plain(a)); diff != "" {
			t.Errorf("%s: the answer is another one than for a token that there is not (-want +got):\n%s", name, diff)
		}
	}
	if n := s.reached(); n != 0 {
		t.Errorf("the upstream saw %d requests", n)
	}
	logins := since(s.trail("session.login"), after)
	if len(logins) == 0 || len(logins) > refused {
		t.Errorf("%d failed logins were recorded, want some of %d", len(logins), refused)
	}
	for _, e := range logins {
		if !e.Failed || e.Origin == "" {
			t.Errorf("recorded as %+v", e)
		}
	}
	s.mustBeWhole()
}

// plain is an answer without what differs from one to the next.
func plain(a answer) any {
	header := a.header.Clone()
	for _, name := range []string{"Date", "X-Doorward-Decision-Id"} {
		header.Del(name)
	}
	return []any{a.status, header, a.body}
}

// letIn approves a user of the issuer and waits for it.
func (s *site) letIn(user, token string) {
	s.t.Helper()
	_, err := s.office.Remote.Grant(s.t.Context(), s.admin(), remote.Ask{User: user, Reason: "SUP-1", Days: 1, Role: remote.Viewer})
	s.must(err)
	s.eventually("they are let in", func() bool {
		return s.send(call{target: "/plain", token: token, header: near}).status == http.StatusOK
	})
}

// Approvals name a person in one spelling. Capitals and blanks around a name make nobody else of them, neither by a JWT nor
// by the owner of a token.
func TestOneSpellingOfStaff(t *testing.T) {
	s, i := startJWT(t)
	s.letIn(" JOHN ", i.Sign(staffClaims()))
	for _, user := range []string{"john", "John", "JOHN"} {
		s.expect(call{target: "/plain", token: i.Sign(staffClaims("sub", user)), header: near}, http.StatusOK)
	}
	s.expect(call{target: "/plain", token: i.Sign(staffClaims("sub", "johnny")), header: near}, http.StatusForbidden)

	marked := start(t, scene{})
	token := marked.badge("John.Smith@Example.com")
	marked.grant("JOHN.smith@example.com", remote.Viewer, token)
	if calls := marked.trail("remote_access."); len(calls) == 0 || calls[len(calls)-1].Actor != john {
		t.Errorf("recorded %+v", summary(calls))
	}
}

// secret is in an answer that staff may not see whole.
const secret = "198.51.100.7-4111"

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

// Attack: an upstream, or what stands between, answers in a form that is not masked. Fix: what cannot be masked beyond doubt
// is refused. Invariant: the secret is in no answer, whatever its form; and the trail says what became of the request.
func TestMaskedAnswersDoNotLeak(t *testing.T) {
	s := start(t, scene{})
	token := s.badge(john)
	s.grant(john, remote.Admin, token)
	document := `{"columnNames":["ip"],"values":[["` + secret + `"]]}`
	header := func(pairs ...string) http.Header {
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	for name, test := range map[string]struct {
		header http.Header
		body   string
		pieces bool // flushed in between
		status int
	}{
		"plain":              {header(), document, false, 200},
		"chunked":            {header(), document, true, 200},
		"gzip":               {header("Content-Encoding", "gzip"), zipped(document), false, 200},
		"gzip, chunked":      {header("Content-Encoding", "gzip"), zipped(document), true, 200},
		"gzip that is none":  {header("Content-Encoding", "gzip"), document, false, 403},
		"gzip twice":         {header("Content-Encoding", "gzip, gzip"), zipped(zipped(document)), false, 403},
		"another coding":     {header("Content-Encoding", "br"), document, false, 403},
		"cut off":            {header(), document[:len(document)-4], false, 403},
		"something behind":   {header(), document + document, false, 403},
		"a name twice":       {header(), `{"columnNames":["ip"],"columnNames":["` + secret + `"]}`, false, 403},
		"text":               {header("Content-Type", "text/plain"), document, false, 403},
		"another character":  {header("Content-Type", "application/json; charset=utf-16"), document, false, 403},
		"event stream":       {header("Content-Type", "text/event-stream"), "data: " + document + "\n\n", true, 403},
		"a part":             {header("Content-Range", "bytes 0-9/100", "X-Status", "206"), document, false, 403},
		"in a header":        {header("X-Secret", secret, "Location", "/"+secret, "Set-Cookie", "a="+secret), document, false, 200},
		"an error":           {header("X-Status", "500"), document, false, 500},
		"an error in a page": {header("X-Status", "500", "Content-Type", "text/html"), "<p>" + secret, false, 403},
		"a trailer":          {header("Trailer", "X-Late", http.TrailerPrefix+"X-Later", secret, "X-Late", secret), document, true, 200},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			s.Upstream.Handler = sending(test.header, test.body, test.pieces)
			after := s.last()
			a := s.expect(call{target: "/api/v1/userSessionQueryLanguage/table?query=x", token: token}, test.status)
			if text := fmt.Sprint(a.header, a.body); strings.Contains(text, secret) || strings.Contains(text, secret[:12]) {
				t.Errorf("shown: %s", text)
			}
			if a.status == http.StatusOK && !strings.Contains(a.body, "*****") {
				t.Errorf("not masked: %s", a.body)
			}
			if a.status == http.StatusForbidden && !strings.Contains(a.body, "could not be masked") {
				t.Errorf("refused with %s", a.body)
			}
			calls := s.concluded(after)
			if len(calls) != 1 || calls[0].Outcome.Status != test.status || (calls[0].Outcome.Cut != "") != (test.status == 403) {
				t.Errorf("recorded %+v", calls)
			}
			head := s.send(call{method: "HEAD", target: "/api/v1/userSessionQueryLanguage/table?query=x", token: token})
			if strings.Contains(fmt.Sprint(head.header), secret) {
				t.Errorf("HEAD shows %v", head.header)
			}
		})
	}
	s.mustBeWhole()
}

func sending(header http.Header, body string, pieces bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		status := http.StatusOK
		for name, values := range header {
			w.Header()[name] = values
		}
		if text := header.Get("X-Status"); text != "" {
			_, _ = fmt.Sscan(text, &status)
		}
		w.WriteHeader(status)
		half := len(body) / 2
		_, _ = w.Write([]byte(body[:half]))
		if pieces {
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = w.Write([]byte(body[half:]))
	}
}

// Attack: staff say that they are somebody else, or that they are in another session. Fix: what is known of them comes from
// the credential and the store. Invariant: neither the upstream nor the trail hears what the client says of itself.
func TestStaffDoNotNameThemselves(t *testing.T) {
	s := start(t, scene{})
	token := s.badge(john)
	s.grant(john, remote.Viewer, token)
	session := s.detail(s.trail("session.login")[0])["session"]
	s.reached()
	after := s.last()
	s.expect(call{target: "/plain?session=chosen", token: token, header: []string{
		"X-Doorward-User: katie", "x-doorward-user: katie", "X_Doorward_User: katie", "X-Doorward-Session: chosen",
		"X-Doorward-Role: devops-admin", "X-Doorward-Scopes: admin", "X-Doorward-Decision-Id: chosen", "Cookie: session=chosen",
		"Connection: close, X-Doorward-User",
	}}, http.StatusOK)
	seen := s.Upstream.Seen()
	if len(seen) != 1 || !cmp.Equal(seen[0].Header["X-Doorward-User"], []string{john}) || seen[0].Header["X_doorward_user"] != nil ||
		seen[0].Header.Get("X-Doorward-Decision-Id") == "chosen" || strings.Contains(seen[0].Header.Get("X-Doorward-Scopes"), "admin") {
		t.Errorf("the upstream saw %+v", seen)
	}
	for _, e := range s.concluded(after) {
		d := s.detail(e)
		if d["session"] != session || d["user"] != john || d["role"] != "devops-viewer" || e.Decision == "chosen" {
			t.Errorf("recorded %s %s", e.Decision, e.Detail)
		}
	}
}

// Attack: a token in a URL gets into the trail, which many may read and nobody can clean. Invariant: no part of it that is
// secret is there, whether the request was let through or not, wherever in the URL it stands.
func TestNoTokenInTheTrail(t *testing.T) {
	s := start(t, scene{})
	token := s.badge(john)
	part := token[strings.LastIndexByte(token, '.')+1:]
	s.grant(john, remote.Viewer, token)
	after := s.last()
	s.expect(call{host: "query.test", target: "/plain?x=1&api-token=" + token + "&y=2"}, http.StatusOK)
	s.expect(call{host: "query.test", target: "/plain?x=1&API-Token=" + token}, http.StatusOK)
	s.expect(call{host: "query.test", target: "/plain?%61pi-token=" + token}, http.StatusOK)
	s.expect(call{host: "query.test", target: "/nowhere?api-token=" + token}, http.StatusForbidden)
	s.expect(call{target: "/plain?x=" + token, token: token}, http.StatusOK)
	s.expect(call{target: "/nowhere/" + token, token: token}, http.StatusForbidden)
	s.concluded(after)
	events := since(s.trail(), after)
	text, err := json.Marshal(events)
	s.must(err)
	if strings.Contains(string(text), part) {
		t.Error("the trail has the secret of the token")
	}
	if calls := s.trail("remote_access."); s.detail(since(calls, after)[0])["query"] != "x=1&y=2" {
		t.Errorf("the query is recorded as %s", since(calls, after)[0].Detail)
	}
	if strings.Contains(s.Logs(), part) {
		t.Error("the log has the secret of the token")
	}
}

var where = regexp.MustCompile(`POST (http://\S+?)"?\}*$`)

// A refusal says which role would do and where to ask for it, and what it says is true: following it makes a request, and
// once that is approved the same call gets through.
func TestARefusalBecomesARequest(t *testing.T) {
	for host, read := range map[string]func(a answer) (role, ask string){
		"a.test": func(a answer) (role, ask string) {
			role = regexp.MustCompile(`devops-[a-z]+`).FindString(a.body)
			if found := where.FindStringSubmatch(strings.TrimSpace(a.body)); found != nil {
				ask = found[1]
			}
			return role, ask
		},
		"problem.test": func(a answer) (role, ask string) {
			var p struct{ Role, Ask string }
			_ = json.Unmarshal([]byte(a.body), &p)
			return p.Role, p.Ask
		},
	} {
		t.Run(host, func(t *testing.T) {
			s := start(t, scene{})
			token, administrator := s.badge(john), s.ordinary("ServiceProviderAPI")
			for _, test := range []struct{ target, role string }{{"/plain", "devops-viewer"}, {"/api/v2/logs/search", "devops-admin"}} {
				wanted := call{host: host, target: test.target, token: token}
				a := s.expect(wanted, http.StatusForbidden)
				role, ask := read(a)
				if role != test.role {
					t.Fatalf("role %q, want %s: %s", role, test.role, a.body)
				}
				path, found := strings.CutPrefix(ask, "http://"+host)
				if !found {
					t.Fatalf("ask at %q: %s", ask, a.body)
				}
				path = path[strings.IndexByte(path, '/'):]
				asked := s.expect(call{host: host, method: "POST", target: path, token: token,
					body: `{"reason":"SUP-1","requestedDays":1,"role":"` + role + `"}`}, http.StatusCreated)
				var r request
				s.must(json.Unmarshal([]byte(asked.body), &r))
				if r.State != "PENDING" {
					t.Errorf("asked: %s", asked.body)
				}
				s.expect(wanted, http.StatusForbidden)
				s.expect(stateOf(r.ID, "ACCEPTED", administrator), http.StatusOK)
				s.expect(wanted, http.StatusOK)
			}
			// Where no role would do, none is named.
			a := s.expect(call{host: host, target: "/api/v1.0/onpremise/sslCertificate", token: token}, http.StatusForbidden)
			if role, ask := read(a); role != "" || ask != "" {
				t.Errorf("%s", a.body)
			}
		})
	}
}
