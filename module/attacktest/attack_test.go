// Package attacktest_test sends known attacks on gateways, byte for byte, at a whole gateway.
package attacktest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module/moduletest"
)

// TestCorpus runs every attack in every protocol that can carry it, with a cache that remembers nothing and with one
// that has seen it all before. A cache must never change an answer.
//
// Each case holds the gate to three things: the client gets the status and code that it should; the upstream gets
// nothing, or exactly the canonical form; and the decision log says what the upstream got.
func TestCorpus(t *testing.T) {
	corpus := readCorpus(t)
	t.Run("cold", func(t *testing.T) {
		s := besiege(t, "", "cache {\n lifetime 1ns\n }")
		s.run(corpus)
	})
	t.Run("warm", func(t *testing.T) {
		s := besiege(t, "", "")
		for name := range s.tokens {
			s.http1("GET /public/warm HTTP/1.1\r\nHost: a.test\r\nAuthorization: {" + name + "}\r\n\r\n")
		}
		s.received()
		s.decisions()
		s.run(corpus)
	})
}

func (s *siege) run(corpus []attack) {
	outer := s.t
	defer func() { s.t = outer }()
	for _, a := range corpus {
		name := a.id + " " + a.name
		if a.fields == nil {
			outer.Run(name+"/HTTP1", func(t *testing.T) {
				s.t = t
				s.check(a, a.want, s.http1(a.request))
			})
		}
		if fields, body, want, ok := a.http2(); ok {
			outer.Run(name+"/HTTP2", func(t *testing.T) {
				s.t = t
				s.check(a, want, s.http2(fields, body))
			})
		}
	}
	s.t = outer
	s.checkNoSecrets("the log", s.Logs())
}

// check compares an answer and its traces with what the corpus says.
func (s *siege) check(a attack, want answer, got reply) {
	t := s.t
	t.Helper()
	if got.status != want.status || got.reset != want.reset {
		t.Errorf("%s:%d: got %v, want %d %s%s", a.file, a.line, got, want.status, want.code, want.reset)
	}
	if got.status >= 500 && got.status != http.StatusNotImplemented {
		t.Errorf("%s:%d: %v is no way to refuse", a.file, a.line, got)
	}
	checkRefusal(t, want, got)
	s.checkNoSecrets("the answer", got.body+fmt.Sprint(got.header))
	received, log := s.received(), s.decisions()
	if want.status != http.StatusOK || a.upstream == "" {
		checkNothing(t, received, log)
		return
	}
	if len(received) != 1 {
		t.Fatalf("%s:%d: the upstream got %d requests, want one", a.file, a.line, len(received))
	}
	s.checkForwarded(a, received[0], log)
}

// checkRefusal looks at the form of a refusal: problem details with a code, and the challenge that goes with it.
func checkRefusal(t *testing.T, want answer, got reply) {
	t.Helper()
	if want.code == "" {
		return
	}
	var body struct{ Code, Detail string }
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		t.Errorf("the answer %v is no problem document: %v", got, err)
	}
	if body.Code != want.code || !strings.Contains(body.Detail, want.detail) {
		t.Errorf("got code %q, detail %q; want %q, %q", body.Code, body.Detail, want.code, want.detail)
	}
	challenge := strings.Join(got.header["Www-Authenticate"], "; ")
	switch {
	case want.code == "invalid_token" && !strings.Contains(challenge, "Bearer realm="),
		want.code == "insufficient_scope" && !strings.Contains(challenge, `error="insufficient_scope", scope="`):
		t.Errorf("the challenge is %q", challenge)
	}
}

// checkNothing holds a refused request to having no effect. The log may have left the refusal out, but it must not have
// an approval.
func checkNothing(t *testing.T, received []moduletest.Request, log map[string]decision) {
	t.Helper()
	for _, r := range received {
		t.Errorf("the upstream got %s %s %s", r.Method, r.Host, r.RequestURI)
	}
	for _, d := range log {
		if d.Msg != "refused" && d.Path != "/public/probe" {
			t.Errorf("the log says %q of %s %s %s", d.Msg, d.Method, d.Host, d.Path)
		}
	}
}

// checkForwarded compares a request that was let through with the corpus, and with the log.
func (s *siege) checkForwarded(a attack, got moduletest.Request, log map[string]decision) {
	t := s.t
	t.Helper()
	if line := got.Method + " " + got.Host + " " + got.RequestURI; line != a.upstream {
		t.Errorf("%s:%d: the upstream got %q, want %q", a.file, a.line, line, a.upstream)
	}
	path, _, _ := strings.Cut(got.RequestURI, "?")
	d := log[got.Header.Get("X-Doorward-Decision-Id")]
	logged := []string{d.Msg, d.Method, d.Host, d.Path}
	if diff := cmp.Diff([]string{"allowed", got.Method, got.Host, path}, logged); diff != "" {
		t.Errorf("what was forwarded and what was logged (-forwarded +logged):\n%s", diff)
	}
	for _, line := range a.has {
		name, value, _ := strings.Cut(line, ": ")
		if diff := cmp.Diff([]string{value}, got.Header[name]); diff != "" {
			t.Errorf("%s:%d: header %s (-want +got):\n%s", a.file, a.line, name, diff)
		}
	}
	for _, name := range append(a.lacks, "Authorization") {
		if values, has := got.Header[name]; has {
			t.Errorf("%s:%d: the upstream got header %s, %d times", a.file, a.line, name, len(values))
		}
	}
	if len(got.Trailer) > 0 {
		t.Errorf("%s:%d: the upstream got trailers %q", a.file, a.line, slices.Sorted(maps.Keys(got.Trailer)))
	}
}
