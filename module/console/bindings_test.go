package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// newPolicy stores a policy of the account, as the command line does.
func newPolicy(t *testing.T, s *consoletest.Stage, name, text string) string {
	t.Helper()
	p, _, err := s.Office.Policies.CreatePolicy(t.Context(), "cli:test", pap.Level{Type: bind.Account, ID: s.Office.Account}, "", pap.PolicyAttributes{Name: name, Statement: text})
	if err != nil {
		t.Fatal(err)
	}
	return p.UUID
}

const readsTeam = `ALLOW settings:objects:read WHERE settings:schemaId = "builtin:${bindParam:team}";`

// newBoundary fills the form in.
func newBoundary(s *consoletest.Stage, name, text string) string {
	form := s.Get("/boundaries/new").Want(200).Form("/boundaries/new")
	form.Set("name", name)
	form.Set("statementQuery", text)
	return withoutQuery(s.Post("/boundaries/new", form).Location())
}

// A boundary is written, checked on the way, changed by two people, found by its uses, and deleted.
func TestBoundaryLife(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/boundaries").Want(200).Has("No boundaries yet")
	form := s.Get("/boundaries/new").Form("/boundaries/new")
	form.Set("name", "alerting")
	form.Set("statementQuery", "settings:schemaId = \"x\";\nnonsense")
	form.Set("do", "check")
	s.Post("/boundaries/new", form).Want(200).Has("1 error", "Line 2, column 1", "A condition starts with a name")
	form.Del("do")
	page := s.Post("/boundaries/new", form).Want(400).Has("Line 2, column")
	if got := page.Form("/boundaries/new").Get("statementQuery"); got != form.Get("statementQuery") {
		t.Errorf("the text comes back as %q", got)
	}
	form.Set("statementQuery", "settings:schemaId   = \"builtin:alerting\";")
	form.Set("do", "format")
	formatted := s.Post("/boundaries/new", form).Want(200).Has("No errors.").Form("/boundaries/new")
	if got := formatted.Get("statementQuery"); got != "settings:schemaId = \"builtin:alerting\";\n" {
		t.Errorf("formatted, the text is %q", got)
	}
	r := s.Request(http.MethodPost, "/boundaries/check", url.Values{"form_token": {"the token of this session's forms"}, "statementQuery": {"settings:nonsense = \"x\";"}})
	r.Header.Set("HX-Request", "true")
	typed := s.Send(r)
	if typed.Status != 200 || !strings.Contains(typed.Body, `data-errors="1"`) || strings.Contains(typed.Body, "<main") {
		t.Errorf("while it is typed, the answer is %d %s", typed.Status, typed.Body)
	}
	boundary := newBoundary(s, "alerting", "settings:schemaId   = \"builtin:alerting\";")
	s.Get(boundary).Want(200).Has("alerting", "1 condition", "No binding of the account")
	s.Post("/boundaries/new", url.Values{"name": {"alerting"}, "statementQuery": {"settings:schemaId = \"x\";"}}).Want(400).Has("A boundary with this name exists already.")

	first, second := s.Get(boundary+"/edit").Form(boundary+"/edit"), s.Get(boundary+"/edit").Form(boundary+"/edit")
	first.Set("name", "alerts")
	first.Set("metadata", "team=ops")
	s.Post(boundary+"/edit", first).Want(303)
	s.Get(boundary).Has("alerts", "team", "ops")
	second.Set("statementQuery", "settings:schemaId = \"mine\";")
	again := s.Post(boundary+"/edit", second).Want(409).Has("Stored now: alerts", "Stored now: team=ops").Form(boundary + "/edit")
	if got := again.Get("statementQuery"); got != "settings:schemaId = \"mine\";" {
		t.Errorf("what was typed is %q", got)
	}
	s.Post(boundary+"/edit", again).Want(303)
	s.Get("/boundaries?q=MINE").Want(200).Has("settings:schemaId", "mine", "no binding")
	if sheet := s.Get("/boundaries.csv").Want(200).Body; strings.Count(sheet, "\r\n") != 2 {
		t.Errorf("the sheet is %q", sheet)
	}
	s.Get(boundary + "/delete").Want(200).Has("No binding of the account or of this environment has it.")
	s.Post(boundary+"/delete", nil).Want(303)
	s.Get(boundary).Want(404)
}

// A policy with a parameter is bound to a group within a boundary; the pages show what that comes to, before and after; the
// binding is found from all sides, changed, and taken away.
func TestBindingLife(t *testing.T) {
	s := consoletest.Start(t)
	policy := newPolicy(t, s, "team settings", readsTeam)
	group := newGroup(s, "Operators")
	boundary := newBoundary(s, "profiles", `settings:schemaId startsWith "builtin:alert";`)
	s.Get("/bindings").Want(200).Has("No bindings yet", "Bind a policy")
	s.Get("/bindings/new?group=" + last(group)).Want(200).Has("team settings (Account)")

	step := s.Get("/bindings/new?level=environment:default&policy="+policy+"&group="+last(group)).Want(200).Has("Bind team settings", "Environment default", "team", "Operators", "profiles", "bindParam:team")
	form := step.Form("/bindings/new")
	if form.Get("groups") != last(group) {
		t.Errorf("the group is not chosen: %v", form)
	}
	s.Post("/bindings/new", form).Want(400)
	form.Set("parameters.team", "alerting")
	form.Set("boundaries", last(boundary))
	form.Set("do", "check")
	s.Post("/bindings/new", form).Want(200).Has("What it comes to", `settings:schemaId = "builtin:alerting"`, "ALLOW")
	form.Del("do")
	bound := s.Post("/bindings/new", form).Location()
	s.Get(bound).Want(200).Has("The policy is bound.", "team settings", "Operators", "team = alerting", "profiles", "Environment default")
	s.Post("/bindings/new", form).Want(400).Has("already exists")

	pair := "/bindings/environment:default/" + policy + "/" + last(group)
	page := s.Get(pair).Want(200).Has("team settings for Operators", "1 statement", `settings:schemaId = "builtin:alerting"`, "profiles")
	for _, path := range []string{group, boundary, "/boundaries", group + "/rights", "/bindings?group=" + last(group), "/bindings?boundary=" + last(boundary)} {
		s.Get(path).Want(200)
	}
	s.Get(group).Has("team settings", "team = alerting", "settings:objects:read", "Allowed")
	s.Get(boundary).Has("team settings for Operators")
	s.Get("/boundaries").Has("1 binding")
	s.Get(group + "/delete").Has(`The policy “team settings” is no longer bound to it (Environment default).`)
	s.Get(boundary+"/delete").Has("1 binding has it", "team settings")
	s.Post(boundary+"/delete", nil).Want(400)

	change := page.Link("Change")
	first, second := s.Get(change).Want(200).Form(change), s.Get(change).Form(change)
	if first.Get("parameters.team") != "alerting" || first.Get("boundaries") != last(boundary) {
		t.Errorf("the form has %v", first)
	}
	first.Set("parameters.team", "alerts")
	first.Set("metadata", "ticket=12")
	first.Del("boundaries")
	s.Post(change, first).Want(303)
	page = s.Get(pair).Has("team = alerts", "none: everywhere", "ticket")
	s.Post(change, second).Want(404) // there is no binding on these terms any more
	change = page.Link("Change")
	second = s.Get(change).Form(change)
	second.Set("before", "what it was")
	s.Post(change, second).Want(409).Has("Somebody else changed it", "Stored now: team=alerts")

	remove := page.Link("Unbind")
	s.Get(remove).Want(200).Has("Take the policy away?", "team settings → Operators", "team=alerts")
	s.Post(remove, nil).Want(303)
	s.Get(pair).Want(404).Has("not bound")
}

// A group has one policy on several terms, and only one of them is taken away.
func TestOneOfSeveralBindings(t *testing.T) {
	s := consoletest.Start(t)
	policy := newPolicy(t, s, "team settings", readsTeam)
	group := newGroup(s, "Operators")
	for _, team := range []string{"a", "b"} {
		s.Post("/bindings/new", url.Values{"level": {"account"}, "policy": {policy}, "groups": {last(group)}, "parameters.team": {team}}).Want(303)
	}
	pair := "/bindings/account/" + policy + "/" + last(group)
	page := s.Get(pair).Want(200).Has("team = a", "team = b", "Also bound")
	s.Get(pair + "/unbind").Want(404) // which of them?
	remove := page.Link("Unbind")
	s.Get(remove).Has("on other terms as well")
	if to := s.Post(remove, nil).Location(); to != pair+"?done=unbound" {
		t.Errorf("leads to %s", to)
	}
	s.Get(pair).Want(200).Lacks("Also bound")
	sheet := s.Get("/bindings.csv").Want(200).Body
	if strings.Count(sheet, "\r\n") != 2 || !strings.Contains(sheet, "team settings") || !strings.Contains(sheet, "Operators") {
		t.Errorf("the sheet is %q", sheet)
	}
}

// All bindings of a level are replaced at once by a text, which is refused as a whole where it is wrong, and where somebody else
// was quicker.
func TestReplaceBindings(t *testing.T) {
	s := consoletest.Start(t)
	policy := newPolicy(t, s, "reader", "ALLOW settings:objects:read;")
	group := newGroup(s, "Operators")
	const path = "/bindings/account/replace"
	stale := s.Get(path).Want(200).Has("0 bindings").Form(path)
	s.Post("/bindings/new", url.Values{"level": {"account"}, "policy": {policy}, "groups": {last(group)}}).Want(303)
	s.Post(path, stale).Want(409).Has("Somebody else changed it", policy)
	form := s.Get(path).Want(200).Has("1 binding", policy).Form(path)
	whole := form.Get("policyBindings")
	form.Set("policyBindings", "{\n  nonsense")
	s.Post(path, form).Want(400).Has("Line 2:")
	form.Set("policyBindings", strings.ReplaceAll(whole, policy, "00000000-0000-4000-8000-000000000000"))
	s.Post(path, form).Has("There is no such policy.")
	form.Set("policyBindings", whole)
	if to := s.Post(path, form).Location(); to != "/bindings?level=account&done=replaced" {
		t.Errorf("leads to %s", to)
	}
	s.Door.SetConfirmed(false)
	if to := s.Get(path).Location(); !strings.HasPrefix(to, "/confirm") {
		t.Errorf("leads to %s", to)
	}
}

// Who may bind and may not list groups types their identifiers, and sees them; everybody else reads what is missing.
func TestBindWithoutGroups(t *testing.T) {
	s := consoletest.Start(t)
	policy := newPolicy(t, s, "reader", "ALLOW settings:objects:read;")
	group := last(newGroup(s, "Operators"))
	byName := url.Values{"level": {"account"}, "policy": {policy}, "groupsTyped": {"Operators\r\n"}}
	s.Post("/bindings/new", byName).Want(303)
	s.Post("/bindings/account/"+policy+"/"+group+"/unbind", nil).Want(303)

	signInWith(s, "iam-policies-management")
	page := s.Get("/bindings/new?level=account&policy="+policy).Want(200).Has("They cannot be listed", "account-idm-read", "ALLOW settings:objects:read")
	form := page.Form("/bindings/new")
	form.Set("groupsTyped", group)
	s.Get(s.Post("/bindings/new", form).Location()).Want(200).Has(group, "reader", "account-idm-read")
	s.Get("/bindings/account/" + policy + "/" + group).Want(200).Has("reader for " + group)
	s.SignIn(tokens.Attributes{Name: "reader", Scopes: []string{"apiTokens.read"}})
	for _, path := range []string{"/bindings", "/boundaries", "/bindings/account/" + policy + "/" + group} {
		s.Get(path).Want(403).Has("ServiceProviderAPI")
	}
	s.Post("/boundaries/new", url.Values{"name": {"x"}, "statementQuery": {"y"}}).Want(403).Has("ServiceProviderAPI")
}

// Attack: as in TestHostileNames, by names of boundaries, parameters and remarks of bindings.
func TestHostileBindings(t *testing.T) {
	s := consoletest.Start(t)
	policy := newPolicy(t, s, `"><script>alert(1)</script>`, readsTeam)
	group := newGroup(s, hostile[0])
	for _, name := range hostile {
		boundary := newBoundary(s, name, `settings:schemaId = "x";`)
		for _, path := range []string{boundary, boundary + "/edit", boundary + "/delete", "/boundaries"} {
			if !slices.Contains(s.Get(path).Want(200).All("bdi"), name) {
				t.Errorf("%q is not whole at %s", name, path)
			}
		}
	}
	form := url.Values{"level": {"account"}, "policy": {policy}, "groups": {last(group)}, "parameters.team": {"</code><b>x"}, "metadata": {"<i>=" + hostile[1]}}
	s.Post("/bindings/new", form).Want(303)
	pair := "/bindings/account/" + policy + "/" + last(group)
	page := s.Get(pair).Want(200).Has("team = </code><b>x")
	if all := page.All("bdi"); !slices.Contains(all, hostile[1]) || !slices.Contains(all, "<i>") || !slices.Contains(all, hostile[0]) {
		t.Errorf("the page has %q", all)
	}
	for _, path := range []string{"/bindings", page.Link("Change"), page.Link("Unbind"), "/bindings/account/replace", group, group + "/rights"} {
		s.Get(path).Want(200)
	}
	for _, path := range []string{"/boundaries/new", "/bindings/new"} {
		for _, name := range unnameable {
			sent := url.Values{"name": {name}, "statementQuery": {name}, "level": {"account"}, "policy": {policy}, "metadata": {name}, "parameters.team": {name}, "groups": {last(group)}}
			page := s.Post(path, sent)
			if page.Status == 303 {
				continue // a parameter may hold more than a name
			}
			if got := page.Want(400).Form(path).Get("metadata"); got != name {
				t.Errorf("%s: %.50q comes back as %.50q", path, name, got)
			}
		}
	}
}
