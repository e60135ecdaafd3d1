package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/tokens"
)

// TestEventsStory: what is done by clicking is in the log, found by each filter, and its page has it before and after.
func TestEventsStory(t *testing.T) {
	s := consoletest.Start(t)
	made := s.Post("/tokens/new", url.Values{"name": {"watched"}, "expires": {"now+90d"}, "scopes": {"metrics.read", "logs.read"}}).Want(http.StatusCreated)
	id := strings.TrimPrefix(made.Link("To the token"), "/tokens/")
	edit := s.Get("/tokens/" + id + "/edit").Form("/tokens/" + id + "/edit")
	edit.Set("name", "renamed")
	edit["scopes"] = []string{"metrics.read", "events.read"}
	s.Post("/tokens/"+id+"/edit", edit).Want(303)
	s.Post("/tokens/new", url.Values{"name": {"refused"}, "scopes": {"no.such.scope"}}).Want(400)

	s.Get("/events").Want(200).Has("Created access token", "Changed access token", id, "done", "rest (127.0.0.1)")
	about := "/events?" + url.Values{"object": {id}, "type": {"UPDATE"}}.Encode()
	page := s.Get(about).Want(200).Has("Changed access token", "1 of 1").Lacks("Created access token")
	here := page.Link("Changed access token")
	s.Get(here).Want(200).Has("Changed access token", "What was changed", "watched", "renamed", "metrics.read", "logs.read", "events.read", "went:", "came:")
	s.Get("/events?object=" + id + "&action=token.create").Has("Created access token").Lacks("Changed access token")
	whole := s.Get("/events?object=" + id + "&type=CREATE").Link("Created access token")
	s.Get(whole).Want(200).Has("What was made", "watched", "not there", "Open what it is about")
	s.Get("/events?result=false").Has("Tried to create access token", "refused").Lacks(id)
	who := s.Get(here).Link("all that they did")
	s.Get(who).Want(200).Has("Changed access token")
	s.Get(s.Get(here).Link("what else happened then")).Want(200).Has("Created access token")
	s.Get(s.Get(here).Link("all that happened to it")).Want(200).Has("Changed access token", "Created access token", "2 of 2")

	s.Get("/events/99999").Want(404).Has("There is no such log entry.")
	s.Get("/events/x").Want(400).Has("Expected the number of a log entry.")
	var entry map[string]any
	one := s.Get(here + "/json").Want(200)
	if err := json.Unmarshal([]byte(one.Body), &entry); err != nil || entry["logId"] != strings.TrimPrefix(here, "/events/") {
		t.Errorf("the event as JSON: %v, %s", err, one.Body)
	}
}

// From an event it is one step to what it is about.
func TestEventsLead(t *testing.T) {
	s := consoletest.Start(t)
	for path, name := range map[string]string{"/groups/new": "team", "/boundaries/new": "edge", "/oauth-clients/new": "client"} {
		form := s.Get(path).Want(200).Form(path)
		form.Set("name", name)
		form.Set("statementQuery", `settings:schemaId = "builtin:alerting.profile";`)
		form["scopes"] = []string{"environment-api:metrics:read"}
		form["allowedScopes"] = form["scopes"]
		if made := s.Post(path, form); made.Status >= 400 {
			t.Errorf("%s: %d %s", path, made.Status, made.Text())
		}
	}
	for _, kind := range []string{"group", "boundary", "oauthclient"} {
		list := s.Get("/events?action=" + kind + ".create").Want(200)
		for to := range list.Links() {
			if strings.HasPrefix(to, "/events/") {
				s.Get(s.Get(to).Link("Open what it is about")).Want(200)
			}
		}
		list.Has("1 of 1")
	}
}

// Filters that the API does not take are there again, with what is wrong about them.
func TestEventFiltersThatAreRefused(t *testing.T) {
	s := consoletest.Start(t)
	page := s.Get("/events?type=NONSENSE&user=ann").Want(400).Has("expected one of CREATE")
	if got := page.Form("/events").Get("user"); got != "ann" {
		t.Errorf("what was typed comes back as %q", got)
	}
	s.Get("/events?since=dates&from=2026-02-02T00:00&to=2026-01-01T00:00").Want(400).Has("The time frame begins after its end.")
	s.Get("/events?since=whenever").Want(400)
	s.Get("/events?since=dates&from=2001-01-01T00:00&to=2001-02-01T00:00").Want(200).Has("Nothing matches")
	s.Get("/events?page=made-up").Want(400)
	for _, text := range hostile {
		s.Get("/events?" + url.Values{"user": {text}, "object": {text}, "action": {text}}.Encode()).Want(200).Has("Nothing matches")
	}
}

// The log is walked through by the API's keys, forward and back, and exported as a whole.
func TestEventPagesAndExport(t *testing.T) {
	s := consoletest.Start(t)
	s.Crowd(250, func(i int) tokens.Attributes {
		return tokens.Attributes{Name: fmt.Sprint("token ", i), Scopes: []string{"metrics.read"}}
	})
	const all = "/events?action=token.create&sort=timestamp"
	seen := map[string]bool{}
	page := s.Get(all).Want(200).Has("100 of 251")
	for range 2 {
		for to := range page.Links() {
			seen[to] = true
		}
		page = s.Get(page.Link("Next")).Want(200)
	}
	page.Has("51 of 251, page 3")
	s.Get(page.Link("Previous")).Want(200).Has("100 of 251, page 2")
	for to := range page.Links() {
		seen[to] = true
	}
	n := 0
	for to := range seen {
		if strings.HasPrefix(to, "/events/") {
			n++
		}
	}
	if n != 251 {
		t.Errorf("%d events on three pages", n)
	}
	csv := s.Get(page.Link("CSV")).Want(200)
	if got := strings.Count(csv.Body, "\r\n"); got != 252 || !strings.HasPrefix(csv.Body, "logId,timestamp,eventType") {
		t.Errorf("the export has %d lines: %.300s", got, csv.Body)
	}
	var file struct {
		Rows      []map[string]any `json:"auditLogs"`
		Truncated bool             `json:"truncated"`
	}
	if err := json.Unmarshal([]byte(s.Get(page.Link("JSON")).Body), &file); err != nil || len(file.Rows) != 251 || file.Truncated {
		t.Errorf("the export has %d rows: %v", len(file.Rows), err)
	}
}

// The state of the chain is there, and renewed by a script while it is being verified.
func TestChainState(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/events").Want(200).Has("How this can be proven later", "sha256:")
	for range 500 {
		if p := s.Get("/events"); strings.Contains(p.Text(), "The audit trail is what was written.") {
			break
		}
		time.Sleep(10 * time.Millisecond) // the API tells nobody when it has verified
	}
	s.Get("/events").Has("The audit trail is what was written.")
	r := s.Request(http.MethodGet, "/events/chain", nil)
	r.Header.Set("HX-Request", "true")
	if p := s.Send(r).Want(200); strings.Contains(p.Body, "<html") || !strings.Contains(p.Body, `id="chain"`) {
		t.Errorf("the part is %s", p.Body)
	}
	if to := s.Get("/events/chain").Location(); to != "/events" {
		t.Errorf("without a script it leads to %s", to)
	}
}

// States of the chain that a healthy gateway does not show.
func TestChainThatIsBroken(t *testing.T) {
	s := consoletest.Start(t)
	answer := ""
	answerAt(s, "/api/doorward/v1/audit/chain", func() string { return answer })
	const head = `{"head":{"digest":"sha256:00","lastId":17,"before":0,"outcomes":0},`
	answer = head + `"verification":{"state":"broken","ended":"2026-11-22T08:00:00Z","checked":4,"break":{"logId":5,"kind":"changed","message":"event 5 is <b>not</b> what was written"}},"running":null}`
	if to := s.Get("/events").Want(200).Has("The audit trail is not what was written.", "event 5 is <b>not</b> what was written", "4 events before that").Link("Event 5"); to != "/events/5" {
		t.Errorf("the break leads to %s", to)
	}
	answer = head + `"verification":{"state":"unknown","ended":"2026-11-22T08:00:00Z","checked":0},"running":null}`
	s.Get("/events").Want(200).Has("The audit trail could not be read when it was verified")
	answer = head + `"verification":null,"running":{"read":5,"of":17}}`
	if p := s.Get("/events").Want(200).Has("It is being verified: 5 of 17 events."); !strings.Contains(p.Body, `hx-get="/events/chain"`) {
		t.Error("nothing renews the state")
	}
}

// Attack: a name that is a script, or turns the direction of writing, gets into the log by what was changed, and an auditor
// opens it. Invariant: it is read back exactly, on pages that have nothing more in them than with a harmless one.
func TestHostileEvents(t *testing.T) {
	s := consoletest.Start(t)
	for _, name := range hostile {
		id, _ := s.Mint("", tokens.Attributes{Name: name, Owner: name + "@example.com", Scopes: []string{"metrics.read"}})
		here := s.Get("/events?object=" + id).Want(200).Link("Created access token")
		if values := s.Get(here).Want(200).All("bdi"); !slices.Contains(values, name) || !slices.Contains(values, name+"@example.com") {
			t.Errorf("%.60q is not whole: %q", name, values)
		}
		s.SignIn(tokens.Attributes{Name: "auditor", Owner: name, Scopes: []string{"auditLogs.read", "apiTokens.write"}})
		s.Get("/events").Want(200)
	}
}

func TestEventsWithoutTheRight(t *testing.T) {
	s := consoletest.Start(t)
	s.SignIn(tokens.Attributes{Name: "nobody", Scopes: []string{"metrics.read"}})
	for _, path := range []string{"/events", "/events.csv", "/events.json", "/events/1", "/events/1/json"} {
		s.Get(path).Want(403).Has("auditLogs.read")
	}
}
