package notifytest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/remote/notify"
)

// start is when the stories of the contract begin.
var start = time.Date(2026, time.March, 1, 8, 0, 0, 0, time.UTC)

func delivery(id, request string, event notify.Event, due time.Time) notify.Delivery {
	return notify.Delivery{
		ID: id, Channel: notify.ByMail, Target: "admin@example.com", First: due, Next: due,
		Notice: notify.Notice{
			Event: event, Time: due, RequestID: request, User: "jo\r\nhn", Role: "devops-user", Days: 7, Reason: "SUP-1 “why”",
			Ticket: "SUP-1", State: "PENDING", Actor: "x", Environment: "prod", Expires: due.Add(time.Hour),
		},
	}
}

// TestOutbox holds an outbox to the contract. open returns a new, empty one each time.
func TestOutbox(t *testing.T, open func(t *testing.T) notify.Outbox) {
	for name, story := range map[string]func(*testing.T, notify.Outbox){
		"what is kept comes back whole": testWhole, "order and limit": testOrder, "added once": testOnce, "lease": testLease,
		"a late holder": testLateHolder, "dropped": testDropped, "forgotten": testForgotten, "one holder each": testOneHolder,
	} {
		t.Run(name, func(t *testing.T) { story(t, open(t)) })
	}
}

func add(t *testing.T, o notify.Outbox, b notify.Batch) {
	t.Helper()
	if err := o.Add(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// due hands out for a minute.
func due(t *testing.T, o notify.Outbox, now time.Time, limit int) []notify.Delivery {
	t.Helper()
	out, err := o.Due(t.Context(), now, now.Add(time.Minute), limit)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantIDs(t *testing.T, got []notify.Delivery, want ...string) {
	t.Helper()
	var ids []string
	for _, d := range got {
		ids = append(ids, d.ID)
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

func testWhole(t *testing.T, o notify.Outbox) {
	want := delivery("a", "r", notify.Created, start)
	never := delivery("b", "r", notify.Created, start)
	never.Channel, never.Notice.Expires = notify.ByWebhook, time.Time{}
	add(t, o, notify.Batch{RequestID: "r", Deliveries: []notify.Delivery{want, never}})
	want.Attempts, want.Next = 1, start.Add(time.Minute)
	never.Attempts, never.Next = 1, start.Add(time.Minute)
	if diff := cmp.Diff([]notify.Delivery{want, never}, due(t, o, start, 10)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func testOrder(t *testing.T, o notify.Outbox) {
	add(t, o, notify.Batch{Deliveries: []notify.Delivery{
		delivery("c", "r", notify.Created, start), delivery("b", "r", notify.Created, start.Add(time.Millisecond)),
		delivery("a", "r", notify.Created, start), delivery("d", "r", notify.Created, start.Add(2*time.Millisecond)),
	}})
	wantIDs(t, due(t, o, start.Add(-time.Millisecond), 10))
	wantIDs(t, due(t, o, start.Add(time.Millisecond), 0))
	wantIDs(t, due(t, o, start.Add(time.Millisecond), 1), "a")
	wantIDs(t, due(t, o, start.Add(time.Millisecond), 10), "c", "b")
}

func testOnce(t *testing.T, o notify.Outbox) {
	batch := notify.Batch{Deliveries: []notify.Delivery{delivery("a", "r", notify.Created, start)}}
	add(t, o, batch)
	add(t, o, batch)
	out := due(t, o, start, 10)
	wantIDs(t, out, "a")
	for range 2 {
		if err := o.Done(t.Context(), out[0], start); err != nil {
			t.Fatal(err)
		}
	}
	add(t, o, batch) // the change is repeated after all was over
	wantIDs(t, due(t, o, start.Add(time.Hour), 10))
}

func testLease(t *testing.T, o notify.Outbox) {
	add(t, o, notify.Batch{Deliveries: []notify.Delivery{delivery("a", "r", notify.Created, start)}})
	wantIDs(t, due(t, o, start, 10), "a")
	wantIDs(t, due(t, o, start.Add(time.Minute-time.Millisecond), 10))
	again := due(t, o, start.Add(time.Minute), 10) // the holder has died
	wantIDs(t, again, "a")
	if again[0].Attempts != 2 {
		t.Errorf("%d attempts", again[0].Attempts)
	}
	if err := o.Later(t.Context(), again[0], start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, due(t, o, start.Add(time.Hour-time.Millisecond), 10))
	wantIDs(t, due(t, o, start.Add(time.Hour), 10), "a")
}

// testLateHolder: a node that was away longer than its lease must not decide about what another one holds now; only that it
// has delivered counts whenever it comes.
func testLateHolder(t *testing.T, o notify.Outbox) {
	add(t, o, notify.Batch{Deliveries: []notify.Delivery{delivery("a", "r", notify.Created, start)}})
	late := due(t, o, start, 10)[0]
	holder := due(t, o, start.Add(time.Minute), 10)[0]
	if err := o.Later(t.Context(), late, start); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, due(t, o, start.Add(time.Minute), 10))
	if err := o.Done(t.Context(), late, start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := o.Later(t.Context(), holder, start); err != nil {
		t.Fatal(err)
	}
	wantIDs(t, due(t, o, start.Add(time.Hour), 10))
	unknown := delivery("unknown", "r", notify.Created, start)
	if err := o.Later(t.Context(), unknown, start); err != nil {
		t.Error(err)
	}
	if err := o.Done(t.Context(), unknown, start); err != nil {
		t.Error(err)
	}
	wantIDs(t, due(t, o, start.Add(time.Hour), 10))
}

func testDropped(t *testing.T, o notify.Outbox) {
	batch := notify.Batch{Deliveries: []notify.Delivery{
		delivery("a", "r", notify.PendingReminder, start), delivery("b", "other", notify.PendingReminder, start),
		delivery("c", "r", notify.Created, start), delivery("d", "r", notify.ExpiringSoon, start),
	}}
	add(t, o, batch)
	add(t, o, notify.Batch{
		RequestID: "r", Drop: []notify.Event{notify.PendingReminder, notify.ExpiringSoon},
		Deliveries: []notify.Delivery{delivery("e", "r", notify.ExpiringSoon, start)}, // added after the dropping
	})
	add(t, o, notify.Batch{Deliveries: batch.Deliveries[:1]}) // known, though dropped
	wantIDs(t, due(t, o, start, 10), "b", "c", "e")
}

func testForgotten(t *testing.T, o notify.Outbox) {
	batch := notify.Batch{Deliveries: []notify.Delivery{
		delivery("a", "r", notify.Created, start), delivery("b", "r", notify.Created, start),
		delivery("c", "r", notify.PendingReminder, start), delivery("d", "s", notify.Created, start),
	}}
	add(t, o, batch)
	add(t, o, notify.Batch{RequestID: "r", Drop: []notify.Event{notify.PendingReminder}})
	for i, at := range []time.Time{start, start.Add(time.Hour)} {
		if err := o.Done(t.Context(), batch.Deliveries[i], at); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := o.Forget(t.Context(), start); got != 0 || err != nil {
		t.Fatalf("%d forgotten, %v", got, err)
	}
	if got, err := o.Forget(t.Context(), start.Add(time.Hour)); got != 2 || err != nil {
		t.Fatalf("%d forgotten, %v", got, err)
	}
	add(t, o, batch) // "b" is still known, and "d" waits as ever
	wantIDs(t, due(t, o, start, 10), "a", "c", "d")
}

// testOneHolder: several nodes that look at once never hold the same delivery.
func testOneHolder(t *testing.T, o notify.Outbox) { OneHolder(t, o, o, o, o) }

// OneHolder fails the test unless several nodes that send what is due, each from its own view of one empty outbox, are handed every
// delivery once between them.
func OneHolder(t *testing.T, nodes ...notify.Outbox) {
	t.Helper()
	const count = 40
	var batch notify.Batch
	for i := range count {
		batch.Deliveries = append(batch.Deliveries, delivery(fmt.Sprintf("%02d", i), "r", notify.Created, start))
	}
	add(t, nodes[0], batch)
	var mu sync.Mutex
	held := map[string]int{}
	var group sync.WaitGroup
	for _, node := range nodes {
		group.Go(func() {
			for {
				out, err := node.Due(context.WithoutCancel(t.Context()), start, start.Add(time.Minute), 3)
				if err != nil {
					t.Error(err)
				}
				if len(out) == 0 {
					return
				}
				mu.Lock()
				for _, d := range out {
					held[d.ID]++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for id, times := range held {
		if times != 1 {
			t.Errorf("%s was handed out %d times", id, times)
		}
	}
	if len(held) != count {
		t.Errorf("%d of %d handed out", len(held), count)
	}
}
