package attacktest_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/common/expfmt"

	"github.com/doorward/doorward/module/moduletest"
)

// Attack H3: a header name with '_' or '.' is the same variable to a CGI gateway. Caddy drops such names unless the
// operator lets some in. Invariant: the gate strips its own names in every spelling all the same, so the whole section
// on headers must come out alike.
func TestHeadersWithAliasesLetIn(t *testing.T) {
	text, err := os.ReadFile("testdata/4_header.txt")
	if err != nil {
		t.Fatal(err)
	}
	corpus, err := parseCorpus("testdata/4_header.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	s := besiege(t, "expected_underscore_headers x_remote_user x-remote_user x_doorward_* x_forwarded_*\n"+
		"expected_dot_headers x.remote.user x.doorward.*", "")
	s.run(corpus)
}

// Attack H4: a trusted set of everybody (the default of an oauth2-proxy release, CVE-2026-40575) lets every client say
// who it is. Invariant: such a config does not start.
func TestTrustingEverybodyDoesNotStart(t *testing.T) {
	s := besiege(t, "", "")
	config, err := os.ReadFile("testdata/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, ranges := range []string{"0.0.0.0/0", "::/0", "10.0.0.0/8 0.0.0.0/0", "1.2.3.4/0", "::ffff:0.0.0.0/0", "0.0.0.0/1 128.0.0.0/1"} {
		text := strings.NewReplacer("{SERVER}", "trusted_proxies static "+ranges, "{CACHE}", "").Replace(string(config))
		if err := s.TryLoad(text); err == nil || !strings.Contains(err.Error(), "trusted_proxies") {
			t.Errorf("trusted_proxies static %s: error %v", ranges, err)
		}
	}
}

// Attacks H4 and H5 behind a proxy that is trusted: it may vouch for the client, but neither replace the path nor say
// anything that is no address (heimdall CVE-2026-57210).
func TestTrustedProxy(t *testing.T) {
	s := besiege(t, "trusted_proxies static 127.0.0.0/8", "")
	tests := []struct {
		name, header string
		has          map[string]string // "" for a header that must not arrive
	}{
		{"honest", "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 1.2.3.4\r\n", map[string]string{
			"X-Forwarded-For": "1.2.3.4, 127.0.0.1", "X-Forwarded-Proto": "https", "X-Real-Ip": "1.2.3.4",
		}},
		{"a word among addresses", "X-Forwarded-For: 1.2.3.4, evil\r\n", map[string]string{"X-Forwarded-For": "127.0.0.1"}},
		{"unknown", "X-Forwarded-For: unknown\r\n", map[string]string{"X-Forwarded-For": "127.0.0.1"}},
		{"hidden", "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: _hidden\r\n", map[string]string{"X-Forwarded-For": "127.0.0.1"}},
		{"an octal literal", "X-Forwarded-For: 010.0.0.1\r\n", map[string]string{"X-Forwarded-For": "127.0.0.1"}},
		{"another path", "X-Original-URL: /admin\r\nX-Rewrite-URL: /admin\r\n", map[string]string{"X-Original-Url": "", "X-Rewrite-Url": ""}},
		{"an identity", "X-Remote-User: root\r\nX_Forwarded_For: 1.2.3.4\r\n", map[string]string{"X-Remote-User": owner, "X_forwarded_for": ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s.t = t
			got := s.http1("GET /api/v2/x HTTP/1.1\r\nHost: a.test\r\nAuthorization: {R}\r\n" + test.header + "\r\n")
			received := s.received()
			if got.status != http.StatusOK || len(received) != 1 {
				t.Fatalf("got %v, and %d requests at the upstream", got, len(received))
			}
			for name, want := range test.has {
				if value := strings.Join(received[0].Header[name], " | "); value != want {
					t.Errorf("%s: got %q, want %q", name, value, want)
				}
			}
		})
	}
}

// Attack H13: an upstream answers under the gate's own names, to speak for it or to ask the client for credentials.
// Invariant: these never reach the client.
func TestUpstreamCannotSpeakForTheGate(t *testing.T) {
	s := besiege(t, "", "")
	s.Upstream.Handler = func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range append([]string{"WWW-Authenticate"}, identityNames...) {
			w.Header().Set(name, "forged")
		}
		w.Header().Set("X-Other", "kept")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "upstream")
	}
	got := s.http1("GET /api/v2/x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nAuthorization: {R}\r\n\r\n")
	if got.status != http.StatusUnauthorized || got.header.Get("X-Other") != "kept" {
		t.Fatalf("got %v", got)
	}
	for name, values := range got.header {
		if strings.Contains(strings.Join(values, ""), "forged") {
			t.Errorf("the client got %s from the upstream", name)
		}
	}
}

// Attack H12: a credential travels further than the gate: to the upstream, into an error body, a log or a metric.
// Invariant: its secret is in none of them, wherever the client wrote it.
func TestCredentialStaysInTheGate(t *testing.T) {
	s := besiege(t, "", "")
	const head = " HTTP/1.1\r\nHost: a.test\r\n"
	requests := []string{
		"GET /api/v2/x" + head + "Authorization: {R}\r\n",
		"GET /admin/x" + head + "Authorization: {R}\r\n",
		"GET /admin/x" + head + "Authorization: {X}\r\n",
		"GET /admin/x" + head + "Authorization: {E}\r\n",
		"GET /admin/x" + head + "Authorization: Bearer {A:text}\r\n",
		"GET /admin/x" + head + "Authorization: {R}, {A}\r\n",
		"GET /admin/x" + head + "Authorization: {R}\r\nAuthorization: {A}\r\n",
		"GET /admin/x" + head + "Authorization: {A:text}\r\n",
		"GET /public/x?api-token={A:text}" + head,
		"GET /public/x?other={A:text}&%zz" + head,
		"GET /nothing/{A:text}" + head + "Authorization: {R}\r\n",
		"GET /nothing/../{A:text}" + head,
		"{A:text} /public/x" + head,
		"GET /public/x" + head + "X-Forwarded-For: {A:text}\r\nUser-Agent: {A:text}\r\nReferer: http://a.test/?t={A:text}\r\n",
		"GET /public/x HTTP/1.1\r\nHost: {A:text}\r\n",
		"GET /public/x" + head + "Cookie: t={A:text}\r\n",
	}
	for _, request := range requests {
		got := s.http1(request + "\r\n")
		s.checkNoSecrets("the answer", got.body)
		for _, values := range got.header {
			s.checkNoSecrets("a header of the answer", strings.Join(values, " "))
		}
	}
	for _, r := range s.received() {
		if _, has := r.Header["Authorization"]; has {
			t.Errorf("the upstream got the credential of %s", r.RequestURI)
		}
	}
	s.checkNoSecrets("the log", s.Logs())
	s.checkNoSecrets("a metric", gatherMetrics(t))
}

func gatherMetrics(t *testing.T) string {
	t.Helper()
	active := caddy.ActiveContext()
	families, err := active.GetMetricsRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(text.String(), "doorward_decisions_total") {
		t.Fatal("the gate's metrics are missing, so looking into them proves nothing")
	}
	return text.String()
}

// Attack S11: huge headers. Invariant: a refusal of the 400s, and nothing at the upstream; within the limit the size of a
// header changes nothing.
func TestHugeHeaders(t *testing.T) {
	s := besiege(t, "max_header_size 32KB", "")
	const head = "GET /api/v2/x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n"
	tests := []struct {
		name, header string
		status       int
	}{
		{"a credential", "Authorization: Api-Token " + strings.Repeat("A", 20<<10), 401},
		{"beside a credential", "Authorization: {R}\r\nX-Note: " + strings.Repeat("a", 20<<10), 200},
		{"beyond the limit", "Authorization: {R}\r\nX-Note: " + strings.Repeat("a", 40<<10), 431},
		{"many, beyond the limit", "Authorization: {R}\r\n" + strings.Repeat("X-Note: a\r\n", 6<<10) + "X-End: a", 431},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			raw := s.Raw(s.replace.Replace(head + test.header + "\r\n\r\n"))
			response, _ := moduletest.ParseResponse(t, "GET", raw)
			if response.StatusCode != test.status {
				t.Errorf("got %d, want %d", response.StatusCode, test.status)
			}
			if n := len(s.received()); n != 0 && test.status != http.StatusOK {
				t.Errorf("the upstream got %d requests", n)
			}
		})
	}
}
