package remote_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
	"github.com/doorward/doorward/remote/remotetest"
)

// TestToldWithTheChange: whatever happens to a request, the plan of whom to tell is committed with it, so that a gateway that dies at once
// afterwards, or a command line that never sends anything, loses no mail.
func TestToldWithTheChange(t *testing.T) {
	store, now := new(remotetest.Memory), epoch
	planned := func(n remote.Notice) notify.Batch {
		d := notify.Delivery{ID: n.After.ID + string(n.Event) + string(n.After.State), First: now, Next: now, Notice: notify.Notice{Event: notify.Event(n.Event)}}
		return notify.Batch{RequestID: n.After.ID, Deliveries: []notify.Delivery{d}}
	}
	s := remote.NewService(remote.ServiceConfig{
		Store: store, Initial: remote.Approved, Rules: remote.Rules{BreakGlass: remote.Viewer}, Now: func() time.Time { return now },
		Mask: func(text string) string { return text }, Plan: planned, OnChange: func(feed.Kind, string) {},
	})
	waiting := func(want ...remote.Event) {
		t.Helper()
		due, err := store.Outbox().Due(context.Background(), now, now.Add(time.Hour), 100)
		var got []remote.Event
		for _, d := range due {
			got = append(got, remote.Event(d.Notice.Event))
			_ = store.Outbox().Done(context.Background(), d, now)
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(want, got) {
			t.Errorf("%v wait to be told, %v; want %v", got, err, want)
		}
	}
	another := func(reason string) remote.Request {
		a := ask()
		a.Reason = reason
		return must(s.Create(t.Context(), ann, a))
	}

	accepted, rejected := another("one"), another("two")
	waiting(remote.EventCreated, remote.EventCreated)
	must(s.SetState(t.Context(), ann, accepted.ID, remote.Decision{State: remote.Accepted}))
	must(s.SetState(t.Context(), ann, rejected.ID, remote.Decision{State: remote.Rejected}))
	waiting(remote.EventAccepted, remote.EventRejected)
	must(s.SetState(t.Context(), ann, accepted.ID, remote.Decision{State: remote.Accepted}))
	waiting() // nothing has happened
	must(s.SetState(t.Context(), ann, accepted.ID, remote.Decision{State: remote.Expired}))
	waiting(remote.EventRevoked)
	must(s.Grant(t.Context(), ann, ask()))
	waiting(remote.EventAccepted)
	must(s.RevokeAll(t.Context(), ann))
	waiting(remote.EventRevoked)
	emergency := must(s.BreakGlass(t.Context(), staff, remote.Ask{User: john, Reason: "three", Role: remote.Viewer}, time.Minute))
	waiting(remote.EventBreakGlass)
	now = now.Add(time.Minute)
	must(s.Sweep(t.Context()))
	must(s.Review(t.Context(), ann, emergency.ID, "fine"))
	waiting(remote.EventExpired, remote.EventReviewed)
	must(s.Grant(t.Context(), ann, ask()))
	must(s.SetSetting(t.Context(), ann, func(remote.Setting) remote.Setting { return remote.Off }))
	waiting(remote.EventAccepted, remote.EventRevoked)
}
