package console_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// policyIn is a policy of the account that is there from the start, and the path of its page.
func policyIn(t *testing.T, s *consoletest.Stage, name, text string) (uuid, path string) {
	t.Helper()
	p, _, err := s.Office.Policies.CreatePolicy(t.Context(), "cli:test", pap.AccountLevel(s.Office.Account), "", pap.PolicyAttributes{Name: name, Statement: text})
	if err != nil {
		t.Fatal(err)
	}
	return p.UUID, "/policies/account/" + p.UUID
}

// bindTo binds a policy to a new group of the account.
func bindTo(t *testing.T, s *consoletest.Stage, policy string, terms pap.Terms) {
	t.Helper()
	g, err := s.Office.Policies.CreateGroup(t.Context(), "cli:test", s.Office.Account, pap.GroupAttributes{Name: "operators"})
	if err != nil {
		t.Fatal(err)
	}
	request := pap.BindRequest{Level: pap.AccountLevel(s.Office.Account), Policy: policy, Groups: []string{g.UUID}, Terms: terms}
	if _, _, err := s.Office.Policies.Bind(t.Context(), "cli:test", request); err != nil {
		t.Fatal(err)
	}
}

const settingsReader = "// for everybody\nALLOW settings:objects:read\n\tWHERE settings:schemaId startsWith \"app:\";\n"

// TestPolicyLife: a policy is written, found, changed, made a shadow and live again, and deleted by clicking.
func TestPolicyLife(t *testing.T) {
	s := consoletest.Start(t)
	form := s.Get("/policies/new").Want(200).Has("New policy", "Account", "Environment").Form("/policies/new")
	form.Set("name", "readers")
	form.Set("description", "Two\nlines")
	form.Set("tags", "settings\r\n\r\n reviewed twice ")
	form.Set("statementQuery", strings.ReplaceAll(settingsReader, "\n", "\r\n"))
	to := s.Post("/policies/new", form).Location()
	here, _, _ := strings.Cut(to, "?")
	page := s.Get(to).Want(200).Has("The policy was created.", "readers", "Live", "1 statement", "only where settings:schemaId starts with app:", "bound to no group", "reviewed twice", "As Rego")
	if text := page.All("pre")[0]; text != settingsReader {
		t.Errorf("the page has the text %q", text)
	}
	s.Get("/policies").Want(200).Has("readers", "Settings Reader", "Built in")

	edit := s.Get(here + "/edit").Want(200).Has("No errors.").Form(here + "/edit")
	if got := edit.Get("statementQuery"); got != settingsReader {
		t.Errorf("the form has %q", got)
	}
	edit.Set("statementQuery", "ALLOW settings:objects:write;")
	if to := s.Post(here+"/edit", edit).Location(); to != here+"?done=edited" {
		t.Errorf("leads to %s", to)
	}
	s.Get(here).Has("settings:objects:write")

	if to := s.Post(here+"/shadow", nil).Location(); to != here+"?done=shadow" {
		t.Errorf("leads to %s", to)
	}
	s.Get(here+"?done=shadow").Want(200).Has("decides nothing any more", "Undo", "Shadow", "a shadow has to be bound to a group")
	s.Get("/policies").Has("Shadow")
	s.Post(here+"/live", nil).Want(303)
	p, err := s.Office.Policies.Policy(t.Context(), pap.AccountLevel(s.Office.Account), strings.TrimPrefix(here, "/policies/account/"))
	if err != nil || p.Shadow || p.Description != "Two\nlines" || !slices.Equal(p.Tags, []string{"settings", "reviewed twice"}) {
		t.Errorf("%+v, %v", p, err)
	}

	s.Get(here+"/delete").Want(200).Has("Delete the policy?", "readers", "bound to no group", "cannot be undone")
	if to := s.Post(here+"/delete", nil).Location(); to != "/policies?done=deleted" {
		t.Errorf("leads to %s", to)
	}
	s.Get(here).Want(404)
}

// An environment has policies of its own, which the account does not have.
func TestPolicyOfEnvironment(t *testing.T) {
	s := consoletest.Start(t)
	level := "environment:" + s.Office.Environment
	form := s.Get("/policies/new?level=" + level).Want(200).Form("/policies/new")
	if form.Get("level") != level {
		t.Errorf("the level is %q", form.Get("level"))
	}
	form.Set("name", "here only")
	form.Set("statementQuery", settingsReader)
	here, _, _ := strings.Cut(s.Post("/policies/new", form).Location(), "?")
	if !strings.HasPrefix(here, "/policies/"+level+"/") {
		t.Fatalf("it is at %s", here)
	}
	s.Get(here).Want(200).Has("here only", "Environment "+s.Office.Environment)
	s.Get("/policies?level=" + level).Want(200).Has("here only").Lacks("Settings Reader")
	s.Get("/policies?level=account").Want(200).Has("Nothing matches")
	s.Get("/policies?level=environment:elsewhere").Want(200).Has("Environment elsewhere", "Nothing matches")
	s.Get("/policies?level=nowhere").Want(404)
	s.Get("/policies/nowhere/x").Want(404)
}

// What comes with Doorward can be read and copied, and not changed.
func TestBuiltInPolicies(t *testing.T) {
	s := consoletest.Start(t)
	const reader = "/policies/global/391e1096-0243-4593-afb6-a2fa1479585c"
	page := s.Get(reader).Want(200).Has("Settings Reader", "Built in")
	for to := range page.Links() {
		if strings.HasSuffix(to, "/edit") || strings.HasSuffix(to, "/delete") {
			t.Errorf("the page leads to %s", to)
		}
	}
	form := s.Get(page.Link("Copy")).Want(200).Form("/policies/new")
	if form.Get("name") != "Copy of Settings Reader" || !strings.Contains(form.Get("statementQuery"), "settings:objects:read") {
		t.Errorf("the copy is %v", form)
	}
	s.Post("/policies/new", form).Want(303)
	s.Post(reader+"/shadow", nil).Want(http.StatusForbidden).Has("Global policies are built in and read-only.")
	s.Post(reader+"/delete", nil).Want(http.StatusForbidden)
}

func TestPolicyListing(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/policies?level=account").Want(200).Has("Nothing matches", "Show all")
	policyIn(t, s, "b of ours", settingsReader)
	policyIn(t, s, "=a of ours", settingsReader)
	names := func(page *consoletest.Page) (found []string) {
		for to, name := range page.Want(200).Links() {
			if strings.HasPrefix(to, "/policies/") && to != "/policies/new" {
				found = append(found, name)
			}
		}
		return found
	}
	if got := names(s.Get("/policies?q=OF+OURS")); len(got) != 2 {
		t.Errorf("found %q", got)
	}
	page := s.Get("/policies?q=of+ours&level=account&sort=-name")
	if a, b := strings.Index(page.Text(), "=a of ours"), strings.Index(page.Text(), "b of ours"); a < b {
		t.Errorf("not turned round: %s", page.Text())
	}
	sheet, err := csv.NewReader(strings.NewReader(s.Get(page.Link("CSV")).Want(200).Body)).ReadAll()
	if err != nil || len(sheet) != 3 || sheet[2][1] != "'=a of ours" || sheet[1][4] != "account" {
		t.Errorf("%q, %v", sheet, err)
	}
	var file struct {
		Policies  []struct{ UUID, Name, LevelType string }
		Truncated bool
	}
	if err := json.Unmarshal([]byte(s.Get("/policies.json").Want(200).Body), &file); err != nil || len(file.Policies) != 2+len(pap.BuiltIn()) || file.Truncated {
		t.Errorf("%+v, %v", file, err)
	}
}

// Attack: what somebody calls a policy, or writes into it, is markup, or seems to be something else. Invariant: all of it is read back
// as it is, and inert.
func TestHostilePolicies(t *testing.T) {
	s := consoletest.Start(t)
	for _, name := range hostile {
		text := "// " + name + "\nALLOW settings:objects:read WHERE settings:schemaId = \"" + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", "").Replace(name) + "\";"
		p, _, err := s.Office.Policies.CreatePolicy(t.Context(), "cli:test", pap.AccountLevel(s.Office.Account), "", pap.PolicyAttributes{
			Name: name, Description: name, Tags: []string{name}, Statement: text,
		})
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		here := "/policies/account/" + p.UUID
		page := s.Get(here).Want(200)
		if got := page.All("pre")[0]; got != text+"\n" {
			t.Errorf("the text is %q, want %q", got, text)
		}
		if n := len(slices.DeleteFunc(page.All("bdi"), func(b string) bool { return b != name })); n < 3 {
			t.Errorf("%q is %d times on its page", name, n)
		}
		edit := s.Get(here + "/edit").Want(200).Form(here + "/edit")
		if edit.Get("name") != name || edit.Get("statementQuery") != text || edit.Get("base") != text {
			t.Errorf("%q is %q in the form", name, edit)
		}
		if !slices.Contains(s.Get(here+"/delete").Want(200).All("bdi"), name) {
			t.Errorf("the question does not have %q", name)
		}
		if !slices.Contains(s.Get("/policies?"+url.Values{"q": {name}}.Encode()).Want(200).All("bdi"), name) {
			t.Errorf("the list does not have %q", name)
		}
	}
	for _, name := range slices.Concat(hostile, unnameable) {
		again := s.Post("/policies/new", url.Values{"level": {"account"}, "name": {name}, "description": {name}, "statementQuery": {name}}).Want(400).Form("/policies/new")
		if again.Get("name") != name || again.Get("statementQuery") != name || again.Get("description") != name {
			t.Errorf("%.50q comes back as %.50q", name, again)
		}
	}
}

// Who may not see or change policies reads which right is missing, and loses nothing that was typed.
func TestPoliciesWithoutTheRight(t *testing.T) {
	s := consoletest.Start(t)
	_, here := policyIn(t, s, "kept", settingsReader)
	edit := s.Get(here + "/edit").Form(here + "/edit")
	s.SignIn(tokens.Attributes{Name: "nobody", Scopes: []string{"metrics.read"}})
	for _, path := range []string{"/policies", "/policies.csv", here, here + "/edit", here + "/delete", "/policies/catalog"} {
		s.Get(path).Want(403).Has("ServiceProviderAPI")
	}
	s.Post(here+"/edit", edit).Want(403).Has("ServiceProviderAPI")
	s.Post(here+"/shadow", nil).Want(403).Has("You may not do this")
	s.Post(here+"/delete", nil).Want(403)
	form := url.Values{"level": {"account"}, "name": {"mine"}, "statementQuery": {"ALLOW settings:objects:read;"}}
	again := s.Post("/policies/new", form).Want(403).Has("ServiceProviderAPI").Form("/policies/new")
	if again.Get("statementQuery") != form.Get("statementQuery") {
		t.Errorf("comes back as %q", again)
	}
	typedText(s, "ALLOW").Want(200).Has("ServiceProviderAPI")
}
