package doorwardcmd_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var docsBlock = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// TestDocs_TokenStory runs everything that the documentation of tokens shows.
func TestDocs_TokenStory(t *testing.T) {
	out := documented(t, "../../docs/tokens.md")
	// What was made by the API, and shown in its answer.
	if n := len(regexp.MustCompile(`"token":"dt0c01\.[A-Z2-7]{24}\.[A-Z2-7]{64}"`).FindAllString(out, -1)); n != 2 {
		t.Errorf("%d tokens shown, want 2", n)
	}
	wantShown(t, out, `"nextPageKey"`, `"tenantToken":"`, "personal tokens are on in environment default", "monthly reports", `"token":"dt0g02.`,
		`"status":"ACTIVE"`, "a rotation runs in environment default", `"category":"TOKEN"`)
}

// documented runs a page as it stands there: its Caddyfile, its first command, and then, before the gateway, all others in one
// shell, whose output it gives. Only the port is another. The gateway has to end well.
func documented(t *testing.T, page string) string {
	t.Helper()
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	dir, gateway := t.TempDir(), unusedAddress(t)
	shown := map[string][]string{}
	for _, block := range docsBlock.FindAllStringSubmatch(strings.ReplaceAll(string(text), "127.0.0.1:8080", gateway), -1) {
		shown[block[1]] = append(shown[block[1]], block[2])
	}
	caddyfile := strings.Replace(shown["caddyfile"][0], "{\n", "{\n\tadmin off\n\tpersist_config off\n", 1)
	if err := os.WriteFile(filepath.Join(dir, "Caddyfile"), []byte(caddyfile), 0o600); err != nil {
		t.Fatal(err)
	}

	shell(t, dir, shown["sh"][0])
	running := docsCommand(t, dir, "doorward", "run")
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	awaitRefusal(t, "http://"+gateway+"/api/v2/apiTokens")
	// A refusal fails the script, where curl alone would show it and go on.
	out := shell(t, dir, `curl() { command curl --fail --silent --show-error "$@" && echo; }`+"\n"+strings.Join(shown["sh"][1:], "\n"))
	if err := running.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := running.Wait(); err != nil {
		t.Errorf("the gateway ended with %v", err)
	}
	return out
}

// awaitRefusal waits until a gateway refuses a request without a credential, which shows that it is there.
func awaitRefusal(t *testing.T, url string) {
	t.Helper()
	awaitStatus(t, http.StatusUnauthorized, func() (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return 0, err.Error()
		}
		_ = response.Body.Close()
		return response.StatusCode, ""
	})
}

func wantShown(t *testing.T, out string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(out, want) {
			t.Errorf("nothing shows %s", want)
		}
	}
}

// shell runs a script to its first failure.
func shell(t *testing.T, dir, script string) string {
	t.Helper()
	command := docsCommand(t, dir, "sh", "-eux", "-c", script)
	var log strings.Builder
	command.Stderr = &log
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, anySecret.ReplaceAllString(log.String(), "***"))
	}
	return string(out)
}

func docsCommand(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, name, args...)
	command.Dir, command.Env = dir, append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir)
	return command
}
