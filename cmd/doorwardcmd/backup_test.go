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

// TestBackupSQLite runs the commands of the documentation as they stand there, but for the folders: a backup while the gateway
// serves, changes after it, a loss, and the restore.
func TestBackupSQLite(t *testing.T) {
	if _, err := exec.LookPath("sqlite3"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	m := newBackedUp(t)
	kept := m.create("kept")
	m.start()
	m.await(kept, http.StatusOK)
	m.documented("backup")
	lost := m.create("lost")
	m.await(lost, http.StatusOK)
	if err := os.WriteFile(m.store(), []byte(strings.Repeat("torn", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}

	m.documented("restore")
	m.await(kept, http.StatusOK)
	m.await(lost, http.StatusUnauthorized) // as of the backup, there is no such token
	for _, file := range []string{m.store(), filepath.Join(m.dir, "backups", "doorward.db")} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want it for the owner alone", file, info, err)
		}
	}
	if _, err := os.Stat(filepath.Join(m.dir, "state", "before", "doorward.db")); err != nil {
		t.Errorf("the torn file is not kept: %v", err)
	}
	m.stop()
}

// backedUp is a gateway whose machine has been given other folders.
type backedUp struct {
	t       *testing.T
	dir     string
	gateway string
	running *exec.Cmd
}

func newBackedUp(t *testing.T) *backedUp {
	t.Helper()
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "upstream") }))
	t.Cleanup(upstream.Close)
	m := &backedUp{t: t, dir: t.TempDir(), gateway: unusedAddress(t)}
	_, port, _ := net.SplitHostPort(m.gateway)
	for _, folder := range []string{"state", "backups", "bin"} {
		if err := os.Mkdir(filepath.Join(m.dir, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	m.write("Caddyfile", fmt.Sprintf("{\n\tadmin off\n\tpersist_config off\n\tdefault_bind 127.0.0.1\n\tdoorward {\n\t\tstore sqlite %s\n\t}\n}\n\n"+
		"http://:%s {\n\tdoorward\n\treverse_proxy %s\n}\n", m.store(), port, upstream.Listener.Addr()), 0o600)
	// Stands for the machine's own: it leaves a word for the test, which runs the gateway, and waits until it was heard.
	m.write("bin/systemctl", "#!/bin/sh\necho \"$1\" >\""+m.dir+"/asked\"\nwhile test -e \""+m.dir+"/asked\"; do sleep 0.02; done\n", 0o700)
	return m
}

func (m *backedUp) store() string { return filepath.Join(m.dir, "state", "doorward.db") }

func (m *backedUp) write(name, text string, mode os.FileMode) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), mode); err != nil {
		m.t.Fatal(err)
	}
}

func (m *backedUp) command(name string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	m.t.Cleanup(cancel)
	c := exec.CommandContext(ctx, name, args...) //nolint:gosec // the test's own words, and the documentation's
	c.Dir, c.Env = m.dir, append(os.Environ(), "HOME="+m.dir, "XDG_DATA_HOME="+m.dir,
		"PATH="+filepath.Join(m.dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	return c
}

func (m *backedUp) create(name string) string {
	m.t.Helper()
	text, err := m.command("doorward", "token", "create", "--config", "Caddyfile", "--name", name, "--scope", "metrics.read").Output()
	if err != nil {
		m.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func (m *backedUp) start() {
	m.t.Helper()
	m.running = m.command("doorward", "run", "--config", "Caddyfile")
	if err := m.running.Start(); err != nil {
		m.t.Fatal(err)
	}
}

func (m *backedUp) stop() {
	m.t.Helper()
	if err := m.running.Process.Signal(syscall.SIGTERM); err != nil {
		m.t.Fatal(err)
	}
	_ = m.running.Wait() // over a torn file it may end with an error
}

func (m *backedUp) await(token string, status int) {
	m.t.Helper()
	awaitStatus(m.t, status, func() (int, string) {
		r, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, "http://"+m.gateway+"/api/v2/metrics/query", nil)
		if err != nil {
			m.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Api-Token "+token)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return response.StatusCode, string(body)
	})
}

// documentedCommands are those of one of the two stores, for its backup or its restore.
func documentedCommands(t *testing.T, store, which string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(page), "\n### "+store+"\n")
	_, block, found := strings.Cut(part, "```sh\n# "+which+"\n")
	commands, _, closed := strings.Cut(block, "```")
	if !found || !closed {
		t.Fatalf("the page does not say how to %s", which)
	}
	return commands
}

// documented runs commands for SQLite, and does for them what systemd would.
func (m *backedUp) documented(which string) {
	m.t.Helper()
	commands := documentedCommands(m.t, "SQLite", which)
	commands = strings.NewReplacer("/var/lib/doorward", filepath.Join(m.dir, "state"), "/var/backups", filepath.Join(m.dir, "backups")).Replace(commands)
	shell := m.command("sh", "-eux", "-c", commands)
	var out lockedBuffer
	shell.Stdout, shell.Stderr = &out, &out
	if err := shell.Start(); err != nil {
		m.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- shell.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				m.t.Fatalf("%s: %v\n%s", which, err, out.String())
			}
			return
		case <-time.After(10 * time.Millisecond):
			m.obey()
		}
	}
}

// obey does what the stand-in of systemctl was asked to do.
func (m *backedUp) obey() {
	m.t.Helper()
	asked := filepath.Join(m.dir, "asked")
	word, err := os.ReadFile(asked)
	if err != nil {
		return
	}
	switch strings.TrimSpace(string(word)) {
	case "stop":
		m.stop()
	case "start":
		m.start()
	default:
		return // not written whole yet
	}
	if err := os.Remove(asked); err != nil {
		m.t.Fatal(err)
	}
}
