package remoteapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/remote"
)

// TestWire: the answers are those of the original to the byte, but for the identifier: what is null is there and null.
func TestWire(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{})
	if got := d.want(200, "ann", http.MethodGet, requests, ""); got != "[]" {
		t.Error(got)
	}
	const sent = `{"userId":"john.smith@example.com","reason":"SUP-123456 Verifying cluster state after upgrade","requestedDays":7,"role":"devops-admin","requestId":null,"state":null}`
	id := d.read(d.want(201, "ann", http.MethodPost, requests, sent, "Content-Type", "*/*")).RequestID
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Error(id)
	}
	const record = `{"requestId":"ID","userId":"john.smith@example.com","reason":"SUP-123456 Verifying cluster state after upgrade","requestedDays":7,` +
		`"role":"devops-admin","createdTimestamp":1586452866661,"expirationTimestamp":null,"state":"PENDING","stateModifiedByUser":null}`
	pending := strings.Replace(record, "ID", id, 1)
	for target, want := range map[string]string{requests: "[" + pending + "]", requests + "/" + id: pending, requests + "/" + strings.ToUpper(id): pending} {
		if diff := cmp.Diff(want, d.want(200, "ann", http.MethodGet, target, "")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
	}
	d.now = start.Add(time.Hour)
	if got := d.want(200, "ann", http.MethodPut, requests+"/"+id+"/state", `{"state":"ACCEPTED"}`); got != "" {
		t.Errorf("a body: %s", got)
	}
	accepted := strings.NewReplacer(`"expirationTimestamp":null`, fmt.Sprintf(`"expirationTimestamp":%d`, d.now.UnixMilli()+604_800_000),
		"PENDING", "ACCEPTED", `"stateModifiedByUser":null`, `"stateModifiedByUser":"katie.novak"`, "}", `,"approvals":["katie.novak"]}`).Replace(pending)
	if diff := cmp.Diff(accepted, d.want(200, "ann", http.MethodGet, requests+"/"+id, "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d.now = d.now.Add(7 * 24 * time.Hour)
	for _, state := range []string{"PENDING", "ACCEPTED", "REJECTED", "EXPIRED"} {
		d.want(409, "ann", http.MethodPut, requests+"/"+id+"/state", `{"state":"`+state+`"}`)
	}
	if got := d.stateOf(id); got != "EXPIRED" {
		t.Error(got)
	}
}

// TestClosed: under every other setting each of the four calls, and what staff may ask, is 403 with the one sentence.
func TestClosed(t *testing.T) {
	for _, setting := range []remote.Setting{remote.Off, remote.All, remote.ReadOnly} {
		d := newDesk(t, setting, remote.Rules{BreakGlass: remote.Admin})
		for _, c := range [][4]string{
			{"ann", http.MethodGet, requests, ""},
			{"ann", http.MethodPost, requests, asked},
			{"ann", http.MethodGet, requests + "/" + nothing, ""},
			{"ann", http.MethodPut, requests + "/" + nothing + "/state", `{"state":"ACCEPTED"}`},
			{"ann", http.MethodPost, own + "/grants", asked},
			{"staff", http.MethodGet, own + "/ownRequests", ""},
			{"staff", http.MethodPost, own + "/ownRequests", asked},
			{"staff", http.MethodPost, own + "/breakGlass", `{"role":"devops-admin","minutes":5,"reason":"fire"}`},
		} {
			const want = `{"error":{"code":403,"message":"Approving remote access request is disabled"}}`
			if diff := cmp.Diff(want, d.want(403, c[0], c[1], c[2], c[3])); diff != "" {
				t.Errorf("%s: %s %s (-want +got):\n%s", setting, c[1], c[2], diff)
			}
		}
	}
}

// violation is what was found wrong, and where.
type violation struct{ Path, ParameterLocation string }

func violations(t *testing.T, text string) (all []violation) {
	t.Helper()
	var e struct {
		Error struct {
			Code                 int
			ConstraintViolations []violation
		}
	}
	if err := json.Unmarshal([]byte(text), &e); err != nil || e.Error.Code != 400 {
		t.Errorf("%v %s", err, text)
	}
	return e.Error.ConstraintViolations
}

// TestInvalid: what can never work is 400, and names every part that is wrong. Nothing is stored.
func TestInvalid(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{BreakGlass: remote.Admin})
	id := d.made()
	long := strings.Repeat("x", 1001)
	ask := func(from, to string) string { return strings.Replace(asked, from, to, 1) }
	for _, test := range []struct {
		caller, method, target, body string
		want                         string // paths, "" for none
	}{
		{"ann", "POST", requests, ``, ""}, {"ann", "POST", requests, `null`, ""}, {"ann", "POST", requests, `[]`, ""}, {"ann", "POST", requests, `{`, ""},
		{"ann", "POST", requests, asked + asked, ""}, {"ann", "POST", requests, "{\"userId\":\"\xff\"}", ""},
		{"ann", "POST", requests, `{"role":"devops-viewer","role":"devops-admin"}`, "role"},
		{"ann", "POST", requests, `{"role":"devops-viewer","ROLE":"devops-admin"}`, "ROLE"},
		{"ann", "POST", requests, `{}`, "userId reason role"},
		{"ann", "POST", requests, `{"userId":null,"reason":null,"requestedDays":null,"role":null}`, "userId reason role"},
		{"ann", "POST", requests, ask("devops-admin", "Devops-Admin"), "role"},
		{"ann", "POST", requests, ask(`"devops-admin"`, `1`), "role"},
		{"ann", "POST", requests, ask(":7", ":0"), "requestedDays"}, {"ann", "POST", requests, ask(":7", ":31"), "requestedDays"},
		{"ann", "POST", requests, ask(":7", ":-1"), "requestedDays"}, {"ann", "POST", requests, ask(":7", ":1.5"), "requestedDays"},
		{"ann", "POST", requests, ask(":7", `:"7"`), "requestedDays"}, {"ann", "POST", requests, ask(":7", ":99999999999999999999"), "requestedDays"},
		{"ann", "POST", requests, ask("SUP-123456 Verifying cluster state after upgrade", " \\t "), "reason"},
		{"ann", "POST", requests, ask("SUP-123456", long), "reason"},
		{"ann", "POST", requests, ask("SUP-123456", "a\\r\\nBcc: eve@example.com"), "reason"},
		{"ann", "POST", requests, ask("SUP-123456", "\\u202egnp"), "reason"},
		{"ann", "POST", requests, ask("SUP-123456", "TOPSECRET"), "reason"},
		{"ann", "POST", requests, ask(john, "j\u043ehn.smith@example.com"), "userId"},
		{"ann", "POST", requests, ask(john, "john.smith@example.com\\r\\nBcc: eve@example.com"), "userId"},
		{"ann", "POST", requests, ask(john, strings.Repeat("a", 255)), "userId"},
		{"ann", "GET", requests + "/42", "", "requestId"},
		{"ann", "GET", requests + "/" + nothing + "0", "", "requestId"},
		{"ann", "PUT", requests + "/42/state", `{"state":"ACCEPTED"}`, "requestId"},
		{"ann", "POST", own + "/requests/42/review", `{"comment":"fine"}`, "requestId"},
		{"ann", "GET", own + "/requests/42/report", "", "requestId"},
		{"ann", "GET", own + "/requests/" + id + "/report?format=pdf", "", "format"},
		{"ann", "GET", own + "/requests/" + id + "/report?format=json&format=text", "", "format"},
		{"ann", "PUT", requests + "/" + id + "/state", ``, ""},
		{"ann", "PUT", requests + "/" + id + "/state", `{}`, "state"}, {"ann", "PUT", requests + "/" + id + "/state", `{"state":null}`, "state"},
		{"ann", "PUT", requests + "/" + id + "/state", `{"state":"accepted"}`, "state"},
		{"ann", "PUT", requests + "/" + id + "/state", `{"state":"REVOKED"}`, "state"},
		{"ann", "PUT", requests + "/" + id + "/state", `{"state":"ACCEPTED","ifState":"OPEN"}`, "ifState"},
		{"ann", "PUT", requests + "/" + id + "/state", `{"state":"ACCEPTED","role":"root"}`, "role"},
		{"ann", "PUT", requests + "/" + id + "/state", `{"state":"ACCEPTED","role":""}`, "role"},
		{"ann", "PUT", requests + "/" + id + "/state", `{"state":"ACCEPTED","requestedDays":0}`, "requestedDays"},
		{"ann", "PUT", requests + "/" + id + "/state", `{"state":"ACCEPTED","requestedDays":8}`, "requestedDays"},
		{"ann", "PUT", requests + "/" + id + "/state", `{"state":"REJECTED","requestedDays":1}`, "state"},
		{"ann", "POST", own + "/grants", `{}`, "userId reason role"},
		{"ann", "PUT", own + "/setting", `{}`, "setting"}, {"ann", "PUT", own + "/setting", `{"setting":"ALL"}`, "setting"},
		{"ann", "POST", prefs, `{"supportAllowRemoteAccess":"true"}`, "supportAllowRemoteAccess"},
		{"ann", "POST", prefs, `{"helpChatEnabled":1}`, "helpChatEnabled"}, {"ann", "POST", prefs, `[]`, ""}, {"ann", "POST", prefs, ``, ""},
		{"staff", "POST", own + "/ownRequests", `{}`, "reason role"},
		{"staff", "POST", own + "/breakGlass", `{"role":"devops-admin","reason":"fire"}`, "minutes"},
		{"staff", "POST", own + "/breakGlass", `{"role":"devops-admin","reason":"fire","minutes":61}`, "minutes"},
		{"staff", "POST", own + "/breakGlass", `{"role":"devops-admin","reason":"fire","minutes":9223372036854775807}`, "minutes"},
	} {
		text := d.want(400, test.caller, test.method, test.target, test.body)
		var paths []string
		for _, v := range violations(t, text) {
			paths = append(paths, v.Path)
			if where := map[string]string{"requestId": "PATH", "format": "QUERY"}[v.Path]; where != "" && where != v.ParameterLocation {
				t.Errorf("%s %s: %s is in %s", test.method, test.target, v.Path, v.ParameterLocation)
			}
		}
		if got := strings.Join(paths, " "); got != test.want || strings.Contains(text, "TOPSECRET") {
			t.Errorf("%s %s %.80s: %q, want %q: %s", test.method, test.target, test.body, got, test.want, text)
		}
	}
	if n := len(d.store.Events()); n != 1 {
		t.Errorf("%d events", n)
	}
}

// TestTooLarge: a body is read no further than it may reach, on every operation that takes one.
func TestTooLarge(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{BreakGlass: remote.Admin})
	id := d.made()
	body := `{"reason":"` + strings.Repeat("x", 64<<10) + `"}`
	for _, c := range [][3]string{
		{"ann", "POST", requests}, {"ann", "PUT", requests + "/" + id + "/state"}, {"ann", "POST", prefs}, {"ann", "PUT", own + "/setting"},
		{"ann", "POST", own + "/grants"}, {"ann", "POST", own + "/requests/" + id + "/review"}, {"staff", "POST", own + "/ownRequests"}, {"staff", "POST", own + "/breakGlass"},
	} {
		d.want(413, c[0], c[1], c[2], body)
	}
	// An oversized reason alone is a violation, up to the bound of a body.
	d.want(400, "ann", "POST", requests, `{"reason":"`+strings.Repeat("x", 64<<10-20)+`"}`)
}

func TestNotFound(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{})
	for _, c := range [][3]string{
		{"GET", requests + "/" + nothing, ""}, {"PUT", requests + "/" + nothing + "/state", `{"state":"ACCEPTED"}`},
		{"POST", own + "/requests/" + nothing + "/review", `{"comment":"fine"}`}, {"GET", own + "/requests/" + nothing + "/report", ""},
	} {
		const want = `{"error":{"code":404,"message":"There is no such remote access request."}}`
		if diff := cmp.Diff(want, d.want(404, "ann", c[0], c[1], c[2])); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c[0], c[1], diff)
		}
	}
}

// TestLower: less than was asked for is granted, and both are told.
func TestLower(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{})
	id := d.made()
	d.want(200, "ann", "PUT", requests+"/"+id+"/state", `{"state":"ACCEPTED","role":"devops-viewer","requestedDays":1,"ifState":null}`)
	got := d.read(d.want(200, "ann", "GET", requests+"/"+id, ""))
	if got.Role != "devops-viewer" || got.AskedRole != "devops-admin" || got.RequestedDays != 1 || got.AskedDays != 7 ||
		*got.ExpirationTimestamp != start.UnixMilli()+86_400_000 {
		t.Errorf("%+v", got)
	}
}

// Attack: two administrators decide at the same time, and one overwrites what the other has just decided without having seen
// it: an approval undoes a refusal. Invariant: with ifState the first wins, and the second is told what has become of it.
func TestTwoAdministrators(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{})
	for range 20 {
		id := d.made()
		var both sync.WaitGroup
		statuses := make([]int, 2)
		for i, state := range []string{"ACCEPTED", "REJECTED"} {
			both.Go(func() {
				statuses[i] = d.call([]string{"ann", "bob"}[i], "PUT", requests+"/"+id+"/state", `{"state":"`+state+`","ifState":"PENDING"}`).Code
			})
		}
		both.Wait()
		want, accepted := []int{200, 409}, d.stateOf(id) == "ACCEPTED"
		if !accepted {
			want = []int{409, 200}
		}
		if diff := cmp.Diff(want, statuses); diff != "" {
			t.Errorf("accepted %v (-want +got):\n%s", accepted, diff)
		}
		d.want(200, "ann", "PUT", requests+"/"+id+"/state", `{"state":"EXPIRED"}`)
	}
}

// Attack: whom the access is for approves it, by a token of their own, by another spelling of their name, or from within a
// remote session. Invariant: 403, and nothing changes.
func TestNobodyApprovesThemselves(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{})
	id := d.made()
	for _, caller := range []string{"self", "staff", "jwt"} {
		d.want(403, caller, "PUT", requests+"/"+id+"/state", `{"state":"ACCEPTED"}`)
		d.want(403, caller, "POST", own+"/grants", strings.Replace(asked, "john.smith", "JOHN.Smith", 1))
	}
	if got := d.stateOf(id); got != "PENDING" {
		t.Error(got)
	}
	d.want(200, "bob", "PUT", requests+"/"+id+"/state", `{"state":"ACCEPTED"}`)
	if got := d.read(d.want(200, "ann", "GET", requests+"/"+id, "")); *got.StateModifiedByUser != "dt0c01.BOB" {
		t.Errorf("%+v", got)
	}
}

// TestList: newest first, closed ones as well, and more than the store gives at a time.
func TestList(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{})
	const n = remote.MaxPage + 50
	for i := range n {
		d.now = start.Add(time.Duration(i) * time.Second)
		body := fmt.Sprintf(`{"userId":"user%d@example.com","reason":"r","requestedDays":1,"role":"devops-viewer"}`, i%100)
		id := d.read(d.want(201, "ann", "POST", requests, body)).RequestID
		d.want(200, "ann", "PUT", requests+"/"+id+"/state", `{"state":"REJECTED"}`)
	}
	var all []answer
	if err := json.Unmarshal([]byte(d.want(200, "ann", "GET", requests, "")), &all); err != nil || len(all) != n {
		t.Fatal(err, len(all))
	}
	for i, a := range all {
		if want := start.Add(time.Duration(n-1-i) * time.Second).UnixMilli(); a.CreatedTimestamp != want || a.State != "REJECTED" {
			t.Fatalf("%d: %+v", i, a)
		}
	}
}

// TestStoreAway: a store that does not answer is 503 everywhere, and says nothing of why.
func TestStoreAway(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{BreakGlass: remote.Admin})
	id := d.made()
	d.store.Before = func(context.Context, string) error { return errors.New("disk on fire") }
	for _, c := range [][4]string{
		{"ann", "GET", requests, ""}, {"ann", "POST", requests, asked}, {"ann", "GET", requests + "/" + id, ""},
		{"ann", "PUT", requests + "/" + id + "/state", `{"state":"ACCEPTED"}`}, {"ann", "GET", prefs, ""}, {"ann", "POST", prefs, `{}`},
		{"ann", "GET", own + "/setting", ""}, {"ann", "PUT", own + "/setting", `{"setting":"off"}`}, {"ann", "POST", own + "/grants", asked},
		{"ann", "POST", own + "/revokeAll", ""}, {"ann", "POST", own + "/requests/" + id + "/review", `{"comment":"fine"}`},
		{"ann", "GET", own + "/requests/" + id + "/report", ""}, {"staff", "GET", own + "/ownRequests", ""},
		{"staff", "POST", own + "/ownRequests", asked}, {"staff", "POST", own + "/breakGlass", `{"role":"devops-admin","minutes":5,"reason":"fire!"}`},
	} {
		w := d.call(c[0], c[1], c[2], c[3])
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "disk") {
			t.Errorf("%s %s: %d %s", c[1], c[2], w.Code, w.Body)
		}
	}
}
