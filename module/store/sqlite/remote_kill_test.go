package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/sqlite"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
)

func askedNumber(n int) remote.Request {
	return remote.Request{
		ID: fmt.Sprintf("7a397770-86b7-473b-b23e-%012d", n), User: "ann@example.org", Reason: "SUP-1", Created: epoch, By: "bob",
		AskedRole: remote.User, AskedDays: 3, Role: remote.User, Days: 3, State: remote.Pending, PendingUntil: epoch.Add(time.Hour),
	}
}

// telling is the entry of a change that one person is to be told of.
func telling(action string, r remote.Request, event notify.Event) *remote.Entry {
	n := notify.Notice{Event: event, Time: epoch, RequestID: r.ID, User: r.User, State: string(r.State)}
	return &remote.Entry{
		Event: audit.Event{Time: epoch, Actor: "cli:tester", Action: action, Object: r.ID},
		Batch: notify.Batch{RequestID: r.ID, Deliveries: []notify.Delivery{
			{ID: string(event) + " " + r.ID, Channel: notify.ByMail, Target: "admin@example.com", Notice: n, First: epoch, Next: epoch},
		}},
	}
}

func ask(ctx context.Context, s *sqlite.Store, r remote.Request) error {
	return s.CreateRemoteRequest(ctx, r, telling("remote_access_request.create", r, notify.Created), func(remote.Current) error { return nil })
}

func decide(ctx context.Context, s *sqlite.Store, r remote.Request) error {
	e := telling("remote_access_request.update", r, notify.Rejected)
	e.Batch.Drop = []notify.Event{notify.Created}
	return s.UpdateRemoteRequest(ctx, r.ID, e, func(_ remote.SettingRecord, r *remote.Request) error {
		r.State, r.Changed, r.ChangedBy = remote.Rejected, epoch, "eve"
		return nil
	})
}

// askAndDecide ends the request, so that those that are open stay few.
func askAndDecide(s *sqlite.Store, n int) error {
	ctx, r := context.Background(), askedNumber(n)
	if err := ask(ctx, s, r); err != nil {
		return err
	}
	os.Stdout.WriteString("?" + r.ID + "\n")
	err := decide(ctx, s, r)
	os.Stdout.WriteString("!" + r.ID + "\n")
	return err
}

func wantAsked(t *testing.T, s *sqlite.Store, id, state string) {
	t.Helper()
	r, err := s.RemoteRequest(t.Context(), id)
	if err != nil || state == "REJECTED" && r.State != remote.Rejected {
		t.Fatalf("acknowledged request %s (%s): %s, %v", id, state, r.State, err)
	}
}

// remoteChecks are counted in SQL: every request has one delivery for its creation, which is dropped exactly when it was
// rejected, one for that, and its events and changes; and there is no delivery of anything else.
var remoteChecks = map[string]string{
	"deliveries": `SELECT iif(count(*) = 0, 'ok', 'bad') FROM remote_requests AS r WHERE
		(SELECT group_concat(event || ' ' || (finished IS NOT NULL), ' ' ORDER BY event) FROM deliveries WHERE request_id = r.id) IS NOT
		iif(r.state = 'PENDING', 'remote_access.created 0', 'remote_access.created 1 remote_access.rejected 0')`,
	"requests of deliveries": `SELECT iif(count(*) = 0, 'ok', 'bad') FROM deliveries WHERE request_id NOT IN (SELECT id FROM remote_requests)`,
	"requests": `SELECT iif(count(*) = 0, 'ok', 'bad') FROM remote_requests AS r WHERE iif(r.state = 'PENDING', 1, 2) <>
		(SELECT count(*) FROM audit_events AS e JOIN changes AS c ON c.revision = e.revision AND c.id = e.object AND c.kind = 'remote_request'
		WHERE e.object = r.id)`,
}
