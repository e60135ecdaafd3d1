package module

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/doorward/doorward/tokens"
)

// authorization is the grammar that the gate reads: one scheme, one space, one token without blanks or commas.
var authorization = regexp.MustCompile(`(?i)^(api-token|bearer) [^ \t,]+$`)

// FuzzAuthorization holds the reader of credentials to its grammar, for any header and any query: what is taken is what
// the grammar says, two credentials are never one, and nothing of a refused one is in what a client is told.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range [][2]string{
		{"Api-Token dt0c01.A.B", ""}, {"bearer x", ""}, {"Bearer  x", ""}, {"Bearer x, Bearer y", ""}, {"Basic YTpi", ""},
		{"", "api-token=x"}, {"Bearer x", "api-token=y"}, {"", "Api-Token=x&api-token=y"}, {"", "api%2Dtoken=x"},
		{"Bearer", ""}, {"Bearer ", ""}, {"\tBearer x", ""}, {"Bearer\tx", ""}, {"", "a=1;api-token=2"}, {"", "%zz"},
	} {
		f.Add(seed[0], seed[1], true)
		f.Add(seed[0], seed[1], false)
	}
	allowed := &Handler{QueryTokens: []string{"api-token"}, gate: new(gate)}
	f.Fuzz(func(t *testing.T, header, query string, inQuery bool) {
		h := &Handler{gate: new(gate)}
		if inQuery {
			h = allowed
		}
		x := &exchange{h: h, r: &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/", RawQuery: query}, Header: http.Header{}}}
		if header != "" {
			x.r.Header["Authorization"] = []string{header}
		}
		if queryNames(query, func(string) bool { return true }) != nil {
			return // refused before anybody looks for a credential
		}
		token, one := x.queryToken()
		switch {
		case header != "" && token.name == "" && one:
			checkAuthorization(t, x, header)
		case header == "" && token.name != "" && one && x.readQueryToken(token) != (inQuery && token.text != "" && len(token.text) <= maxCredential):
			t.Errorf("query %q: taken %v", query, !(inQuery && token.text != ""))
		}
		if kept := h.withoutQueryTokens(query); strings.Contains(strings.ToLower(kept), "api-token=") {
			t.Errorf("query %q: forwarded as %q", query, kept)
		}
	})
}

func checkAuthorization(t *testing.T, x *exchange, header string) {
	t.Helper()
	want := len(header) <= maxCredential && authorization.MatchString(header)
	if got := x.readAuthorization(header); got != want {
		t.Errorf("Authorization %q: taken %v, want %v", header, got, want)
	}
	if want {
		scheme, text, _ := strings.Cut(header, " ")
		if x.credential.Text != text || !strings.EqualFold(x.credential.Scheme.String(), scheme) {
			t.Errorf("Authorization %q was read as %v", header, x.credential)
		}
	} else if x.credential != (tokens.Credential{}) || x.detail != "" {
		t.Errorf("Authorization %q was refused and left %v, detail %q", header, x.credential, x.detail)
	}
}
