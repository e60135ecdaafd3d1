package console_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/tokens"
)

var shownSecret = regexp.MustCompile(`id="secret">([^<]+)<`)

// theSecret is the one secret of a page that shows it.
func theSecret(t *testing.T, page *consoletest.Page) string {
	t.Helper()
	found := shownSecret.FindStringSubmatch(page.Want(http.StatusCreated).Body)
	if found == nil || page.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("no secret, or one that may be kept: %v", page.Header)
	}
	return found[1]
}

// TestTenantTokenRotation: start, roll out and finish; another rotation is cancelled. What is shown is what installers get.
func TestTenantTokenRotation(t *testing.T) {
	s := consoletest.Start(t)
	page := s.Get("/tenant-token").Want(200).Has("None is running", "Start a rotation", "Roll out", "Finish", "/api/v1/deployment/installer/agent/connectioninfo")
	if !strings.Contains(page.Body, `aria-current="step"><strong>Start`) {
		t.Error("the first step is not the current one")
	}
	before := theSecret(t, s.Post("/tenant-token/reveal", nil).Has("default"))

	s.Get("/tenant-token/start").Want(200).Has("Start a rotation?", "The old one stays good")
	after := theSecret(t, s.Post("/tenant-token/start", nil).Has("The rotation has started", "New tenant token"))
	if after == before {
		t.Error("the new token is the old one")
	}
	page = s.Get("/tenant-token").Want(200).Has("Running", "Two tenant tokens are good", "Finish the rotation", "Cancel the rotation", "Started").Lacks(before, after)
	if !strings.Contains(page.Body, `aria-current="step"><strong>Roll out`) {
		t.Error("the second step is not the current one")
	}
	s.Post("/tenant-token/start", nil).Want(400)

	s.Get("/tenant-token/finish").Want(200).Has("Finish the rotation?", "refused", "cannot be undone")
	if to := s.Post("/tenant-token/finish", nil).Location(); to != "/tenant-token?done=finished" {
		t.Errorf("leads to %s", to)
	}
	s.Get("/tenant-token?done=finished").Has("only the new tenant token is good", "None is running", "Finished").Lacks(before, after)
	if now := theSecret(t, s.Post("/tenant-token/reveal", nil)); now != after {
		t.Error("after the rotation installers get another token")
	}

	s.Post("/tenant-token/start", nil).Want(http.StatusCreated)
	s.Get("/tenant-token/cancel").Want(200).Has("Cancel the rotation?")
	s.Post("/tenant-token/cancel", nil).Want(303)
	s.Get("/tenant-token?done=cancelled").Has("only the old tenant token is good", "Cancelled")
	if now := theSecret(t, s.Post("/tenant-token/reveal", nil)); now != after {
		t.Error("after a rotation that was cancelled installers get another token")
	}
	s.Post("/tenant-token/finish", nil).Want(400)
}

// Each step, and showing the token, want the person to have said again who they are.
func TestDangerousForTheTenantToken(t *testing.T) {
	s := consoletest.Start(t)
	s.Door.SetConfirmed(false)
	for _, path := range []string{"/tenant-token/start", "/tenant-token/finish", "/tenant-token/cancel", "/tenant-token/reveal"} {
		for _, p := range []*consoletest.Page{s.Get(path), s.Post(path, nil)} {
			if to := p.Location(); to != "/confirm?back="+path {
				t.Errorf("leads to %s", to)
			}
		}
	}
	s.Get("/tenant-token").Want(200).Has("None is running")
}

// Who may not rotate is told which right is missing, and sees how agents connect all the same; without the right to download
// installers nobody sees the token.
func TestTenantTokenWithoutTheRight(t *testing.T) {
	s := consoletest.Start(t)
	s.SignIn(tokens.Attributes{Name: "reader", Scopes: []string{"metrics.read"}})
	s.Get("/tenant-token").Want(200).Has("tenantTokenRotation.write", "How agents connect").Lacks("Start a rotation")
	s.Post("/tenant-token/start", nil).Want(403).Has("tenantTokenRotation.write")
	s.Post("/tenant-token/reveal", nil).Want(403).Has("InstallerDownload")
}
