package auditapi_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/module/store/query"
)

// now of the tests.
var now = time.Date(2026, time.March, 31, 13, 45, 30, 0, time.UTC)

// trail is an audit trail in memory that keeps the contract of store.Store.
type trail struct {
	events []audit.Event
	fail   error
	reads  int // of events and numbers
	counts int
}

// add numbers the events as a store does. What was only recorded has no revision.
func (s *trail) add(events ...audit.Event) {
	for _, e := range events {
		e.ID = int64(len(s.events)) + 1
		if !e.Failed && !strings.HasPrefix(e.Action, "remote_access.") && !strings.HasPrefix(e.Action, "session.") && e.Action != "notification.send" {
			e.Revision = e.ID
		}
		s.events = append(s.events, e)
	}
}

func (s *trail) selected(q query.Audit) []audit.Event {
	var found []audit.Event
	for _, e := range s.events {
		if (q.Environment == "" || e.Environment == "" || e.Environment == q.Environment) &&
			(q.Actor == "" || e.Actor == q.Actor) && (q.Action == "" || e.Action == q.Action) && (q.Object == "" || e.Object == q.Object) &&
			oneOf(q.Actors, e.Actor) && oneOf(q.Actions, e.Action) && (q.Success == query.AnySuccess || e.Failed == (q.Success == query.OnlyFailed)) &&
			oneOf(q.Types, e.Type()) && oneOf(q.Categories, e.Category()) &&
			(len(q.Objects) == 0 || slices.ContainsFunc(q.Objects, func(part string) bool { return strings.Contains(e.Object, part) })) &&
			!e.Time.Before(q.From) && (q.To.IsZero() || !e.Time.After(q.To)) {
			found = append(found, e)
		}
	}
	if !q.OldestFirst {
		slices.Reverse(found)
	}
	return found
}

func oneOf(values []string, value string) bool {
	return len(values) == 0 || slices.Contains(values, value)
}

func (s *trail) AuditEvents(_ context.Context, q query.Audit) ([]audit.Event, error) {
	s.reads++
	if s.fail != nil || q.Limit < 0 || q.Limit > query.MaxAuditPage {
		return nil, cmp.Or(s.fail, error(fault.New(fault.Invalid, "limit", nil)))
	}
	events := slices.DeleteFunc(s.selected(q), func(e audit.Event) bool {
		return q.After != 0 && (q.OldestFirst && e.ID <= q.After || !q.OldestFirst && e.ID >= q.After)
	})
	return events[:min(len(events), cmp.Or(q.Limit, query.AuditPage))], nil
}

func (s *trail) CountAuditEvents(_ context.Context, q query.Audit) (int, error) {
	s.reads++
	s.counts++
	return len(s.selected(q)), s.fail
}

func (s *trail) AuditEvent(_ context.Context, id int64) (audit.Event, error) {
	s.reads++
	if s.fail != nil {
		return audit.Event{}, s.fail
	}
	if id < 1 || id > int64(len(s.events)) {
		return audit.Event{}, query.ErrNotFound
	}
	return s.events[id-1], nil
}

// history is what the stories are about, one event a minute, the last one now.
func history() []audit.Event {
	events := []audit.Event{
		{Environment: "prod", Actor: "dt0c01.ADMINISTRATOR", Origin: "192.0.2.1", Action: "token.create", Object: "dt0c01.FIRST", Detail: `{"name":"ci","scopes":["metrics.read"]}`},
		{Environment: "prod", Actor: "dt0c01.ADMINISTRATOR", Origin: "192.0.2.1", Action: "token.update", Object: "dt0c01.FIRST", Patch: `[{"op":"replace","path":"/name","oldValue":"ci","value":"cd"}]`},
		{Environment: "test", Actor: "eve@example.com", Origin: "192.0.2.66", Action: "token.delete", Object: "dt0c01.OTHER", Detail: `{"name":"other"}`},
		{Actor: "cli:root", Action: "tokensettings.update", Object: "prod", Patch: `[{"op":"replace","path":"/personalAccessTokens","oldValue":false,"value":true}]`},
		{Environment: "prod", Actor: "mallory \"x\" ~y", Origin: "2001:db8::1", Action: "token.delete", Object: "dt0c01.FIRST", Failed: true, Message: "The scope apiTokens.write is missing."},
		{Actor: "system", Action: "grant.revoke", Object: "9c1c0f2e", Detail: `{"reason":"expired"}`},
		{Environment: "prod", Actor: "system", Origin: "192.0.2.7", Action: "activegatetoken.create", Object: "dt0g02.ABCDEFGH", Patch: "damaged"},
		{Environment: "prod", Actor: "alice@example.com", Origin: "192.0.2.1", Action: "tenanttoken.start", Object: "prod", Message: "A rotation has begun."},
		{Environment: "prod", Actor: "cli:fake", Origin: "192.0.2.1", Action: "token.create", Failed: true, Message: "Constraints violated."},
		{Environment: "prod", Actor: "alice@example.com", Origin: "192.0.2.1", Action: "token.delete", Object: "dt0c01.FIRST", Detail: `{"name":"cd"}`},
	}
	for i := range events {
		events[i].Time = now.Add(time.Duration(i-len(events)+1) * time.Minute)
	}
	return events
}

// staff is what remote support staff leaves behind, from the request to the end, one event a second, the last one now.
func staff() []audit.Event {
	const request = "7a397770-86b7-473b-b23e-4a07d79f2eff"
	over := audit.Outcome{At: now.Add(-3 * time.Second), Status: 201, Bytes: 345, BodyDigest: strings.Repeat("ab", 32)}
	cut := audit.Outcome{At: now.Add(-time.Second), Status: 200, Bytes: 1 << 20, Cut: "revoked"}
	events := []audit.Event{
		{Environment: "prod", Actor: "dt0c01.ADMINISTRATOR", Origin: "192.0.2.1", Action: "remote_access_setting.update", Patch: `[{"op":"replace","path":"/supportAllowRemoteAccess","oldValue":false,"value":true}]`},
		{Environment: "prod", Actor: "dt0c01.ADMINISTRATOR", Origin: "192.0.2.1", Action: "remote_access_request.create", Object: request, Message: "Request for remote access.", Detail: `{"role":"devops-admin"}`},
		{Actor: "system", Action: "notification.send", Object: request, Detail: `{"recipients":3}`},
		{Environment: "prod", Actor: "dt0c01.ADMINISTRATOR", Origin: "192.0.2.1", Action: "remote_access_request.update", Object: request, Patch: `[{"op":"replace","path":"/state","oldValue":"PENDING","value":"ACCEPTED"}]`},
		{Environment: "prod", Actor: "john.smith@example.com", Origin: "192.0.2.7", Action: "session.login", Object: request},
		{Environment: "prod", Actor: "john.smith@example.com", Origin: "192.0.2.7", Action: "remote_access.create", Object: request, Detail: `{"method":"POST","path":"/api/v2/slo"}`, Outcome: &over},
		{Environment: "prod", Actor: "john.smith@example.com", Origin: "192.0.2.7", Action: "remote_access.read", Object: request, Detail: `{"method":"GET","path":"/api/v2/logs/export"}`, Outcome: &cut},
		{Environment: "prod", Actor: "john.smith@example.com", Origin: "192.0.2.7", Action: "remote_access.update", Object: request, Failed: true, Message: "The permission diag.exec is missing.", Detail: `{"method":"PUT","path":"/api/v2/oneagents/autoUpdate"}`},
		{Environment: "prod", Actor: "john.smith@example.com", Origin: "192.0.2.7", Action: "session.logout", Object: request},
		{Actor: "system", Action: "remote_access_request.update", Object: request, Patch: `[{"op":"replace","path":"/state","oldValue":"ACCEPTED","value":"EXPIRED"}]`},
	}
	for i := range events {
		events[i].Time = now.Add(time.Duration(i-len(events)+1) * time.Second)
	}
	return events
}
