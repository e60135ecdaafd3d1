package doorwardcmd_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const drainCaddyfile = `{
	admin {ADMIN}
	persist_config off
	default_bind 127.0.0.1
	shutdown_delay 1s
	grace_period 3s
	doorward {
		store sqlite s.db
	}
}

http://:{PORT} {
	doorward {
		endpoint GET /work/{kind} metrics.read
	}
	reverse_proxy {UPSTREAM}
}
`

// The delay and the grace period of that Caddyfile.
const (
	drainDelay = time.Second
	drainGrace = 3 * time.Second
)

// A gateway that is told to end says first that it is not ready, still serves who comes while that gets around, finishes what is
// under way, and cuts what would go on for ever.
func TestDrain(t *testing.T) {
	finish := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begun\n")
		_ = http.NewResponseController(w).Flush()
		switch r.URL.Path {
		case "/work/long":
			<-finish
		case "/work/endless":
			<-r.Context().Done()
		}
		_, _ = io.WriteString(w, "done\n")
	}))
	defer upstream.Close()
	d := startDraining(t, upstream.Listener.Addr().String())
	long, endless := d.open("/work/long"), d.open("/work/endless")

	told := time.Now()
	if err := d.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	awaitStatus(t, http.StatusServiceUnavailable, d.ready)
	if _, words := d.ready(); !strings.Contains(words, "the process is ending") {
		t.Errorf("not ready with %q", words)
	}
	if answer := d.rest(d.open("/work/short")); answer != "done\n" {
		t.Errorf("a request that came before the gateway was known to end got %q", answer)
	}
	d.awaitClosed()
	if after := time.Since(told); after < drainDelay {
		t.Errorf("nobody was let in after %v, want %v at least", after, drainDelay)
	}

	close(finish)
	if answer := d.rest(long); answer != "done\n" {
		t.Errorf("what was under way ended with %q", answer)
	}
	if answer := d.rest(endless); answer == "done\n" {
		t.Error("what goes on for ever has ended by itself")
	}
	if after := time.Since(told); after < drainDelay+drainGrace {
		t.Errorf("it was cut after %v, want %v at least", after, drainDelay+drainGrace)
	}
	if err := d.process.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// draining is a gateway that will be told to end.
type draining struct {
	t              *testing.T
	process        *exec.Cmd
	gateway, admin string
	token          string
}

func startDraining(t *testing.T, upstream string) *draining {
	t.Helper()
	d := &draining{t: t, gateway: unusedAddress(t), admin: unusedAddress(t)}
	_, port, _ := net.SplitHostPort(d.gateway)
	dir := t.TempDir()
	text := strings.NewReplacer("{ADMIN}", d.admin, "{PORT}", port, "{UPSTREAM}", upstream).Replace(drainCaddyfile)
	if err := os.WriteFile(filepath.Join(dir, "Caddyfile"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) *exec.Cmd {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		t.Cleanup(cancel)
		c := exec.CommandContext(ctx, "doorward", args...)
		c.Dir, c.Env = dir, append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir)
		return c
	}
	made, err := command("token", "create", "--config", "Caddyfile", "--name", "trial", "--scope", "metrics.read").Output()
	if err != nil {
		t.Fatal(err)
	}
	d.token = strings.TrimSpace(string(made))
	d.process = command("run")
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	awaitStatus(t, http.StatusOK, d.ready)
	return d
}

// ready asks the readiness probe.
func (d *draining) ready() (int, string) {
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, "http://"+d.admin+"/doorward/ready", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

// open sends a request on a connection of its own, and returns when its answer has begun.
func (d *draining) open(path string) *bufio.Reader {
	d.t.Helper()
	client, err := new(net.Dialer).DialContext(d.t.Context(), "tcp", d.gateway)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { client.Close() })
	_ = client.SetDeadline(time.Now().Add(30 * time.Second))
	fmt.Fprintf(client, "GET %s HTTP/1.0\r\nHost: %s\r\nAuthorization: Api-Token %s\r\n\r\n", path, d.gateway, d.token)
	answer := bufio.NewReader(client)
	status, err := answer.ReadString('\n')
	if err != nil || !strings.Contains(status, " 200 ") {
		d.t.Fatalf("%q, %v; want 200", status, err)
	}
	for line := ""; line != "begun\n"; {
		if line, err = answer.ReadString('\n'); err != nil {
			d.t.Fatal(err)
		}
	}
	return answer
}

// rest is what comes after the beginning, until the connection ends in whatever way.
func (d *draining) rest(answer *bufio.Reader) string {
	d.t.Helper()
	text, err := io.ReadAll(answer)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		d.t.Fatal("the connection goes on")
	}
	return string(text)
}

// awaitClosed returns when nobody is let in any more.
func (d *draining) awaitClosed() {
	d.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		client, err := new(net.Dialer).DialContext(d.t.Context(), "tcp", d.gateway)
		if err != nil {
			return
		}
		client.Close()
	}
	d.t.Fatal("the gateway still listens")
}
