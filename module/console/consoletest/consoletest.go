// Package consoletest opens the console's pages before a real gateway with a real store. Every page that a test opens is
// held to what holds for all pages: no script or style in its text, a strict policy for its content, a size.
package consoletest

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/console"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

// caddyfile is a gateway with Doorward's own API and nothing else.
const caddyfile = `{
	admin off
	default_bind 127.0.0.1
	auto_https off
	storage file_system {FOLDER}/caddy
	log {
		output file {LOG}
		format doorward json
	}
	doorward {
		store sqlite {STORE}
		encryption_key {FOLDER}/key
	}
}
{SITE} {
	doorward_api
}
`

// Stage is a console before a gateway, and the browser of somebody who is signed in.
type Stage struct {
	*moduletest.Gate
	Office  *module.Administration // the command line, as it were
	Console *console.Console
	Door    *Door
	// API is what the console calls. A test may put something before it, such as a store that is away.
	API http.Handler

	t testing.TB
}

// Start opens a console. The person is signed in with an administrator's token that has every scope.
func Start(t testing.TB) *Stage {
	t.Helper()
	s := &Stage{t: t, Door: newDoor()}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	text := base64.StdEncoding.EncodeToString(key)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Gate = moduletest.Start(t, strings.ReplaceAll(caddyfile, "{FOLDER}/key", file))
	s.Office = s.Administration()
	t.Cleanup(func() { _ = s.Office.Close() })
	s.API = proxyTo(s.Addr)
	made, err := console.New(console.Config{
		API: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.API.ServeHTTP(w, r) }), Gate: s.Door, Name: "Trial",
		Gateway: "http://gateway.test", Log: func(message string, err error) { t.Logf("%s: %v", message, err) }, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Console = made
	var everything []string
	for _, scope := range s.Office.Scopes.All() {
		everything = append(everything, scope.Value)
	}
	s.SignIn(tokens.Attributes{Name: "administrator", Owner: "admin@example.com", Scopes: everything, Cluster: true, AllowUncreatable: true, Administrator: true})
	return s
}

// proxyTo calls the gateway over a socket: the console's requests get there as it made them. Each has a connection of its own,
// because one that is kept may be closed by a reload of the config the moment the next request is sent.
func proxyTo(addr string) http.Handler {
	return &httputil.ReverseProxy{Transport: &http.Transport{DisableKeepAlives: true}, Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(&url.URL{Scheme: "http", Host: addr})
		p.Out.Host = p.In.Host
	}}
}

// SignIn has somebody else in the browser from now on, with a token that has these attributes.
func (s *Stage) SignIn(attributes tokens.Attributes) {
	s.t.Helper()
	_, text := s.Mint("", attributes)
	s.Door.Admit("token "+attributes.Name, text)
}

// Crowd issues many tokens, which is quicker than Mint for each.
func (s *Stage) Crowd(n int, of func(i int) tokens.Attributes) {
	s.t.Helper()
	for i := range n {
		a := of(i)
		a.Environment = s.Office.Environment
		if _, err := s.Office.Tokens.Create(s.t.Context(), "cli:test", tokens.CreateRequest{Attributes: a}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// Get opens a page, as a browser does.
func (s *Stage) Get(path string) *Page {
	s.t.Helper()
	return s.Send(s.Request(http.MethodGet, path, nil))
}

// Post sends a form of the session to a path.
func (s *Stage) Post(path string, form url.Values) *Page {
	s.t.Helper()
	sent := url.Values{"form_token": {formToken}}
	for name, values := range form {
		sent[name] = values
	}
	return s.Send(s.Request(http.MethodPost, path, sent))
}

// Request is one that a browser would make from a page of the console.
func (s *Stage) Request(method, path string, form url.Values) *http.Request {
	r := httptest.NewRequestWithContext(s.t.Context(), method, "http://"+s.Addr+path, strings.NewReader(form.Encode()))
	r.RemoteAddr = "127.0.0.1:40000"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// Send has a request answered as it is, and holds the answer to what holds for every page.
func (s *Stage) Send(r *http.Request) *Page {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.Console.ServeHTTP(w, r)
	p := &Page{Status: w.Code, Header: w.Header(), Body: w.Body.String(), part: r.Header.Get("Hx-Request") != "", t: s.t}
	p.check(r.Method + " " + r.URL.Path)
	return p
}
