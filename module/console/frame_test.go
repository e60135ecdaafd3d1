package console_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/console"
	"github.com/doorward/doorward/module/console/consoletest"
)

// Assets may be kept for ever, come compressed to who takes that, and need no session; nothing else is served there.
func TestAssets(t *testing.T) {
	s := consoletest.Start(t)
	names := regexp.MustCompile(`/assets/[a-z.]+\.[0-9a-f]{16}\.(css|js|svg)`).FindAllString(s.Get("/tokens").Body, -1)
	if len(names) < 4 {
		t.Fatalf("assets of a page: %v", names)
	}
	s.Door.Admit("", "")
	for _, name := range names {
		plain := s.Get(name).Want(200)
		if got := plain.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %s", name, got)
		}
		r := s.Request(http.MethodGet, name, nil)
		r.Header.Set("Accept-Encoding", "br, gzip")
		packed := s.Send(r)
		unpacked, err := gzip.NewReader(strings.NewReader(packed.Body))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(unpacked); string(text) != plain.Body || err != nil {
			t.Errorf("%s is another when it is compressed: %v", name, err)
		}
	}
	for _, name := range []string{"console.css", "htmx.LICENSE.txt", "..", "%2e%2e%2fconsole.go", ""} {
		if p := s.Get("/assets/" + name); p.Status == http.StatusOK {
			t.Errorf("%q is served", name)
		}
	}
}

// The stylesheet and the scripts need no policy that is weaker, and ask no other host for anything.
func TestAssetsAreOurs(t *testing.T) {
	s := consoletest.Start(t)
	for _, name := range regexp.MustCompile(`/assets/console\.[0-9a-f]+\.(css|js)`).FindAllString(s.Get("/tokens").Body, -1) {
		text := s.Get(name).Body
		for _, forbidden := range []string{"http:" + "//", "https://", "url(", "@import", "eval(", "innerHTML", "document.write", ".style."} {
			if strings.Contains(text, forbidden) {
				t.Errorf("%s has %s", name, forbidden)
			}
		}
		if len(text) > 24<<10 {
			t.Errorf("%s has %d bytes", name, len(text))
		}
	}
}

func TestTheme(t *testing.T) {
	s := consoletest.Start(t)
	page := s.Post("/theme", url.Values{"theme": {"dark"}, "back": {"/tokens?sort=name"}})
	if to := page.Location(); to != "/tokens?sort=name" {
		t.Errorf("back to %s", to)
	}
	r := s.Request(http.MethodGet, "/tokens", nil)
	r.Header.Set("Cookie", page.Header.Get("Set-Cookie"))
	if p := s.Send(r); !strings.Contains(p.Body, `<html lang="en" data-theme="dark">`) {
		t.Error("the page is not dark")
	}
	r.Header.Set("Cookie", `doorward-theme="><script>`)
	if p := s.Send(r); !strings.Contains(p.Body, `<html lang="en">`) {
		t.Error("a theme that is none is taken")
	}
}

// Attack: a form of the frame is given an address of another site to go back to (open redirect). Fix: only a path of this
// console is taken. Invariant: what OwnPath gives begins with one slash and has no host.
func TestOwnPath(t *testing.T) {
	for text, want := range map[string]string{
		"/tokens?a=b": "/tokens?a=b", "": "/", "tokens": "/", "//evil.example.com": "/", "/\\evil.example.com": "/", "https://evil.example.com": "/",
		"/\t/evil.example.com": "/", "\\\\evil": "/", "/%5cevil": "/%5cevil", "javascript:alert(1)": "/", "/a\nSet-Cookie: x": "/", "///evil": "/",
	} {
		if got := console.OwnPath(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzOwnPath(f *testing.F) {
	for _, seed := range []string{"/", "//x", "/\\x", "http://x", "/a?b#c", "/:80", "/@x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := console.OwnPath(text)
		base := &url.URL{Scheme: "https", Host: "console.test", Path: "/theme"}
		to, err := base.Parse(got)
		if err != nil || to.Host != "console.test" || to.Scheme != "https" || strings.HasPrefix(got, "//") {
			t.Fatalf("%q leads to %q, %v", text, got, err)
		}
	})
}

func TestSmallParts(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1_234_567: "1,234,567", -12_345: "-12,345"} {
		if got := console.Number(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	for path, want := range map[string]string{"name": "name", "scopes[2]": "scopes", "a.b": "a", "": "", "[0]": "[0]"} {
		if got := console.MemberOf(path); got != want {
			t.Errorf("%q is of %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]string{"/tokens": "tokens", "/tokens/x/delete": "tokens", "/tokensx": "", "/personal-tokens/new": "personal"} {
		if got := console.SectionOf(path); got != want {
			t.Errorf("%s is in %q, want %q", path, got, want)
		}
	}
}

// A page of signing in is within the frame, and may send the browser on by itself.
func TestPageThatIsNotThere(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/nothing").Want(404).Has("There is no such page", "Access tokens")
	s.Get("/tokens/a/b/c").Want(404)
	s.Get("/tokens/%2e%2e%2f%2e%2e").Want(400) // the gate reads no such path
}
