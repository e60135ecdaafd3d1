package console_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/tokens"
)

// everyPage are requests for all pages of the console, with something for each parameter of a path.
func everyPage(s *consoletest.Stage, method string) []string {
	var paths []string
	for _, pattern := range s.Console.Patterns() {
		if of, path, _ := strings.Cut(pattern, " "); of == method {
			path = strings.TrimSuffix(path, "{$}")
			paths = append(paths, parameter.ReplaceAllString(path, "dt0c01.AAAAAAAAAAAAAAAAAAAAAAAA"))
		}
	}
	return paths
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// Attack: somebody without a session asks for a page. Fix: there is one way to every page, and it leads through the session.
// Invariant: whatever is mounted, the answer to a stranger is the way to the sign-in page, and the API hears of nothing.
func TestStrangersSeeNothing(t *testing.T) {
	s := consoletest.Start(t)
	s.Door.Admit("", "")
	s.API = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the API hears %s %s", r.Method, r.URL.Path) })
	for _, path := range append(everyPage(s, "GET"), "/nothing/of/the/console") {
		if to := s.Get(path).Location(); to != "/signin" {
			t.Errorf("GET %s leads to %s", path, to)
		}
	}
	for _, path := range everyPage(s, "POST") {
		if to := s.Post(path, nil).Location(); to != "/signin" {
			t.Errorf("POST %s leads to %s", path, to)
		}
	}
}

// Attack: another site has a browser send a form to the console, which sends its cookie along where the browser is old, or
// the other site is a sibling (CSRF). Fix: the origin is checked, and the form has to have a token that only a page of the
// session has. Invariant: without either, no write reaches the API, whatever is mounted.
func TestForgedForms(t *testing.T) {
	s := consoletest.Start(t)
	var calls atomic.Int64
	s.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { calls.Add(1); w.WriteHeader(http.StatusNoContent) })
	for _, path := range everyPage(s, "POST") {
		for name, spoil := range map[string]func(r *http.Request){
			"without the token":     func(r *http.Request) { r.Body = http.NoBody },
			"with another token":    func(r *http.Request) { r.Body = body("form_token=other") },
			"the token in the path": func(r *http.Request) { r.Body = http.NoBody; r.URL.RawQuery = "form_token=x" },
			"from another site":     func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
			"from a sibling":        func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
			"from an old browser": func(r *http.Request) {
				r.Header.Del("Sec-Fetch-Site")
				r.Header.Set("Origin", "https://evil.example.com")
			},
		} {
			r := s.Request(http.MethodPost, path, nil)
			spoil(r)
			if p := s.Send(r); p.Status != http.StatusForbidden {
				t.Errorf("POST %s %s: %d", path, name, p.Status)
			}
		}
	}
	if n := calls.Load(); n > 0 {
		t.Errorf("the API heard of %d forged writes", n)
	}
}

// Attack: somebody sits down at a browser that was left alone, and does what cannot be undone. Fix: what is dangerous wants
// the person to say again who they are. Invariant: of a page and a form that are mounted as dangerous, neither does anything
// before; afterwards the browser is back at the page that asks.
func TestDangerousWantsConfirmation(t *testing.T) {
	s := consoletest.Start(t)
	id, _ := s.Mint("", tokens.Attributes{Scopes: []string{"metrics.read"}})
	s.Door.SetConfirmed(false)
	for range 2 {
		for _, p := range []*consoletest.Page{s.Get("/tokens/" + id + "/delete"), s.Post("/tokens/"+id+"/delete", nil)} {
			if to := p.Location(); to != "/confirm?back=/tokens/"+id+"/delete" {
				t.Errorf("leads to %s", to)
			}
		}
	}
	s.Get("/tokens/" + id).Want(http.StatusOK)
}

// Attack: none; a store that is away. Invariant: every page says so with 503, in words that tell nothing of the inside, and a
// form that was sent says so as well.
func TestStoreAway(t *testing.T) {
	s := consoletest.Start(t)
	const words = "The store of tokens did not answer."
	s.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "5")
		w.Header().Set("X-Doorward-Decision-Id", "decision-1")
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": 503, "message": words}})
	})
	for _, path := range everyPage(s, "GET") {
		page := s.Get(path)
		if page.Status != http.StatusServiceUnavailable {
			continue // of use without the store, such as a form
		}
		page.Has(words, "Try again").Lacks("goroutine", ".go:")
		if page.Header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", path)
		}
	}
	s.Get("/tokens").Want(503).Has("decision-1")
	s.Post("/tokens/x/disable", nil).Want(503).Has(words)

	s.Door.Break()
	for _, path := range everyPage(s, "GET") {
		s.Get(path).Want(503).Has("The gateway cannot look up who is signed in.").Lacks("10.1.2.3")
	}
}

// A defect of the API, or an answer that breaks off, is a page that says nothing of the inside.
func TestBrokenAnswers(t *testing.T) {
	s := consoletest.Start(t)
	for name, api := range map[string]http.HandlerFunc{
		"no JSON":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>secret inside")) },
		"breaks off":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"without end":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 9<<20)) },
		"another type": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"apiTokens":"secret inside"}`)) },
	} {
		s.API = api
		if p := s.Get("/tokens"); p.Status != http.StatusInternalServerError {
			t.Errorf("%s: %d", name, p.Status)
		}
		s.Get("/tokens").Has("Something went wrong here.").Lacks("secret inside", ".go:", "goroutine")
	}
}

// What somebody may not do is said in the API's words, and a session whose token has ended ends.
func TestRefusals(t *testing.T) {
	s := consoletest.Start(t)
	id, _ := s.Mint("", tokens.Attributes{Name: "kept", Scopes: []string{"metrics.read"}})
	s.SignIn(tokens.Attributes{Name: "reader", Scopes: []string{"apiTokens.read"}})
	s.Get("/tokens/" + id).Want(200).Has("kept")
	s.Post("/tokens/"+id+"/disable", nil).Want(403).Has("You may not", "apiTokens.write")
	s.SignIn(tokens.Attributes{Name: "nobody", Scopes: []string{"metrics.read"}})
	s.Get("/tokens").Want(403).Has("apiTokens.read", "Sign in with a credential that has this right")
	s.Door.Admit("token ended", "dt0c01.AAAAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB")
	if to := s.Get("/tokens").Location(); to != "/signin" {
		t.Errorf("with a credential that is not good: %s", to)
	}
}

func body(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }

// A form that is longer than any is refused as such, before it is read as a whole.
func TestFormsAreBounded(t *testing.T) {
	s := consoletest.Start(t)
	s.Post("/tokens/new", url.Values{"name": {strings.Repeat("n", 3<<20)}}).Want(http.StatusRequestEntityTooLarge).Has("Nothing was changed")
}
