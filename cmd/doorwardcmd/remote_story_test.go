package doorwardcmd_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
)

// remoteService works on a store as a gateway does that lets people take devops-viewer without approval.
func remoteService(s store.Store) *remote.Service {
	return remote.NewService(remote.ServiceConfig{Store: s, Mask: tokens.Mask, Rules: remote.Rules{BreakGlass: remote.Viewer}})
}

// asks <store> <variable> <user> <role> <days> <reason> has somebody of the staff ask for access, as the API does, and sets the
// variable to the identifier of the request.
func asks(ts *testscript.TestScript, _ bool, args []string) {
	inStore(ts, args[0], func(s store.Store) error {
		role, ok := remote.ParseRole(args[3])
		days, err := strconv.Atoi(args[4])
		if err != nil || !ok {
			return fmt.Errorf("role %s, days %s", args[3], args[4])
		}
		who := remote.Actor{Name: args[2], Remote: true}
		r, err := remoteService(s).Create(context.Background(), who, remote.Ask{User: args[2], Role: role, Days: days, Reason: args[5]})
		ts.Setenv(args[1], r.ID)
		return err
	})
}

// emergency <store> <variable> <user> <reason> has somebody of the staff take access without approval.
func emergency(ts *testscript.TestScript, _ bool, args []string) {
	inStore(ts, args[0], func(s store.Store) error {
		ask := remote.Ask{User: args[2], Role: remote.Viewer, Reason: args[3]}
		r, err := remoteService(s).BreakGlass(context.Background(), remote.Actor{Name: args[2], Remote: true}, ask, time.Hour)
		ts.Setenv(args[1], r.ID)
		return err
	})
}

// decides <store> <identifier> <state> <actor> has another administrator decide, as the API does.
func decides(ts *testscript.TestScript, _ bool, args []string) {
	inStore(ts, args[0], func(s store.Store) error {
		_, err := remoteService(s).SetState(context.Background(), remote.Actor{Name: args[3]}, args[1], remote.Decision{State: remote.State(args[2])})
		return err
	})
}

// told <store> <channel>:<target>:<event>… checks what waits to be sent now.
func told(ts *testscript.TestScript, _ bool, args []string) {
	inStore(ts, args[0], func(s store.Store) error {
		now := time.Now()
		due, err := s.Outbox().Due(context.Background(), now, now, 100)
		var got []string
		for _, d := range due {
			got = append(got, fmt.Sprintf("%s:%s:%s", d.Channel, d.Target, d.Notice.Event))
		}
		slices.Sort(got)
		if diff := cmp.Diff(args[1:], got); diff != "" {
			ts.Fatalf("(-want +got):\n%s", diff)
		}
		return err
	})
}

// visits <store> <identifier> <user> records, as the gate does, a session with three requests: one that was answered, one
// that was refused, and one of which nobody knows what became of it.
func visits(ts *testscript.TestScript, _ bool, args []string) {
	inStore(ts, args[0], func(s store.Store) error {
		record := func(action, more string, change func(*audit.Event)) (int64, error) {
			e := audit.Event{
				Time: time.Now(), Environment: "default", Actor: args[2], Origin: "192.0.2.7", Decision: "D", Action: action, Object: args[1],
				Detail: fmt.Sprintf(`{"user":%q,"role":"devops-viewer","setting":"approved","session":"s1"%s}`, args[2], more),
			}
			change(&e)
			return s.Record(context.Background(), e)
		}
		done := func(*audit.Event) {}
		visit := func(method, path string) string {
			return fmt.Sprintf(`,"method":%q,"path":%q,"endpoint":%q`, method, path, method+" "+path)
		}
		if _, err := record("session.login", `,"client":"192.0.2.7"`, done); err != nil {
			return err
		}
		id, err := record("remote_access.read", visit("GET", "/api/v2/metrics"), done)
		if err != nil {
			return err
		}
		if err := s.Conclude(context.Background(), id, audit.Outcome{At: time.Now(), Status: 200, Bytes: 1234}); err != nil {
			return err
		}
		if _, err := record("remote_access.create", visit("POST", "/api/v2/settings/objects"), func(e *audit.Event) {
			e.Failed, e.Message = true, "The role of the remote access does not go as far."
		}); err != nil {
			return err
		}
		if _, err := record("remote_access.delete", visit("DELETE", "/api/v2/slo/x"), done); err != nil {
			return err
		}
		_, err = record("session.logout", "", done)
		return err
	})
}
