package module_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/tokens"
)

const (
	settingsObjects = "/api/v2/settings/objects"
	goodSettings    = `[{"schemaId":"builtin:rule","scope":"environment","value":{}}]`
)

// judging starts a gate where the bodies of one user are judged.
func judging(t *testing.T, options string) (g *moduletest.Gate, token string) {
	t.Helper()
	g = moduletest.Start(t, strings.Replace(plainSite, "store sqlite {STORE}", "store sqlite {STORE}\n\t\t"+options, 1))
	o := newOffice(t, g)
	o.bind(builtIn(t, "Settings Writer"), "IT")
	_, token = g.Mint("", tokens.Attributes{Owner: "it@example.com", Personal: true, Scopes: []string{"settings.read", "settings.write"}})
	answersWith(t, http.StatusOK, write(t, g, token))
	g.Upstream.Seen()
	return g, token
}

func write(t *testing.T, g *moduletest.Gate, token string) func() (*http.Response, string) {
	return func() (*http.Response, string) {
		return moduletest.ParseResponse(t, http.MethodPost, g.Raw(postJSON(settingsObjects, token, goodSettings)))
	}
}

// begin sends a request without the end of its body.
func begin(t *testing.T, g *moduletest.Gate, token string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", g.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	text := postJSON(settingsObjects, token, goodSettings)
	if _, err := io.WriteString(conn, strings.Replace(text[:len(text)-1], "Connection: close\r\n", "", 1)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// Attack: send a body a byte now and then, so that it is held in memory for ever. Invariant: it ends with 408 when its time
// is over, in good order and on a connection that is then closed, and nothing of it has reached the upstream.
func TestSlowBodyEnds(t *testing.T) {
	for name, options := range map[string]string{"its own time": "body_timeout 300ms", "the server's": "body_timeout 1h"} {
		t.Run(name, func(t *testing.T) {
			g, token := judging(t, options)
			if name == "the server's" {
				g.Load(strings.NewReplacer("auto_https off", "auto_https off\n\tservers {\n\t\ttimeouts {\n\t\t\tread_body 300ms\n\t\t}\n\t}",
					"store sqlite {STORE}", "store sqlite {STORE}\n\t\t"+options).Replace(plainSite))
			}
			conn := begin(t, g, token)
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			const want = `{"error":{"code":408,"message":"The body took too long to arrive"}}`
			if response.StatusCode != http.StatusRequestTimeout || string(body) != want || err != nil || !response.Close {
				t.Errorf("%d %s, close %v, %v", response.StatusCode, body, response.Close, err)
			}
			if seen := g.Upstream.Seen(); len(seen) != 0 {
				t.Errorf("the upstream saw %v", seen)
			}
			answersWith(t, http.StatusOK, write(t, g, token))
		})
	}
}

// The deadline of a body is none for what comes after it on the same connection: its answer, and other requests.
func TestBodyDeadlineIsLifted(t *testing.T) {
	g, token := judging(t, "body_timeout 1s")
	g.Upstream.Handler = func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(1200 * time.Millisecond) // longer than the deadline, which would end the request's context
		if r.Context().Err() == nil {
			_, _ = io.WriteString(w, "late")
		}
	}
	conn := begin(t, g, token)
	if _, err := io.WriteString(conn, "]"); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	for range 2 {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(response.Body); response.StatusCode != http.StatusOK || string(body) != "late" || err != nil {
			t.Errorf("%d %s, %v", response.StatusCode, body, err)
		}
		again := strings.Replace(postJSON(settingsObjects, token, goodSettings), "Connection: close\r\n", "", 1)
		if _, err := io.WriteString(conn, again); err != nil {
			t.Fatal(err)
		}
	}
}

// Attack: a thousand clients send bodies that never end. Invariants: others are served meanwhile, those with bodies too; what
// is held is what was sent, and it is given back when the clients go.
func TestSlowBodiesHoldUpNobody(t *testing.T) {
	clients := 1000
	if testing.Short() {
		clients = 50
	}
	g, token := judging(t, "body_timeout 1h")
	gate := module.TheGate(t)
	eventually(t, "the first body is given back", func() bool { return gate.HeldBodies() == 0 })
	slow := make([]net.Conn, clients)
	for i := range slow {
		slow[i] = begin(t, g, token)
	}
	sent := int64(clients * (len(goodSettings) - 1))
	eventually(t, fmt.Sprintf("all of them wait, %d bytes", sent), func() bool { return gate.HeldBodies() == sent })
	for range 20 {
		if response, body := write(t, g, token)(); response.StatusCode != http.StatusOK {
			t.Fatalf("a whole body: %d %s", response.StatusCode, body)
		}
		if response, body := send(t, g, "GET", settingsObjects+"?schemaIds=builtin:rule", "Authorization: Api-Token "+token); response.StatusCode != http.StatusOK {
			t.Fatalf("no body: %d %s", response.StatusCode, body)
		}
	}
	for _, conn := range slow {
		_ = conn.Close()
	}
	eventually(t, "what they sent is given back", func() bool { return gate.HeldBodies() == 0 })
}
