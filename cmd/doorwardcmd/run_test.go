package doorwardcmd_test

import (
	"context"
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

// TestRunAndReload runs the binary as an operator does: `run` with a Caddyfile, a token from the command line, `reload`
// with another Caddyfile, and a signal at the end.
func TestRunAndReload(t *testing.T) {
	dir := t.TempDir()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "upstream") }))
	defer upstream.Close()
	gateway, admin := unusedAddress(t), unusedAddress(t)
	_, port, _ := net.SplitHostPort(gateway)
	write := func(options string) {
		text := fmt.Sprintf("{\n\tadmin %s\n\tpersist_config off\n\tdefault_bind 127.0.0.1\n\tdoorward {\n\t\tstore sqlite s.db\n\t}\n}\n\nhttp://:%s {\n\tdoorward%s\n\treverse_proxy %s\n}\n",
			admin, port, options, upstream.Listener.Addr())
		if err := os.WriteFile(filepath.Join(dir, "Caddyfile"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := func(args ...string) *exec.Cmd {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		t.Cleanup(cancel)
		c := exec.CommandContext(ctx, "doorward", args...)
		c.Dir, c.Env = dir, append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir)
		return c
	}
	write("")
	running := command("run", "--config", "Caddyfile")
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	call := func(path, token string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+gateway+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Api-Token "+token)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(body)
	}
	awaitStatus(t, http.StatusUnauthorized, func() (int, string) { return call("/api/v2/metrics/query", "") })

	token, err := command("token", "create", "--config", "Caddyfile", "--name", "trial", "--scope", "metrics.read").Output()
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimSpace(string(token))
	awaitStatus(t, http.StatusOK, func() (int, string) { return call("/api/v2/metrics/query", secret) })
	awaitStatus(t, http.StatusForbidden, func() (int, string) { return call("/orders/7", secret) })

	write(" {\n\t\tendpoint GET /orders/{id} metrics.read\n\t}")
	if out, err := command("reload", "--config", "Caddyfile").CombinedOutput(); err != nil {
		t.Fatalf("reload: %v\n%s", err, out)
	}
	awaitStatus(t, http.StatusOK, func() (int, string) { return call("/orders/7", secret) })

	if err := running.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := running.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// awaitStatus asks until the answer is as wanted; what is waited for happens in another process. It pauses in between: who dials a
// port of the system's own range again and again, at which nobody listens yet, is connected to itself in the end, and has the port.
func awaitStatus(t *testing.T, want int, ask func() (int, string)) {
	t.Helper()
	var status int
	var body string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if status, body = ask(); status == want {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("status %d %s, want %d", status, body, want)
}

func unusedAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
