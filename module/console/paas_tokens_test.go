package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/tokens"
)

var identifierOf = regexp.MustCompile(`dt0c01\.[A-Z2-7]{24}`)

// TestPaasTokenLife: a PaaS token is made with both of its scopes, is listed apart from other access tokens, and is deleted.
func TestPaasTokenLife(t *testing.T) {
	s := consoletest.Start(t)
	administrator := identifierOf.FindString(s.Get("/paas-tokens").Want(200).Has("administrator").Body) // who has every scope
	s.SignIn(tokens.Attributes{Name: "office", Owner: "ann@example.com", Scopes: []string{"apiTokens.read", "apiTokens.write"}, Administrator: true})
	s.Post("/paas-tokens/"+administrator+"/delete", nil).Want(303)
	s.Get("/paas-tokens").Want(200).Has("No PaaS tokens yet", "Make one for each place")
	form := s.Get("/paas-tokens/new").Want(200).Form("/paas-tokens/new")
	form.Set("name", "rack 7")
	made := s.Post("/paas-tokens/new", form).Want(http.StatusCreated).Has("The PaaS token was created", "/api/v1/deployment/installer/agent/connectioninfo", "It expires at")
	here := made.Link("To the token")
	s.Get(here).Want(200).Has("rack 7", "2 scopes", "InstallerDownload", "SupportAlert")
	s.Mint("", tokens.Attributes{Name: "other", Scopes: []string{"metrics.read"}})
	s.Get("/paas-tokens?sort=name").Want(200).Has("rack 7").Lacks(">other<")
	if body := s.Get("/paas-tokens.csv").Want(200).Body; !strings.Contains(body, "rack 7") || strings.Contains(body, "other") {
		t.Errorf("the sheet is %q", body)
	}
	if body := s.Get("/paas-tokens.json").Want(200).Body; !strings.Contains(body, `"rack 7"`) || strings.Contains(body, `"other"`) {
		t.Errorf("the file is %q", body)
	}
	s.Get("/paas-tokens?owner=nobody@example.com").Has("Nothing matches")
	s.Post(here+"/disable", nil).Want(303)
	s.Get(here).Has("Disabled")
	s.Post(here+"/delete", nil).Want(303)
	s.Get("/paas-tokens?done=deleted").Has("No PaaS tokens yet", "The token was deleted")

	delete(form, "alerts")
	form.Set("name", "")
	again := s.Post("/paas-tokens/new", form).Want(400).Has("1 to 100 characters").Form("/paas-tokens/new")
	if again.Has("alerts") || again.Get("expires") != "now+90d" {
		t.Errorf("comes back as %v", again)
	}
	form.Set("name", "narrow")
	s.Get(s.Post("/paas-tokens/new", form).Want(http.StatusCreated).Link("To the token")).Has("1 scope").Lacks("SupportAlert</code>")
	s.Post("/paas-tokens/new", url.Values{"name": {"x"}, "expires": {"date"}, "date": {"2001-02-03T04:05"}}).Want(400).Has("The expiration date must be in the future.")
}

// TestActiveGateTokenLife: a token for an ActiveGate is made, listed, shown and deleted.
func TestActiveGateTokenLife(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/activegate-tokens").Want(200).Has("No ActiveGate tokens yet")
	form := s.Get("/activegate-tokens/new").Want(200).Form("/activegate-tokens/new")
	if form.Get("activeGateType") != "ENVIRONMENT" || form.Get("expires") != "now+1y" {
		t.Errorf("the form begins with %v", form)
	}
	form.Set("name", "gate 1")
	form.Set("seedToken", "true")
	made := s.Post("/activegate-tokens/new", form).Want(http.StatusCreated).Has("gate 1", "dt0g02.", "It expires at")
	here := made.Link("To the token")
	s.Get(here).Want(200).Has("gate 1", "This environment", "Seed", "admin@example.com", "never").Lacks("dt0g02.secret")
	s.Get("/activegate-tokens").Want(200).Has("gate 1", "1 of 1", "Good")
	for _, kind := range []string{"csv", "json"} {
		if body := s.Get("/activegate-tokens." + kind).Want(200).Body; !strings.Contains(body, "gate 1") {
			t.Errorf("%s: %q", kind, body)
		}
	}
	s.Post("/activegate-tokens/new", url.Values{"name": {""}, "activeGateType": {"MOON"}, "expires": {"date"}, "date": {"2099-01-01T00:00"}}).Want(400).
		Has("1 to 100 characters", "The type of an ActiveGate is ENVIRONMENT or CLUSTER.", "within 2 years")
	s.Door.SetConfirmed(false)
	if to := s.Post(here+"/delete", nil).Location(); to != "/confirm?back="+here+"/delete" {
		t.Errorf("leads to %s", to)
	}
	s.Door.SetConfirmed(true)
	s.Get(here+"/delete").Want(200).Has("Delete the ActiveGate token?", "gate 1", "cannot be undone")
	s.Post(here+"/delete", nil).Want(303)
	s.Get(here).Want(404)
	s.Get("/activegate-tokens?done=deleted").Has("The token was deleted.")
}

// Hostile names are inert and whole on the pages of both kinds.
func TestHostilePaasAndActiveGateTokens(t *testing.T) {
	s := consoletest.Start(t)
	for _, name := range hostile {
		for path, form := range map[string]url.Values{
			"/paas-tokens":       {"name": {name}, "expires": {"now+1d"}},
			"/activegate-tokens": {"name": {name}, "expires": {"now+1d"}, "activeGateType": {"CLUSTER"}},
		} {
			here := s.Post(path+"/new", form).Want(http.StatusCreated).Link("To the token")
			for _, at := range []string{here, here + "/delete", path} {
				if !slices.Contains(s.Get(at).Want(200).All("bdi"), name) {
					t.Errorf("%q is not whole at %s", name, at)
				}
			}
		}
	}
	for _, name := range unnameable {
		for _, path := range []string{"/paas-tokens/new", "/activegate-tokens/new"} {
			if again := s.Post(path, url.Values{"name": {name}, "activeGateType": {"CLUSTER"}}).Want(400).Form(path); again.Get("name") != name {
				t.Errorf("%s: %.50q does not come back", path, name)
			}
		}
	}
}

// Many ActiveGate tokens are paged through, and back.
func TestActiveGatePages(t *testing.T) {
	s := consoletest.Start(t)
	for range 103 {
		s.Post("/activegate-tokens/new", url.Values{"name": {"gate"}, "activeGateType": {"CLUSTER"}}).Want(http.StatusCreated)
	}
	first := s.Get("/activegate-tokens").Want(200).Has("100 of 103")
	second := s.Get(first.Link("Next")).Want(200).Has("3 of 103, page 2")
	s.Get(second.Link("Previous")).Has("100 of 103")
	if lines := strings.Count(s.Get("/activegate-tokens.csv").Body, "\r\n"); lines != 104 {
		t.Errorf("the sheet has %d lines", lines)
	}
}

// Who has no right is told which one is missing.
func TestInstallersWithoutTheRight(t *testing.T) {
	s := consoletest.Start(t)
	s.SignIn(tokens.Attributes{Name: "reader", Scopes: []string{"metrics.read"}})
	s.Get("/paas-tokens").Want(403).Has("apiTokens.read")
	s.Post("/paas-tokens/new", url.Values{"name": {"x"}}).Want(403).Has("apiTokens.write")
	s.Get("/activegate-tokens").Want(403).Has("activeGateTokenManagement.read")
	s.Post("/activegate-tokens/new", url.Values{"name": {"x"}, "activeGateType": {"CLUSTER"}}).Want(403).Has("activeGateTokenManagement.")
}
