package doorwardcmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/remote/notify"
	"github.com/doorward/doorward/remote/notify/smtptest"
)

// The secrets of the stories. None of them may be found anywhere afterwards.
const (
	mailPassword  = "correct horse battery staple"
	webhookSecret = "the chat and the gateway know this, and nobody else"
)

// remoteGateway is a running gateway with mails to two administrators and one webhook.
type remoteGateway struct {
	t    *testing.T
	dir  string
	url  string
	mail *smtptest.Server
	chat *chat

	running *exec.Cmd
	log     lockedBuffer
	secrets []string // that were shown once
}

const remoteCaddyfile = `{
	admin off
	persist_config off
	default_bind 127.0.0.1
	doorward {
		store sqlite s.db
		remote_access {
			setting approved
			ticket SUP-[0-9]+
			mail {
				server {MAIL}
				user doorward
				password_file mail.password
				ca_file mail.pem
				from doorward@example.com
				to ann@example.com katie@example.com
			}
			webhook chat {CHAT} {
				secret_file chat.secret
			}
		}
	}
}

http://{GATEWAY} {
	doorward
	doorward_api
	reverse_proxy {UPSTREAM}
}
`

// startRemoteGateway runs the binary. The mail server has its address already; whether it answers there is the story's
// business.
func startRemoteGateway(t *testing.T, mail *smtptest.Server) *remoteGateway {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "upstream") }))
	t.Cleanup(upstream.Close)
	address := unusedAddress(t)
	g := &remoteGateway{t: t, dir: t.TempDir(), url: "http://" + address, mail: mail, chat: newChat(t)}
	g.write("Caddyfile", strings.NewReplacer("{MAIL}", mail.Addr, "{CHAT}", g.chat.url, "{GATEWAY}", address,
		"{UPSTREAM}", upstream.Listener.Addr().String()).Replace(remoteCaddyfile))
	g.write("mail.password", mailPassword+"\n")
	g.write("chat.secret", webhookSecret+"\n")
	g.write("mail.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate(t)})))
	// The gateway outlives the context of the test, so that it can be ended as an operator does.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*time.Minute)
	t.Cleanup(cancel)
	g.running = exec.CommandContext(ctx, "doorward", "run")
	g.running.Dir, g.running.Env, g.running.Stderr = g.dir, append(os.Environ(), "HOME="+g.dir, "XDG_DATA_HOME="+g.dir), &g.log
	if err := g.running.Start(); err != nil {
		t.Fatal(err)
	}
	awaitRefusal(t, g.url+"/api/v2/apiTokens")
	t.Cleanup(g.stop)
	return g
}

// certificate is that of every server of this package's tests.
func certificate(t *testing.T) []byte {
	t.Helper()
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	return web.Certificate().Raw
}

// stop ends the gateway. Attack: a secret is found where it was left behind. Invariant: the log and the store have none.
func (g *remoteGateway) stop() {
	g.t.Helper()
	if err := g.running.Process.Signal(syscall.SIGTERM); err != nil {
		g.t.Error(err)
	}
	if err := g.running.Wait(); err != nil {
		g.t.Errorf("the gateway ended with %v", err)
	}
	places := map[string]string{"the log": g.log.String()}
	files, _ := filepath.Glob(filepath.Join(g.dir, "s.db*"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			g.t.Error(err)
		}
		places[filepath.Base(file)] = string(text)
	}
	for place, text := range places {
		for i, secret := range slices.Concat(g.secrets, []string{mailPassword, webhookSecret}) {
			if strings.Contains(text, secret) {
				g.t.Errorf("%s has secret %d", place, i)
			}
		}
	}
	if len(places) < 2 {
		g.t.Error("the store was not found")
	}
}

func (g *remoteGateway) write(name, text string) {
	g.t.Helper()
	if err := os.WriteFile(filepath.Join(g.dir, name), []byte(text), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// doorward runs a command beside the gateway and gives its output.
func (g *remoteGateway) doorward(args ...string) string {
	g.t.Helper()
	command := docsCommand(g.t, g.dir, "doorward", args...)
	var remarks strings.Builder
	command.Stderr = &remarks
	out, err := command.Output()
	if err != nil {
		g.t.Fatalf("doorward %s: %v\n%s", strings.Join(args, " "), err, anySecret.ReplaceAllString(remarks.String(), "***"))
	}
	return string(out)
}

// token makes one, and remembers its secret.
func (g *remoteGateway) token(args ...string) string {
	g.t.Helper()
	text := strings.TrimSpace(g.doorward(append([]string{"token", "create"}, args...)...))
	g.secrets = append(g.secrets, text[strings.LastIndexByte(text, '.')+1:])
	return text
}

// staff makes the token of a member of the support staff.
func (g *remoteGateway) staff(user string) string {
	g.t.Helper()
	return g.token("--staff", "--name", "support", "--owner", user, "--scope", "metrics.read")
}

// call sends a request and gives the status and the body of the answer.
func (g *remoteGateway) call(method, url, token, body string) (int, string) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Api-Token "+token)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(answer)
}

// ask asks for access as staff do, and gives the identifier of the request.
func (g *remoteGateway) ask(token, reason string) string {
	g.t.Helper()
	body, err := json.Marshal(map[string]any{"role": "devops-viewer", "requestedDays": 2, "reason": reason})
	if err != nil {
		g.t.Fatal(err)
	}
	status, answer := g.call(http.MethodPost, g.url+"/api/doorward/v1/remoteAccess/ownRequests", token, string(body))
	var request struct{ RequestID, State string }
	if err := json.Unmarshal([]byte(answer), &request); err != nil || status != http.StatusCreated || request.State != "PENDING" {
		g.t.Fatalf("%d %s, %v", status, answer, err)
	}
	return request.RequestID
}

// inStore works on the gateway's store, as another process does.
func (g *remoteGateway) inStore(work func(context.Context, store.Store) error) {
	g.t.Helper()
	s, err := store.Open(g.t.Context(), "sqlite:"+filepath.Join(g.dir, "s.db"), store.Options{})
	if err != nil {
		g.t.Fatal(err)
	}
	defer s.Close()
	if err := work(g.t.Context(), s); err != nil {
		g.t.Fatal(err)
	}
}

// await looks until something has happened in another process.
func await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !happened(); time.Sleep(20 * time.Millisecond) { // nobody tells
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
	}
}

// lockedBuffer is written by one goroutine and read by another.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// chat is a program that takes webhooks, and only those that are signed.
type chat struct {
	url string

	mu     sync.Mutex
	events []string // "event: user, state"
}

func newChat(t *testing.T) *chat {
	t.Helper()
	c := new(chat)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = notify.Verify(notify.NewSecret(webhookSecret), r.Header.Get("Doorward-Timestamp"), r.Header.Get("Doorward-Signature"), body, time.Now())
		}
		var event struct{ Event, UserID, State string }
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err != nil {
			t.Errorf("a webhook that is not good: %v", err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.events = append(c.events, fmt.Sprintf("%s: %s, %s", event.Event, event.UserID, event.State))
	}))
	t.Cleanup(server.Close)
	c.url = server.URL + "/hook"
	return c
}

// heard are the webhooks so far.
func (c *chat) heard() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.events)
}
