package module

import (
	"bufio"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCanonicalise(t *testing.T) {
	tests := []struct {
		target  string // as in the request line
		escaped string
		odd     oddities
		err     error
	}{
		{target: "/", escaped: "/"},
		{target: "http://a.test", escaped: "/"},
		{target: "http://a.test/x", escaped: "/x"},
		{target: "/api/v2/metrics", escaped: "/api/v2/metrics"},
		{target: "/api/v2/metrics/", escaped: "/api/v2/metrics/"},
		{target: "/api/v2/metrics/builtin:host.cpu.usage:avg", escaped: "/api/v2/metrics/builtin:host.cpu.usage:avg"},
		{target: "/api/v2/metrics/builtin%3Ahost", escaped: "/api/v2/metrics/builtin:host"},
		{target: "/%61dmin", escaped: "/admin"},
		{target: "/a%20b", escaped: "/a%20b"},
		{target: "/a%c3%bc", escaped: "/a%C3%BC", odd: nonASCII},
		{target: "/aü", escaped: "/a%C3%BC", odd: nonASCII},
		{target: "/a%2fb", escaped: "/a%2Fb", odd: encodedSlash},
		{target: "/a;b=1/c", escaped: "/a;b=1/c", odd: semicolon},
		{target: "/a%3bb", escaped: "/a%3Bb", odd: semicolon},
		{target: "/a%23b", escaped: "/a%23b"},
		{target: "/a%3fb", escaped: "/a%3Fb"},
		{target: "/100%25", escaped: "/100%25"},
		{target: "/a[b]", escaped: "/a%5Bb%5D"},

		{target: "/public/../admin", err: errPathDots},
		{target: "/public/./admin", err: errPathDots},
		{target: "/public/..", err: errPathDots},
		{target: "/...", err: errPathDots},
		{target: "/public/%2e%2e/admin", err: errPathEncodedDot},
		{target: "/public/.%2E/admin", err: errPathEncodedDot},
		{target: "/public/..%2fadmin", err: errPathDots},
		{target: "/public/..%20/admin", err: errPathDots},
		{target: "/public/..;/admin", err: errPathDots},
		{target: "/public/.;x/admin", err: errPathDots},
		{target: "/a%2f..%2fb", err: errPathDots},
		{target: "//admin", err: errPathEmptyPart},
		{target: "/public//admin", err: errPathEmptyPart},
		{target: "/a%20b//c", err: errPathEmptyPart},
		{target: `/public\..\admin`, err: errPathBackslash},
		{target: "/public%5c..%5cadmin", err: errPathBackslash},
		{target: "/a%00b", err: errPathControl},
		{target: "/a%0ab", err: errPathControl},
		{target: "/a%7fb", err: errPathControl},
		{target: "/%c0%ae%c0%ae/admin", err: errPathUTF8},
		{target: "/a%ffb", err: errPathUTF8},
		{target: "/admin#/public", err: errPathDelimiter},
		{target: "/%252e%252e/admin", err: errPathTwice},
		{target: "/a%2541", err: errPathTwice},
		{target: "/" + strings.Repeat("a", maxPath), err: errPathLong},
		{target: "*", err: errPathForm},
		{target: "mailto:x", err: errPathOpaque},
	}
	for _, test := range tests {
		t.Run(test.target[:min(len(test.target), 40)], func(t *testing.T) {
			u, err := url.ParseRequestURI(test.target)
			if err != nil {
				t.Fatalf("the server would not accept the target: %v", err)
			}
			p, err := canonicalise(u)
			if !errors.Is(err, test.err) {
				t.Fatalf("canonicalise(%q) = %q, error %v; want error %v", test.target, p.escaped, err, test.err)
			}
			if err == nil && (p.escaped != test.escaped || p.odd != test.odd) {
				t.Errorf("canonicalise(%q) = %q, %b; want %q, %b", test.target, p.escaped, p.odd, test.escaped, test.odd)
			}
		})
	}
}

// A handler before the gate that strips a prefix changes Path and RawPath; one that forgets RawPath would make the gate
// decide on one path and the proxy forward the other. The two must agree, or nothing goes on.
func TestCanonicaliseRefusesFieldsOutOfStep(t *testing.T) {
	for _, u := range []url.URL{
		{Path: "/public/x", RawPath: "/admin/x"},
		{Path: "/app/../admin", RawPath: "/app%2f..%2fpublic"},
		{Path: "/x", RawPath: "/%zz"},
	} {
		if p, err := canonicalise(&u); err == nil {
			t.Errorf("canonicalise(%q, %q) = %q, want an error", u.Path, u.RawPath, p.escaped)
		}
	}
}

// Whatever is accepted is a fixed point, is what goes over the wire, and holds nothing that an upstream could read in
// another way.
func FuzzCanonicalise(f *testing.F) {
	for _, seed := range []string{
		"/", "/api/v2/metrics", "/public/../admin", "/%2e%2e/x", "/a%2fb", "/a;b", "//x", `/a\b`, "/%c0%ae", "/%252e",
		"/a#b", "/a?b", "/ü", "/．．/admin", "/ADMİN", "/a%3Bb", "/e/x/..;/y", "http://h/p", "*", "/a%", "/a%2", "/%zz",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		// Read the target as the server does, so that only what can arrive is tried.
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: a.test\r\n\r\n")))
		if err != nil {
			return
		}
		p, err := canonicalise(r.URL)
		if err != nil {
			return
		}
		checkCanonical(t, target, p)
		p.apply(r.URL)
		if wire := r.URL.EscapedPath(); wire != p.escaped {
			t.Errorf("%q: decided on %q, would forward %q", target, p.escaped, wire)
		}
		again, err := canonicalise(r.URL)
		if err != nil || again != p {
			t.Errorf("%q: the canonical form %q becomes %q (%v) when read again", target, p.escaped, again.escaped, err)
		}
	})
}

func checkCanonical(t *testing.T, target string, p canonicalPath) {
	t.Helper()
	decoded, err := url.PathUnescape(p.escaped)
	if err != nil || decoded != p.decoded {
		t.Errorf("%q: %q unescapes to %q (%v), not to %q", target, p.escaped, decoded, err, p.decoded)
	}
	if !utf8.ValidString(p.decoded) || strings.ContainsAny(p.decoded, "\\\x00\r\n") {
		t.Errorf("%q: accepted as %q", target, p.decoded)
	}
	for i, segment := range strings.Split(p.decoded, "/") {
		name, _, _ := strings.Cut(segment, ";")
		if name == "." || name == ".." {
			t.Errorf("%q: a dot segment in %q", target, p.decoded)
		}
		if last := i == strings.Count(p.escaped, "/"); i > 0 && segment == "" && !last && p.odd&encodedSlash == 0 {
			t.Errorf("%q: an empty segment in %q", target, p.decoded)
		}
	}
}

func TestCanonicalHost(t *testing.T) {
	tests := []struct {
		host, want string
		ok         bool
	}{
		{"a.test", "a.test", true},
		{"A.TEST", "a.test", true},
		{"a.test.", "a.test", true},
		{"a.test:8080", "a.test", true},
		{"127.0.0.1:80", "127.0.0.1", true},
		{"[::1]:80", "[::1]", true},
		{"[::1]", "[::1]", true},
		{"", "", false},
		{".", "", false},
		{":80", "", false},
		{"a b", "", false},
		{"a/b", "", false},
		{"a@b", "", false},
		{"ADMİN.test", "", false},
		{"[::zz]", "", false},
		{strings.Repeat("a", 256), "", false},
	}
	for _, test := range tests {
		if got, ok := canonicalHost(test.host); ok != test.ok || ok && got != test.want {
			t.Errorf("canonicalHost(%q) = %q, %v; want %q, %v", test.host, got, ok, test.want, test.ok)
		}
	}
}
