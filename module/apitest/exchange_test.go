package apitest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// request is a request of a story, and the answer that is expected.
type request struct {
	method, target string
	header         http.Header
	body           string

	status   int
	soon     bool
	once     string // it is asked until the answer has this
	expected http.Header
	answer   string
}

var headerLine = regexp.MustCompile(`^([A-Z][A-Za-z-]*): (.*)$`)

// parseRequest reads a paragraph with a request.
func parseRequest(s *stage, lines []string) request {
	s.t.Helper()
	words := strings.Fields(lines[0])
	if len(words) < 2 {
		s.t.Fatalf("expected a method and a target: %s", lines[0])
	}
	r := request{method: words[0], target: s.fill(words[1])}
	arrow := 1
	for arrow < len(lines) && !strings.HasPrefix(lines[arrow], "=> ") {
		arrow++
	}
	if arrow == len(lines) {
		s.t.Fatalf("expected => and a status after %s", lines[0])
	}
	r.header, r.body = splitHeader(lines[1:arrow])
	r.body = s.fill(r.body)
	for _, values := range r.header {
		for i := range values {
			values[i] = s.fill(values[i])
		}
	}
	if len(words) == 4 && words[2] == "as" {
		r.header["Authorization"] = []string{s.authorization(words[3])}
	}
	expected := strings.Fields(lines[arrow])
	status, err := strconv.Atoi(expected[1])
	s.must(err)
	r.status, r.soon = status, len(expected) > 2
	if r.soon && expected[2] == "once" {
		r.once = strings.Join(expected[3:], " ")
	}
	r.expected, r.answer = splitHeader(lines[arrow+1:])
	return r
}

// authorization is how a token is sent.
func (s *stage) authorization(name string) string {
	s.t.Helper()
	text := s.fill("{" + name + "}")
	switch {
	case strings.HasPrefix(text, "dt0s16."), strings.HasPrefix(text, "ey"):
		return "Bearer " + text
	case strings.HasPrefix(text, "dt0s02."):
		client := text[:strings.LastIndexByte(text, '.')]
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(client+":"+text))
	}
	return "Api-Token " + text
}

func splitHeader(lines []string) (http.Header, string) {
	header := http.Header{}
	for len(lines) > 0 {
		parts := headerLine.FindStringSubmatch(lines[0])
		if parts == nil {
			break
		}
		header.Add(parts[1], parts[2])
		lines = lines[1:]
	}
	return header, strings.Join(lines, "\n")
}

// exchange sends a request and holds the answer against what is expected, and against the document.
func (s *stage) exchange(r request) {
	s.t.Helper()
	got := s.send(r)
	if got.status != r.status {
		s.t.Errorf("%s %s: %d %s, want %d", r.method, s.masked(r.target), got.status, s.masked(got.body), r.status)
		return
	}
	for name, want := range r.expected {
		if have := got.header.Values(name); strings.Join(have, ", ") != s.fill(strings.Join(want, ", ")) && strings.Join(want, "") != "*" {
			s.t.Errorf("%s %s: header %s is %q, want %q", r.method, s.masked(r.target), name, have, want)
		}
	}
	if r.answer != "" {
		s.compareBody(r, got.body)
	}
	if strings.Contains(r.target, "/auditlogs") {
		s.audit.WriteString(got.body)
	}
	if r.isForAPI() {
		s.holdAgainstDocument(r, got)
	}
}

// isForAPI is true of requests to a.test, where everything that the document describes is served.
func (r request) isForAPI() bool {
	return r.header.Get("Host") == "" && (strings.HasPrefix(r.target, "/") || strings.HasPrefix(r.target, "https://a.test/"))
}

// send asks once, or until the status comes. Asking is the waiting.
func (s *stage) send(r request) reply {
	s.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		got, err := s.client.ask(r)
		s.must(err)
		there := got.status == r.status && strings.Contains(got.body, r.once)
		if !r.soon || there || time.Now().After(deadline) {
			return got
		}
	}
}

func (s *stage) compareBody(r request, body string) {
	s.t.Helper()
	var want, got any
	if json.Unmarshal([]byte(r.answer), &want) != nil {
		if text := strings.TrimSuffix(strings.ReplaceAll(body, "\r\n", "\n"), "\n"); !s.matchText("the body", r.answer, text) {
			s.t.Errorf("%s %s: got %q", r.method, s.masked(r.target), s.masked(text))
		}
		return
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		s.t.Errorf("%s %s: %q is not JSON", r.method, s.masked(r.target), s.masked(body))
		return
	}
	if !s.match("", want, got) {
		s.t.Errorf("%s %s: got %s", r.method, s.masked(r.target), s.masked(body))
	}
}
