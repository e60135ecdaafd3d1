package caddyfiles_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/module/moduletest"
)

// ask sends one request to a site other than the gate's first, and gives the decoded answer.
func ask(t *testing.T, method, url, token string, status int) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(nil))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Api-Token "+token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status {
		t.Fatalf("%s %s: got %d, want %d", method, url, response.StatusCode, status)
	}
	var answer map[string]any
	_ = json.Unmarshal(body, &answer) // the upstream's answers are not of interest
	return answer
}

// The story of the example: tokens are administered away from the API, and agents come in with the tenant token, also while it
// is rotated.
func TestAdmin(t *testing.T) {
	g := idle(t)
	if err := os.WriteFile(filepath.Join(g.Folder, "doorward.key"), []byte(seal.NewKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	ports := map[string]string{}
	for _, name := range []string{"ADMIN_PORT", "AGENT_PORT"} {
		_, ports[name], _ = net.SplitHostPort(freeAddr(t))
		t.Setenv("DOORWARD_"+name, ports[name])
	}
	g.Load(read(t, "admin.Caddyfile"))
	_, admin := g.MintScopes("apiTokens.read", "InstallerDownload", "tenantTokenRotation.write", "metrics.read")
	api, agents := "http://127.0.0.1:"+ports["ADMIN_PORT"], "http://127.0.0.1:"+ports["AGENT_PORT"]+"/communication"

	if got := ask(t, "GET", api+"/api/v2/apiTokens", admin, 200)["totalCount"]; got != 1.0 {
		t.Errorf("%v tokens are listed, want 1", got)
	}
	ask(t, "GET", api+"/api/v2/apiTokens", "", 401)
	ask(t, "GET", api+"/api/v2/metrics/query", admin, 403)
	probe{"GET", "/api/v2/apiTokens", apiToken(admin), 200, "upstream"}.run(t, g) // on the guarded site it is the API's own
	probe{"GET", "/openapi.json", apiToken(admin), 403, "No endpoint"}.run(t, g)
	ask(t, "GET", api+"/openapi.json", "", 200)

	const info = "/api/v1/deployment/installer/agent/connectioninfo"
	connection := ask(t, "GET", api+info, admin, 200)
	first, _ := connection["tenantToken"].(string)
	if endpoints, _ := connection["communicationEndpoints"].([]any); len(endpoints) != 1 || endpoints[0] != "https://agents.example.com/communication" {
		t.Errorf("agents are sent to %v", endpoints)
	}
	ask(t, "POST", agents, first, 200)
	ask(t, "POST", agents, admin, 401)
	ask(t, "POST", api+"/api/v2/tenantTokenRotation/start", admin, 200)
	second, _ := ask(t, "GET", api+info, admin, 200)["tenantToken"].(string)
	ask(t, "POST", agents, first, 200)
	ask(t, "POST", agents, second, 200)
	ask(t, "POST", api+"/api/v2/tenantTokenRotation/finish", admin, 200)
	ask(t, "POST", agents, first, 401)
	ask(t, "POST", agents, second, 200)
	checkNoSecret(t, g, first, second)
}

func checkNoSecret(t *testing.T, g *moduletest.Gate, secrets ...string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(g.Folder, "doorward.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no store: %v", err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, secret := range secrets {
			if secret == "" || bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds tenant token %d in clear, or there was none", filepath.Base(name), i+1)
			}
		}
	}
}
