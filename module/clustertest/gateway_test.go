package clustertest_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// gateway is one process.
type gateway struct {
	t              testing.TB
	name           string
	folder         string
	address, admin string
	proxy          *proxy // between it and the server
	client         *http.Client
	caddyfile      string

	process *exec.Cmd
	ended   chan struct{} // closed when the process has ended
}

// newGateway writes the Caddyfile of a gateway and starts nothing yet.
func (c *cluster) newGateway(name string) *gateway {
	c.t.Helper()
	g := &gateway{t: c.t, name: name, folder: c.t.TempDir(), address: unusedAddress(c.t), admin: unusedAddress(c.t)}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext}
	c.t.Cleanup(transport.CloseIdleConnections)
	g.client = &http.Client{Transport: transport, Timeout: 30 * time.Second}
	dsn := c.options.direct
	switch {
	case dsn != "":
	case c.options.both > 0:
		dsn = withStandby(c.t, c.dsn, c.options.both)
	default:
		g.proxy = newProxy(c.t, fmt.Sprint("127.0.0.1:", c.server.Port))
		dsn = throughProxy(c.t, c.dsn, g.proxy, c.options.parameters)
	}
	g.caddyfile = filepath.Join(g.folder, "Caddyfile")
	_, port, _ := net.SplitHostPort(g.address)
	text, err := os.ReadFile("testdata/Caddyfile")
	must(c.t, err)
	must(c.t, os.WriteFile(g.caddyfile, []byte(strings.NewReplacer(
		"{ADMIN}", g.admin, "{PORT}", port, "{LOG}", cmp.Or(c.options.log, "file "+g.log()), "{DSN}", dsn, "{KEY}", c.key, "{UPSTREAM}", c.upstream,
		"{LIFETIME}", c.options.lifetime.String(), "{STALE_FOR}", c.options.staleFor.String(),
	).Replace(string(text))), 0o600))
	return g
}

// withStandby names two servers.
func withStandby(t testing.TB, dsn string, port int) string {
	t.Helper()
	u, err := url.Parse(dsn)
	must(t, err)
	return strings.Replace(dsn, "@"+u.Host, fmt.Sprintf("@%s,127.0.0.1:%d", u.Host, port), 1) + "&target_session_attrs=read-write"
}

func databaseOf(t testing.TB, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	must(t, err)
	return strings.TrimPrefix(u.Path, "/")
}

func throughProxy(t testing.TB, dsn string, p *proxy, parameters map[string]string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	must(t, err)
	u.Host = p.address()
	query := u.Query()
	for name, value := range parameters {
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func (g *gateway) log() string { return filepath.Join(g.folder, "log") }

// command runs the binary in the folder of the gateway.
func (g *gateway) command(arguments ...string) *exec.Cmd {
	path, err := built()
	if err != nil {
		g.t.Error(err)
	}
	c := exec.Command(path, arguments...) //nolint:noctx,gosec // it is our own binary; whoever starts it ends it
	c.Dir, c.Env = g.folder, append(os.Environ(), "HOME="+g.folder, "XDG_DATA_HOME="+g.folder, "GOMAXPROCS=2")
	return c
}

// start runs the gateway and returns when it is ready. It ends with the test. It may be called by several goroutines at once, so it
// reports what fails and goes on.
func (g *gateway) start() {
	process, ended := g.command("run", "--config", g.caddyfile), make(chan struct{})
	out, err := os.OpenFile(filepath.Join(g.folder, "output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		g.t.Error(err)
		return
	}
	defer out.Close()
	process.Stdout, process.Stderr = out, out
	if err := process.Start(); err != nil {
		g.t.Error(err)
		return
	}
	go func() {
		_ = process.Wait() // killed, mostly
		close(ended)
	}()
	g.process, g.ended = process, ended
	g.t.Cleanup(func() { kill(process, ended) })
	for giveUp := time.Now().Add(60 * time.Second); time.Now().Before(giveUp); {
		if r, err := g.readiness(); err == nil && r.Ready {
			return
		}
		select {
		case <-ended:
			g.t.Errorf("gateway %s has ended: %s", g.name, g.said())
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
	g.t.Errorf("gateway %s is not ready: %s", g.name, g.said())
}

// said is the end of what the process has written.
func (g *gateway) said() string {
	text, _ := os.ReadFile(filepath.Join(g.folder, "output"))
	logged, _ := os.ReadFile(g.log())
	return string(text[max(0, len(text)-2000):]) + string(logged[max(0, len(logged)-2000):])
}

// kill ends the process as the operating system does that runs out of memory.
func (g *gateway) kill() { kill(g.process, g.ended) }

func kill(process *exec.Cmd, ended <-chan struct{}) {
	_ = process.Process.Signal(syscall.SIGKILL)
	<-ended
}

// answer is what a gateway has said, and when it was asked and had answered.
type answer struct {
	status         int
	header         http.Header
	body           string
	sent, received time.Time
}

// call is one request; method is GET where it has no body, and POST where it has.
type call struct{ method, path, token, body string }

// ask sends one request. A gateway that cannot be reached is status 0.
func (g *gateway) ask(c call) answer {
	method := http.MethodGet
	if c.body != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(g.t.Context(), cmp.Or(c.method, method), "http://"+g.address+c.path, strings.NewReader(c.body))
	if err != nil {
		return answer{body: err.Error()}
	}
	if c.token != "" {
		request.Header.Set("Authorization", scheme(c.token)+" "+c.token)
	}
	if c.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	a := answer{sent: time.Now()}
	response, err := g.client.Do(request)
	if err != nil {
		a.body, a.received = err.Error(), time.Now()
		return a
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	a.received = time.Now()
	if err != nil {
		a.body = err.Error()
		return a
	}
	a.status, a.header, a.body = response.StatusCode, response.Header, string(text)
	return a
}

func scheme(token string) string {
	if strings.HasPrefix(token, "dt0") {
		return "Api-Token"
	}
	return "Bearer"
}

// plain asks for what needs nothing but a good token.
func (g *gateway) plain(token string) answer { return g.ask(call{path: "/plain", token: token}) }

// readiness is what the probe says.
type readiness struct {
	Ready    bool     `json:"ready"`
	Problems []string `json:"problems"`
	Revision int64    `json:"revision"`
	Store    struct {
		Up bool `json:"up"`
	} `json:"store"`
	status int
}

func (r readiness) says(words string) bool {
	return strings.Contains(strings.Join(r.Problems, "\n"), words)
}

func (g *gateway) readiness() (r readiness, err error) {
	request, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, "http://"+g.admin+"/doorward/ready", nil)
	if err != nil {
		return r, err
	}
	response, err := g.client.Do(request)
	if err != nil {
		return r, err
	}
	defer response.Body.Close()
	r.status = response.StatusCode
	return r, json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&r)
}

func unusedAddress(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}
