package console_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/policyengine/pap"
)

// What the API refuses stands beside its field, errors in the text at their line and column, and everything typed is still there.
func TestPolicyViolationsBesideTheirFields(t *testing.T) {
	s := consoletest.Start(t)
	policyIn(t, s, "taken", settingsReader)
	const wrong = "ALLOW settings:objects:reed;\nALLOW settings:objects:read WHERE settings:schemaId ~ \"ü\" AND;"
	for name, test := range map[string]struct {
		form  url.Values
		has   []string
		wrong string
	}{
		"text":        {url.Values{"name": {"x"}, "statementQuery": {wrong}}, []string{"Line 1, column 7", "Line 2, column 53", "Did you mean settings:objects:read?", "2 errors"}, "statementQuery"},
		"no name":     {url.Values{"statementQuery": {settingsReader}}, []string{"The name of a policy has 1 to 250 characters, not 0."}, "name"},
		"taken":       {url.Values{"name": {"taken"}, "statementQuery": {settingsReader}}, []string{"A policy with this name exists already."}, "name"},
		"description": {url.Values{"name": {"x"}, "description": {"\u202e"}, "statementQuery": {settingsReader}}, []string{"The description of a policy has a control character"}, "description"},
		"tag":         {url.Values{"name": {"x"}, "tags": {"\u202e"}, "statementQuery": {settingsReader}}, []string{"The tag of a policy has a control character"}, "tags"},
		"no text":     {url.Values{"name": {"x"}}, []string{"There is nothing to check yet."}, ""},
	} {
		test.form.Set("level", "account")
		page := s.Post("/policies/new", test.form).Want(400).Has(test.has...)
		form := page.Form("/policies/new")
		for field := range test.form {
			if form.Get(field) != test.form.Get(field) {
				t.Errorf("%s: %s comes back as %q", name, field, form.Get(field))
			}
		}
		marked := regexp.MustCompile(`id="f-(\w+)"[^>]*aria-invalid="true"`).FindAllStringSubmatch(page.Body, -1)
		if test.wrong != "" && (len(marked) != 1 || marked[0][1] != test.wrong) {
			t.Errorf("%s: marked as wrong are %q", name, marked)
		}
	}
}

// Without scripts the buttons check and format, and store nothing.
func TestCheckAndFormat(t *testing.T) {
	s := consoletest.Start(t)
	form := url.Values{"level": {"account"}, "name": {"x"}, "statementQuery": {"allow settings:objects:read where settings:schemaId='${bindParam:schema}'"}, "do": {"check"}, "shadow": {"true"}}
	page := s.Post("/policies/new", form).Want(200).Has("No errors.", "As Rego", "A binding has to give schema")
	if again := page.Form("/policies/new"); again.Get("statementQuery") != form.Get("statementQuery") || again.Get("shadow") != "true" {
		t.Errorf("comes back as %q", again)
	}
	form.Set("do", "format")
	formatted := s.Post("/policies/new", form).Want(200).Form("/policies/new").Get("statementQuery")
	if !strings.HasPrefix(formatted, "ALLOW settings:objects:read") || !strings.Contains(formatted, "WHERE") {
		t.Errorf("formatted to %q", formatted)
	}
	form.Set("statementQuery", "ALLOW nothing")
	if got := s.Post("/policies/new", form).Want(200).Has("1 error").Form("/policies/new").Get("statementQuery"); got != "ALLOW nothing" {
		t.Errorf("a text with errors became %q", got)
	}
	s.Get("/policies?level=account").Has("Nothing matches")

	_, here := policyIn(t, s, "there", settingsReader)
	edit := s.Get(here + "/edit").Form(here + "/edit")
	edit.Set("do", "check")
	edit.Set("statementQuery", "ALLOW settings:objects:reed;")
	s.Post(here+"/edit", edit).Want(200).Has("1 error", "Line 1, column 7")
	s.Get(here).Lacks("reed")
}

// The script gets the places in the units in which it counts: a character beyond the first 65,536 is two of them.
func TestCheckWhileTyping(t *testing.T) {
	s := consoletest.Start(t)
	typed := func(text string) string { return typedText(s, text).Want(200).Body }
	for text, want := range map[string]string{
		"ALLOW settings:objects:reed;":                   `data-from="6" data-to="27" data-line="1"`,
		"// \U0001f600é\r\nALLOW settings:objects:reed;": `data-from="13" data-to="34" data-line="2"`,
	} {
		if got := typed(text); !strings.Contains(got, want) || strings.Contains(got, "<html") {
			t.Errorf("%q: %s", text, got)
		}
	}
	if to := s.Post("/policies/check", nil).Location(); to != "/policies/new" {
		t.Errorf("without a script it leads to %s", to)
	}
	if got := typed("ALLOW settings:objects:read;"); !strings.Contains(got, `data-errors="0"`) || !strings.Contains(got, "package ") {
		t.Errorf("no Rego: %s", got)
	}
}

// typedText is what the script of the editor sends.
func typedText(s *consoletest.Stage, text string) *consoletest.Page {
	r := s.Request(http.MethodPost, "/policies/check", url.Values{"form_token": {"the token of this session's forms"}, "level": {"account"}, "statementQuery": {text}})
	r.Header.Set("HX-Request", "true")
	return s.Send(r)
}

func TestPolicyWords(t *testing.T) {
	s := consoletest.Start(t)
	var words struct {
		Permissions, Conditions    map[string][]string
		Globals, Attributes, Lists []string
	}
	answer := s.Get("/policies/catalog").Want(200)
	if err := json.Unmarshal([]byte(answer.Body), &words); err != nil {
		t.Fatal(err)
	}
	if len(words.Permissions["settings:objects:read"]) == 0 || len(words.Conditions["settings:schemaId"]) == 0 || len(words.Globals) == 0 || len(words.Lists) == 0 || len(words.Attributes) == 0 {
		t.Errorf("%+v", words)
	}
	if len(answer.Body) > 100<<10 {
		t.Errorf("%d bytes", len(answer.Body))
	}
}

// Two people change one policy: the second sees what the first has stored, keeps what was typed, and decides.
func TestTwoPeopleChangeOnePolicy(t *testing.T) {
	s := consoletest.Start(t)
	const opened = "ALLOW settings:objects:read;\nALLOW settings:schemas:read;\n"
	_, here := policyIn(t, s, "shared", opened)
	first, second := s.Get(here+"/edit").Form(here+"/edit"), s.Get(here+"/edit").Form(here+"/edit")
	first.Set("name", "of the first")
	first.Set("statementQuery", "// the first\n"+opened)
	s.Post(here+"/edit", first).Want(303)
	second.Set("statementQuery", opened+"// the second\n")
	again := s.Post(here+"/edit", second).Want(409).Has(
		"Somebody else changed the policy", "What they changed in the text", "+ added: // the first", "− gone: // the first", "+ added: // the second", "Nameof the firstshared", "Save mine")
	form := again.Form(here + "/edit")
	if form.Get("statementQuery") != second.Get("statementQuery") || form.Get("name") != "shared" {
		t.Errorf("what was typed is %q", form)
	}
	s.Get(here).Has("of the first")
	third := s.Get(here + "/edit").Form(here + "/edit") // and once more, before the second decides
	third.Set("description", "of a third")
	s.Post(here+"/edit", third).Want(303)
	form = s.Post(here+"/edit", form).Want(409).Has("Descriptionof a third").Form(here + "/edit")
	s.Post(here+"/edit", form).Want(303)
	s.Get(here).Has("shared", "// the second").Lacks("// the first")
}

// Who stores the same as the other has not lost anything either, and is not asked.
func TestTwoPeopleAgree(t *testing.T) {
	s := consoletest.Start(t)
	_, here := policyIn(t, s, "shared", settingsReader)
	first := s.Get(here + "/edit").Form(here + "/edit")
	first.Set("statementQuery", "ALLOW settings:objects:write;")
	s.Post(here+"/edit", first).Want(303)
	s.Post(here+"/edit", first).Want(303)
}

// A policy that is deleted while somebody changes it: what was typed can be saved as a new one.
func TestDeletedWhileChanged(t *testing.T) {
	s := consoletest.Start(t)
	uuid, here := policyIn(t, s, "short-lived", settingsReader)
	edit := s.Get(here + "/edit").Form(here + "/edit")
	edit.Set("description", "typed for an hour")
	if err := s.Office.Policies.DeletePolicy(t.Context(), "cli:test", pap.AccountLevel(s.Office.Account), uuid, false); err != nil {
		t.Fatal(err)
	}
	form := s.Post(here+"/edit", edit).Want(409).Has("Somebody else deleted the policy").Form("/policies/new")
	to := s.Post("/policies/new", form).Location()
	s.Get(to).Want(200).Has("short-lived", "typed for an hour")
}

// Deleting says where the policy is bound, and takes no binding along that the question did not tell of.
func TestDeleteBoundPolicy(t *testing.T) {
	s := consoletest.Start(t)
	uuid, here := policyIn(t, s, "bound", "ALLOW settings:objects:read WHERE settings:schemaId = \"${bindParam:schema}\";")
	unbound := s.Get(here + "/delete").Form(here + "/delete")
	bindTo(t, s, uuid, pap.Terms{Parameters: map[string]string{"schema": "<b>app:x"}})
	s.Get(here).Want(200).Has("Where it is bound", "operators", "schema = <b>app:x", "Account")
	s.Post(here+"/delete", unbound).Want(400).Has("The policy is bound to groups.")
	form := s.Get(here+"/delete").Want(200).Has("bound to 1 group (Account): operators.", "These bindings go with it.").Form(here + "/delete")
	s.Post(here+"/delete", form).Want(303)
	s.Get(here).Want(404)
}

// A shadow shows what it would have changed, as the API has it.
func TestShadowReport(t *testing.T) {
	s := consoletest.Start(t)
	uuid, here := policyIn(t, s, "on trial", settingsReader)
	shadow := true
	bindTo(t, s, uuid, pap.Terms{Shadow: &shadow})
	s.Get(here).Want(200).Has("What it would have changed", "Requests of the groups that it is bound to are tried as they come.")
	api := s.API
	s.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/doorward/v1/shadow" {
			api.ServeHTTP(w, r)
			return
		}
		if r.URL.Query().Get("policyUuid") != uuid {
			t.Errorf("asks for %s", r.URL.RawQuery)
		}
		_, _ = io.WriteString(w, `{"policies":[{"policyUuid":"`+uuid+`","policyName":"on trial","shadow":false,"since":"2026-01-02T03:04:05Z","wouldAllow":1234,"wouldDeny":5,
			"bindings":[],"unresolvedBindings":[],"samples":[{"time":"2026-01-02T03:04:05Z","decisionId":"d-1","user":"<i>ann","method":"GET","endpoint":"/api/v2/settings/objects",
			"permission":"settings:objects:read","attributes":{"settings:schemaId":["app:x"]},"live":"deny","shadow":"allow","statements":[{"policyName":"on trial","effect":"ALLOW","line":2}]}]}]}`)
	})
	s.Get(here).Want(200).Has("1,234", "Passed, and would have been refused5", "<i>ann", "d-1", "GET /api/v2/settings/objects", "settings:schemaId = app:x", "deny", "ALLOW in line 2 of on trial")
}

// Attack: none; somebody may see policies and not all about them. What is refused is said in its place, and the rest stands.
func TestPartsOfAPolicyRefused(t *testing.T) {
	s := consoletest.Start(t)
	uuid, here := policyIn(t, s, "on trial", settingsReader)
	shadow := true
	bindTo(t, s, uuid, pap.Terms{Shadow: &shadow})
	api := s.API
	refuse := func(part string) {
		s.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, part) {
				api.ServeHTTP(w, r)
				return
			}
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"error":{"code":403,"message":"not for you"}}`)
		})
	}
	for _, part := range []string{"/api/doorward/v1/shadow", "/bindings/descendants/", "/policies/check"} {
		refuse(part)
		s.Get(here).Want(200).Has("on trial", "1 statement")
	}
	refuse("/api/doorward/v1/shadow")
	s.Get(here).Has("not for you")
	refuse("/bindings/descendants/")
	s.Get(here).Has("not for you")
	form := s.Get(here+"/delete").Want(200).Has("You may not see where it is bound.", "not for you").Form(here + "/delete")
	s.Post(here+"/delete", form).Want(400).Has("The policy is bound to groups.")
	refuse("/policies/check")
	s.Get(here + "/edit").Want(200).Has("not for you").Form(here + "/edit")
}

// The longest policy still makes pages that are not too long, which is checked of every page.
func TestLongestPolicy(t *testing.T) {
	s := consoletest.Start(t)
	random := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	for text.Len() < 63<<10 {
		fmt.Fprintf(&text, "ALLOW settings:objects:read, settings:objects:write WHERE settings:schemaId IN (")
		for i := range 20 {
			if i > 0 {
				text.WriteString(", ")
			}
			fmt.Fprintf(&text, "%q", strconv.FormatUint(random.Uint64(), 36)+strconv.FormatUint(random.Uint64(), 36))
		}
		text.WriteString(");\n")
	}
	_, here := policyIn(t, s, "long", text.String())
	s.Get(here).Want(200).Has("The rest is left out here.")
	edit := s.Get(here + "/edit").Want(200).Form(here + "/edit")
	if edit.Get("statementQuery") != text.String() || edit.Get("base") != "" {
		t.Error("the form does not have the text, or has it twice")
	}
	edit.Set("opened", "something else")
	edit.Set("statementQuery", "DENY settings:objects:read;\n"+text.String())
	s.Post(here+"/edit", edit).Want(409).Has("What saving yours would change in theirs")
}
