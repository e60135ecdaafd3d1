package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/tokens"
)

var wholeToken = regexp.MustCompile(`dt0c01\.[A-Z2-7]{24}\.[A-Z2-7]{64}`)

// What is wrong with a form stands beside its field in the API's words, and everything that was typed is still there.
func TestViolationsBesideTheirFields(t *testing.T) {
	s := consoletest.Start(t)
	sent := url.Values{
		"name": {strings.Repeat("n", 101)}, "expires": {"date"}, "date": {"2001-02-03T04:05"}, "scopes": {"metrics.read", "no.such.scope"},
		"allowedNetworks": {"10.0.0.0/8\r\nnot-a-network"},
	}
	page := s.Post("/tokens/new", sent).Want(400).Has("Constraints violated.", "The expiration date must be in the future.", `There is no scope "no.such.scope".`, "1 to 100 characters")
	form := page.Form("/tokens/new")
	for name, want := range map[string]string{"name": sent.Get("name"), "expires": "date", "date": "2001-02-03T04:05", "allowedNetworks": "10.0.0.0/8\nnot-a-network"} {
		if got := form.Get(name); got != want {
			t.Errorf("%s comes back as %q", name, got)
		}
	}
	if got := form["scopes"]; !slices.Contains(got, "metrics.read") || !slices.Contains(got, "no.such.scope") {
		t.Errorf("scopes come back as %q", got)
	}
	for _, described := range []string{`id="f-name"`, `id="f-scopes"`, `id="f-allowedNetworks"`} {
		if !regexp.MustCompile(described + `[^>]*aria-invalid="true"`).MatchString(page.Body) {
			t.Errorf("%s is not marked as wrong", described)
		}
	}
}

func TestExpiryPresets(t *testing.T) {
	s := consoletest.Start(t)
	for preset, want := range map[string]time.Duration{"now+1d": 24 * time.Hour, "now+7d": 7 * 24 * time.Hour, "now+90d": 90 * 24 * time.Hour, "": 0} {
		made := s.Post("/tokens/new", url.Values{"name": {"x" + preset}, "expires": {preset}, "scopes": {"metrics.read"}}).Want(http.StatusCreated)
		r, err := s.Office.Tokens.Show(t.Context(), strings.TrimPrefix(made.Link("To the token"), "/tokens/"))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Expires.Sub(r.Created); want == 0 && !r.Expires.IsZero() || want != 0 && (got-want).Abs() > time.Minute {
			t.Errorf("%q: %s", preset, got)
		}
	}
	date := time.Now().UTC().Add(48 * time.Hour).Format("2006-01-02T15:04")
	made := s.Post("/tokens/new", url.Values{"name": {"dated"}, "expires": {"date"}, "date": {date}, "scopes": {"metrics.read"}, "allowedNetworks": {"10.0.0.0/8, 192.0.2.1"}}).Want(http.StatusCreated)
	s.Get(made.Link("To the token")).Has(strings.Replace(date, "T", " ", 1)+" UTC", "Expires soon", "10.0.0.0/8", "192.0.2.1")
}

// Attack: a one-time secret is read later from an address, a cache, a log of addresses, or the length of a compressed page.
// Fix: it is the answer to the form, which nobody keeps or compresses. Invariant: the secret is on that page only, whole, and
// good at the gate.
func TestSecretIsShownOnce(t *testing.T) {
	s := consoletest.Start(t)
	r := s.Request(http.MethodPost, "/tokens/new", url.Values{"form_token": {"the token of this session's forms"}, "name": {"once"}, "scopes": {"apiTokens.read"}})
	r.Header.Set("Accept-Encoding", "gzip")
	made := s.Send(r).Want(http.StatusCreated)
	found := wholeToken.FindAllString(made.Body, -1)
	if len(found) != 2 || found[0] != found[1] || made.Header.Get("Content-Encoding") != "" || made.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d secrets, sent with %v", len(found), made.Header)
	}
	here := made.Link("To the token")
	for _, path := range []string{"/tokens", here, here + "/edit", here + "/delete", "/tokens.csv", "/tokens.json"} {
		if wholeToken.MatchString(s.Get(path).Want(200).Body) {
			t.Errorf("%s has a secret", path)
		}
	}
	s.Door.Admit("token once", found[0])
	s.Get("/tokens").Want(200).Has("once")
}

// Attack: a whole token is pasted where an identifier was meant, and ends in an address. Fix: the search is a form, and leads to
// the identifier. Invariant: no address has the secret.
func TestFind(t *testing.T) {
	s := consoletest.Start(t)
	id, text := s.Mint("", tokens.Attributes{Name: "lost", Scopes: []string{"metrics.read"}})
	for _, typed := range []string{id, text, "  " + text + "\r\n"} {
		if to := s.Post("/tokens/find", url.Values{"token": {typed}}).Location(); to != "/tokens/"+id {
			t.Errorf("leads to %s", tokens.Mask(to))
		}
	}
	_, unknown, _ := strings.Cut(text, ".")
	s.Post("/tokens/find", url.Values{"token": {"dt0c01." + strings.Repeat("A", 24) + unknown[24:]}}).Want(404)
	s.Post("/tokens/find", url.Values{"token": {"gibberish"}}).Want(404)
	s.Post("/tokens/find", url.Values{"token": {"../theme"}}).Want(404)
	// The prefix was not copied: what is left has one dot, as an identifier has.
	s.Post("/tokens/find", url.Values{"token": {unknown}}).Want(404)
	s.Post("/tokens/find", url.Values{"token": {"0c6b5a4f-0000-4000-8000-000000000000"}}).Want(303)
}

// A token loses the scopes that it has not used, and only those.
func TestMakeSmaller(t *testing.T) {
	s := consoletest.Start(t)
	id, _ := s.Mint("", tokens.Attributes{Name: "wide", Scopes: []string{"metrics.read", "logs.read", "events.read"}})
	here := "/tokens/" + id
	s.Get(here).Want(200).Has("3 scopes have not been used", "Make it smaller")
	form := s.Get(here + "/smaller").Want(200).Form(here + "/smaller")
	if form.Has("keep") {
		t.Errorf("unused scopes are kept: %v", form)
	}
	s.Post(here+"/smaller", form).Want(400) // a token has at least one
	form["keep"] = []string{"metrics.read", "apiTokens.write"}
	if to := s.Post(here+"/smaller", form).Location(); to != here+"?done=smaller" {
		t.Errorf("leads to %s", to)
	}
	r, err := s.Office.Tokens.Show(t.Context(), id)
	if err != nil || !slices.Equal(r.Scopes, []string{"metrics.read"}) {
		t.Errorf("%v, %v", r.Scopes, err)
	}
}

// Two people change one token: the second sees what the first has stored, keeps what was typed, and decides.
func TestTwoPeopleChangeOneToken(t *testing.T) {
	s := consoletest.Start(t)
	id, _ := s.Mint("", tokens.Attributes{Name: "shared", Scopes: []string{"metrics.read", "logs.read"}})
	here := "/tokens/" + id
	first, second := s.Get(here+"/edit").Form(here+"/edit"), s.Get(here+"/edit").Form(here+"/edit")
	first.Set("name", "of the first")
	s.Post(here+"/edit", first).Want(303)
	second.Set("name", "of the second")
	again := s.Post(here+"/edit", second).Want(409).Has("Somebody else changed the token", "Stored now: of the first")
	form := again.Form(here + "/edit")
	if form.Get("name") != "of the second" {
		t.Errorf("what was typed is %q", form.Get("name"))
	}
	s.Get(here).Has("of the first")
	s.Post(here+"/edit", form).Want(303)
	s.Get(here).Has("of the second")
}

func TestPersonalTokens(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/personal-tokens").Want(200).Has("Personal tokens are off in this environment", "No personal tokens yet")
	s.Post("/personal-tokens/switch", url.Values{"on": {"true"}}).Want(303)
	s.Get("/personal-tokens?done=on").Want(200).Has("Personal tokens are on.", "Turn them off")
	page := s.Get("/personal-tokens/new").Want(200)
	if strings.Contains(page.Body, `value="tenantTokenRotation.write"`) {
		t.Error("the picker offers a scope that no personal token can have")
	}
	form := page.Form("/personal-tokens/new")
	form.Set("name", "mine")
	form["scopes"] = []string{"metrics.read"}
	made := s.Post("/personal-tokens/new", form).Want(http.StatusCreated)
	here := made.Link("To the token")
	if !strings.HasPrefix(here, "/personal-tokens/") {
		t.Fatalf("leads to %s", here)
	}
	s.Get(here).Want(200).Has("mine", "admin@example.com")
	s.Get("/personal-tokens").Has("mine")
	s.Get("/tokens").Has("administrator").Lacks(">mine<")
	id := strings.TrimPrefix(here, "/personal-tokens/")
	if to := s.Get("/tokens/" + id).Location(); to != here {
		t.Errorf("the page of the other kind leads to %s", to)
	}
	s.Post("/personal-tokens/switch", url.Values{"on": {"false"}}).Want(303)
}

// Without JavaScript a search by filters goes by the address, and so does what it leads to.
func TestFilters(t *testing.T) {
	s := consoletest.Start(t)
	s.Mint("", tokens.Attributes{Name: "metrics of alice", Owner: "alice@example.com", Scopes: []string{"metrics.read"}})
	s.Mint("", tokens.Attributes{Name: "logs of bob", Owner: "bob@example.com", Scopes: []string{"logs.read"}})
	s.Get("/tokens?scope=logs.read").Want(200).Has("logs of bob").Lacks("metrics of alice")
	page := s.Get("/tokens?owner=alice@example.com&scope=metrics.read&sort=-name").Want(200).Has("metrics of alice").Lacks("logs of bob")
	if to := page.Link("CSV"); to != "/tokens.csv?owner=alice%40example.com&scope=metrics.read&sort=-name" {
		t.Errorf("the export is of %s", to)
	}
	if !strings.Contains(page.Body, `aria-sort="descending"><a href="/tokens?owner=alice%40example.com&amp;scope=metrics.read&amp;sort=name">Name`) {
		t.Error("the column does not say how it is sorted")
	}
	s.Get("/tokens?owner=~\"),personalAccessToken(true").Want(200).Has("Nothing matches")
}
