package remoteapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/remoteapi"
)

// TestPreferences: clients send the whole object and look whether it comes back. What is left out never widens access.
func TestPreferences(t *testing.T) {
	d := newDesk(t, remote.Off, remote.Rules{})
	for _, test := range []struct{ body, true, setting string }{
		{`{"supportAllowRemoteAccess":true}`, "remoteAccessOnDemandOnly supportAllowRemoteAccess", "approved"},
		// Terraform leaves false out.
		{`{"supportAllowRemoteAccess":true,"helpChatEnabled":true,"telemetrySharing":true}`, "helpChatEnabled remoteAccessOnDemandOnly supportAllowRemoteAccess telemetrySharing", "approved"},
		{`{"supportAllowRemoteAccess":true,"helpChatEnabled":true}`, "helpChatEnabled remoteAccessOnDemandOnly supportAllowRemoteAccess", "approved"},
		{`{"supportAllowRemoteAccess":true,"remoteAccessOnDemandOnly":false,"backupEnabled":null}`, "supportAllowRemoteAccess", "all"},
		{`{"supportAllowRemoteAccess":true,"readOnlyRemoteAccessAllowed":true}`, "readOnlyRemoteAccessAllowed supportAllowRemoteAccess", "read-only"},
		{`{"supportAllowRemoteAccess":true,"remoteAccessOnDemandOnly":true}`, "readOnlyRemoteAccessAllowed remoteAccessOnDemandOnly supportAllowRemoteAccess", "approved-read-only"},
		{`{"unknown":{"supportAllowRemoteAccess":true}}`, "remoteAccessOnDemandOnly", "off"},
	} {
		posted := d.want(200, "ann", http.MethodPost, prefs, test.body, "Content-Type", "text/plain")
		if diff := cmp.Diff(posted, d.want(200, "bob", http.MethodGet, prefs, "")); diff != "" {
			t.Errorf("%s (-posted +got):\n%s", test.body, diff)
		}
		var all map[string]bool
		if err := json.Unmarshal([]byte(posted), &all); err != nil || len(all) != 15 {
			t.Fatal(err, posted)
		}
		var set []string
		for name, is := range all {
			if is {
				set = append(set, name)
			}
		}
		slices.Sort(set)
		if diff := cmp.Diff(test.true, strings.Join(set, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.body, diff)
		}
		if got := d.want(200, "ann", http.MethodGet, own+"/setting", ""); got != `{"setting":"`+test.setting+`"}` {
			t.Errorf("%s: %s", test.body, got)
		}
	}
	d.want(403, "staff", http.MethodPost, prefs, `{"supportAllowRemoteAccess":true}`)
}

func TestSetting(t *testing.T) {
	d := newDesk(t, remote.Off, remote.Rules{})
	for _, word := range []string{"all", "read-only", "approved", "approved-read-only", "off"} {
		want := `{"setting":"` + word + `"}`
		put, got := d.want(200, "ann", http.MethodPut, own+"/setting", want), d.want(200, "ann", http.MethodGet, own+"/setting", "")
		if put != want || got != want {
			t.Error(word, put, got)
		}
	}
	d.want(403, "staff", http.MethodPut, own+"/setting", `{"setting":"all"}`)
}

func TestGrantAndRevokeAll(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{TwoForAdmin: true})
	viewer := d.read(d.want(201, "ann", http.MethodPost, own+"/grants", strings.Replace(asked, "admin", "viewer", 1)))
	if viewer.State != "ACCEPTED" || *viewer.ExpirationTimestamp != start.UnixMilli()+604_800_000 {
		t.Errorf("%+v", viewer)
	}
	// With two approvers the first is not enough, and shows.
	admin := d.read(d.want(201, "ann", http.MethodPost, own+"/grants", asked))
	if admin.State != "PENDING" || !slices.Equal(admin.Approvals, []string{"katie.novak"}) {
		t.Errorf("%+v", admin)
	}
	d.want(200, "bob", http.MethodPut, requests+"/"+admin.RequestID+"/state", `{"state":"ACCEPTED"}`)
	d.want(403, "staff", http.MethodPost, own+"/revokeAll", "")
	for _, want := range []string{`{"revoked":2}`, `{"revoked":0}`} {
		if got := d.want(200, "bob", http.MethodPost, own+"/revokeAll", ""); got != want {
			t.Error(got)
		}
	}
	if got := d.stateOf(viewer.RequestID); got != "EXPIRED" {
		t.Error(got)
	}
}

// Attack: a member of the staff asks in the name of another one, or somebody who is none gets in by this way. Invariant:
// whom a request is for is who the gate says that the caller is.
func TestStaffAskForThemselves(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{})
	d.want(201, "ann", http.MethodPost, requests, strings.Replace(asked, john, "eve@example.com", 1))
	made := d.read(d.want(201, "staff", http.MethodPost, own+"/ownRequests", `{"userId":"eve@example.com","reason":"SUP-1","requestedDays":1,"role":"devops-viewer","state":"ACCEPTED"}`))
	if made.UserID != john || made.State != "PENDING" {
		t.Errorf("%+v", made)
	}
	var all []answer
	if err := json.Unmarshal([]byte(d.want(200, "staff", http.MethodGet, own+"/ownRequests?userId=eve@example.com", "")), &all); err != nil || len(all) != 1 || all[0].UserID != john {
		t.Error(err, all)
	}
	d.want(403, "staff", http.MethodPost, requests, strings.Replace(asked, john, "eve@example.com", 1))
	for _, c := range [][2]string{{http.MethodGet, "/ownRequests"}, {http.MethodPost, "/ownRequests"}, {http.MethodPost, "/breakGlass"}} {
		const want = `{"error":{"code":403,"message":"Only remote support staff ask for access themselves."}}`
		if diff := cmp.Diff(want, d.want(403, "self", c[0], own+c[1], asked)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c[1], diff)
		}
	}
}

func TestBreakGlass(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{BreakGlass: remote.User})
	const fire = `{"role":"devops-user","minutes":30,"reason":"fire"}`
	d.want(403, "staff", http.MethodPost, own+"/breakGlass", strings.Replace(fire, "user", "admin", 1))
	got := d.read(d.want(201, "staff", http.MethodPost, own+"/breakGlass", fire))
	if !got.BreakGlass || got.State != "ACCEPTED" || got.UserID != john || *got.ExpirationTimestamp != start.UnixMilli()+1_800_000 {
		t.Errorf("%+v", got)
	}
	d.want(403, "staff", http.MethodPost, own+"/breakGlass", fire) // the last one has not been reviewed
	review := own + "/requests/" + got.RequestID + "/review"
	for _, c := range []struct {
		status       int
		caller, body string
	}{
		{403, "self", `{"comment":"fine"}`}, {403, "staff", `{"comment":"fine"}`}, {400, "ann", `{"comment":""}`}, {400, "ann", `{}`},
		{200, "ann", `{"comment":"fine"}`}, {409, "bob", `{"comment":"not fine"}`},
	} {
		d.want(c.status, c.caller, http.MethodPost, review, c.body)
	}
	if got := d.read(d.want(200, "ann", http.MethodGet, requests+"/"+got.RequestID, "")); got.ReviewedByUser != "katie.novak" {
		t.Errorf("%+v", got)
	}
	d.want(400, "ann", http.MethodPost, own+"/requests/"+d.made()+"/review", `{"comment":"fine"}`)
}

// TestReport: in three forms, whatever the setting is by now, and as a page that can do nothing.
func TestReport(t *testing.T) {
	d := newDesk(t, remote.Approved, remote.Rules{})
	id := d.read(d.want(201, "ann", http.MethodPost, own+"/grants", strings.Replace(asked, "SUP-123456", "<script>alert(1)</script>", 1))).RequestID
	d.want(200, "ann", http.MethodPut, own+"/setting", `{"setting":"off"}`)
	for form, contentType := range map[string]string{
		"": "application/json; charset=utf-8", "?format=json": "application/json; charset=utf-8",
		"?format=text": "text/plain; charset=utf-8", "?format=html": "text/html; charset=utf-8",
	} {
		w := d.call("ann", http.MethodGet, own+"/requests/"+id+"/report"+form, "")
		header := w.Header()
		if w.Code != 200 || header.Get("Content-Type") != contentType || !strings.Contains(w.Body.String(), id) ||
			!strings.Contains(header.Get("Content-Security-Policy"), "sandbox") || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", form, w.Code, header)
		}
		if strings.Contains(contentType, "html") && strings.Contains(w.Body.String(), "<script") {
			t.Error("the page has a script in it")
		}
	}
}

// TestActions: what changes something enters the trail of attempts, and names the request that it is about.
func TestActions(t *testing.T) {
	for _, o := range remoteapi.Operations(remoteapi.Config{}) {
		changes, one := o.Method != http.MethodGet, strings.Contains(o.Path, "{requestId}")
		if changes != (o.Action != "") || (changes && one) != (o.Object == "requestId") {
			t.Errorf("%s %s: action %q, object %q", o.Method, o.Path, o.Action, o.Object)
		}
	}
}
