package attacktest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

// owner stands behind every token of the corpus, so it is what X-Remote-User must say.
const owner = "alice@example.com"

// siege is a gateway under attack, and the tokens that the attacker has got hold of.
type siege struct {
	*moduletest.Gate
	t       *testing.T
	tokens  map[string]string // text by name
	ids     map[string]string // identifier by name
	replace *strings.Replacer
	logRead int // bytes of the log that were read already
}

// besiege starts the gateway of testdata/Caddyfile. Options of the global servers block and a cache block may be empty.
func besiege(t *testing.T, servers, cache string) *siege {
	t.Helper()
	caddyfile, err := os.ReadFile("testdata/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	s := &siege{t: t, tokens: map[string]string{}, ids: map[string]string{}}
	s.Gate = moduletest.Start(t, strings.NewReplacer("{SERVER}", servers, "{CACHE}", cache).Replace(string(caddyfile)))
	s.mint("R", "read")
	s.mint("W", "write")
	s.mint("A", "admin")
	s.mint("X", "admin")
	s.Disable(s.ids["X"])
	s.mintExpired("E", "admin")
	var pairs []string
	for name, text := range s.tokens {
		pairs = append(pairs, "{"+name+"}", "Api-Token "+text, "{"+name+":text}", text)
	}
	s.replace = strings.NewReplacer(pairs...)
	return s
}

func (s *siege) mint(name, scope string) {
	s.t.Helper()
	s.ids[name], s.tokens[name] = s.MintScopes(scope)
}

// mintExpired issues a token yesterday that ended an hour later.
func (s *siege) mintExpired(name, scope string) {
	s.t.Helper()
	a := s.Administration()
	defer a.Close()
	formats, err := tokens.NewFormats()
	if err != nil {
		s.t.Fatal(err)
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	service := tokens.NewService(tokens.ServiceConfig{
		Store: a.Store, Formats: formats, Scopes: a.Scopes, Now: func() time.Time { return yesterday },
	})
	created, err := service.Create(s.t.Context(), "test", tokens.CreateRequest{Attributes: tokens.Attributes{
		Name: "test", Owner: owner, Environment: a.Environment, Scopes: []string{scope}, Expires: yesterday.Add(time.Hour),
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.ids[name], s.tokens[name] = created.Record.ID, created.Secret.Reveal()
}

// reply is an answer in either protocol.
type reply struct {
	status int
	header http.Header
	body   string
	reset  string
}

func (r reply) String() string {
	if r.reset != "" {
		return "reset " + r.reset
	}
	return fmt.Sprintf("%d %.300q", r.status, r.body)
}

// probe is a request that is always let through. Sent after an attack on the same connection, its answer is the next
// one, unless the attack has smuggled a request of its own in.
const probe = "GET /public/probe HTTP/1.1\r\nHost: a.test\r\n\r\n"

// http1 sends a request on a connection of its own. Where the server keeps that open, exactly the answer to a probe must
// follow: the connection and the gateway agree on where the request ended.
func (s *siege) http1(request string) reply {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, s.replace.Replace(request)); err != nil {
		s.t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	buffered := bufio.NewReader(conn)
	first := s.readReply(buffered, method)
	if _, err := io.WriteString(conn, probe); err != nil {
		return first
	}
	second, err := http.ReadResponse(buffered, nil)
	if err != nil {
		return first // closed, so nothing can follow
	}
	if body, err := io.ReadAll(second.Body); err != nil || second.StatusCode != http.StatusOK || string(body) != "upstream" {
		s.t.Errorf("after the attack, a probe was answered %d %.200q (%v)", second.StatusCode, body, err)
	}
	return first
}

func (s *siege) readReply(from *bufio.Reader, method string) reply {
	s.t.Helper()
	response, err := http.ReadResponse(from, &http.Request{Method: method})
	if err != nil {
		s.t.Fatalf("no answer: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		s.t.Errorf("the answer's body: %v", err)
	}
	return reply{status: response.StatusCode, header: response.Header, body: string(body)}
}

// http2 sends a request as frames.
func (s *siege) http2(fields []hpack.HeaderField, body string) reply {
	s.t.Helper()
	sent := make([]hpack.HeaderField, len(fields))
	for i, field := range fields {
		sent[i] = hpack.HeaderField{Name: field.Name, Value: s.replace.Replace(field.Value)}
	}
	a := s.HTTP2("a.test", sent, body)
	return reply{a.Status, a.Header, a.Body, a.Reset}
}

// received is what reached the upstream, probes aside.
func (s *siege) received() []moduletest.Request {
	var list []moduletest.Request
	for _, r := range s.Upstream.Seen() {
		if r.RequestURI != "/public/probe" {
			list = append(list, r)
		}
	}
	return list
}

// decision is an entry of the decision log.
type decision struct {
	Logger string `json:"logger"`
	Msg    string `json:"msg"`
	ID     string `json:"decision_id"`
	Reason string `json:"reason"`
	Method string `json:"method"`
	Host   string `json:"host"`
	Path   string `json:"path"`
}

// decisions gives the entries of the decision log since the last call, by identifier. Refusals are sampled, so one may
// be missing; what was allowed is all there.
func (s *siege) decisions() map[string]decision {
	s.t.Helper()
	logs := s.Logs()
	fresh := logs[s.logRead:]
	s.logRead += strings.LastIndexByte(fresh, '\n') + 1
	found := map[string]decision{}
	for line := range strings.Lines(fresh) {
		var d decision
		if strings.Contains(line, `"http.log.doorward"`) && json.Unmarshal([]byte(line), &d) == nil {
			found[d.ID] = d
		}
	}
	return found
}

// checkNoSecrets looks for the secret part of every token.
func (s *siege) checkNoSecrets(where, text string) {
	s.t.Helper()
	for name, token := range s.tokens {
		if secret := token[strings.LastIndexByte(token, '.')+1:]; strings.Contains(text, secret) {
			s.t.Errorf("%s has the secret of token %s", where, name)
		}
	}
}
