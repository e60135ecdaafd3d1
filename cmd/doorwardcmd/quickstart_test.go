package doorwardcmd_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/module/store"
)

// trial is a running `doorward quickstart`.
type trial struct {
	process *exec.Cmd
	out     io.Reader
	log     *bytes.Buffer // read it after wait only
	banner  string
	tries   []string // the four curl lines
	gateway string   // host and port
}

var (
	anySecret   = regexp.MustCompile(`[A-Z2-7]{64}`)
	tokenLine   = regexp.MustCompile(`(?m)^dt0c01\.[A-Z2-7]{24}\.[A-Z2-7]{64}$`)
	quotedToken = regexp.MustCompile(`dt0c01\.[A-Z2-7]{24}\.[A-Z2-7]{64}`)
	createLine  = regexp.MustCompile(`(?m)^export DOORWARD_TOKEN=\$\((.*)\)$`)
	address     = regexp.MustCompile(`gateway +http://(\S+)`)
)

// startTrial starts one and returns when the banner is complete.
func startTrial(t *testing.T, dir string) *trial {
	t.Helper()
	q := launchTrial(t, dir)
	q.await(t)
	return q
}

// launchTrial starts one on a free port, with the folder "data" in dir.
func launchTrial(t *testing.T, dir string) *trial {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	process := exec.CommandContext(ctx, "doorward", "quickstart", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0")
	process.Dir = dir
	process.Env = append(os.Environ(), "HOME="+filepath.Join(dir, "home"))
	q := &trial{process: process, log: new(bytes.Buffer)}
	process.Stderr = q.log
	var err error
	if q.out, err = process.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	return q
}

// await reads the banner up to its last line to try.
func (q *trial) await(t *testing.T) {
	t.Helper()
	lines := bufio.NewScanner(q.out)
	for len(q.tries) < 4 && lines.Scan() {
		q.banner += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "curl ") {
			q.tries = append(q.tries, lines.Text())
		}
	}
	if len(q.tries) < 4 {
		t.Fatalf("ended (%v) with the banner\n%s\nand the log\n%s", q.process.Wait(), q.banner, q.log)
	}
	q.gateway = address.FindStringSubmatch(q.banner)[1]
}

// stop sends a signal, waits for the end, and returns the exit code, -1 for the signal itself.
func (q *trial) stop(t *testing.T, signal os.Signal) int {
	t.Helper()
	if err := q.process.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	_ = q.process.Wait() // the exit code says it all
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("took %s to end", took)
	}
	if anySecret.Match(q.log.Bytes()) {
		t.Errorf("a secret is in the log:\n%s", q.log)
	}
	return q.process.ProcessState.ExitCode()
}

// try runs the curl lines as they are and returns their status codes and answers.
func (q *trial) try(t *testing.T, token string) (statuses [4]int, answers [4]string) {
	t.Helper()
	for i, line := range q.tries {
		statuses[i], answers[i] = runTry(t, line, token)
	}
	return statuses, answers
}

func runTry(t *testing.T, line, token string) (int, string) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		return requestTry(t, line, token)
	}
	curl := exec.CommandContext(t.Context(), "sh", "-c", line)
	curl.Env = append(os.Environ(), "DOORWARD_TOKEN="+token)
	out, err := curl.Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	status := 0
	if _, err := fmt.Sscanf(string(out), "HTTP/1.1 %d", &status); err != nil {
		t.Fatalf("%s: %v in\n%s", line, err, out)
	}
	return status, string(out)
}

var (
	tryURL    = regexp.MustCompile(`'(http://[^']+)'`)
	tryHeader = regexp.MustCompile(`"Authorization: ([^"]+)"`)
	tryBody   = regexp.MustCompile(`-d '([^']+)'`)
)

// requestTry does what curl would, where there is none.
func requestTry(t *testing.T, line, token string) (int, string) {
	t.Helper()
	method, body := http.MethodGet, ""
	if found := tryBody.FindStringSubmatch(line); found != nil {
		method, body = http.MethodPost, found[1]
	}
	r, err := http.NewRequestWithContext(t.Context(), method, tryURL.FindStringSubmatch(line)[1], strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header := tryHeader.FindStringSubmatch(line); header != nil {
		r.Header.Set("Authorization", strings.ReplaceAll(header[1], "$DOORWARD_TOKEN", token))
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

var (
	asPromised = [4]int{http.StatusUnauthorized, http.StatusOK, http.StatusCreated, http.StatusForbidden}
	asReader   = [4]int{http.StatusUnauthorized, http.StatusOK, http.StatusForbidden, http.StatusForbidden}
)

func TestQuickstart(t *testing.T) {
	dir := t.TempDir()

	first := startTrial(t, dir)
	token := tokenLine.FindString(first.banner)
	if token == "" || strings.Count(first.banner, token) != 4 {
		t.Fatalf("want the token once by itself and in three of the lines to try:\n%s", first.banner)
	}
	statuses, answers := first.try(t, "")
	if diff := cmp.Diff(asPromised, statuses); diff != "" {
		t.Errorf("status codes of the first start (-want +got):\n%s", diff)
	}
	checkEcho(t, answers[1], token)
	reader := quotedToken.FindString(answers[2])
	tenant := tenantToken(t, first.gateway, token)
	if code := first.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d after SIGTERM:\n%s", code, first.log)
	}

	second := startTrial(t, dir)
	if anySecret.MatchString(second.banner) {
		t.Errorf("the second start shows a secret:\n%s", second.banner)
	}
	if statuses, _ := second.try(t, token); statuses != asPromised {
		t.Errorf("status codes of the second start, with the first token: %v", statuses)
	}
	if statuses, _ := second.try(t, createdBy(t, dir, second.banner)); statuses != asPromised {
		t.Errorf("status codes with a token made as the banner says: %v", statuses)
	}
	if statuses, _ := second.try(t, reader); statuses != asReader {
		t.Errorf("status codes with the token that the API made: %v", statuses)
	}
	if again := tenantToken(t, second.gateway, token); again != tenant {
		t.Error("the second start has another tenant token")
	}
	if code := second.stop(t, syscall.SIGKILL); code != -1 {
		t.Errorf("exit code %d after SIGKILL", code)
	}

	third := startTrial(t, dir)
	if statuses, _ := third.try(t, token); statuses != asPromised {
		t.Errorf("status codes after a kill: %v", statuses)
	}
	defer holdOpen(t, third.gateway, token).Close()
	if code := third.stop(t, os.Interrupt); code != 0 {
		t.Errorf("exit code %d after Ctrl-C:\n%s", code, third.log)
	}

	checkAudit(t, filepath.Join(dir, "data", "doorward.db"), token)
	// A trial leaves nothing outside of its folder.
	if info, err := os.Stat(filepath.Join(dir, "data", "doorward.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the encryption key: %v, %v; want it for the owner alone", info, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v beside the data folder, %v", entries, err)
	}
}

// tenantToken asks the API for the secret of agents, which is stored encrypted.
func tenantToken(t *testing.T, gateway, token string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		"http://"+gateway+"/api/v1/deployment/installer/agent/connectioninfo", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Api-Token "+token)
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var info struct {
		TenantToken string `json:"tenantToken"`
	}
	if err := json.NewDecoder(response.Body).Decode(&info); err != nil || info.TenantToken == "" {
		t.Fatalf("connectioninfo is %d, %v", response.StatusCode, err)
	}
	return info.TenantToken
}

// holdOpen sends a request that never ends, and returns when it is under way. It must not keep the gateway from ending.
func holdOpen(t *testing.T, gateway, token string) net.Conn {
	t.Helper()
	client, err := net.Dial("tcp", gateway)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(client, "POST /api/v2/metrics/ingest HTTP/1.1\r\nHost: %s\r\nAuthorization: Api-Token %s\r\n"+
		"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n", gateway, token)
	status, err := bufio.NewReader(client).ReadString('\n')
	if err != nil || !strings.HasPrefix(status, "HTTP/1.1 100 ") {
		t.Fatalf("%q, %v; want to be asked for the body", status, err)
	}
	return client
}

// checkEcho: the API behind the gate learns who asks, and nothing that would let it ask in that name.
func checkEcho(t *testing.T, echo, token string) {
	t.Helper()
	for _, want := range []string{
		`"path": "/api/v2/metrics/query"`, `"query": "metricSelector=builtin:host.cpu.usage"`,
		"X-Doorward-User", `"admin"`, "X-Doorward-Token-Id", token[:31], "X-Doorward-Scopes", "ServiceProviderAPI",
	} {
		if !strings.Contains(echo, want) {
			t.Errorf("the echo lacks %s", want)
		}
	}
	if strings.Contains(echo, "Authorization") || anySecret.MatchString(echo) {
		t.Errorf("the credential reached the API:\n%s", echo)
	}
}

// createdBy runs the line that the banner gives for another token.
func createdBy(t *testing.T, dir, banner string) string {
	t.Helper()
	line := createLine.FindStringSubmatch(banner)
	if line == nil {
		t.Fatalf("no line to make a token with:\n%s", banner)
	}
	create := exec.CommandContext(t.Context(), "sh", "-c", line[1])
	create.Dir = dir
	out, err := create.Output()
	if err != nil {
		t.Fatalf("%s: %v", line[1], err)
	}
	return strings.TrimSpace(string(out))
}

// checkAudit: what the commands did is on record, under the name of whoever sat there, without a secret.
func checkAudit(t *testing.T, file, token string) {
	t.Helper()
	a, err := module.OpenAdministration(t.Context(), module.AdministrationOptions{Store: "sqlite:" + file})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	events, err := a.Store.AuditEvents(t.Context(), store.AuditQuery{})
	if err != nil {
		t.Fatal(err)
	}
	// Two tokens by commands, and every time that the lines were tried one by the API or a refusal.
	got := map[string]int{}
	for _, e := range events {
		by := "api"
		if strings.HasPrefix(e.Actor, "cli:") {
			by = "cli"
		}
		got[fmt.Sprintf("%s %s %v", by, e.Action, e.Failed)]++
		if anySecret.MatchString(fmt.Sprint(e)) {
			t.Errorf("event %d holds a secret", e.ID)
		}
	}
	want := map[string]int{
		"cli token.create false": 2, "api token.create false": 4, "api token.create true": 1, "api tenanttoken.create false": 1,
		"api signingkey.create false": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("audit events (-want +got):\n%s", diff)
	}
	r, err := a.Tokens.Show(t.Context(), token[:31])
	if err != nil || r.Name != "administrator" || r.Owner != "admin" || !r.Cluster || !r.Administrator || r.Personal ||
		len(r.Scopes) < a.Scopes.Len() { // the gateway knows the scopes of its own API as well
		t.Errorf("the administrator's token is %+v, %v", r, err)
	}
}

// Attack: none; a race. Two starts with one data folder, on ports of their own, both find no token.
// Invariant: one token is made, one of the two shows it, and it is good at both.
func TestQuickstartTwiceAtOnce(t *testing.T) {
	dir := t.TempDir()
	trials := [2]*trial{launchTrial(t, dir), launchTrial(t, dir)}
	for _, q := range trials {
		q.await(t)
	}
	shown := tokenLine.FindAllString(trials[0].banner+trials[1].banner, -1)
	if len(shown) != 1 {
		t.Fatalf("%d tokens shown, want 1", len(shown))
	}
	for _, q := range trials {
		if statuses, _ := q.try(t, shown[0]); statuses != asPromised {
			t.Errorf("status codes %v", statuses)
		}
	}

	// A third one wants the port of the first. Caddy alone would share it.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	third := exec.CommandContext(ctx, "doorward", "quickstart", "--listen", trials[0].gateway, "--data", "other")
	third.Dir = dir
	out, err := third.CombinedOutput()
	want := "doorward: the address " + trials[0].gateway + " is taken by another program; stop that, or take a free port with --listen 127.0.0.1:0\n"
	if third.ProcessState.ExitCode() != 1 || string(out) != want {
		t.Errorf("%v with\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "other")); err == nil {
		t.Error("a start that failed has made its data folder")
	}
	for _, q := range trials {
		if code := q.stop(t, syscall.SIGTERM); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
}
