package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/report"
)

var update = flag.Bool("update", false, "write the golden files")

const id = "7a397770-86b7-473b-b23e-4a07d79f2eff"

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

// trail numbers events as a store does, and files them under the request.
func trail(events ...audit.Event) []audit.Event {
	for i := range events {
		events[i].ID, events[i].Object = int64(100+i), id
	}
	return events
}

func event(minute int, actor, action, detail string) audit.Event {
	return audit.Event{Time: at(minute), Actor: actor, Origin: "192.0.2.7", Action: action, Detail: detail}
}

func changed(minute int, actor, action, patch string) audit.Event {
	return audit.Event{Time: at(minute), Actor: actor, Action: action, Patch: patch}
}

func call(minute int, action, method, path, endpoint string) audit.Event {
	detail, err := json.Marshal(map[string]string{
		"user": "john.smith@example.com", "role": "devops-user", "setting": "approved", "session": "s1",
		"method": method, "path": path, "endpoint": endpoint, "query": "",
	})
	if err != nil {
		panic(err)
	}
	return event(minute, "dt0c01.STAFF", "remote_access."+action, string(detail))
}

func refused(e audit.Event, why string) audit.Event {
	e.Failed, e.Message = true, why
	return e
}

func concluded(e audit.Event, o audit.Outcome) audit.Event {
	e.Outcome = &o
	return e
}

func grant() remote.Request {
	return remote.Request{
		ID: id, User: "john.smith@example.com", Reason: "SUP-123456 Verifying cluster state after upgrade", Ticket: "SUP-123456",
		Created: at(0), By: "john.smith@example.com", AskedRole: remote.Admin, AskedDays: 7, Role: remote.User, Days: 2,
		State: remote.Expired, Changed: at(600), ChangedBy: "katie.novak", Approvals: []string{"katie.novak"}, Expires: at(600),
	}
}

// whole is a grant with everything that can happen to one.
func whole() (remote.Request, []audit.Event) {
	session := `{"user":"john.smith@example.com","role":"devops-user","setting":"approved","session":"s1","client":"192.0.2.7"}`
	write := call(40, "update", "PUT", "/api/v2/oneagents/debug", "PUT /api/v2/oneagents/debug")
	stream := call(50, "read", "GET", "/api/v2/events", "GET /api/v2/events")
	return grant(), trail(
		changed(0, "john.smith@example.com", "remote_access_request.create",
			`[{"op":"add","path":"/role","value":"devops-admin"},{"op":"add","path":"/state","value":"PENDING"}]`),
		changed(20, "dt0c01.KATIE", "remote_access_request.update",
			`[{"op":"replace","path":"/role","oldValue":"devops-admin","value":"devops-user"},{"op":"replace","path":"/state","oldValue":"PENDING","value":"ACCEPTED"}]`),
		event(30, "dt0c01.STAFF", "session.login", session),
		concluded(call(31, "read", "GET", "/api/v2/metrics", "GET /api/v2/metrics"), audit.Outcome{At: at(31), Status: 200, Bytes: 1234}),
		refused(call(32, "read", "GET", "/api/v2/logs/search", "GET /api/v2/logs/search"), "The role of the remote access does not go as far. It needs logs.read."),
		concluded(write, audit.Outcome{At: at(41), Status: 204, BodyDigest: strings.Repeat("ab", 32)}),
		call(42, "delete", "DELETE", "/api/v2/oneagents/debug", "DELETE /api/v2/oneagents/debug"),
		concluded(stream, audit.Outcome{At: at(600), Status: 200, Bytes: 9, Cut: "the grant was revoked"}),
		event(600, "dt0c01.STAFF", "session.logout", session),
		changed(600, "dt0c01.KATIE", "remote_access_request.update",
			`[{"op":"replace","path":"/state","oldValue":"ACCEPTED","value":"EXPIRED"}]`),
	)
}

// hostile is a break-glass grant of which every text that somebody else chose tries something.
func hostile() (remote.Request, []audit.Event) {
	const nasty = "<script>alert(1)</script>\" onload=x \u202egnp.exe\u2066 \x1b[2J\x1b]0;owned\a 👩‍🚀 \u00ad\u3164 {{.User}}"
	long := strings.Repeat("A", 10_000)
	q := remote.Request{
		ID: id, User: "mallory@example.com", Reason: nasty, Created: at(0), By: nasty, AskedRole: remote.Viewer, Role: remote.Viewer,
		State: remote.Accepted, Changed: at(0), ChangedBy: nasty, Expires: at(30), BreakGlass: true, ReviewBy: at(1440),
		Reviewed: at(60), ReviewedBy: nasty, Review: long, Approvals: []string{nasty, "javascript:alert(1)"},
	}
	detail, err := json.Marshal(map[string]string{
		"user": nasty, "role": nasty, "setting": nasty, "session": nasty, "client": nasty, "method": "<b>", "path": "/" + long,
		"endpoint": nasty, "query": "x=" + nasty,
	})
	if err != nil {
		panic(err)
	}
	patch, err := json.Marshal([]map[string]string{{"op": "replace", "path": "/" + nasty, "oldValue": nasty, "value": long}})
	if err != nil {
		panic(err)
	}
	odd := event(5, nasty, "remote_access.read", `{"path":`)
	odd.Origin = nasty
	return q, trail(
		changed(0, nasty, "remote_access_request.create", string(patch)),
		changed(1, nasty, nasty, `no patch`),
		event(2, nasty, "session.login", string(detail)),
		refused(event(3, nasty, "remote_access."+nasty, string(detail)), nasty),
		concluded(event(4, nasty, "remote_access.read", string(detail)), audit.Outcome{At: at(4), Status: 200, BodyDigest: nasty, Cut: nasty}),
		odd,
	)
}

func TestGolden(t *testing.T) {
	wholeRequest, wholeTrail := whole()
	hostileRequest, hostileTrail := hostile()
	for name, r := range map[string]report.Report{
		"whole":   report.Of(wholeRequest, wholeTrail),
		"hostile": report.Of(hostileRequest, hostileTrail),
		"empty":   report.Of(remote.Request{ID: id, User: "john.smith@example.com", State: remote.Pending, Created: at(0), AskedRole: remote.Viewer, AskedDays: 1}, nil),
		"nothing": {},
	} {
		if name == "whole" {
			r.Made, r.Head = at(700), strings.Repeat("0f", 32)
		}
		for ending, write := range formats {
			var b bytes.Buffer
			if err := write(&b, r); err != nil {
				t.Fatal(err)
			}
			golden(t, name+ending, b.String())
		}
	}
}

var formats = map[string]func(io.Writer, report.Report) error{".txt": report.Text, ".json": report.JSON, ".html": report.HTML}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// A caller may hand events over in any order, and those of other requests along with them.
func TestOf(t *testing.T) {
	request, events := whole()
	want := report.Of(request, events)
	stranger := call(35, "delete", "DELETE", "/other", "")
	stranger.Object = "00000000-0000-4000-8000-000000000000"
	events = append(events, stranger)
	slices.Reverse(events)
	before := slices.Clone(events)
	if diff := cmp.Diff(want, report.Of(request, events)); diff != "" {
		t.Errorf("backwards (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, events); diff != "" {
		t.Errorf("the caller's events (-before +after):\n%s", diff)
	}
}

// Half a report would say that nothing else has happened.
func TestCollectFails(t *testing.T) {
	broken := errors.New("broken")
	request, events := whole()
	r, err := report.Collect(request, func(yield func([]audit.Event, error) bool) {
		_ = yield(events[:3], nil) && yield(nil, broken)
	})
	if !errors.Is(err, broken) || len(r.Calls)+len(r.Steps) > 0 {
		t.Errorf("%v with %d requests", err, len(r.Calls))
	}
}

// TestFlood. Attack: somebody drowns the one request that they do not want to be seen in harmless ones, before it or after
// it. Fix: reads have a bound of their own. Invariant: a flood of reads takes nothing that was changed or refused off the
// report; everything is counted, and the report says that it is cut.
func TestFlood(t *testing.T) {
	var events []audit.Event
	for range report.MaxReads + 5 {
		events = append(events, call(1, "read", "GET", "/harmless", ""))
	}
	events = append(events, call(2, "delete", "DELETE", "/victim", ""), refused(call(3, "read", "GET", "/secret", ""), "no"))
	for range report.MaxSessions + 2 {
		events = append(events, event(4, "dt0c01.STAFF", "session.login", `{"session":"s2"}`))
	}
	for range report.MaxSteps + 1 {
		events = append(events, changed(5, "x", "remote_access_request.update", ""))
	}
	r := report.Of(grant(), trail(events...))
	var text bytes.Buffer
	if err := report.Text(&text, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/victim", "/secret", "This report is cut: 1 change, 2 sessions and 5 requests more are counted", "10007 requests: 10005 reads, 1 write, 1 refused"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report does not say %s", want)
		}
	}
	if len(r.Calls) != report.MaxReads+2 || len(r.Sessions) != report.MaxSessions || len(r.Steps) != report.MaxSteps {
		t.Errorf("%d requests, %d sessions, %d steps", len(r.Calls), len(r.Sessions), len(r.Steps))
	}
}

// What the trail and the request say about the time in which there was access.
func TestPeriods(t *testing.T) {
	state := func(minute int, actor, before, after string) audit.Event {
		return changed(minute, actor, "remote_access_request.update", fmt.Sprintf(`[{"op":"replace","path":"/state","oldValue":%q,"value":%q}]`, before, after))
	}
	with := func(change func(*remote.Request)) remote.Request {
		q := grant()
		change(&q)
		return q
	}
	live := func(q *remote.Request) { q.State, q.Changed, q.Expires = remote.Accepted, at(20), at(3000) }
	lapsed := func(q *remote.Request) { q.ChangedBy = remote.System }
	for name, test := range map[string]struct {
		request remote.Request
		events  []audit.Event
		want    []report.Period
	}{
		"never accepted": {with(func(q *remote.Request) { q.State, q.Expires = remote.Rejected, time.Time{} }),
			[]audit.Event{state(600, "katie", "PENDING", "REJECTED")}, nil},
		"live":                {with(live), []audit.Event{state(20, "katie", "PENDING", "ACCEPTED")}, []report.Period{{From: at(20), Until: at(3000), Ended: report.Live}}},
		"live, not in trail":  {with(live), nil, []report.Period{{From: at(20), Until: at(3000), Ended: report.Live}}},
		"over, not in trail":  {grant(), nil, []report.Period{{Until: at(600), Ended: report.Revoked, By: "katie.novak"}}},
		"lapsed, not noticed": {with(lapsed), []audit.Event{state(20, "katie", "PENDING", "ACCEPTED")}, []report.Period{{From: at(20), Until: at(600), Ended: report.Expired, By: remote.System}}},
		"lapsed, noticed late": {with(lapsed), []audit.Event{state(20, "katie", "PENDING", "ACCEPTED"), state(605, remote.System, "ACCEPTED", "EXPIRED")},
			[]report.Period{{From: at(20), Until: at(600), Ended: report.Expired, By: remote.System}}},
		"suspended in between": {with(live), []audit.Event{
			state(5, "katie", "PENDING", "ACCEPTED"), state(7, "paul", "ACCEPTED", "PENDING"), state(20, "katie", "PENDING", "ACCEPTED"),
		}, []report.Period{{From: at(5), Until: at(7), Ended: report.Revoked, By: "paul"}, {From: at(20), Until: at(3000), Ended: report.Live}}},
		"an attempt is no change": {with(live), []audit.Event{state(20, "katie", "PENDING", "ACCEPTED"), refused(state(21, "x", "ACCEPTED", "EXPIRED"), "no")},
			[]report.Period{{From: at(20), Until: at(3000), Ended: report.Live}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, report.Of(test.request, trail(test.events...)).Periods); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
