package signin_test

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/console/session"
	"github.com/doorward/doorward/module/console/signin"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/tokens"
)

const caddyfile = `{
	admin off
	default_bind 127.0.0.1
	auto_https off
	log {
		output file {LOG}
		format doorward json
	}
	servers {
		trusted_proxies static 127.0.0.1/32
	}
	doorward {
		store sqlite {STORE}
		encryption_key {KEY}
		issuer {ISSUER} {
			audience api console
		}
	}
}
{SITE} {
	doorward_api
}
`

// stage is signing in before a real gateway with a real store, and a real issuer.
type stage struct {
	*moduletest.Gate
	t        *testing.T
	desk     *signin.Desk
	office   *module.Administration
	provider *provider
	back     http.Handler // what the browser asks

	mu     sync.Mutex
	ahead  time.Duration // of the clock
	down   error         // instead of what the API answers
	logged strings.Builder
}

func open(t *testing.T, change ...func(*signin.Config)) *stage {
	t.Helper()
	s := &stage{t: t, provider: newProvider(t)}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(seal.NewKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Gate = moduletest.Start(t, strings.NewReplacer("{KEY}", key, "{ISSUER}", s.provider.URL).Replace(caddyfile))
	s.office = s.Administration()
	t.Cleanup(func() { _ = s.office.Close() })
	s.desk = s.newDesk(change...)
	s.back = s.desk.Handler()
	return s
}

// newDesk is one more gateway's.
func (s *stage) newDesk(change ...func(*signin.Config)) *signin.Desk {
	s.t.Helper()
	config := signin.Config{
		Keeper: session.NewKeeper(s.office.Store, session.Options{Now: s.now}), Trail: s.office.Store, Call: s.call, Render: render,
		Issuers: []signin.Issuer{{URL: s.provider.URL, Name: "Company <login>", ClientID: clientID, ClientSecret: tokens.NewSecret(clientSecret)}},
		Address: func(r *http.Request) string {
			if far := r.Header.Get("X-Forwarded-For"); far != "" {
				return far
			}
			return "127.0.0.1"
		},
		Now: s.now,
		Log: func(message string, err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			fmt.Fprintln(&s.logged, message, err)
		},
	}
	for _, c := range change {
		c(&config)
	}
	desk, err := signin.New(config)
	if err != nil {
		s.t.Fatal(err)
	}
	return desk
}

func (s *stage) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.ahead)
}

func (s *stage) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// call asks the gateway over a socket, from where the person is.
func (s *stage) call(r *http.Request, c session.Credential, method, target string) (int, []byte, error) {
	if s.down != nil {
		return 0, nil, s.down
	}
	request, err := http.NewRequestWithContext(r.Context(), method, "http://"+s.Addr+target, nil)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", c.Scheme+" "+c.Text.Reveal())
	request.Header.Set("X-Forwarded-For", r.Header.Get("X-Forwarded-For"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	return answer.StatusCode, body, err
}

// render is the least frame that there can be.
func render(w http.ResponseWriter, _ *http.Request, p signin.Page) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(p.Status)
	next := ""
	if p.Continue != "" {
		next = `<meta http-equiv="refresh" content="0;url=` + html.EscapeString(p.Continue) + `">`
	}
	fmt.Fprintf(w, "<!doctype html><title>%s</title>%s%s", html.EscapeString(p.Title), next, p.Body)
}

// base is where the browser believes the console to be.
const base = "http://127.0.0.1:8081"

// browser keeps cookies and sends them along as browsers do.
type browser struct {
	s       *stage
	cookies map[string]*http.Cookie
	from    string // Sec-Fetch-Site; "" for a browser that does not say
	header  http.Header
	at      string // where the page is
	last    string // page that was shown
}

func (s *stage) browser() *browser {
	return &browser{s: s, cookies: map[string]*http.Cookie{}, from: "same-origin", header: http.Header{}, at: base}
}

// page is what a browser got.
type page struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

func (b *browser) get(path string) *page { b.s.t.Helper(); return b.send(http.MethodGet, path, nil) }

// post sends a form with the form token that the last page had, unless the form has its own.
func (b *browser) post(path string, form url.Values) *page {
	b.s.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	if !form.Has(signin.FormField) {
		form.Set(signin.FormField, b.formToken())
	}
	return b.send(http.MethodPost, path, form)
}

var hidden = regexp.MustCompile(`name="form_token" value="([^"]*)"`)

// formToken is that of the last page, or of the session.
func (b *browser) formToken() string {
	if found := hidden.FindStringSubmatch(b.last); found != nil {
		return found[1]
	}
	r := httptest.NewRequest(http.MethodGet, b.at+"/", nil)
	b.addCookies(r)
	return b.s.desk.FormToken(r)
}

// addCookies keeps those back that may not come along from another site.
func (b *browser) addCookies(r *http.Request) {
	for _, c := range b.cookies {
		if b.from == "cross-site" && (c.SameSite != http.SameSiteLaxMode || r.Method != http.MethodGet) {
			continue
		}
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
}

func (b *browser) request(method, path string, form url.Values) *http.Request {
	r := httptest.NewRequestWithContext(b.s.t.Context(), method, b.at+path, strings.NewReader(form.Encode()))
	r.RequestURI = path
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.from != "" {
		r.Header.Set("Sec-Fetch-Site", b.from)
	}
	for name, values := range b.header {
		r.Header[name] = values
	}
	b.addCookies(r)
	return r
}

func (b *browser) send(method, path string, form url.Values) *page {
	b.s.t.Helper()
	w := httptest.NewRecorder()
	b.s.back.ServeHTTP(w, b.request(method, path, form))
	for _, c := range w.Result().Cookies() {
		b.keep(c)
	}
	p := &page{b.s.t, w.Code, w.Header(), w.Body.String()}
	if b.last = p.body; p.status == http.StatusSeeOther {
		b.last = ""
	}
	if strings.Contains(p.body, "<script") || strings.Contains(p.body, "style=") || strings.Contains(p.body, "javascript:") {
		b.s.t.Errorf("%s %s: a script or a style in the page", method, path)
	}
	if p.header.Get("Cache-Control") != "no-store" && p.status < 400 {
		b.s.t.Errorf("%s %s: the answer may be kept", method, path)
	}
	return p
}

// keep holds a cookie to what every cookie of the console is.
func (b *browser) keep(c *http.Cookie) {
	if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite < http.SameSiteLaxMode ||
		c.SameSite == http.SameSiteLaxMode && c.Name != "__Host-doorward-signin" {
		b.s.t.Errorf("the cookie %s is not as it should be: %+v", c.Name, c)
	}
	if c.MaxAge < 0 {
		delete(b.cookies, c.Name)
		return
	}
	b.cookies[c.Name] = c
}

func (p *page) want(status int, texts ...string) *page {
	p.t.Helper()
	if p.status != status {
		p.t.Fatalf("status %d, want %d: %s %s", p.status, status, p.header.Get("Location"), p.body)
	}
	for _, text := range texts {
		if !strings.Contains(p.body, text) {
			p.t.Errorf("the page lacks %q: %s", text, p.body)
		}
	}
	return p
}

func (p *page) leadsTo(target string) *page {
	p.t.Helper()
	p.want(http.StatusSeeOther)
	if got := p.header.Get("Location"); got != target {
		p.t.Errorf("leads to %q, want %q", got, target)
	}
	return p
}

// signedIn reports whether the browser has a session.
func (b *browser) session() *session.Session {
	b.s.t.Helper()
	s, _, err := b.s.desk.Of(b.request(http.MethodGet, "/", nil))
	if err != nil {
		b.s.t.Fatal(err)
	}
	return s
}

// mint issues a token that can do nothing of interest here.
func (s *stage) mint(a tokens.Attributes) (id, text string) {
	s.t.Helper()
	if a.Scopes == nil {
		a.Scopes = []string{"metrics.read"}
	}
	return s.Mint("", a)
}

// signIn goes through the sign-in page with a token.
func (b *browser) signIn(token string) *page {
	b.s.t.Helper()
	b.get("/signin").want(http.StatusOK)
	return b.post("/signin", url.Values{"token": {token}, "back": {"/tokens?page=2"}})
}

var continues = regexp.MustCompile(`content="0;url=([^"]*)"`)

// next is where the page goes on to by itself.
func (p *page) next() string {
	p.t.Helper()
	found := continues.FindStringSubmatch(p.body)
	if found == nil {
		p.t.Fatalf("%d: the page does not go on: %s", p.status, p.body)
	}
	return html.UnescapeString(found[1])
}

// toIssuer begins a sign-in and gives the way back from the issuer, with its query.
func (b *browser) toIssuer(path string) string {
	b.s.t.Helper()
	p := b.get(path).want(http.StatusSeeOther)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get(p.header.Get("Location"))
	if err != nil {
		b.s.t.Fatal(err)
	}
	answer.Body.Close()
	way, found := strings.CutPrefix(answer.Header.Get("Location"), base)
	if !found {
		b.s.t.Fatalf("the issuer leads to %d %q", answer.StatusCode, answer.Header.Get("Location"))
	}
	return way
}

// comesBack opens what the issuer leads to, and what that goes on to.
func (b *browser) comesBack(way string) *page {
	b.s.t.Helper()
	b.from = "cross-site"
	p := b.get(way)
	b.from = "same-origin"
	if p.status != http.StatusOK {
		return p
	}
	return b.get(p.next())
}

// events are those of sessions, oldest first.
func (s *stage) events() []string {
	s.t.Helper()
	events, err := s.office.Store.AuditEvents(s.t.Context(), store.AuditQuery{OldestFirst: true})
	if err != nil {
		s.t.Fatal(err)
	}
	var all []string
	for _, e := range events {
		if strings.HasPrefix(e.Action, "session.") {
			all = append(all, fmt.Sprintf("%s failed=%t %s", e.Action, e.Failed, e.Message))
		}
	}
	return all
}

func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
