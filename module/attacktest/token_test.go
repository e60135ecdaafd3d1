package attacktest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/tokens"
)

// Attack T8: learning from the answer whether an identifier exists, or how much of a secret is right (Traefik
// CVE-2026-41263). Invariant: every refused credential gets the same answer, but for the decision's identifier and the
// date.
func TestRefusedCredentialsLookAlike(t *testing.T) {
	s := besiege(t, "", "")
	good := s.tokens["A"]
	secret := good[strings.LastIndexByte(good, '.')+1:]
	credentials := map[string]string{
		"last character differs":  "Api-Token " + flipLast(good),
		"first character differs": "Api-Token " + strings.Replace(good, secret, flipFirst(secret), 1),
		"unknown identifier":      "Api-Token dt0c01." + strings.Repeat("A", 24) + "." + secret,
		"too short":               "Api-Token " + good[:len(good)-1],
		"too long":                "Api-Token " + good + "A",
		"lower case":              "Api-Token " + strings.ToLower(good),
		"revoked":                 "Api-Token " + s.tokens["X"],
		"expired":                 "Api-Token " + s.tokens["E"],
		"under another scheme":    "Bearer " + good,
		"no token at all":         "Basic YTpi",
		"only a scheme":           "Api-Token",
		"a JWT":                   "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.",
	}
	want := s.alike("Api-Token x")
	if want.status != http.StatusUnauthorized {
		t.Fatalf("got %v", want)
	}
	for range 2 { // the second time from the cache
		for name, credential := range credentials {
			got := s.alike(credential)
			if got.status != want.status || got.body != want.body {
				t.Errorf("%s: got %v, want %v", name, got, want)
			}
			if diff := cmp.Diff(want.header, got.header); diff != "" {
				t.Errorf("%s: headers (-want +got):\n%s", name, diff)
			}
		}
	}
	if n := len(s.received()); n > 0 {
		t.Errorf("the upstream got %d requests", n)
	}
}

// alike is an answer without what differs every time.
func (s *siege) alike(credential string) reply {
	s.t.Helper()
	got := s.http1("GET /admin/x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nAuthorization: " + credential + "\r\n\r\n")
	id := got.header.Get("X-Doorward-Decision-Id")
	got.body = strings.ReplaceAll(got.body, id, "ID")
	got.header.Del("X-Doorward-Decision-Id")
	got.header.Del("Date")
	return got
}

func flipFirst(text string) string {
	other := "A"
	if text[0] == 'A' {
		other = "B"
	}
	return other + text[1:]
}

func flipLast(text string) string {
	other := "A"
	if text[len(text)-1] == 'A' {
		other = "B"
	}
	return text[:len(text)-1] + other
}

// Attack T10: a remembered token outlives its expiry (Vault CVE-2020-25816). Invariant: the first request after the
// instant of expiry is refused, though the cache would remember the token for half a minute more.
func TestTokenExpiresWhileRemembered(t *testing.T) {
	s := besiege(t, "", "")
	expires := time.Now().Add(2 * time.Second).Truncate(time.Millisecond)
	_, token := s.Mint("", tokens.Attributes{Scopes: []string{"read"}, Owner: owner, Expires: expires})
	request := "GET /api/v2/x HTTP/1.1\r\nHost: a.test\r\nAuthorization: Api-Token " + token + "\r\n\r\n"
	got := s.http1(request)
	if got.status != http.StatusOK && time.Now().Before(expires) {
		t.Fatalf("before it expires: %v", got)
	}
	<-time.After(time.Until(expires))
	s.received()
	if got := s.http1(request); got.status != http.StatusUnauthorized || len(s.received()) != 0 {
		t.Errorf("after it expired: %v", got)
	}
}
