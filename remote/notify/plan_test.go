package notify_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/remote/notify"
)

func TestPlan(t *testing.T) {
	routes := notify.Routes{
		Mail:     []string{"b@example.com", "a@example.com", "b@example.com", "not an address"},
		Webhooks: map[string][]notify.Event{"all": nil, "ends": {notify.Expired, notify.Revoked}},
	}
	day := 24 * time.Hour
	for event, want := range map[notify.Event][]string{
		notify.Created:        {"created a@example.com 0s", "created b@example.com 0s", "created all 0s", "pending_reminder a@example.com 24h0m0s", "pending_reminder b@example.com 24h0m0s", "pending_reminder all 24h0m0s"},
		notify.Accepted:       {"accepted a@example.com 0s", "accepted b@example.com 0s", "accepted all 0s", "expiring_soon a@example.com 144h0m0s", "expiring_soon b@example.com 144h0m0s", "expiring_soon all 144h0m0s"},
		notify.Revoked:        {"revoked a@example.com 0s", "revoked b@example.com 0s", "revoked all 0s", "revoked ends 0s"},
		notify.SessionStarted: {"session_started all 0s"},
	} {
		n := example(event)
		got := map[string]int{}
		for _, d := range routes.Plan(n).Deliveries {
			got[string(d.Notice.Event)[len("remote_access."):]+" "+d.Target+" "+d.Next.Sub(n.Time).String()]++
		}
		all := map[string]int{}
		for _, w := range want {
			all[w]++
		}
		if diff := cmp.Diff(all, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", event, diff)
		}
	}
	if b := (notify.Routes{Mail: []string{"a@example.com"}, PendingAfter: -1}).Plan(example(notify.Created)); len(b.Deliveries) != 1 {
		t.Errorf("reminders that are off: %v", b.Deliveries)
	}
	overdue := routes.Plan(example(notify.BreakGlass)).Deliveries
	if last := overdue[len(overdue)-1].Notice; last.Event != notify.ReviewOverdue || last.State != "EXPIRED" {
		t.Errorf("a day after the beginning people hear of %s in the state %s", last.Event, last.State)
	}
	short := example(notify.Accepted)
	short.Expires = short.Time.Add(day)
	if b := routes.Plan(short); b.Deliveries[3].Next != short.Time.Add(day/2) {
		t.Errorf("a short access is warned of at %v", b.Deliveries[3].Next)
	}
}

// TestDeliveryID: the same plan twice has the same identifiers, and no two deliveries have the same.
func TestDeliveryID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) notify.Notice {
			return notify.Notice{
				Event: notify.Created, Time: time.UnixMilli(rapid.Int64Range(-1<<60, 1<<60).Draw(t, label+" time")),
				User: rapid.String().Draw(t, label+" user"), Reason: rapid.String().Draw(t, label+" reason"),
			}
		}
		routes := notify.Routes{Mail: []string{"a@example.com", "b@example.com"}, Webhooks: map[string][]notify.Event{"a@example.com": nil}}
		one, other := draw("one"), draw("other")
		if diff := cmp.Diff(routes.Plan(one), routes.Plan(one)); diff != "" {
			t.Fatal(diff)
		}
		seen := map[string]bool{}
		for _, d := range append(routes.Plan(one).Deliveries, routes.Plan(other).Deliveries...) {
			if seen[d.ID] && !cmp.Equal(one, other) {
				t.Fatalf("%s twice", d.ID)
			}
			seen[d.ID] = true
		}
	})
}
