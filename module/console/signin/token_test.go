package signin_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/console/signin"
	"github.com/doorward/doorward/tokens"
)

// TestToken is a day: signing in with a token, the list of sessions, signing out.
func TestToken(t *testing.T) {
	s := open(t)
	id, text := s.mint(tokens.Attributes{})
	b, elsewhere := s.browser(), s.browser()
	b.get("/sessions").leadsTo("/signin?back=%2Fsessions")
	b.get("/signin?back=/tokens").want(200, `type="password"`, `autocomplete="off"`, `value="/tokens"`, "Company &lt;login&gt;")
	b.signIn("  " + text + "\n").leadsTo("/tokens?page=2")
	if who := b.session(); who == nil || who.Subject != "token "+id || who.Method != session.MethodToken || who.Issuer != "" {
		t.Fatalf("session %+v", who)
	}
	if !s.desk.Confirmed(b.request(http.MethodGet, "/", nil)) {
		t.Error("who has just shown a token has to show it again")
	}
	b.get("/signin?back=/x").leadsTo("/x")
	elsewhere.header.Set("User-Agent", "Other <browser>")
	elsewhere.header.Set("X-Forwarded-For", "192.0.2.7")
	elsewhere.signIn(text)
	list := b.get("/sessions").want(200, "this browser", "Other &lt;browser&gt;", "192.0.2.7", "End all others")
	if strings.Contains(list.body, text) || strings.Contains(list.body, b.cookies["__Host-doorward"].Value) {
		t.Error("the list shows a secret")
	}
	other := elsewhere.session().ID
	b.post("/sessions/end", url.Values{"id": {other}}).leadsTo("/sessions?done=ended")
	b.post("/sessions/end", url.Values{"id": {other}}).leadsTo("/sessions?done=gone")
	if elsewhere.session() != nil {
		t.Error("a session that was ended goes on")
	}
	elsewhere.signIn(text)
	s.browser().signIn(text)
	b.post("/sessions/end-others", nil).leadsTo("/sessions?done=others")
	if b.session() == nil || elsewhere.session() != nil {
		t.Error("not the others have ended")
	}
	old := b.cookies["__Host-doorward"]
	b.post("/signout", nil).leadsTo("/signin?why=signed-out")
	if b.cookies["__Host-doorward"] != nil {
		t.Error("the browser still has the cookie")
	}
	b.cookies["__Host-doorward"] = old
	if b.session() != nil {
		t.Error("the cookie is good after signing out")
	}
	want := []string{
		"session.login failed=false Signed in to the console with a token.", "session.login failed=false Signed in to the console with a token.",
		"session.revoke failed=false ",
		"session.login failed=false Signed in to the console with a token.", "session.login failed=false Signed in to the console with a token.",
		"session.revoke failed=false ", "session.revoke failed=false ", "session.logout failed=false ",
	}
	if diff := cmp.Diff(want, s.events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	s.wantNoSecret(text, old.Value)
}

// wantNoSecret looks for secrets where nobody may find them.
func (s *stage) wantNoSecret(secrets ...string) {
	s.t.Helper()
	for _, name := range []string{"doorward.db", "doorward.db-wal", "gate.log"} {
		text, err := os.ReadFile(s.Folder + "/" + name)
		if err != nil && !os.IsNotExist(err) {
			s.t.Fatal(err)
		}
		for _, secret := range secrets {
			if strings.Contains(string(text)+s.logged.String(), secret) {
				s.t.Errorf("a secret is in %s or in the log of signing in", name)
			}
		}
	}
}

// TestRefused. Attack: somebody finds out by the answer which tokens there are, or were. Fix: one message, whatever is wrong.
// Invariant: the answers are the same to the byte, nobody is signed in, and what was tried is nowhere to be read.
func TestRefused(t *testing.T) {
	s := open(t)
	disabled, disabledText := s.mint(tokens.Attributes{})
	deleted, deletedText := s.mint(tokens.Attributes{})
	_, elsewhere := s.mint(tokens.Attributes{Environment: "elsewhere"})
	_, far := s.mint(tokens.Attributes{Networks: []string{"198.51.100.0/24"}})
	if err := errors.Join(s.office.Tokens.SetEnabled(t.Context(), "test", disabled, false), s.office.Tokens.Delete(t.Context(), "test", deleted)); err != nil {
		t.Fatal(err)
	}
	tries := map[string]string{
		"nothing": "", "a word": "hunter2-is-a-password", "unknown": "dt0c01." + strings.Repeat("A", 24) + "." + strings.Repeat("B", 64),
		"disabled": disabledText, "deleted": deletedText, "another environment": elsewhere, "another network": far,
		"a header": "x\r\nX-Evil: 1", "two": disabledText + " " + deletedText, "forged": "eyJhbGciOiJub25lIn0.e30.AAAA", "huge": strings.Repeat("x", 20_000),
	}
	var seen []string
	for name, text := range tries {
		b := s.browser()
		b.header.Set("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", len(seen)+1))
		p := b.signIn(text).want(http.StatusUnauthorized)
		if b.session() != nil {
			t.Errorf("%s: signed in", name)
		}
		if text != "" && strings.Contains(p.body, text) {
			t.Errorf("%s: the page repeats it", name)
		}
		seen = append(seen, strings.ReplaceAll(p.body, b.formToken(), "TOKEN"))
	}
	if slices.Sort(seen); len(slices.Compact(seen)) != 1 {
		t.Errorf("the answers differ: %q", slices.Compact(seen))
	}
	if got := s.events(); len(got) != len(tries) || !strings.HasPrefix(got[0], "session.login failed=true") {
		t.Errorf("recorded: %q", got)
	}
	s.wantNoSecret("hunter2-is-a-password", disabledText, deletedText, strings.Repeat("B", 64))
}

// TestFailuresAreBounded. Attack: somebody tries tokens, or fills the audit trail with refusals. Invariant: of one address ten
// fail at once, then it has to wait, also with a good token; others need not; and of all that fails only some is recorded.
func TestFailuresAreBounded(t *testing.T) {
	s := open(t)
	_, good := s.mint(tokens.Attributes{})
	from := func(address string) *browser {
		b := s.browser()
		b.header.Set("X-Forwarded-For", address)
		return b
	}
	b := from("192.0.2.1")
	for range 10 {
		b.signIn("wrong").want(http.StatusUnauthorized)
	}
	if p := b.signIn(good).want(http.StatusTooManyRequests); p.header.Get("Retry-After") == "" {
		t.Error("nobody says for how long")
	}
	from("192.0.2.2").signIn(good).want(http.StatusSeeOther)
	for n := range 30 {
		from(fmt.Sprintf("198.51.100.%d", n)).signIn("wrong")
	}
	if n := len(s.events()); n > 30 {
		t.Errorf("%d events", n)
	}
	s.wait(6 * time.Second)
	b.signIn(good).want(http.StatusSeeOther)
}

// TestFixation. Attack: somebody gives the browser of another person a cookie that they know, and waits until that person has
// signed in, or has confirmed. Fix: both give a new cookie. Invariant: no cookie of before leads to the session of after.
func TestFixation(t *testing.T) {
	s := open(t)
	_, text := s.mint(tokens.Attributes{})
	planted := random()
	b := s.browser()
	b.cookies["__Host-doorward"] = &http.Cookie{Name: "__Host-doorward", Value: planted, SameSite: http.SameSiteStrictMode}
	b.signIn(text)
	first := b.cookies["__Host-doorward"].Value
	attacker := s.browser()
	attacker.cookies["__Host-doorward"] = &http.Cookie{Name: "__Host-doorward", Value: planted}
	if first == planted || attacker.session() != nil {
		t.Fatal("the planted cookie leads to the session")
	}
	s.wait(6 * time.Minute)
	b.get("/confirm?back=/tokens").want(200, "Is it you?", `value="/tokens"`)
	b.post("/confirm", url.Values{"token": {text}, "back": {"/tokens"}}).leadsTo("/tokens")
	attacker.cookies["__Host-doorward"].Value = first
	if attacker.session() != nil || b.session() == nil || !s.desk.Confirmed(b.request(http.MethodGet, "/", nil)) {
		t.Error("the cookie of before the confirmation is good, or that of after is not")
	}
	// Signing in once more ends the session of before.
	second := b.cookies["__Host-doorward"].Value
	b.cookies = map[string]*http.Cookie{}
	b.get("/signin")
	strangers := b.formToken()
	b.cookies["__Host-doorward"] = &http.Cookie{Name: "__Host-doorward", Value: second}
	b.post("/signin", url.Values{"token": {text}, signin.FormField: {strangers}})
	attacker.cookies["__Host-doorward"].Value = second
	if attacker.session() != nil {
		t.Error("the session of before goes on beside the new one")
	}
}

// TestForms. Attack: a page of another site, or of a neighbour, sends a form to the console; for signing in, so that the person
// works in the attacker's session. Fix: the browser's word for where a request is from, cookies that stay at home, and a token in
// the form: all of them. Invariant: without any one of them nothing happens.
func TestForms(t *testing.T) {
	s := open(t)
	_, text := s.mint(tokens.Attributes{})
	for name, spoil := range map[string]func(b *browser, form url.Values){
		"from another site":       func(b *browser, _ url.Values) { b.from = "cross-site" },
		"from a neighbour":        func(b *browser, _ url.Values) { b.from = "same-site" },
		"of another origin":       func(b *browser, _ url.Values) { b.from = ""; b.header.Set("Origin", "https://evil.example") },
		"of another port":         func(b *browser, _ url.Values) { b.from = ""; b.header.Set("Origin", "http://127.0.0.1:9999") },
		"without a form token":    func(_ *browser, form url.Values) { form.Set(signin.FormField, "") },
		"with another form token": func(_ *browser, form url.Values) { form.Set(signin.FormField, random()) },
		"with another session's": func(_ *browser, form url.Values) {
			other := s.browser()
			other.signIn(text)
			form.Set(signin.FormField, other.formToken())
		},
		"without a cookie": func(b *browser, form url.Values) {
			form.Set(signin.FormField, b.formToken())
			b.cookies = map[string]*http.Cookie{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			stranger := s.browser()
			stranger.get("/signin")
			form := url.Values{"token": {text}, signin.FormField: {stranger.formToken()}}
			spoil(stranger, form)
			stranger.post("/signin", form).want(http.StatusForbidden)
			if stranger.from = "same-origin"; stranger.session() != nil {
				t.Error("signed in")
			}
			for _, path := range []string{"/signout", "/confirm", "/sessions/end-others", "/sessions/end"} {
				b, other := s.browser(), s.browser()
				b.signIn(text)
				other.signIn(text)
				cookie := *b.cookies["__Host-doorward"]
				form := url.Values{"token": {text}, "id": {other.session().ID}, signin.FormField: {b.formToken()}}
				spoil(b, form)
				b.post(path, form).want(http.StatusForbidden)
				b.from, b.header, b.cookies = "same-origin", http.Header{}, map[string]*http.Cookie{cookie.Name: &cookie}
				if b.session() == nil || other.session() == nil {
					t.Errorf("%s: a session has ended", path)
				}
			}
		})
	}
	b := s.browser()
	b.signIn(text)
	r := b.request(http.MethodPost, "/tokens", nil)
	r.Header.Set(signin.FormHeader, b.formToken())
	if err := s.desk.CheckWrite(r); err != nil {
		t.Errorf("a script that brings the token: %v", err)
	}
}

// TestSessionsOfARevokedToken. Attack: somebody whose token was taken back goes on in the console. Fix: the gate judges the
// credential with every request. Invariant: the next request ends the session, and the cookie is of no use after that.
func TestSessionsOfARevokedToken(t *testing.T) {
	s := open(t)
	id, text := s.mint(tokens.Attributes{})
	b := s.browser()
	b.signIn(text)
	cookie := *b.cookies["__Host-doorward"]
	if err := s.office.Tokens.Delete(t.Context(), "test", id); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second) // the gate hears of it from the store
	for b.get("/sessions").status == http.StatusOK {
		if time.Now().After(deadline) {
			t.Fatal("the session of a deleted token goes on")
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.cookies[cookie.Name] = &cookie
	if b.session() != nil {
		t.Error("the session is still there")
	}
	b.get("/signin?why=ended").want(200, "Your session has ended")
	if got := s.events(); !slices.Contains(got, "session.logout failed=false Ended: the credential is not good any more.") {
		t.Errorf("events: %q", got)
	}
}

// TestAnotherAddress. Attack: a stolen cookie is used from elsewhere. Fix: the gate judges each request by the address that it comes
// from, so that a token which is bound to a network is of no use elsewhere, in the console as anywhere. Invariant: the session ends.
func TestAnotherAddress(t *testing.T) {
	s := open(t)
	_, text := s.mint(tokens.Attributes{Networks: []string{"192.0.2.0/24"}})
	b := s.browser()
	b.header.Set("X-Forwarded-For", "192.0.2.1")
	b.signIn(text).want(http.StatusSeeOther)
	b.get("/sessions").want(http.StatusOK)
	thief := s.browser()
	thief.cookies = map[string]*http.Cookie{"__Host-doorward": b.cookies["__Host-doorward"]}
	thief.header.Set("X-Forwarded-For", "203.0.113.9")
	thief.get("/sessions").leadsTo("/signin?back=%2Fsessions&why=ended")
	if b.session() != nil {
		t.Error("the session goes on after it was used elsewhere")
	}
}

// TestOthersSessions. Attack: somebody ends the sessions of others, by identifiers that they have seen. Invariant: the API does not
// find them, and neither does an administrator's page where the right is lacking.
func TestOthersSessions(t *testing.T) {
	s := open(t)
	_, ann := s.mint(tokens.Attributes{Owner: "ann@example.com", Personal: true})
	_, bob := s.mint(tokens.Attributes{Owner: "bob@example.com", Personal: true})
	_, again := s.mint(tokens.Attributes{Owner: "ann@example.com", Personal: true, Name: "another one of ann's"})
	a, b := s.browser(), s.browser()
	a.signIn(ann).want(http.StatusSeeOther)
	b.signIn(bob).want(http.StatusSeeOther)
	victim := a.session()
	if victim.Subject != "user ann@example.com" {
		t.Errorf("subject %q", victim.Subject)
	}
	b.post("/sessions/end", url.Values{"id": {victim.ID}}).leadsTo("/sessions?done=gone")
	b.post("/sessions/end-others", nil)
	if a.session() == nil {
		t.Error("bob has ended ann's session")
	}
	if strings.Contains(b.get("/sessions").body, victim.ID) {
		t.Error("bob sees ann's session")
	}
	// Confirming takes another token of the same user, and none of another.
	s.wait(6 * time.Minute)
	a.get("/confirm?back=/x").want(200)
	before := a.cookies["__Host-doorward"].Value
	a.post("/confirm", url.Values{"token": {bob}}).want(http.StatusUnauthorized)
	a.post("/confirm", url.Values{"token": {"nonsense"}}).want(http.StatusUnauthorized)
	if a.cookies["__Host-doorward"].Value != before || s.desk.Confirmed(a.request(http.MethodGet, "/", nil)) {
		t.Error("somebody else has confirmed the session")
	}
	a.post("/confirm", url.Values{"token": {again}, "back": {"//evil.example"}}).leadsTo("/")
	if !s.desk.Confirmed(a.request(http.MethodGet, "/", nil)) {
		t.Error("not confirmed")
	}
}

// TestInsecure: where a browser would drop the cookie, the page says so and takes no token.
func TestInsecure(t *testing.T) {
	s := open(t)
	_, text := s.mint(tokens.Attributes{})
	b := s.browser()
	b.get("/signin").want(200, "password")
	for _, at := range []string{"http://console.example.com", "http://192.0.2.1:8081", "http://127.0.0.1.example.com", "http://localhost.example.com"} {
		b.at = at
		if p := b.get("/signin").want(200, "needs HTTPS"); strings.Contains(p.body, "password") || strings.Contains(p.body, "/signin/oidc/") {
			t.Errorf("%s: there is a way to sign in", at)
		}
		b.post("/signin", url.Values{"token": {text}}).want(http.StatusBadRequest, "needs HTTPS")
		if b.session() != nil {
			t.Errorf("%s: signed in", at)
		}
		b.get("/signin/oidc/0").want(http.StatusForbidden, "needs HTTPS")
	}
	for _, at := range []string{"https://console.example.com", "http://localhost:8081", "http://[::1]:8081", "http://console.localhost"} {
		b.at = at
		b.get("/signin").want(200, "password")
	}
}

// TestStoreAway: a store that does not answer is told, signs nobody in, and nobody out.
func TestStoreAway(t *testing.T) {
	s := open(t)
	_, text := s.mint(tokens.Attributes{})
	b, stranger := s.browser(), s.browser()
	b.signIn(text)
	stranger.get("/signin")
	cookie := b.cookies["__Host-doorward"]
	s.down = errors.New("the API is away, at 10.1.2.3")
	stranger.post("/signin", url.Values{"token": {text}}).want(http.StatusServiceUnavailable, "cannot check tokens")
	b.get("/sessions").want(http.StatusServiceUnavailable, "Not available")
	b.post("/confirm", url.Values{"token": {text}}).want(http.StatusServiceUnavailable)
	if b.cookies["__Host-doorward"] != cookie || b.session() == nil {
		t.Error("signed out by a fault")
	}
	if err := s.office.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/sessions", "/confirm", "/signin"} {
		if p := b.get(path).want(http.StatusServiceUnavailable, "Not available"); strings.Contains(p.body, "10.1.2.3") || strings.Contains(p.body, "sql") {
			t.Errorf("%s: the page says too much: %s", path, p.body)
		}
	}
	form := url.Values{signin.FormField: {b.formToken()}}
	b.post("/signout", form).want(http.StatusServiceUnavailable)
}

// TestLinkFromElsewhere: a link of another site brings no cookie along, and still leads somebody who is signed in to the page.
func TestLinkFromElsewhere(t *testing.T) {
	s := open(t)
	_, text := s.mint(tokens.Attributes{})
	b := s.browser()
	b.signIn(text)
	b.from = "cross-site"
	p := b.get("/signin?back=%2Ftokens").want(200)
	b.from = "same-origin"
	b.get(p.next()).leadsTo("/tokens")
}
