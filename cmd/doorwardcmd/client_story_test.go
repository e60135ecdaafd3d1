package doorwardcmd_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/doorward/doorward/module/endpoint"
)

// TestDocs_ClientStory runs everything that the documentation of OAuth2 clients and platform tokens shows, as it stands there: its
// Caddyfile, its first command, and then, before the gateway, all others in one shell. What it asks of an API is left out
// where the catalogue has no row for that API. Only the port is another.
func TestDocs_ClientStory(t *testing.T) {
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	text, err := os.ReadFile("../../docs/oauth2.md")
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
	awaitStatus(t, http.StatusUnauthorized, func() (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+gateway+"/api/v2/apiTokens", http.NoBody)
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

	wanted := []string{"nightly", `"apiTokens":[]`, "dashboards", "default,staging", "oauthclient.rotate"}
	script := shown["sh"][1:]
	if servesOAuth2(t) {
		wanted = append(wanted, `"token_type":"Bearer"`, `"keys":[`, `"active":true`, `"active":false`, `"by myself"`)
	} else {
		script = slices.DeleteFunc(script, func(block string) bool {
			return strings.Contains(block, "/sso/") || strings.Contains(block, "/.well-known/")
		})
	}
	// A refusal fails the script, where curl alone would show it and go on.
	out := shell(t, dir, `curl() { command curl --fail --silent --show-error "$@" && echo; }`+"\n"+strings.Join(script, "\n"))
	for _, want := range wanted {
		if !strings.Contains(out, want) {
			t.Errorf("nothing shows %s", want)
		}
	}
	if err := running.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := running.Wait(); err != nil {
		t.Errorf("the gateway ended with %v", err)
	}
}

// servesOAuth2 reports whether the catalogue has the token endpoint and platform tokens. Every row of it is served: a gateway
// does not start otherwise.
func servesOAuth2(t *testing.T) bool {
	t.Helper()
	catalog, err := endpoint.Embedded(endpoint.Own)
	if err != nil {
		t.Fatal(err)
	}
	has := func(template string) bool {
		return slices.ContainsFunc(catalog.Endpoints, func(row endpoint.Endpoint) bool { return row.Template == template })
	}
	return has("/sso/oauth2/token") && has("/iam/v1/accounts/{accountUuid}/platform-tokens")
}
