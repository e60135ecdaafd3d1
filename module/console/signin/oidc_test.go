package signin_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/console/signin"
	"github.com/doorward/doorward/tokens"
)

// TestIssuer is signing in at an issuer, and confirming there.
func TestIssuer(t *testing.T) {
	s := open(t)
	b := s.browser()
	b.get("/signin?back=/policies").want(200, `href="/signin/oidc/0?back=%2Fpolicies"`)
	way := b.toIssuer("/signin/oidc/0?back=/policies")
	asked := s.provider.asked[0]
	if asked.Get("code_challenge_method") != "S256" || asked.Get("code_challenge") == "" || asked.Get("nonce") == "" || len(asked.Get("state")) < 32 ||
		asked.Get("scope") != "openid profile email" || asked.Get("redirect_uri") != base+"/signin/callback" || asked.Has("prompt") {
		t.Errorf("asked for %v", asked)
	}
	b.comesBack(way).leadsTo("/policies")
	who := b.session()
	if who == nil || who.Subject != "user "+s.provider.URL+"#alice" || who.Method != session.MethodOIDC || who.Issuer != s.provider.URL {
		t.Fatalf("session %+v", who)
	}
	if left := who.Expires.Sub(who.Created); left > 6*time.Minute {
		t.Errorf("the session lives for %s, its token for five minutes", left)
	}
	b.get("/sessions").want(200, "this browser", s.provider.URL)
	b.get("/confirm?back=/x").want(200, "Go on with", "/signin/oidc/0?back=%2Fx&amp;confirm=1")
	before := b.cookies["__Host-doorward"].Value
	way = b.toIssuer("/signin/oidc/0?back=%2Fx&confirm=1")
	if asked := s.provider.asked[1]; asked.Get("prompt") != "login" || asked.Get("max_age") != "0" {
		t.Errorf("asked for %v", asked)
	}
	b.comesBack(way).leadsTo("/x")
	if after := b.session(); after == nil || after.ID == who.ID || b.cookies["__Host-doorward"].Value == before || !s.desk.Confirmed(b.request(http.MethodGet, "/", nil)) {
		t.Errorf("confirmed as %+v", after)
	}
	s.wantNoSecret(clientSecret, asked.Get("state"), b.cookies["__Host-doorward"].Value)
}

// TestOtherAccessToken. Attack: the ID token, which many may see, is good as a credential. Invariant: only an access token that is
// for the gate counts; where the issuer gives another one, nobody is signed in, and it is not the ID token that is sent instead.
func TestOtherAccessToken(t *testing.T) {
	s := open(t)
	for name, access := range map[string]func() string{
		"opaque":      func() string { return "opaque-" + random() },
		"for others":  func() string { return s.provider.sign(map[string]any{"aud": "https://graph.example.com"}) },
		"an ID token": func() string { return s.provider.sign(map[string]any{"aud": "api", "nonce": "x"}) },
	} {
		s.provider.set(func() { s.provider.Access = access })
		b := s.browser()
		b.comesBack(b.toIssuer("/signin/oidc/0")).want(403, "does not take")
		if b.session() != nil {
			t.Errorf("%s: signed in", name)
		}
	}
}

// TestResource: issuers that want to be told what the access token is for are.
func TestResource(t *testing.T) {
	s := open(t, func(c *signin.Config) {
		c.Issuers[0].Resource, c.Issuers[0].Audience = "https://api.example.com/", "api"
	})
	b := s.browser()
	b.comesBack(b.toIssuer("/signin/oidc/0")).leadsTo("/")
	if asked := s.provider.asked[0]; asked.Get("resource") != "https://api.example.com/" || asked.Get("audience") != "api" {
		t.Errorf("asked for %v", asked)
	}
}

// TestIssuersAnswers. Each is an attack on the way back from the issuer, or a fault of the issuer. Invariant: nobody is signed in, and
// nothing of what was sent is shown.
func TestIssuersAnswers(t *testing.T) {
	s := open(t)
	for name, test := range map[string]struct {
		issuer func(p *provider)                // does otherwise
		way    func(b *browser, way url.Values) // changes what the browser brings back
		before func(b *browser)                 // the browser changes before it is back
		status int
		text   string
	}{
		// Login CSRF: the attacker's answer in the browser of the victim, to have the victim work in the attacker's account.
		"another state":       {way: func(_ *browser, q url.Values) { q.Set("state", random()) }, status: 403, text: "not begun in this browser"},
		"no state":            {way: func(_ *browser, q url.Values) { q.Del("state") }, status: 403, text: "not begun in this browser"},
		"two states":          {way: func(_ *browser, q url.Values) { q.Add("state", q.Get("state")) }, status: 403, text: "not begun in this browser"},
		"another browser":     {before: func(b *browser) { delete(b.cookies, "__Host-doorward-signin") }, status: 403, text: "not begun in this browser"},
		"another's flow":      {before: otherFlow, status: 403, text: "not begun in this browser"},
		"a flow of one's own": {before: madeFlow, status: 403, text: "not begun in this browser"},
		"later":               {before: func(b *browser) { b.s.wait(10*time.Minute + time.Second) }, status: 403, text: "not begun in this browser"},
		// Mix-up: the answer of one issuer as that of another (RFC 9207).
		"another issuer": {issuer: func(p *provider) { p.Answer = map[string]string{"iss": "https://evil.example"} }, status: 403, text: "not begun in this browser"},
		// Code injection: the attacker has got hold of the victim's code and brings it along in a flow of their own.
		"another's code":   {way: func(b *browser, q url.Values) { q.Set("code", otherCode(b)) }, status: 403, text: "did not sign you in"},
		"an invented code": {way: func(_ *browser, q url.Values) { q.Set("code", "<script>x</script>") }, status: 403, text: "did not sign you in"},
		"no code":          {way: func(_ *browser, q url.Values) { q.Del("code") }, status: 403, text: "did not sign you in"},
		"declined": {issuer: func(p *provider) {
			p.Answer = map[string]string{"code": "", "error": "access_denied", "error_description": "<b>evil</b>"}
		}, status: 403, text: "did not sign you in"},
		"a code and an error": {issuer: func(p *provider) { p.Answer = map[string]string{"error": "access_denied"} }, status: 403, text: "did not sign you in"},
		// A lax issuer takes the attacker's code with any verifier; the nonce is what is left.
		"another's code, lax":             {issuer: func(p *provider) { p.Lax = true }, way: func(b *browser, q url.Values) { q.Set("code", otherCode(b)) }, status: 403, text: "did not sign you in"},
		"another nonce":                   {issuer: func(p *provider) { p.Identity = map[string]any{"nonce": random()} }, status: 403, text: "did not sign you in"},
		"no nonce":                        {issuer: func(p *provider) { p.Identity = map[string]any{"nonce": nil} }, status: 403, text: "did not sign you in"},
		"for another client":              {issuer: func(p *provider) { p.Identity = map[string]any{"aud": "other"} }, status: 403, text: "did not sign you in"},
		"by another issuer":               {issuer: func(p *provider) { p.Identity = map[string]any{"iss": "https://evil.example"} }, status: 403, text: "did not sign you in"},
		"an old identity":                 {issuer: func(p *provider) { p.Identity = map[string]any{"exp": time.Now().Add(-time.Hour).Unix()} }, status: 403, text: "did not sign you in"},
		"an access token that is not its": {issuer: func(p *provider) { p.Identity = map[string]any{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"} }, status: 403, text: "did not sign you in"},
		// What the issuer says is good, but the gate does not take it.
		"not taken by the gate": {issuer: func(p *provider) {
			p.Access = func() string { return p.sign(map[string]any{"aud": "api", "exp": time.Now().Add(-time.Hour).Unix()}) }
			p.Identity = map[string]any{"aud": []string{clientID, "api"}, "exp": time.Now().Add(100 * time.Hour).Unix()}
		}, status: 403, text: "does not take"},
		"away at the end": {before: func(b *browser) { b.s.provider.set(func() { b.s.provider.Away = true }) }, status: 503, text: "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			s.provider.set(func() {
				s.provider.Identity, s.provider.Answer, s.provider.Lax, s.provider.Away = nil, nil, false, false
				s.provider.Access = func() string { return s.provider.sign(map[string]any{"aud": "api"}) }
				if test.issuer != nil {
					test.issuer(s.provider)
				}
			})
			b := s.browser()
			b.header.Set("X-Forwarded-For", "192.0.2."+fmt.Sprint(len(name)*7%250))
			path, query, _ := strings.Cut(b.toIssuer("/signin/oidc/0?back=/policies"), "?")
			way, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			if test.way != nil {
				test.way(b, way)
			}
			if test.before != nil {
				test.before(b)
			}
			p := b.comesBack(path+"?"+way.Encode()).want(test.status, test.text)
			if b.session() != nil {
				t.Error("signed in")
			}
			if b.cookies["__Host-doorward-signin"] != nil {
				t.Error("the flow can be tried again")
			}
			if strings.Contains(p.body, "<b>evil") || strings.Contains(p.body, "<script>") {
				t.Errorf("the page shows what was sent: %s", p.body)
			}
		})
	}
}

// otherFlow puts the cookie of another browser's flow into this one.
func otherFlow(b *browser) {
	other := b.s.browser()
	other.toIssuer("/signin/oidc/0")
	b.cookies["__Host-doorward-signin"] = other.cookies["__Host-doorward-signin"]
}

// madeFlow puts a flow there that was not sealed by the gateway.
func madeFlow(b *browser) {
	key, _ := seal.ParseKey(seal.NewKey())
	sealer, _ := seal.New(key)
	c := *b.cookies["__Host-doorward-signin"]
	c.Value = base64.RawURLEncoding.EncodeToString(sealer.Seal([]byte(`{"state":"x"}`), "doorward console: sign-in at an issuer"))
	b.cookies[c.Name] = &c
}

// otherCode is a good code that was given to another browser.
func otherCode(b *browser) string {
	other := b.s.browser()
	_, query, _ := strings.Cut(other.toIssuer("/signin/oidc/0"), "?")
	way, _ := url.ParseQuery(query)
	return way.Get("code")
}

// TestReplay. Attack: whoever finds the address of the way back in a history opens it again, in the same browser. Fix: a flow ends
// with its first answer. Invariant: also with the cookie of the flow restored, and an issuer that takes a code twice, it signs
// nobody in.
func TestReplay(t *testing.T) {
	s := open(t)
	s.provider.Lax = true
	b := s.browser()
	way := b.toIssuer("/signin/oidc/0")
	flow := *b.cookies["__Host-doorward-signin"]
	b.comesBack(way).leadsTo("/")
	b.post("/signout", nil)
	b.comesBack(way).want(403, "not begun in this browser")
	b.cookies[flow.Name] = &flow
	b.comesBack(way).want(403, "not begun in this browser")
	if b.session() != nil || s.provider.redeemed != 1 {
		t.Errorf("signed in again; %d codes redeemed", s.provider.redeemed)
	}
}

// TestConfirmationAtIssuer. Attack: the browser is signed in at the issuer, so whoever sits there now is confirmed without a word; or
// somebody else confirms. Fix: the issuer has to say when it asked, and whom. Invariant: the session is not confirmed, and stays.
func TestConfirmationAtIssuer(t *testing.T) {
	s := open(t)
	for name, change := range map[string]func(p *provider){
		"asked long ago":    func(p *provider) { p.AuthTime = time.Now().Add(-time.Hour) },
		"does not say when": func(p *provider) { p.Identity = map[string]any{"auth_time": nil} },
		"somebody else":     func(p *provider) { p.User = "mallory" },
		"somebody else's token": func(p *provider) {
			p.Access = func() string { return p.sign(map[string]any{"aud": "api", "sub": "mallory"}) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.provider.set(func() {
				s.provider.AuthTime, s.provider.Identity, s.provider.User = time.Time{}, nil, "alice"
				s.provider.Access = func() string { return s.provider.sign(map[string]any{"aud": "api"}) }
			})
			b := s.browser()
			b.comesBack(b.toIssuer("/signin/oidc/0")).leadsTo("/")
			before := b.session().ID
			s.provider.set(func() { change(s.provider) })
			if p := b.comesBack(b.toIssuer("/signin/oidc/0?confirm=1")); p.status == http.StatusSeeOther && p.header.Get("Location") == "/" && s.desk.Confirmed(b.request(http.MethodGet, "/", nil)) {
				t.Error("confirmed")
			}
			if after := b.session(); after == nil || after.ID != before || s.desk.Confirmed(b.request(http.MethodGet, "/", nil)) {
				t.Errorf("the session is %+v", after)
			}
		})
	}
	// A confirmation that was begun in one session does not count in another.
	s.provider.set(func() {
		s.provider.User, s.provider.Access = "alice", func() string { return s.provider.sign(map[string]any{"aud": "api"}) }
	})
	b := s.browser()
	b.comesBack(b.toIssuer("/signin/oidc/0"))
	way := b.toIssuer("/signin/oidc/0?confirm=1")
	other := s.browser()
	other.comesBack(other.toIssuer("/signin/oidc/0"))
	b.cookies["__Host-doorward"] = other.cookies["__Host-doorward"]
	b.comesBack(way)
	if s.desk.Confirmed(b.request(http.MethodGet, "/", nil)) {
		t.Error("another session was confirmed")
	}
	// Whoever signed in at an issuer does not confirm with a token, and the other way round.
	_, text := s.mint(tokens.Attributes{})
	b.get("/confirm")
	b.post("/confirm", url.Values{"token": {text}, signin.FormField: {b.formToken()}}).want(http.StatusForbidden)
	c := s.browser()
	c.signIn(text)
	c.get("/signin/oidc/0?confirm=1").want(http.StatusSeeOther)
	if len(c.cookies) != 1 {
		t.Error("a session of a token is to be confirmed at an issuer")
	}
}

// TestForcedSignIn. Attack: a page of another site sends the browser through a sign-in at an issuer where it is signed in. Invariant:
// another site cannot begin one.
func TestForcedSignIn(t *testing.T) {
	s := open(t)
	for _, from := range []string{"cross-site", "same-site"} {
		b := s.browser()
		b.from = from
		b.get("/signin/oidc/0").want(http.StatusForbidden)
		if b.cookies["__Host-doorward-signin"] != nil {
			t.Errorf("%s: a sign-in has begun", from)
		}
	}
	s.browser().get("/signin/oidc/1").want(http.StatusNotFound)
	s.browser().get("/signin/oidc/x").want(http.StatusNotFound)
	b := s.browser()
	for _, back := range []string{"//evil.example", "https://evil.example", `/\evil.example`} {
		b.comesBack(b.toIssuer("/signin/oidc/0?" + url.Values{"back": {back}}.Encode())).leadsTo("/")
		b.post("/signout", nil)
	}
}

// TestOtherGateway: with a key in common a sign-in may end at another gateway than it began at; without one it has to begin again.
func TestOtherGateway(t *testing.T) {
	key, _ := seal.ParseKey(seal.NewKey())
	sealer, err := seal.New(key)
	if err != nil {
		t.Fatal(err)
	}
	common := func(c *signin.Config) { c.Sealer = sealer }
	s := open(t, common)
	b := s.browser()
	way := b.toIssuer("/signin/oidc/0")
	s.back = s.newDesk(common).Handler()
	b.comesBack(way).leadsTo("/")
	b = s.browser()
	way = b.toIssuer("/signin/oidc/0")
	s.back = s.newDesk().Handler()
	b.comesBack(way).want(403, "Begin again")
}

// TestIssuerAway: an issuer that does not answer is told, and asked again soon.
func TestIssuerAway(t *testing.T) {
	s := open(t)
	s.provider.set(func() { s.provider.Away = true })
	b := s.browser()
	b.get("/signin/oidc/0").want(http.StatusServiceUnavailable, "does not answer", "password")
	s.provider.set(func() { s.provider.Away = false })
	b.get("/signin/oidc/0").want(http.StatusServiceUnavailable)
	s.wait(6 * time.Second)
	b.comesBack(b.toIssuer("/signin/oidc/0")).leadsTo("/")
}

// TestIssuersOnly: where tokens are not taken, none is.
func TestIssuersOnly(t *testing.T) {
	s := open(t, func(c *signin.Config) { c.IssuersOnly = true })
	_, text := s.mint(tokens.Attributes{})
	b := s.browser()
	if p := b.get("/signin").want(200, "/signin/oidc/0"); strings.Contains(p.body, "password") {
		t.Error("the page asks for a token")
	}
	b.post("/signin", url.Values{"token": {text}}).want(http.StatusNotFound)
	if b.session() != nil {
		t.Error("signed in with a token")
	}
}

// TestConfig: what cannot work is said at once.
func TestConfig(t *testing.T) {
	s := open(t)
	good := s.desk.Config
	for name, change := range map[string]func(*signin.Config){
		"nobody could":  func(c *signin.Config) { c.Issuers, c.IssuersOnly = nil, true },
		"no client":     func(c *signin.Config) { c.Issuers = []signin.Issuer{{URL: "https://login.example.com"}} },
		"not encrypted": func(c *signin.Config) { c.Issuers = []signin.Issuer{{URL: "http://login.example.com", ClientID: "x"}} },
		"no URL":        func(c *signin.Config) { c.Issuers = []signin.Issuer{{URL: "login", ClientID: "x"}} },
		"no API":        func(c *signin.Config) { c.Call = nil },
		"no randomness": func(c *signin.Config) { c.Random, c.Sealer = strings.NewReader(""), nil },
	} {
		c := good
		change(&c)
		if _, err := signin.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
