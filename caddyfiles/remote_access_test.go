package caddyfiles_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/seal"
	"github.com/doorward/doorward/module/moduletest"
	"github.com/doorward/doorward/remote/notify"
	"github.com/doorward/doorward/remote/notify/smtptest"
	"github.com/doorward/doorward/tokens"
)

// send is a call with a body, and gives the decoded answer, if it is an object.
func send(t *testing.T, g *moduletest.Gate, method, path, token, body string, status int) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+g.Addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Api-Token "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		t.Fatalf("%s %s: got %d %s, want %d; %v", method, path, response.StatusCode, text, status, err)
	}
	var answer map[string]any
	_ = json.Unmarshal(text, &answer) // some answers have no body
	return answer
}

// The story of the example: no ticket, no request; a mail and a webhook about one that is good; two people for the strongest role;
// and an emergency.
func TestRemoteAccess(t *testing.T) {
	server := new(smtptest.Server).Start(t)
	secret := seal.NewKey()
	heard := make(chan string, 100)
	chat := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		stamp, signature := r.Header.Get("Doorward-Timestamp"), r.Header.Get("Doorward-Signature")
		if err := notify.Verify(notify.NewSecret(strings.TrimSpace(secret)), stamp, signature, body, time.Now()); err != nil {
			t.Error(err)
		}
		heard <- r.Header.Get("Doorward-Event")
	}))
	defer chat.Close()
	g := idle(t)
	t.Setenv("DOORWARD_MAIL", server.Addr)
	t.Setenv("DOORWARD_CHAT", chat.URL)
	if err := os.WriteFile(filepath.Join(g.Folder, "chat.secret"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	g.Load(read(t, "remote-access.Caddyfile"))
	_, john := g.Mint("", tokens.Attributes{Staff: true, Owner: "john@example.com", Scopes: []string{"metrics.read"}})
	_, ann := g.Mint("", tokens.Attributes{Cluster: true, Owner: "ann@example.com", Scopes: []string{"remoteaccess.approve"}})
	_, katie := g.Mint("", tokens.Attributes{Cluster: true, Owner: "katie@example.com", Scopes: []string{"remoteaccess.approve"}})

	const query, api = "/api/v2/metrics/query", "/api/doorward/v1/remoteAccess"
	probe{"GET", query, apiToken(john), 403, "The role devops-viewer would do"}.run(t, g)
	send(t, g, "POST", api+"/ownRequests", john, `{"role": "devops-admin", "requestedDays": 2, "reason": "just because"}`, 400)
	send(t, g, "POST", api+"/ownRequests", john, `{"role": "devops-admin", "requestedDays": 3, "reason": "SUP-1"}`, 400)
	id, _ := send(t, g, "POST", api+"/ownRequests", john, `{"role": "devops-admin", "requestedDays": 2, "reason": "SUP-1"}`, 201)["requestId"].(string)
	awaitEvent(t, heard, "remote_access.created")
	state := "/api/cluster/v2/remoteaccess/requests/" + id + "/state"
	send(t, g, "PUT", state, ann, `{"state": "ACCEPTED"}`, 200)
	probe{"GET", query, apiToken(john), 403, "has not been approved"}.run(t, g)
	send(t, g, "PUT", state, katie, `{"state": "ACCEPTED"}`, 200)
	probe{"GET", query, apiToken(john), 200, "upstream"}.run(t, g)
	awaitEvent(t, heard, "remote_access.accepted")
	send(t, g, "PUT", state, ann, `{"state": "EXPIRED"}`, 200)
	probe{"GET", query, apiToken(john), 403, "its time is over"}.run(t, g)
	awaitEvent(t, heard, "remote_access.revoked")

	send(t, g, "POST", api+"/breakGlass", john, `{"role": "devops-admin", "minutes": 5, "reason": "SUP-2"}`, 403)
	send(t, g, "POST", api+"/breakGlass", john, `{"role": "devops-viewer", "minutes": 5, "reason": "SUP-2"}`, 201)
	probe{"GET", query, apiToken(john), 200, "upstream"}.run(t, g)
	awaitEvent(t, heard, "remote_access.break_glass")
	for deadline := time.Now().Add(10 * time.Second); len(server.Mails()) < 4; time.Sleep(10 * time.Millisecond) { // the server tells nobody
		if time.Now().After(deadline) {
			t.Fatalf("%d mails, want one each for the request, the approval, the end and the emergency", len(server.Mails()))
		}
	}
	for _, m := range server.Mails() {
		if m.To != "ann@example.com" {
			t.Errorf("a mail to %s", m.To)
		}
	}
}

// awaitEvent passes over webhooks until the one with an event.
func awaitEvent(t *testing.T, heard <-chan string, event string) {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case got := <-heard:
			if got == event {
				return
			}
		case <-late:
			t.Fatalf("no webhook %s", event)
		}
	}
}
