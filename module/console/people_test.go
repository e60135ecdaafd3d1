package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// signInWith has somebody in the browser with OAuth scopes, by a platform token.
func signInWith(s *consoletest.Stage, scopes ...string) {
	_, text := s.Mint("dt0s16", tokens.Attributes{Name: "account", Owner: "admin@example.com", Scopes: scopes})
	s.Door.Admit("user admin@example.com", text)
}

// newUser and newGroup fill the form in, and give the path of the page that it leads to.
func newUser(s *consoletest.Stage, email string) string {
	form := s.Get("/users/new").Want(200).Form("/users/new")
	form.Set("email", email)
	return withoutQuery(s.Post("/users/new", form).Location())
}

func newGroup(s *consoletest.Stage, name string) string {
	form := s.Get("/groups/new").Want(200).Form("/groups/new")
	form.Set("name", name)
	return withoutQuery(s.Post("/groups/new", form).Location())
}

func withoutQuery(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return path
}

func last(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// A user is made, put into a group, taken out and back by the way of undoing, and deleted, by clicking.
func TestUserLife(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/users").Want(200).Has("No users yet", "New user")
	group := newGroup(s, "Operators")
	user := newUser(s, "alice@example.com")
	s.Get(user+"?done=created").Want(200).Has("alice@example.com", "The user was created", "In no group", "Operators")
	s.Get("/users").Want(200).Has("alice@example.com", "1 of 1")

	form := s.Get(user).Form(user + "/groups")
	form.Set("groups", last(group))
	s.Post(user+"/groups", form).Want(303)
	s.Get(user).Has("1 group", "Operators", "There is no other group")
	s.Get(group).Has("1 member", "alice@example.com")

	left := s.Post(user+"/groups/"+last(group)+"/remove", nil).Location()
	page := s.Get(left).Want(200).Has("The user is not in the group any more.", "Undo")
	s.Post(user+"/groups/"+last(group)+"/add", page.Form(user+"/groups/"+last(group)+"/add")).Want(303)
	s.Get(user).Has("1 group")

	s.Get(user+"/delete").Want(200).Has("Delete the user?", "alice@example.com", "It leaves 1 group.", "cannot be undone")
	s.Post(user+"/delete", nil).Want(303)
	s.Get(user).Want(404)
	s.Get(group).Has("0 members", "Nobody is in it yet.")
}

// What the API says of a form stands beside the field that it is about, and what was typed is still there.
func TestPeopleFormsRefused(t *testing.T) {
	s := consoletest.Start(t)
	newUser(s, "alice@example.com")
	group := newGroup(s, "Operators")
	for _, one := range []struct{ path, field, typed, says, id string }{
		{"/users/new", "email", "nobody", "An e-mail address has the form name@domain", "f-email"},
		{"/users/new", "email", "ALICE@example.com", "A user with this address exists already.", "f-email"},
		{"/groups/new", "name", "Operators", "Duplicate entry", "f-name"},
		{"/groups/new", "name", strings.Repeat("n", 251), "The name of a group has 1 to 250 characters", "f-name"},
		{"/users/new-service", "name", strings.Repeat("n", 251), "has 1 to 250 characters", "f-name"},
		{group + "/members", "email", "bob@example.com", "There is no user with this address", "f-email"},
	} {
		page := s.Post(one.path, url.Values{one.field: {one.typed}}).Has(one.says)
		if page.Status != 400 && page.Status != 404 && page.Status != 409 {
			t.Errorf("%s: %d", one.path, page.Status)
		}
		if got := page.Form(one.path).Get(one.field); got != one.typed {
			t.Errorf("%s: %q comes back", one.path, got)
		}
		if !strings.Contains(page.Body, `aria-invalid="true"`) || !strings.Contains(page.Body, `id="`+one.id+`"`) {
			t.Errorf("%s: the field is not marked as wrong", one.path)
		}
	}
}

func TestGroupLife(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/groups").Want(200).Has("No groups yet")
	group := newGroup(s, "Operators")
	user := newUser(s, "alice@example.com")
	s.Post(group+"/members", url.Values{"email": {"Alice@Example.com"}}).Want(303)
	s.Get(group).Has("1 member", "No policy is bound to it")
	left := s.Post(user+"/groups/"+last(group)+"/remove", url.Values{"back": {"group"}}).Location()
	if !strings.HasPrefix(left, group+"?") {
		t.Errorf("leads to %s", left)
	}
	s.Get(left).Has("The user is not a member any more.", "Undo")

	first, second := s.Get(group+"/edit").Form(group+"/edit"), s.Get(group+"/edit").Form(group+"/edit")
	first.Set("description", "on call")
	first.Set("federatedAttributeValues", "ops\r\nnight shift\r\n")
	s.Post(group+"/edit", first).Want(303)
	s.Get(group).Has("on call", "ops", "night shift")
	second.Set("name", "Operations")
	again := s.Post(group+"/edit", second).Want(409).Has("Somebody else changed it", "Stored now: on call", "Stored now: ops, night shift")
	form := again.Form(group + "/edit")
	if form.Get("name") != "Operations" {
		t.Errorf("what was typed is %q", form.Get("name"))
	}
	s.Post(group+"/edit", form).Want(303)
	s.Get("/groups").Has("Operations")

	s.Get(group+"/delete").Want(200).Has("Delete the group?", "Operations", "0 users lose", "No policy is bound to it")
	s.Post(group+"/delete", nil).Want(303)
	s.Get(group).Want(404).Has("There is no such group.")
}

func TestServiceUsers(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/users?kind=service").Want(200).Has("No service users yet", "New service user")
	form := s.Get("/users/new-service").Want(200).Form("/users/new-service")
	form.Set("name", "deploy")
	form.Set("description", "Deploys")
	user := withoutQuery(s.Post("/users/new-service", form).Location())
	s.Get(user).Want(200).Has("deploy", "Service user", "Deploys")
	s.Get("/users?kind=service").Has("deploy", "Deploys")
	s.Get("/users").Lacks("deploy")
	first, second := s.Get(user+"/edit").Want(200).Form(user+"/edit"), s.Get(user+"/edit").Form(user+"/edit")
	first.Set("name", "deployer")
	s.Post(user+"/edit", first).Want(303)
	s.Post(user+"/edit", second).Want(409).Has("Stored now: deployer")
	s.Get(user).Has("deployer")
	if to := s.Post(user+"/delete", nil).Location(); to != "/users?kind=service&done=deleted" {
		t.Errorf("leads to %s", to)
	}
	s.Get(user).Want(404)
}

// Attack: a name of a group, a description or an address holds HTML or marks, and somebody with more rights opens the pages.
// Fix: templates escape by context. Invariant: it is read back exactly, and is nothing but text.
func TestHostilePeople(t *testing.T) {
	s := consoletest.Start(t)
	for _, name := range hostile {
		form := s.Get("/groups/new").Form("/groups/new")
		form.Set("name", name)
		form.Set("description", name+name)
		form.Set("federatedAttributeValues", name)
		made := s.Post("/groups/new", form)
		if made.Status != http.StatusSeeOther {
			t.Errorf("%.40q: %s", name, made.Text())
			continue
		}
		group := withoutQuery(made.Location())
		for _, path := range []string{group, group + "/edit", group + "/delete", group + "/rights", "/groups"} {
			if !slices.Contains(s.Get(path).Want(200).All("bdi"), name) {
				t.Errorf("%q is not whole at %s", name, path)
			}
		}
		if got := s.Get(group + "/edit").Form(group + "/edit").Get("name"); got != name {
			t.Errorf("%q is %q in the form", name, got)
		}
		form.Set("name", name)
		service := withoutQuery(s.Post("/users/new-service", form).Location())
		for _, path := range []string{service, service + "/edit", service + "/delete", "/users?kind=service"} {
			if !slices.Contains(s.Get(path).Want(200).All("bdi"), name) {
				t.Errorf("%q is not whole at %s", name, path)
			}
		}
	}
	for _, name := range slices.Concat(hostile, unnameable) {
		if got := s.Post("/users/new", url.Values{"email": {name}}).Want(400).Form("/users/new").Get("email"); got != name {
			t.Errorf("%.50q comes back as %.50q", name, got)
		}
	}
	email := `<b>"'&alert(1)@x.example`
	user := newUser(s, email)
	for _, path := range []string{user, user + "/delete", user + "/rights", "/users"} {
		if !slices.Contains(s.Get(path).Want(200).All("bdi"), email) {
			t.Errorf("the address is not whole at %s", path)
		}
	}
}

// Who has a token without the rights reads which are missing, in the API's words; those with OAuth scopes see as much as these let
// them.
func TestPeopleWithoutRights(t *testing.T) {
	s := consoletest.Start(t)
	group, user := newGroup(s, "Operators"), newUser(s, "alice@example.com")
	signInWith(s, "account-idm-read")
	s.Get("/users").Want(200).Has("alice@example.com")
	s.Get("/groups").Want(200).Has("Operators")
	s.Get(user).Want(200).Has("iam-policies-management")
	s.Post(group+"/delete", nil).Want(403).Has("You may not do this", "account-idm-write")
	s.Post("/users/new", url.Values{"email": {"bob@example.com"}}).Want(403).Has("account-idm-write")
	s.Post(user+"/groups/"+last(group)+"/add", nil).Want(403)
	signInWith(s, "account-idm-read", "account-idm-write", "account-env-read", "iam-policies-management")
	s.Post(user+"/groups/"+last(group)+"/add", nil).Want(303)
	s.Get(user).Want(200).Has("1 group", "No policy that is bound here")
	s.SignIn(tokens.Attributes{Name: "reader", Scopes: []string{"apiTokens.read"}})
	for _, path := range []string{"/users", "/groups", user, group, group + "/edit", "/users.csv"} {
		s.Get(path).Want(403).Has("ServiceProviderAPI", "Sign in with a credential that has this right")
	}
}

// The listing is narrowed and sorted by the address, has pages, and is exported as it is narrowed.
func TestPeopleListings(t *testing.T) {
	s := consoletest.Start(t)
	var attributes []string
	for i := range 120 {
		attributes = append(attributes, string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	for _, name := range attributes {
		newGroup(s, "group "+name)
	}
	page := s.Get("/groups").Want(200).Has("100 of 120", "group aa").Lacks("group eo")
	s.Get(page.Link("Next")).Want(200).Has("20 of 120, page 2", "group eo").Lacks("group aa")
	s.Get("/groups?sort=-name").Want(200).Has("group ep").Lacks("group aa<")
	found := s.Get("/groups?q=GROUP+A").Want(200).Has("26 of 26")
	if to := found.Link("CSV"); to != "/groups.csv?q=GROUP+A" {
		t.Errorf("the export is of %s", to)
	}
	sheet := s.Get("/groups.csv?q=group+ab").Want(200).Body
	if strings.Count(sheet, "\r\n") != 2 || !strings.Contains(sheet, ",group ab,") {
		t.Errorf("the sheet is %q", sheet)
	}
	s.Get("/groups?q=nothing").Want(200).Has("Nothing matches", "Show all")
	newUser(s, "alice@example.com")
	newUser(s, "bob@example.com")
	s.Get("/users?q=ALI").Want(200).Has("alice@example.com").Lacks("bob@example.com")
	if text := s.Get("/users.json?q=bob").Want(200).Body; !strings.Contains(text, "bob@example.com") || strings.Contains(text, "alice") {
		t.Errorf("the export is %s", text)
	}
}

// Where there are more groups than can be ticked, they are named by typing, and what is no name of a group comes back with what the
// API says of it.
func TestManyGroups(t *testing.T) {
	s := consoletest.Start(t)
	var wanted []pap.GroupAttributes
	for i := range 1000 {
		wanted = append(wanted, pap.GroupAttributes{Name: fmt.Sprintf("group %04d", i)})
	}
	if _, err := s.Office.Policies.CreateGroups(t.Context(), "cli:test", s.Office.Account, wanted); err != nil {
		t.Fatal(err)
	}
	user := newUser(s, "alice@example.com")
	form := s.Get(user).Want(200).Has("group 0199", "By name or identifier").Lacks("group 0200").Form(user + "/groups")
	form.Set("groupsTyped", "group 0900\r\nno such group\r\n")
	form.Add("groups", s.Get("/groups?q=0003").Link("group 0003")[len("/groups/"):])
	again := s.Post(user+"/groups", form).Want(400).Form(user + "/groups")
	if got := again.Get("groupsTyped"); got != "group 0900\nno such group\n" || len(again["groups"]) != 1 {
		t.Errorf("%q comes back, with %q", got, again["groups"])
	}
	form.Set("groupsTyped", "group 0900\r\n")
	s.Post(user+"/groups", form).Want(303)
	s.Get(user).Has("2 groups", "group 0003", "group 0900")
}
