package oauth2_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/doorward/doorward/tokens/oauth2"
)

// FuzzForm: what is read has no parameter twice but resource, no empty value, and only UTF-8; written down again, it reads
// the same.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		"", "grant_type=client_credentials", "a=1&a=2", "resource=a&resource=b", "a", "&&", "=x", "a=%zz", "a=%ff", "a=b;c=d", "scope=a+b%20c",
		"client_id=x&client_secret=%00", "a=&a=", strings.Repeat("&", 101),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := oauth2.ParseForm(text)
		if err != nil {
			if got != nil {
				t.Error("values beside an error")
			}
			return
		}
		for name, values := range got {
			if len(values) == 0 || len(values) > 1 && name != "resource" {
				t.Errorf("%q: %q", name, values)
			}
			for _, value := range values {
				if value == "" || !utf8.ValidString(value) {
					t.Errorf("%q: %q", name, value)
				}
			}
		}
		again, err := oauth2.ParseForm(url.Values(got).Encode())
		if err != nil {
			t.Error(err)
		}
		same(t, got, again)
	})
}

// FuzzBasic: what is read is visible ASCII, and comes back from its own encoding.
func FuzzBasic(f *testing.F) {
	for _, seed := range []string{
		"", "Basic ", "Basic YTpi", "basic YTpi", "BASIC  YTpi", "Bearer YTpi", "Basic YTpi\n", "Basic YTpi=", "Basic YTo=", "Basic OmI=",
		"Basic JTAwOmI=", "Basic YSUzQTpiJTIw", "Basic " + strings.Repeat("A", 5000), "Basic YTr/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, ok := oauth2.ParseBasic(header)
		if !ok {
			return
		}
		for _, c := range id + secret {
			if c < ' ' || c > '~' {
				t.Errorf("%q %q", id, secret)
			}
		}
		written := "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
		if len(written) > 4096 {
			return // longer than what came in
		}
		if id2, secret2, ok := oauth2.ParseBasic(written); !ok || id2 != id || secret2 != secret {
			t.Errorf("%q %q became %q %q", id, secret, id2, secret2)
		}
	})
}

// FuzzQuoted: whatever is quoted in an answer is of the characters that RFC 6749 section 5.2 allows, and short.
func FuzzQuoted(f *testing.F) {
	for _, seed := range []string{"", "\"\\", "\r\n", "é\xff\u202e", strings.Repeat("é", 200), "dt0s02.ABCD1234." + strings.Repeat("A", 64)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := oauth2.Quoted(text)
		for i := range len(got) {
			if c := got[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
				t.Fatalf("%q", got)
			}
		}
		if len(got) > 140 {
			t.Errorf("%d bytes", len(got))
		}
	})
}
