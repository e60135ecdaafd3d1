package console_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/tokens"
)

// The staff of the vendor see what is theirs: they ask, and take access in an emergency where that is allowed. Somebody
// else reviews it, also when the setting has been closed since.
func TestStaffAndEmergencies(t *testing.T) {
	s := consoletest.Start(t)
	gatewayWith(t, s, "break_glass devops-viewer")
	setSetting(t, s, "approved")
	_, administrator := s.Mint("", tokens.Attributes{Name: "katie", Owner: "katie@example.com", Scopes: []string{"ServiceProviderAPI"}, Cluster: true})
	s.SignIn(tokens.Attributes{Name: "john", Owner: "john@example.com", Scopes: []string{"metrics.read"}, Staff: true})
	if to := s.Get("/remote-access").Location(); to != "/remote-access/own" {
		t.Errorf("staff are led to %s", to)
	}
	s.Get("/remote-access/own").Want(200).Has("You have not asked yet")
	form := s.Get("/remote-access/own/new").Want(200).Form("/remote-access/own/new")
	s.Post("/remote-access/own/new", form).Want(400).Has("The reason has 1 to")
	form.Set("reason", "SUP-1 a look")
	s.Post("/remote-access/own/new", form).Want(303)
	s.Get("/remote-access/own?done=asked").Has("SUP-1 a look", "Pending", "You have asked.")

	form = s.Get("/remote-access/own/break-glass").Want(200).Has("somebody has to review").Form("/remote-access/own/break-glass")
	form.Set("reason", "nothing answers")
	form.Set("minutes", "61")
	s.Post("/remote-access/own/break-glass", form).Want(400).Has("1 to 60 minutes")
	form.Set("minutes", "10")
	form.Set("role", "devops-admin")
	s.Post("/remote-access/own/break-glass", form).Want(403).Has("This role is not to be had without approval.")
	form.Set("role", "devops-viewer")
	s.Post("/remote-access/own/break-glass", form).Want(303)
	s.Get("/remote-access/own?done=taken").Has("In force", "emergency", "Administrators have been told")

	s.Door.Admit("token katie", administrator)
	list := s.Get("/remote-access").Want(200).Has("Emergency access waits for a review.", "john@example.com", "In force review")
	review := list.Link("Review")
	s.Get(strings.TrimSuffix(review, "/review")).Has("emergency", "none yet; due by")
	setSetting(t, s, "off")
	if to := s.Get(strings.TrimSuffix(review, "/review")).Location(); to != strings.TrimSuffix(review, "review")+"report" {
		t.Errorf("a request that the API does not tell of leads to %s", to)
	}
	page := s.Get(review).Want(200).Has("john@example.com", "nothing answers")
	s.Post(review, page.Form(review)).Want(400).Has("The comment has 1 to")
	s.Post(review, url.Values{"comment": {"all as announced"}}).Want(303)
	s.Get(strings.TrimSuffix(review, "review")+"report").Has("all as announced", "katie@example.com")
	s.Post(review, url.Values{"comment": {"again"}}).Want(409).Has("The access has been reviewed already.")
}
