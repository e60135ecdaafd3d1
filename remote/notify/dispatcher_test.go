package notify_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/remote/notify"
	"github.com/doorward/doorward/remote/notify/notifytest"
)

// sendFunc is a sender made of a function.
type sendFunc func(context.Context, notify.Delivery) error

// Send implements notify.Sender.
func (f sendFunc) Send(ctx context.Context, d notify.Delivery) error { return f(ctx, d) }

var errDown = errors.New("the server is down")

// rig is a dispatcher over an outbox in memory, to be used in a bubble of synctest.
type rig struct {
	outbox     *notifytest.Memory
	dispatcher *notify.Dispatcher

	mu       sync.Mutex
	outcomes []notify.Outcome
	errs     []error
}

func newRig(opt notify.Options, send sendFunc) *rig {
	r := &rig{outbox: &notifytest.Memory{}}
	opt.OnOutcome = func(o notify.Outcome) { r.mu.Lock(); defer r.mu.Unlock(); r.outcomes = append(r.outcomes, o) }
	opt.OnError = func(err error) { r.mu.Lock(); defer r.mu.Unlock(); r.errs = append(r.errs, err) }
	r.dispatcher = notify.NewDispatcher(r.outbox, map[notify.Channel]notify.Sender{notify.ByMail: send}, opt)
	return r
}

// run starts the dispatcher and returns what stops it and waits for it.
func (r *rig) run(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.dispatcher.Run(ctx) }()
	return func() { cancel(); <-ended }
}

// add plans a notice that happens now.
func (r *rig) add(t *testing.T, event notify.Event, recipients ...string) {
	t.Helper()
	n := example(event)
	n.Time = time.Now()
	if !n.Expires.IsZero() {
		n.Expires = n.Time.AddDate(0, 0, 7)
	}
	if err := r.outbox.Add(t.Context(), notify.Routes{Mail: recipients}.Plan(n)); err != nil {
		t.Fatal(err)
	}
}

// pass lets time pass, and everything happen that is to happen in it.
func pass(d time.Duration) { time.Sleep(d); synctest.Wait() }

// TestServerDown: a mail server that is down for a day loses nothing and gets each mail once.
func TestServerDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := time.Now().Add(24 * time.Hour)
		r := newRig(notify.Options{}, func(context.Context, notify.Delivery) error {
			if time.Now().Before(up) {
				return errDown
			}
			return nil
		})
		stop := r.run(t)
		r.add(t, notify.Rejected, "a@example.com", "b@example.com")
		pass(26 * time.Hour)
		stop()
		delivered := map[string]int{}
		for _, o := range r.outcomes {
			if o.Err == nil {
				delivered[o.Delivery.Target]++
			}
		}
		if diff := cmp.Diff(map[string]int{"a@example.com": 1, "b@example.com": 1}, delivered); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if tries := len(r.outcomes); tries < 40 || tries > 140 {
			t.Errorf("%d tries", tries)
		}
		if left := r.outbox.Waiting(); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// TestGivenUp: the last try is the first one that fails 48 hours after the notice, and its outcome says that none follows.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := newRig(notify.Options{}, func(context.Context, notify.Delivery) error { return errDown })
		stop := r.run(t)
		r.add(t, notify.Rejected, "a@example.com")
		pass(72 * time.Hour)
		stop()
		last := r.outcomes[len(r.outcomes)-1]
		if age := last.At.Sub(began); age < 48*time.Hour || age > 49*time.Hour+time.Minute || !last.Next.IsZero() {
			t.Errorf("the last try was after %v, the next at %v", age, last.Next)
		}
		for _, o := range r.outcomes[:len(r.outcomes)-1] {
			if o.Next.IsZero() || !errors.Is(o.Err, errDown) {
				t.Errorf("%+v", o)
			}
		}
	})
}

func TestFinalRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(notify.Options{}, func(context.Context, notify.Delivery) error { return &notify.Refusal{Cause: errDown, Final: true} })
		defer r.run(t)()
		r.add(t, notify.Rejected, "a@example.com")
		pass(time.Hour)
		if len(r.outcomes) != 1 || len(r.outbox.Waiting()) != 0 {
			t.Errorf("%v", r.outcomes)
		}
	})
}

// TestReminders: a decision before it is due drops the reminder, and brings the one before the end.
func TestReminders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var sent []string
		r := newRig(notify.Options{}, func(_ context.Context, d notify.Delivery) error {
			sent = append(sent, fmt.Sprint(d.Notice.Event, " ", time.Since(began).Truncate(time.Minute)))
			return nil
		})
		defer r.run(t)()
		r.add(t, notify.Created, "a@example.com")
		pass(30 * time.Hour)
		r.add(t, notify.Accepted, "a@example.com")
		pass(8 * 24 * time.Hour)
		r.add(t, notify.Created, "a@example.com")
		pass(time.Hour)
		r.add(t, notify.Accepted, "a@example.com")
		pass(time.Hour)
		r.add(t, notify.Revoked, "a@example.com")
		pass(8 * 24 * time.Hour)
		want := []string{
			"remote_access.created 0s", "remote_access.pending_reminder 24h0m0s", "remote_access.accepted 30h0m0s",
			"remote_access.expiring_soon 174h0m0s", "remote_access.created 222h0m0s", "remote_access.accepted 223h0m0s",
			"remote_access.revoked 224h0m0s",
		}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestStopping: what is under way when the server stops is tried by the next one at once, and what has just been sent is
// noted all the same.
func TestStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(notify.Options{}, func(ctx context.Context, d notify.Delivery) error {
			<-ctx.Done()
			if d.Target == "sent@example.com" {
				return nil
			}
			return ctx.Err()
		})
		stop := r.run(t)
		r.add(t, notify.Rejected, "sent@example.com", "cut@example.com")
		pass(10 * time.Second)
		stop()
		left := r.outbox.Waiting()
		if len(left) != 1 || left[0].Target != "cut@example.com" || left[0].Next.After(time.Now()) {
			t.Errorf("left: %+v", left)
		}
	})
}

// TestSlowReceiver: it uses up its own time and nobody else's.
func TestSlowReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(notify.Options{}, func(ctx context.Context, d notify.Delivery) error {
			if d.Target == "slow@example.com" {
				<-ctx.Done()
			}
			return ctx.Err()
		})
		defer r.run(t)()
		r.add(t, notify.Rejected, "slow@example.com", "a@example.com", "b@example.com", "c@example.com", "d@example.com")
		pass(10 * time.Second)
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.outcomes) != 4 {
			t.Errorf("%d outcomes", len(r.outcomes))
		}
	})
}

// TestOutboxDown: the outbox may be away, too; nothing is sent that cannot be noted as handed out.
func TestOutboxDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int32
		r := newRig(notify.Options{}, func(context.Context, notify.Delivery) error { sent.Add(1); return nil })
		r.add(t, notify.Rejected, "a@example.com")
		up := time.Now().Add(time.Minute)
		r.outbox.Before = func(context.Context, string) error {
			if time.Now().Before(up) {
				return errDown
			}
			return nil
		}
		defer r.run(t)()
		pass(59 * time.Second)
		r.mu.Lock()
		if sent.Load() != 0 || len(r.errs) == 0 {
			t.Errorf("%d sent, %v", sent.Load(), r.errs)
		}
		r.mu.Unlock()
		pass(10 * time.Second)
		if sent.Load() != 1 {
			t.Errorf("%d sent", sent.Load())
		}
	})
}

// TestCrashingDelivery: one that takes its node down with each try is given up without a further try.
func TestCrashingDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(notify.Options{MaxAttempts: 3}, func(context.Context, notify.Delivery) error { panic("down") })
		r.add(t, notify.Rejected, "a@example.com")
		for range 3 {
			if _, err := r.outbox.Due(t.Context(), time.Now(), time.Now(), 1); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := r.dispatcher.Round(t.Context()); n != 1 || err != nil {
			t.Error(n, err)
		}
		if len(r.outcomes) != 1 || !errors.Is(r.outcomes[0].Err, notify.ErrGivenUp) || len(r.outbox.Waiting()) != 0 {
			t.Errorf("%v", r.outcomes)
		}
	})
}

// TestPoke: who has added something need not wait for the next look.
func TestPoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		r := newRig(notify.Options{Interval: time.Hour}, func(context.Context, notify.Delivery) error { sent++; return nil })
		defer r.run(t)()
		synctest.Wait()
		r.add(t, notify.Rejected, "a@example.com")
		r.dispatcher.Poke()
		synctest.Wait()
		if sent != 1 {
			t.Errorf("%d sent", sent)
		}
	})
}

// TestForgetting: what is finished is remembered for Options.Keep, and no longer.
func TestForgetting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		r := newRig(notify.Options{Keep: 24 * time.Hour}, func(context.Context, notify.Delivery) error { sent++; return nil })
		defer r.run(t)()
		batch := notify.Routes{Mail: []string{"a@example.com"}}.Plan(example(notify.Rejected))
		batch.Deliveries[0].Next = time.Now()
		for i, want := range []int{1, 1, 2} { // at first, after 23 hours, after 46
			if err := r.outbox.Add(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			pass(23 * time.Hour)
			if sent != want {
				t.Errorf("%d: %d sent, want %d", i, sent, want)
			}
		}
	})
}

// TestPauses: whatever the jitter, pauses grow, keep within their bounds and give a receiver the time that it asks for.
func TestPauses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		jitter := rapid.Float64Range(0, 0.999999).Draw(t, "jitter")
		asked := time.Duration(rapid.Int64Range(0, int64(10*time.Hour)).Draw(t, "asked"))
		attempts := rapid.IntRange(0, 5000).Draw(t, "attempts")
		d := notify.NewDispatcher(&notifytest.Memory{}, nil, notify.Options{Jitter: func() float64 { return jitter }})
		pause := d.Pause(attempts, &notify.Refusal{Cause: errDown, After: asked})
		if pause < 15*time.Second || pause > time.Hour || pause < min(asked, time.Hour) || d.Pause(attempts+1, errDown) < d.Pause(attempts, errDown) {
			t.Fatalf("%v", pause)
		}
	})
}
