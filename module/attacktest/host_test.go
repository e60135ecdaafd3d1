package attacktest_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Attack H7: how a host is spelled decides which rules apply, and matchers have compared it differently beyond 100 hosts
// (Caddy CVE-2026-27588; Traefik CVE-2022-23632 with the dot). Invariant: each spelling gets one answer, whatever the
// number of hosts, and no spelling of a guarded host is let through where the plain one is not.
func TestHostSpellings(t *testing.T) {
	config, err := os.ReadFile("testdata/hosts.Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	spellings := []string{"a.test", "A.TEST", "a.Test:80", "a.test.", "A.TEST.", "a.test..", "xn--a.test", "b.test"}
	answers := map[string]string{}
	s := besiege(t, "", "")
	for _, hosts := range []int{1, 100, 101, 10_000} {
		s.Load(strings.ReplaceAll(string(config), "{HOSTS}", hostNames(hosts)))
		for _, host := range spellings {
			got := s.http1("GET /admin/x HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status
			withToken := s.http1("GET /admin/x HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: {A}\r\n\r\n").status
			answer := fmt.Sprintf("%d without a token, %d with", got, withToken)
			if first, known := answers[host]; known && first != answer {
				t.Errorf("%s among %d hosts: %s; before: %s", host, hosts, answer, first)
			}
			answers[host] = answer
			if got < 400 {
				t.Errorf("%s among %d hosts: let in without a token", host, hosts)
			}
			for _, r := range s.received() {
				if r.Host != strings.TrimSuffix(strings.ToLower(host), ".") {
					t.Errorf("%s among %d hosts: forwarded as %q", host, hosts, r.Host)
				}
			}
		}
	}
	for _, host := range []string{"A.TEST", "a.Test:80"} {
		if answers[host] != answers["a.test"] {
			t.Errorf("%s: %s; a.test: %s", host, answers[host], answers["a.test"])
		}
	}
	if want := "401 without a token, 200 with"; answers["a.test"] != want {
		t.Errorf("a.test: %s, want %s", answers["a.test"], want)
	}
}

// hostNames is a.test among n hosts.
func hostNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("h%d.test", i)
	}
	names[n/2] = "a.test"
	return strings.Join(names, " ")
}
