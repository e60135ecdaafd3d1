package signin

import (
	"net/url"
	"strings"
	"testing"
)

func TestPathBack(t *testing.T) {
	for text, want := range map[string]string{
		"/tokens?a=b&c=d#e": "/tokens?a=b&c=d#e", "/": "/", "": "/", "tokens": "/", "//evil.example": "/", `/\evil.example`: "/",
		"/\t/evil.example": "/", "/\n/evil.example": "/", "https://evil.example": "/", "javascript:alert(1)": "/", `\\evil.example`: "/",
		"/a\\b": "/", "/signin": "/", "/signin?back=/x": "/", "/signin/oidc/0": "/", "/confirm": "/", "/signout": "/", "/signing": "/signing",
		"/" + strings.Repeat("x", 2000): "/", "/ö": "/ö", "/a b": "/",
	} {
		if got := pathBack(text); got != want {
			t.Errorf("%q leads to %q, want %q", text, got, want)
		}
	}
}

// FuzzPathBack: wherever somebody is sent back to, it is here.
func FuzzPathBack(f *testing.F) {
	for _, seed := range []string{"/x", "//x", "/\\x", "/.//x", "/%2f/x", "/\x00/x", "/x?//y", "///x", "/;@x", "/x\xff"} {
		f.Add(seed)
	}
	base := &url.URL{Scheme: "https", Host: "console.example", Path: "/signin"}
	f.Fuzz(func(t *testing.T, text string) {
		got := pathBack(text)
		// As browsers read it: they drop these characters, and take a backslash for a slash.
		seen := strings.ReplaceAll(strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(got), `\`, "/")
		u, err := base.Parse(seen)
		if err != nil {
			return // no browser goes there
		}
		if u.Host != base.Host || u.Scheme != base.Scheme || strings.HasPrefix(seen, "//") || got[0] != '/' {
			t.Errorf("%q leads to %q", text, got)
		}
	})
}
