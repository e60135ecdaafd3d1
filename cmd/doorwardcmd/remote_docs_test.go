package doorwardcmd

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
)

// TestDocs_RemoteCommands compares the table of commands with the commands.
func TestDocs_RemoteCommands(t *testing.T) {
	documented, registered := map[string]bool{}, map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(remote [a-z-]+)` \\|").FindAllStringSubmatch(docsPage(t, "remote-access.md"), -1) {
		documented[row[1]] = true
	}
	cmd := &cobra.Command{Use: remoteNoun.Name}
	remoteNoun.CobraFunc(cmd)
	for _, verb := range cmd.Commands() {
		registered["remote "+verb.Name()] = true
	}
	if diff := cmp.Diff(registered, documented); diff != "" {
		t.Errorf("commands (-registered +documented)\n%s", diff)
	}
}

// TestDocs_RemoteWords makes sure that the page knows every setting, role and event, and what the gate says.
func TestDocs_RemoteWords(t *testing.T) {
	page := docsPage(t, "remote-access.md")
	words := []string{remote.NoGrant.Sentence()}
	for s := remote.Off; s <= remote.ApprovedReadOnly; s++ {
		words = append(words, "| `"+s.String()+"` |")
	}
	for r := remote.Viewer; r <= remote.Admin; r++ {
		words = append(words, "| `"+r.String()+"` |")
	}
	for _, e := range notify.Events() {
		words = append(words, "`"+strings.TrimPrefix(string(e), "remote_access.")+"`")
	}
	for _, word := range words {
		if !strings.Contains(page, word) {
			t.Errorf("the page does not have %s", word)
		}
	}
}

// sentWebhook is what a receiver gets: two of its headers, and the body.
func sentWebhook(t *testing.T, secret string) (stamp, signature, body string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		stamp, signature, body = r.Header.Get("Doorward-Timestamp"), r.Header.Get("Doorward-Signature"), string(text)
	}))
	defer server.Close()
	hooks, err := notify.NewWebhooks(notify.WebhooksConfig{Receivers: []notify.Webhook{{
		Name: "chat", URL: notify.NewSecret(server.URL), Secrets: []notify.Secret{notify.NewSecret(strings.Repeat("old", 11)), notify.NewSecret(secret)},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	notice := notify.Notice{Event: notify.Created, Time: time.Now(), User: "john@example.com", Reason: "SUP-1 ä.b"}
	if err := hooks.Send(t.Context(), notify.Delivery{ID: "x", Channel: notify.ByWebhook, Target: "chat", Notice: notice}); err != nil {
		t.Fatal(err)
	}
	return stamp, signature, body
}

// TestDocs_WebhookSignature runs the function that receivers are given.
func TestDocs_WebhookSignature(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip(err)
	}
	_, snippet, _ := strings.Cut(docsPage(t, "remote-access.md"), "```python\n")
	snippet, _, _ = strings.Cut(snippet, "```")
	const secret = "a secret of thirty-two bytes, or more"
	stamp, signature, body := sentWebhook(t, secret)
	for name, test := range map[string]struct{ stamp, signature, body, secret, want string }{
		"good":         {stamp, signature, body, secret, "True"},
		"other body":   {stamp, signature, body + " ", secret, "False"},
		"other secret": {stamp, signature, body, secret + "!", "False"},
		"sent again":   {"1700000000", signature, body, secret, "False"},
		"no time":      {"", signature, body, secret, "False"},
		"odd time":     {"١", signature, body, secret, "False"},
		"no signature": {stamp, "", body, secret, "False"},
		"odd one":      {stamp, "v1=ä", body, secret, "False"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			command := exec.CommandContext(ctx, "python3", "-c", snippet+`
import sys
_, stamp, signature, secret = sys.argv
print(genuine(secret.encode(), {"Doorward-Timestamp": stamp, "Doorward-Signature": signature}, sys.stdin.buffer.read()))
`, test.stamp, test.signature, test.secret)
			command.Stdin = strings.NewReader(test.body)
			out, err := command.CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != test.want {
				t.Errorf("%v, %s, want %s", err, got, test.want)
			}
		})
	}
}
