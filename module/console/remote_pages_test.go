package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/doorward/doorward/module/console/consoletest"
	"github.com/doorward/doorward/tokens"
)

// gatewayWith loads the gateway anew with options of remote access, and the key that it has.
func gatewayWith(t *testing.T, s *consoletest.Stage, options string) {
	t.Helper()
	key := regexp.MustCompile(`"encryption_key"[^"]*"([^"]+)"|"([^"]+/key)"`).FindStringSubmatch(string(s.Config))
	if key == nil {
		t.Fatalf("the config has no key: %s", s.Config)
	}
	s.Load(`{
	admin off
	default_bind 127.0.0.1
	auto_https off
	storage file_system {FOLDER}/caddy
	log {
		output file {LOG}
		format doorward json
	}
	doorward {
		store sqlite {STORE}
		encryption_key ` + key[1] + key[2] + `
		remote_access {
			` + options + `
		}
	}
}
{SITE} {
	doorward_api
}
`)
}

// setSetting chooses a setting by clicking, with the confirmation where one is asked for.
func setSetting(t *testing.T, s *consoletest.Stage, wanted string) {
	t.Helper()
	form := s.Get("/remote-access/setting").Want(200).Form("/remote-access/setting")
	form.Set("setting", wanted)
	next := s.Post("/remote-access/setting", form).Location()
	if asks := "/remote-access/setting/" + wanted; next == asks {
		next = s.Post(asks, s.Get(asks).Want(200).Form(asks)).Location()
	}
	if next != "/remote-access?done=setting" {
		t.Fatalf("after setting %s: %s", wanted, next)
	}
}

// ask has somebody of the staff ask, and gives the page of the request.
func ask(t *testing.T, s *consoletest.Stage, user, role string, days int, reason string) string {
	t.Helper()
	here, _ := askAs(t, s, user, role, days, reason)
	return here
}

// askAs is ask, and gives the token as well.
func askAs(t *testing.T, s *consoletest.Stage, user, role string, days int, reason string) (here, token string) {
	t.Helper()
	_, text := s.Mint("", tokens.Attributes{Name: "support", Owner: user, Scopes: []string{"apiTokens.read", "auditLogs.read"}, Staff: true})
	body := fmt.Sprintf(`{"role":%q,"requestedDays":%d,"reason":%q}`, role, days, reason)
	return request(t, s, text, "/api/doorward/v1/remoteAccess/ownRequests", body), text
}

var requestID = regexp.MustCompile(`"requestId":"([0-9a-f-]{36})"`)

func request(t *testing.T, s *consoletest.Stage, token, path, body string) string {
	t.Helper()
	answer := s.Raw("POST " + path + " HTTP/1.1\r\nHost: " + s.Addr + "\r\nAuthorization: Api-Token " + token +
		"\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " + fmt.Sprint(len(body)) + "\r\n\r\n" + body)
	found := requestID.FindStringSubmatch(answer)
	if found == nil {
		t.Fatalf("no request was made: %s", answer)
	}
	return "/remote-access/requests/" + found[1]
}

// TestRemoteAccessStory: the setting is chosen, somebody asks, is granted less, and is out again.
func TestRemoteAccessStory(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/remote-access").Want(200).Has("Who gets in Off", "Nobody of the support staff gets in.", "Approving remote access request is disabled", "There are no requests to decide about")
	setSetting(t, s, "approved")
	s.Get("/remote-access?done=setting").Want(200).Has("Who gets in Approved", "Nobody has asked yet", "The setting holds from now on")

	here, john := askAs(t, s, "john.smith@example.com", "devops-user", 7, "SUP-123456 Verifying cluster state")
	if to := s.Get("/remote-access").Want(200).Has("1 pending", "SUP-123456 Verifying cluster state", "7 days", "No grant is in force").Link("john.smith@example.com"); to != here {
		t.Fatalf("the list leads to %s, want %s", to, here)
	}
	page := s.Get(here).Want(200).Has("Pending", "devops-user for 7 days", "What the role may do", "Set debug flags of agents").Lacks(`<option value="devops-admin"`)
	form := page.Form(here + "/approve")
	if form.Get("role") != "devops-user" || form.Get("requestedDays") != "7" {
		t.Errorf("the form begins with %v", form)
	}
	form.Set("role", "devops-viewer")
	form.Set("requestedDays", "2")
	if to := s.Post(here+"/approve", form).Location(); to != here+"?done=approved" {
		t.Fatalf("after the approval: %s", to)
	}
	s.Get(here+"?done=approved").Want(200).Has("In force", "Approved. The time runs", "devops-viewer for 2 days", "devops-user for 7 days", "admin@example.com", "Undo")
	s.Get("/remote-access").Has("1 grant is in force", "asked: devops-user")

	for _, path := range []string{"/api/doorward/v1/scopes", "/api/v2/apiTokens/x?y=1", "/nothing/here"} {
		s.Raw("GET " + path + " HTTP/1.1\r\nHost: " + s.Addr + "\r\nAuthorization: Api-Token " + john + "\r\nConnection: close\r\n\r\n")
	}
	end := s.Get(here+"/revoke").Want(200).Has("End the access?", "john.smith@example.com", "cannot be undone").Form(here + "/revoke")
	s.Post(here+"/revoke", end).Want(303)
	s.Get(here).Has("Over", "Ended").Lacks(here + "/approve")
	s.Get(here+"/report").Want(200).Has("What was done", "remote_access_request.update", "/api/doorward/v1/scopes", "read 200", "/nothing/here", "refused", "revoked by admin@example.com")
	s.Get(s.Get(here+"/report").Link("GET /api/doorward/v1/scopes")).Want(200).Has("Support staff read something", "john.smith@example.com", "Outcome200")
}

// What lets more people in, or ends grants for good, is asked about and wants the person to say again who they are; what
// only takes away is done at once. Somebody who looked before somebody else changed it changes nothing.
func TestSettingIsConfirmed(t *testing.T) {
	s := consoletest.Start(t)
	setSetting(t, s, "approved")
	stale := s.Get("/remote-access/setting").Form("/remote-access/setting")
	s.Door.SetConfirmed(false)
	for _, wanted := range []string{"all", "read-only", "off"} {
		asks := "/remote-access/setting/" + wanted
		if to := s.Post("/remote-access/setting", url.Values{"setting": {wanted}, "seen": {"approved"}}).Location(); to != asks {
			t.Errorf("%s leads to %s", wanted, to)
		}
		for _, p := range []*consoletest.Page{s.Get(asks), s.Post(asks, url.Values{"seen": {"approved"}})} {
			if to := p.Location(); to != "/confirm?back="+asks {
				t.Errorf("%s: leads to %s", wanted, to)
			}
		}
	}
	s.Get("/remote-access").Has("Who gets in Approved")
	s.Post("/remote-access/setting", url.Values{"setting": {"approved-read-only"}, "seen": {"approved"}}).Want(303)
	s.Get("/remote-access").Has("Who gets in Approved, read only")
	stale.Set("setting", "all")
	s.Post("/remote-access/setting", stale).Want(409).Has("Somebody else changed the setting to Approved, read only")
	s.Door.SetConfirmed(true)
	s.Get("/remote-access/setting/all").Want(200).Has("Everybody of the support staff gets in from now on", "From “Approved, read only” to “All”")
	s.Post("/remote-access/setting/all", url.Values{"seen": {"approved"}}).Want(303)
	s.Get("/remote-access").Has("Who gets in Approved, read only")
	s.Get("/remote-access/setting/everybody").Want(404)
	s.Post("/remote-access/setting", url.Values{"setting": {"everybody"}}).Want(400).Has("The setting is one of off, all, read-only, approved and approved-read-only.")
	setSetting(t, s, "all")
	s.Get("/remote-access").Has("Who gets in All", "Staff get in without being approved.", "Approving remote access request is disabled")
	setSetting(t, s, "off")
}

// Nobody approves what is for themselves, and two who decide do not undo each other: the API says so, and the page has it
// above the form.
func TestDecisionsThatAreRefused(t *testing.T) {
	s := consoletest.Start(t)
	setSetting(t, s, "approved")
	own := ask(t, s, "admin@example.com", "devops-viewer", 1, "for myself")
	form := s.Get(own).Form(own + "/approve")
	s.Post(own+"/approve", form).Want(403).Has("Nobody approves or reopens a remote access request of their own.", "Pending")

	here := ask(t, s, "jane@example.com", "devops-viewer", 3, "a look")
	form = s.Get(here).Form(here + "/approve")
	form.Set("requestedDays", "4")
	page := s.Post(here+"/approve", form).Want(400)
	if got := page.Form(here + "/approve").Get("requestedDays"); got != "4" || !strings.Contains(page.Body, `id="e-requestedDays"`) {
		t.Errorf("what was typed comes back as %q: %s", got, page.Text())
	}
	form.Set("requestedDays", "many")
	s.Post(here+"/approve", form).Want(400)
	form.Set("requestedDays", "3")
	form.Set("role", "devops-admin")
	s.Post(here+"/approve", form).Want(400)
	s.Post(here+"/reject", url.Values{"seen": {"PENDING"}}).Want(303)
	form.Set("role", "devops-viewer")
	s.Post(here+"/approve", form).Want(409).Has("Rejected")
	s.Get(here+"?done=rejected").Has("Rejected", "Reopen", "Undo")
	s.Post(here+"/reopen", nil).Want(303)
	s.Get(here).Has("Pending")
	s.Get("/remote-access/requests/nonsense").Want(400)
	s.Get("/remote-access/requests/0c6b5a4f-0000-4000-8000-000000000000").Want(404)
}

// With two approvers the first is told that somebody else is needed.
func TestTwoApprovers(t *testing.T) {
	s := consoletest.Start(t)
	gatewayWith(t, s, "two_approvers")
	setSetting(t, s, "approved")
	here := ask(t, s, "john@example.com", "devops-admin", 1, "a repair")
	form := s.Get(here).Form(here + "/approve")
	if to := s.Post(here+"/approve", form).Location(); to != here+"?done=first" {
		t.Fatalf("the first approval leads to %s", to)
	}
	s.Get(here+"?done=first").Has("Your approval is noted", "Pending", "One person has approved.", "admin@example.com")
	s.SignIn(tokens.Attributes{Name: "second", Owner: "second@example.com", Scopes: []string{"ServiceProviderAPI"}, Cluster: true})
	if to := s.Post(here+"/approve", s.Get(here).Form(here+"/approve")).Location(); to != here+"?done=approved" {
		t.Fatalf("the second approval leads to %s", to)
	}
	s.Get(here).Has("In force", "admin@example.com, second@example.com")
	granted := s.Post("/remote-access/grant", url.Values{"userId": {"x@example.com"}, "role": {"devops-admin"}, "requestedDays": {"1"}, "reason": {"r"}}).Location()
	if !strings.HasSuffix(granted, "?done=first") {
		t.Errorf("a grant by one of two leads to %s", granted)
	}
}

func TestGrantAndRevokeAll(t *testing.T) {
	s := consoletest.Start(t)
	s.Post("/remote-access/grant", url.Values{"userId": {"jane@example.com"}, "role": {"devops-viewer"}, "requestedDays": {"1"}, "reason": {"early"}}).
		Want(403).Has("Approving remote access request is disabled")
	setSetting(t, s, "approved")
	form := s.Get("/remote-access/grant").Want(200).Has("For somebody", "What the roles may do").Form("/remote-access/grant")
	if got := form.Get("role"); got != "devops-viewer" {
		t.Errorf("the form begins with the role %s", got)
	}
	form.Set("userId", "jörg@example.com")
	form.Set("requestedDays", "9000")
	page := s.Post("/remote-access/grant", form).Want(400).Has("The role devops-viewer is granted for 1 to", "A user is named with", "The reason has 1 to")
	for _, id := range []string{"userId", "requestedDays", "reason"} {
		if !strings.Contains(page.Body, `id="e-`+id+`"`) {
			t.Errorf("nothing stands beside %s", id)
		}
	}
	for i, user := range []string{"jane@example.com", "john@example.com"} {
		form := url.Values{"userId": {user}, "role": {"devops-user"}, "requestedDays": {fmt.Sprint(i + 1)}, "reason": {"planned upgrade"}}
		at := s.Post("/remote-access/grant", form).Location()
		s.Get(at).Want(200).Has("In force", "The access is granted", user)
	}
	waiting := ask(t, s, "late@example.com", "devops-viewer", 1, "later")
	s.Door.SetConfirmed(false)
	if to := s.Post("/remote-access/revoke-all", nil).Location(); to != "/confirm?back=/remote-access/revoke-all" {
		t.Errorf("without saying again who it is: %s", to)
	}
	s.Door.SetConfirmed(true)
	s.Get("/remote-access/revoke-all").Want(200).Has("2 grants end:", "jane@example.com", "john@example.com", "cannot be undone")
	s.Post("/remote-access/revoke-all", nil).Want(303)
	s.Get("/remote-access?done=revoked-all").Has("Every grant has ended", "No grant is in force")
	s.Get(waiting).Has("Pending")

	s.Get("/remote-access?state=EXPIRED").Has("jane@example.com").Lacks("late@example.com")
	s.Get("/remote-access?user=LATE").Has("late@example.com").Lacks("jane@example.com")
	s.Get("/remote-access?user=nobody").Has("Nothing matches")
	csv := s.Get("/remote-access.csv?state=EXPIRED").Want(200)
	if !strings.HasPrefix(csv.Body, "requestId,userId,reason") || strings.Count(csv.Body, "\r\n") != 3 || strings.Contains(csv.Body, "late@") {
		t.Errorf("the export is %s", csv.Body)
	}
	if got := s.Get("/remote-access.json").Want(200).Body; strings.Count(got, `"requestId"`) != 3 || !strings.Contains(got, `"truncated":false`) {
		t.Errorf("the export is %s", got)
	}
}

// Attack: somebody of the staff writes a reason that is a script, or looks like another one, and an administrator opens the
// pages. Invariant: it is read back exactly; on every page with it there is nothing more than with a harmless one.
func TestHostileReasons(t *testing.T) {
	s := consoletest.Start(t)
	setSetting(t, s, "approved")
	var pages, taken []string
	for _, reason := range hostile {
		r := s.Post("/remote-access/grant", url.Values{"userId": {"jane@example.com"}, "role": {"devops-viewer"}, "requestedDays": {"1"}, "reason": {reason}})
		if r.Status == http.StatusBadRequest { // with characters that are not shown
			continue
		}
		taken, pages = append(taken, reason), append(pages, strings.TrimSuffix(r.Location(), "?done=granted"))
	}
	if len(taken) < len(hostile)-2 {
		t.Fatalf("only %d reasons are taken", len(taken))
	}
	listed := s.Get("/remote-access").Want(200).All("bdi")
	for i, reason := range taken {
		for _, texts := range [][]string{listed, s.Get(pages[i]).Want(200).All("bdi"), s.Get(pages[i] + "/report").Want(200).All("bdi")} {
			if !slices.Contains(texts, reason) {
				t.Errorf("%.60q is not whole", reason)
			}
		}
		if p := s.Get(pages[i] + "/report/html"); p.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(p.Header.Get("Content-Disposition"), "attachment;") {
			t.Errorf("a report is sent as %v", p.Header)
		}
		s.Get("/remote-access?" + url.Values{"user": {reason}}.Encode()).Want(200)
	}
	for _, text := range slices.Concat(hostile, unnameable) {
		again := s.Post("/remote-access/grant", url.Values{"userId": {"!"}, "requestedDays": {"9"}, "reason": {text}, "role": {"root"}}).Want(400).Form("/remote-access/grant")
		if again.Get("reason") != text || again.Get("requestedDays") != "9" || again.Get("userId") != "!" {
			t.Errorf("%.50q comes back as %.50q", text, again.Get("reason"))
		}
	}
}

func TestReportForms(t *testing.T) {
	s := consoletest.Start(t)
	setSetting(t, s, "approved")
	here := strings.TrimSuffix(s.Post("/remote-access/grant", url.Values{"userId": {"jane@example.com"}, "role": {"devops-viewer"}, "requestedDays": {"1"}, "reason": {"r"}}).Location(), "?done=granted")
	page := s.Get(here + "/report").Want(200)
	for label, want := range map[string]string{"HTML": "<!doctype html>", "Text": "jane@example.com", "JSON": `"requestId"`} {
		p := s.Get(page.Link(label)).Want(200)
		if !strings.Contains(strings.ToLower(p.Body), strings.ToLower(want)) || !strings.Contains(p.Header.Get("Content-Disposition"), "remote-access-") {
			t.Errorf("%s: %v %.200s", label, p.Header, p.Body)
		}
	}
	const unknown = "/remote-access/requests/0c6b5a4f-0000-4000-8000-000000000000/report"
	s.Get(unknown).Want(404)
	s.Get(unknown + "/html").Want(404)
	s.Get(here + "/report/pdf").Want(404)
}

func TestRoles(t *testing.T) {
	s := consoletest.Start(t)
	s.Get("/remote-access/roles").Want(200).Has("devops-viewer", "devops-user", "devops-admin", "By group of endpoints", "Restart services, run diagnostics on hosts")
	page := s.Get("/remote-access/roles/devops-admin").Want(200).Has("devops-admin", "GET /api/")
	if rows := len(page.All("tr")); rows != 101 {
		t.Errorf("%d rows on the first page", rows)
	}
	s.Get("/remote-access/roles/devops-viewer?access=closed&q=remoteaccess").Want(200).Has("remoteaccess").Lacks("apiTokens")
	s.Get("/remote-access/roles/devops-viewer?q=no+such+path").Want(200).Has("Nothing matches")
	s.Get("/remote-access/roles/root").Want(400).Has("Expected one of devops-viewer")
}

// Somebody without the right sees which one is missing, on every page and for every form, and nothing is changed.
func TestRemoteAccessWithoutTheRight(t *testing.T) {
	s := consoletest.Start(t)
	setSetting(t, s, "approved")
	here := ask(t, s, "john@example.com", "devops-viewer", 1, "a look")
	s.SignIn(tokens.Attributes{Name: "reader", Owner: "reader@example.com", Scopes: []string{"remoteaccess.read"}, Cluster: true})
	form := s.Get(here).Want(200).Form(here + "/approve")
	s.Post(here+"/approve", form).Want(403).Has("remoteaccess.approve", "Pending")
	s.Post("/remote-access/revoke-all", nil).Want(403).Has("remoteaccess.approve")
	s.Post("/remote-access/setting", url.Values{"setting": {"approved-read-only"}, "seen": {"approved"}}).Want(403).Has("ServiceProviderAPI")
	s.SignIn(tokens.Attributes{Name: "nobody", Owner: "nobody@example.com", Scopes: []string{"metrics.read"}})
	for _, path := range []string{"/remote-access", "/remote-access.csv", here, here + "/report", here + "/report/json", here + "/review", "/remote-access/setting", "/remote-access/roles"} {
		s.Get(path).Want(403).Has("remoteaccess.read")
	}
	s.Get("/remote-access/own").Want(403).Has("Only remote support staff ask for access themselves.")
}

// Attack: staff make so many requests that nobody can look at them. Invariant: a report that is too long for a page can be
// downloaded whole, and a download that breaks off does not look like one that is whole.
func TestReportThatIsTooLong(t *testing.T) {
	s := consoletest.Start(t)
	const id = "0c6b5a4f-0000-4000-8000-000000000000"
	long := `{"requests":[],"pad":"` + strings.Repeat("x", 9<<20) + `"}`
	answerAt(s, "/api/doorward/v1/remoteAccess/requests/"+id+"/report", func() string { return long })
	page := s.Get("/remote-access/requests/" + id + "/report").Want(200).Has("The report is too long to be shown here. Download it.")
	if got := s.Get(page.Link("JSON")).Want(200).Body; got != long {
		t.Errorf("the download has %d bytes", len(got))
	}
	s.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("{"))
		panic(http.ErrAbortHandler)
	})
	defer func() {
		if recover() != http.ErrAbortHandler { //nolint:errorlint // what net/http compares it with
			t.Error("a report that broke off was sent as a whole one")
		}
	}()
	s.Get("/remote-access/requests/" + id + "/report/json")
}

// Attack: staff write reasons that make the list of requests too long to be opened. Invariant: the list has their beginning,
// and is held to the size of every page; the page of a request has all of it.
func TestLongReasons(t *testing.T) {
	s := consoletest.Start(t)
	var requests []map[string]any
	for i := range 100 {
		var reason []rune
		for j := range 1000 {
			reason = append(reason, rune(0x20000+(i*7919+j*104729)%0xa000))
		}
		requests = append(requests, map[string]any{"requestId": fmt.Sprintf("0c6b5a4f-0000-4000-8000-%012d", i), "userId": "x@example.com", "reason": string(reason), "state": "PENDING", "role": "devops-viewer", "requestedDays": 1})
	}
	text, _ := json.Marshal(requests)
	answerAt(s, "/api/cluster/v2/remoteaccess/requests", func() string { return string(text) })
	s.Get("/remote-access").Want(200).Has("100 of 100", "…")
}

// A store that is lost is told with all that was typed, or as a page.
func TestRemoteAccessWithoutTheStore(t *testing.T) {
	s := consoletest.Start(t)
	s.API = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"error":{"code":503,"message":"Remote access could not be read."}}`))
	})
	form := url.Values{"userId": {"jane@example.com"}, "role": {"devops-user"}, "requestedDays": {"3"}, "reason": {"typed with care"}}
	again := s.Post("/remote-access/grant", form).Want(503).Has("Remote access could not be read.").Form("/remote-access/grant")
	if again.Get("reason") != "typed with care" || again.Get("role") != "devops-user" {
		t.Errorf("what was typed comes back as %v", again)
	}
	for _, path := range []string{"/remote-access/requests/x/approve", "/remote-access/requests/x/reject", "/remote-access/setting", "/remote-access/revoke-all", "/remote-access/requests/x/review"} {
		s.Post(path, url.Values{"setting": {"all"}}).Want(503).Has("Remote access could not be read.")
	}
	s.Get("/remote-access").Want(503).Has("The store does not answer")
	s.Get("/events").Want(503).Has("The store does not answer")
}
