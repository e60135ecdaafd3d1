package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/tokens"
)

var clientSecret = regexp.MustCompile(`dt0s02\.[A-Z2-7]{24}\.[A-Z2-7]{64}`)

// newClient makes a client by the form, and returns the path of its page and its secret.
func newClient(t *testing.T, s *consoletest.Stage, form url.Values) (here, secret string) {
	t.Helper()
	made := s.Post("/oauth-clients/new", form).Want(http.StatusCreated)
	return made.Link("To the client"), clientSecret.FindString(made.Body)
}

// accessToken is what the token endpoint of the gateway gives a client, with its status.
func accessToken(t *testing.T, s *consoletest.Stage, id, secret string) (int, string) {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.Addr+"/sso/oauth2/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.API.ServeHTTP(w, r)
	var answer struct {
		Token string `json:"access_token"`
	}
	_ = json.Unmarshal(w.Body.Bytes(), &answer)
	return w.Code, answer.Token
}

// TestOAuthClientLife: a client is made with the scopes of a preset, gets an access token by its secret, gets another
// secret while the old one stays good, is changed, switched off and on, and deleted, by clicking.
func TestOAuthClientLife(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/oauth-clients").Want(200).Has("No OAuth clients yet", "Make one for each program")
	s.Get("/oauth-clients/new").Want(200).Has("view and manage policies")
	form := s.Get("/oauth-clients/new?for=policies").Want(200).Form("/oauth-clients/new")
	if got := form["scopes"]; !slices.Equal(got, []string{"iam-policies-management"}) {
		t.Errorf("the preset has the scopes %q", got)
	}
	form.Set("name", "terraform")
	form.Set("owner", "ann@example.com")
	form.Set("description", "applies what is in the repository")
	made := s.Post("/oauth-clients/new", form).Want(http.StatusCreated).Has(
		"terraform", "Copy it now", "Client identifier", "curl -d grant_type=client_credentials", "http://gateway.test/sso/oauth2/token", "five minutes")
	here, secret := made.Link("To the client"), clientSecret.FindString(made.Body)
	id := strings.TrimPrefix(here, "/oauth-clients/")
	if status, token := accessToken(t, s, id, secret); status != http.StatusOK || token == "" {
		t.Fatalf("the secret gives %d", status)
	}
	s.Get(here).Want(200).Has("terraform", "ann@example.com", "applies what", "Enabled", "1 scope", "iam-policies-management", "client_secret=SECRET")
	s.Get("/oauth-clients").Want(200).Has("terraform", "ann@example.com", "1 of 1")

	rotate := s.Get(here + "/rotate").Want(200).Form(here + "/rotate")
	if got := rotate.Get("overlapSeconds"); got != "86400" {
		t.Errorf("the old secret stays good for %q", got)
	}
	again := s.Post(here+"/rotate", rotate).Want(http.StatusCreated).Has("The secret before is good until")
	other := clientSecret.FindString(again.Body)
	for i, text := range []string{secret, other} {
		if status, _ := accessToken(t, s, id, text); status != http.StatusOK || secret == other {
			t.Errorf("secret %d gives %d", i, status)
		}
	}
	s.Get(here).Has("Two secrets", "Its old secret is good as well")
	s.Get("/oauth-clients?state=two").Has("terraform")
	rotate.Set("overlapSeconds", "0")
	third := clientSecret.FindString(s.Post(here+"/rotate", rotate).Want(http.StatusCreated).Body)
	if status, _ := accessToken(t, s, id, other); status == http.StatusOK {
		t.Error("a secret without an overlap is still good")
	}
	s.Get(here).Lacks("Two secrets")

	if back := s.Post(here+"/disable", nil).Location(); back != here+"?done=disabled" {
		t.Errorf("after disabling: %s", back)
	}
	s.Get(here+"?done=disabled").Has("Disabled", "gets no access tokens", "Undo")
	if status, _ := accessToken(t, s, id, third); status == http.StatusOK {
		t.Error("a disabled client gets an access token")
	}
	s.Post(here+"/enable", nil).Want(303)
	edit := s.Get(here + "/edit").Want(200).Form(here + "/edit")
	edit.Set("name", "opentofu")
	edit["scopes"] = []string{"iam:policies:read", "iam:limits:read"}
	s.Post(here+"/edit", edit).Want(303)
	s.Get(here).Has("opentofu", "2 scopes", "iam:limits:read")

	s.Get(here+"/delete").Want(200).Has("Delete the OAuth client?", "opentofu", "cannot be undone", "It last got an access token at")
	s.Post(here+"/delete", nil).Want(303)
	s.Get(here).Want(404)
	s.Get("/oauth-clients?done=deleted").Has("The client was deleted", "No OAuth clients yet")
}

// What is wrong with a client stands beside its field in the API's words, and all that was typed is still there.
func TestOAuthClientViolations(t *testing.T) {
	s := consoletest.Start(t)
	sent := url.Values{"name": {strings.Repeat("n", 101)}, "owner": {"ann@example.com"}, "description": {"d"}, "scopes": {"iam:limits:read", "iam:limits:reed"}}
	page := s.Post("/oauth-clients/new", sent).Want(400).Has("1 to 100 characters", `There is no OAuth scope "iam:limits:reed". Did you mean iam:limits:read?`)
	form := page.Form("/oauth-clients/new")
	if form.Get("name") != sent.Get("name") || form.Get("owner") != "ann@example.com" || !slices.Contains(form["scopes"], "iam:limits:reed") {
		t.Errorf("comes back as %v", form)
	}
	s.Post("/oauth-clients/new", url.Values{"name": {"x"}}).Want(400).Has("at least one scope")
	here, _ := newClient(t, s, url.Values{"name": {"x"}, "scopes": {"iam:limits:read"}})
	s.Get(here).Has("admin@example.com") // who left the owner out
	s.Post(here+"/rotate", url.Values{"overlapSeconds": {"99999999"}}).Want(400).Has("Expected a number from 0 to 2592000")
	s.Post(here+"/rotate", url.Values{"overlapSeconds": {"soon"}}).Want(400)
}

// Attack: a one-time secret is read later, from an address, a list, an export or a cache. Fix: it is in the answer to the form
// alone. Invariant: no other page has it.
func TestClientSecretIsShownOnce(t *testing.T) {
	s := consoletest.Start(t)
	here, secret := newClient(t, s, url.Values{"name": {"once"}, "scopes": {"iam:limits:read"}})
	if secret == "" {
		t.Fatal("no secret")
	}
	r := s.Request(http.MethodPost, here+"/rotate", url.Values{"form_token": {"the token of this session's forms"}, "overlapSeconds": {"0"}})
	r.Header.Set("Accept-Encoding", "gzip")
	if made := s.Send(r).Want(http.StatusCreated); made.Header.Get("Content-Encoding") != "" || made.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the secret is sent with %v", made.Header)
	}
	for _, path := range []string{"/oauth-clients", here, here + "/edit", here + "/rotate", here + "/delete", "/oauth-clients.csv", "/oauth-clients.json"} {
		if clientSecret.MatchString(s.Get(path).Want(200).Body) {
			t.Errorf("%s has a secret", path)
		}
	}
}

// Both want the person to have said again who they are: a new secret ends the old one, and deleting ends the client.
func TestDangerousForClients(t *testing.T) {
	s := consoletest.Start(t)
	here, _ := newClient(t, s, url.Values{"name": {"x"}, "scopes": {"iam:limits:read"}})
	s.Door.SetConfirmed(false)
	for _, path := range []string{here + "/rotate", here + "/delete"} {
		for _, p := range []*consoletest.Page{s.Get(path), s.Post(path, nil)} {
			if to := p.Location(); to != "/confirm?back="+path {
				t.Errorf("leads to %s", to)
			}
		}
	}
	s.Get(here).Want(200).Lacks("Two secrets")
}

// Two people change one client: the second sees what the first has stored, keeps what was typed, and decides.
func TestTwoPeopleChangeOneClient(t *testing.T) {
	s := consoletest.Start(t)
	here, _ := newClient(t, s, url.Values{"name": {"shared"}, "scopes": {"iam:limits:read"}})
	first, second := s.Get(here+"/edit").Form(here+"/edit"), s.Get(here+"/edit").Form(here+"/edit")
	first.Set("name", "of the first")
	s.Post(here+"/edit", first).Want(303)
	second.Set("description", "of the second")
	form := s.Post(here+"/edit", second).Want(409).Has("Somebody else changed the client", "Stored now: of the first").Form(here + "/edit")
	s.Get(here).Has("of the first").Lacks("of the second")
	if form.Get("description") != "of the second" {
		t.Errorf("what was typed is %q", form.Get("description"))
	}
	s.Post(here+"/edit", form).Want(303)
	s.Get(here).Has("of the second")
}

// Attack: a name, a description or an owner that is HTML, or turns the direction of writing. Fix: templates escape by context.
// Invariant: it is read back exactly, on every page.
func TestHostileClients(t *testing.T) {
	s := consoletest.Start(t)
	for _, name := range hostile {
		form := url.Values{"name": {name}, "description": {name}, "scopes": {"iam:limits:read"}}
		here, _ := newClient(t, s, form)
		if page := s.Get(here).Want(200); !slices.Contains(page.All("h1"), name) || !slices.Contains(page.All("bdi"), name) {
			t.Errorf("the page does not have %q", name)
		}
		for _, path := range []string{"/edit", "/rotate", "/delete"} {
			if !slices.Contains(s.Get(here+path).Want(200).All("bdi"), name) {
				t.Errorf("%q is not whole at %s", name, path)
			}
		}
		if got := s.Get(here + "/edit").Form(here + "/edit"); got.Get("name") != name || got.Get("description") != name {
			t.Errorf("%q is %v in the form", name, got)
		}
		if rows := s.Get("/oauth-clients?" + url.Values{"q": {name}}.Encode()).Want(200).All("bdi"); !slices.Contains(rows, name) {
			t.Errorf("the search does not find %q", name)
		}
	}
	names := s.Get("/oauth-clients").Want(200).All("bdi")
	for _, name := range hostile {
		if !slices.Contains(names, name) {
			t.Errorf("the list does not have %q", name)
		}
	}
	for _, name := range unnameable {
		form := url.Values{"name": {name}, "owner": {name}, "description": {name}, "scopes": {name}}
		if again := s.Post("/oauth-clients/new", form).Want(400).Form("/oauth-clients/new"); again.Get("name") != name || again.Get("scopes") != name {
			t.Errorf("%.50q does not come back", name)
		}
	}
}

// The address has the filters and the order, and the export is of what is listed.
func TestClientFilters(t *testing.T) {
	s := consoletest.Start(t)
	newClient(t, s, url.Values{"name": {"alpha"}, "owner": {"zoe@example.com"}, "scopes": {"iam:limits:read"}})
	beta, _ := newClient(t, s, url.Values{"name": {"beta"}, "owner": {"ann@example.com"}, "scopes": {"iam:policies:read"}})
	s.Post(beta+"/disable", nil).Want(303)
	s.Get("/oauth-clients?q=ZOE+limits").Has("alpha").Lacks("beta")
	s.Get("/oauth-clients?state=disabled").Has("beta").Lacks("alpha")
	s.Get("/oauth-clients?q=nothing").Has("Nothing matches", "Show all")
	page := s.Get("/oauth-clients?sort=-owner&state=unused")
	if rows := page.All("th"); !strings.HasPrefix(rows[6], "alpha") || !strings.HasPrefix(rows[7], "beta") {
		t.Errorf("the order is %q", rows)
	}
	if to := page.Link("CSV"); to != "/oauth-clients.csv?sort=-owner&state=unused" {
		t.Errorf("the export is of %s", to)
	}
	lines := strings.Split(s.Get("/oauth-clients.csv?state=disabled").Want(200).Body, "\r\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "clientId,name,") || !strings.Contains(lines[1], ",beta,") {
		t.Errorf("the sheet is %q", lines)
	}
	var file struct {
		Items []struct {
			Name string `json:"name"`
		} `json:"items"`
	}
	if err := json.Unmarshal([]byte(s.Get("/oauth-clients.json?q=alpha").Want(200).Body), &file); err != nil || len(file.Items) != 1 || file.Items[0].Name != "alpha" {
		t.Errorf("the file is %+v, %v", file, err)
	}
}

// Who may not administer clients is told which right is missing; who may, but is no administrator, that it cannot give more
// than it has.
func TestClientsWithoutTheRight(t *testing.T) {
	s := consoletest.Start(t)
	here, _ := newClient(t, s, url.Values{"name": {"x"}, "scopes": {"iam:limits:read"}})
	s.SignIn(tokens.Attributes{Name: "reader", Scopes: []string{"apiTokens.read"}})
	s.Get("/oauth-clients").Want(403).Has("ServiceProviderAPI")
	s.Get(here).Want(403)
	s.Get("/oauth-clients.csv").Want(403)
	s.Post(here+"/disable", nil).Want(403)
	s.Post("/oauth-clients/new", url.Values{"name": {"y"}, "scopes": {"iam:limits:read"}}).Want(403).Has("ServiceProviderAPI")
	s.SignIn(tokens.Attributes{Name: "operator", Owner: "op@example.com", Scopes: []string{"ServiceProviderAPI", "apiTokens.read"}, Cluster: true, AllowUncreatable: true})
	s.Get("/oauth-clients").Want(200).Has("x")
	s.Post("/oauth-clients/new", url.Values{"name": {"y"}, "owner": {"ann@example.com"}, "scopes": {"iam:limits:read"}}).Want(403).
		Has("The client would act for somebody else than you.")
}
