// Package moduletest runs a whole gateway for tests: Caddy with a Caddyfile, a real store, and a real upstream that
// notes what reaches it. Caddy runs once per process, so tests that use it do not run in parallel.
package moduletest

import (
	"bytes"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // the modules that a Caddyfile may name

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/tokens"
)

// Gate is a running gateway.
type Gate struct {
	Addr      string         // host:port of the first site
	TLSAddr   string         // host:port for a site with TLS, free until the Caddyfile uses it
	Upstream  *Upstream      // where the Caddyfile's {UPSTREAM} is
	Folder    string         // the test's own folder; the store is in it, and cert.pem and key.pem for a.test
	Authority *x509.CertPool // by which that certificate can be trusted

	Config []byte // the one that was loaded last, in JSON
	loads  int    // configs that were loaded, or tried
	t      testing.TB
}

// Start runs the Caddyfile until the test ends. In it, {SITE} (a site for every host name), {ADDR}, {TLS_ADDR}, {PORT},
// {TLS_PORT} (of the same addresses, for sites with a name), {UPSTREAM}, {STORE}, {LOG} and {FOLDER} stand for addresses
// and paths of this test; {LOG} is the file that Logs reads. The global options must hold
// `admin off` and `default_bind 127.0.0.1`.
func Start(t testing.TB, caddyfile string) *Gate {
	t.Helper()
	g := &Gate{Upstream: NewUpstream(t), Folder: t.TempDir(), Addr: freeAddr(t), TLSAddr: freeAddr(t), t: t}
	g.Authority = writeCertificate(t, g.Folder)
	g.Load(caddyfile)
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	return g
}

// Load replaces the running config, as a reload does, and fails the test where that fails.
func (g *Gate) Load(caddyfile string) {
	g.t.Helper()
	if err := g.TryLoad(caddyfile); err != nil {
		g.t.Fatalf("loading: %v", err)
	}
}

// TryLoad is Load for configs that are expected to fail.
func (g *Gate) TryLoad(caddyfile string) error {
	g.t.Helper()
	config, err := g.adapt(caddyfile)
	if err != nil {
		return err
	}
	g.Config = config
	g.loads++
	return caddy.Load(config, true)
}

// Adapt gives the JSON of a Caddyfile of this test.
func (g *Gate) adapt(caddyfile string) ([]byte, error) {
	_, port, _ := net.SplitHostPort(g.Addr)
	_, tlsPort, _ := net.SplitHostPort(g.TLSAddr)
	text := strings.NewReplacer("{ADDR}", g.Addr, "{SITE}", "http://:"+port, "{PORT}", port, "{TLS_PORT}", tlsPort, "{TLS_ADDR}", g.TLSAddr, "{UPSTREAM}", g.Upstream.Addr(),
		"{STORE}", filepath.Join(g.Folder, "doorward.db"), "{LOG}", g.logFile(), "{FOLDER}", g.Folder).Replace(caddyfile)
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
	return config, err
}

func (g *Gate) logFile() string { return filepath.Join(g.Folder, "gate.log") }

// Logs is everything that was logged to {LOG} so far.
func (g *Gate) Logs() string {
	g.t.Helper()
	text, err := os.ReadFile(g.logFile())
	if err != nil && !os.IsNotExist(err) {
		g.t.Fatal(err)
	}
	return string(text)
}

// Administration opens the gate's store a second time, as the command line does.
func (g *Gate) Administration() *module.Administration {
	g.t.Helper()
	a, err := module.OpenAdministration(g.t.Context(), module.AdministrationOptions{Config: g.Config})
	if err != nil {
		g.t.Fatal(err)
	}
	return a
}

// Mint issues a token and gives its identifier and its text. The default environment fills an empty one. Personal tokens are
// switched on where one is asked for.
func (g *Gate) Mint(prefix string, attributes tokens.Attributes) (id, text string) {
	g.t.Helper()
	a := g.Administration()
	defer func() { _ = a.Close() }()
	if attributes.Name == "" {
		attributes.Name = "test"
	}
	if attributes.Environment == "" {
		attributes.Environment = a.Environment
	}
	if attributes.Personal {
		g.allowPersonalTokens(a, attributes.Environment)
	}
	created, err := a.Tokens.Create(g.t.Context(), "test", tokens.CreateRequest{Attributes: attributes, Prefix: prefix})
	if err != nil {
		g.t.Fatal(err)
	}
	return created.Record.ID, created.Secret.Reveal()
}

// allowPersonalTokens switches them on, where they are off, and waits until the gate has heard of it.
func (g *Gate) allowPersonalTokens(a *module.Administration, environment string) {
	g.t.Helper()
	before, err := a.Tokens.Settings(g.t.Context(), environment)
	if err != nil || before.PersonalTokens {
		if err != nil {
			g.t.Fatal(err)
		}
		return
	}
	if err := a.Tokens.SetPersonalTokens(g.t.Context(), "test", environment, true); err != nil {
		g.t.Fatal(err)
	}
	probe := tokens.Attributes{Name: "probe", Owner: "probe@example.com", Environment: environment, Personal: true}
	for _, s := range a.Scopes.All() {
		if s.Personal && s.Creatable {
			probe.Scopes = []string{s.Value}
		}
	}
	if probe.Scopes == nil {
		return // there are no personal tokens here at all
	}
	created, err := a.Tokens.Create(g.t.Context(), "test", tokens.CreateRequest{Attributes: probe})
	if err != nil {
		g.t.Fatal(err)
	}
	g.awaitTaken(created.Secret.Reveal())
	if err := a.Tokens.Delete(g.t.Context(), "test", created.Record.ID); err != nil {
		g.t.Fatal(err)
	}
}

// awaitTaken waits until the gate has heard that tokens like this one are taken now.
func (g *Gate) awaitTaken(text string) {
	g.t.Helper()
	request := "GET /moduletest HTTP/1.1\r\nHost: a.test\r\nAuthorization: Api-Token " + text + "\r\nConnection: close\r\n\r\n"
	for range 200 {
		if answer := g.Raw(request); !strings.HasPrefix(answer, "HTTP/1.1 401") {
			return
		}
		time.Sleep(10 * time.Millisecond) // the gate tells nobody when it has heard
	}
	g.t.Fatal("personal tokens are still refused")
}

// MintScopes issues an access token for the default environment with these scopes.
func (g *Gate) MintScopes(scopes ...string) (id, text string) {
	g.t.Helper()
	return g.Mint("", tokens.Attributes{Scopes: scopes, Owner: "alice@example.com"})
}

// Disable switches a token off from outside the gate's process view: through the store.
func (g *Gate) Disable(id string) {
	g.t.Helper()
	a := g.Administration()
	defer func() { _ = a.Close() }()
	if err := a.Tokens.SetEnabled(g.t.Context(), "test", id, false); err != nil {
		g.t.Fatal(err)
	}
}

// Raw sends bytes as they are and gives back everything that is answered until the connection ends or nothing more
// comes for a while. After a reload it tries again where nothing was answered: Caddy's listeners share their port, and
// the kernel resets a connection that waits at the old one when that is closed.
func (g *Gate) Raw(request string) string {
	g.t.Helper()
	for attempt := 1; ; attempt++ {
		answer, err := g.exchange(request)
		if answer != "" || attempt == rawAttempts || g.loads < 2 && err == nil {
			if answer == "" && err != nil {
				g.t.Fatal(err)
			}
			return answer
		}
	}
}

const rawAttempts = 4

func (g *Gate) exchange(request string) (string, error) {
	conn, err := new(net.Dialer).DialContext(g.t.Context(), "tcp", g.Addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(request)); err != nil {
		return "", err
	}
	return readUntilQuiet(conn), nil
}

// readUntilQuiet reads an answer. Requests that ask for `Connection: close` end at once; others after a second.
func readUntilQuiet(conn net.Conn) string {
	var answer bytes.Buffer
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	buffer := make([]byte, 32<<10)
	for {
		n, err := conn.Read(buffer)
		answer.Write(buffer[:n])
		if err != nil {
			return answer.String()
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	}
}

// freeAddr finds a port that nobody listens on.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
