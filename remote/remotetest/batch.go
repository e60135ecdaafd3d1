package remotetest

import (
	"slices"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/feed/feedtest"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
)

// batch tells of a request what happened, and drops what was planned about it; id is that of the delivery.
func batch(r remote.Request, id string, event notify.Event, drop ...notify.Event) notify.Batch {
	n := notify.Notice{Event: event, Time: epoch, RequestID: r.ID, User: r.User, Reason: r.Reason, State: string(r.State)}
	return notify.Batch{RequestID: r.ID, Drop: drop, Deliveries: []notify.Delivery{
		{ID: id, Channel: notify.ByMail, Target: "admin@example.com", Notice: n, First: epoch, Next: epoch},
	}}
}

// handOut takes all that waits out of the outbox, and returns what it is called.
func handOut(t *testing.T, s Store, want ...string) {
	t.Helper()
	due, err := s.Outbox().Due(t.Context(), epoch, epoch.Add(time.Minute), 100)
	must(t, err)
	var got []string
	for _, d := range due {
		got = append(got, d.ID)
		must(t, s.Outbox().Done(t.Context(), d, epoch))
	}
	same(t, want, got)
}

// testBatch: what is to be told is in the outbox as soon as the change is acknowledged, also where the function that makes the
// change has planned it.
func testBatch(t *testing.T, s Store) {
	r := request(1, remote.Pending)
	e := event(r.ID)
	e.Batch = batch(r, "created", notify.Created)
	e.Batch.Deliveries = append(e.Batch.Deliveries, batch(r, "reminder", notify.PendingReminder).Deliveries...)
	must(t, s.CreateRemoteRequest(t.Context(), r, &e, anything))
	e = event(r.ID)
	must(t, s.UpdateRemoteRequest(t.Context(), r.ID, &e, func(_ remote.SettingRecord, r *remote.Request) error {
		r.State = remote.Accepted
		e.Batch = batch(*r, "accepted", notify.Accepted, notify.PendingReminder)
		return nil
	}))
	handOut(t, s, "accepted", "created") // the reminder has become untrue
	must(t, s.UpdateRemoteRequest(t.Context(), r.ID, &e, func(remote.SettingRecord, *remote.Request) error { return nil }))
	handOut(t, s) // the batch that was handed over again is known
}

// testBatchOfMany: every request that changes along with others, or with the setting, tells of itself.
func testBatchOfMany(t *testing.T, s Store) {
	first, second := request(1, remote.Accepted), request(2, remote.Accepted)
	put(t, s, first, second)
	tell := func(how string) func(*remote.Request) (*remote.Entry, error) {
		return func(r *remote.Request) (*remote.Entry, error) {
			e := event(r.ID)
			e.Batch = batch(*r, how+r.ID[34:], notify.Revoked)
			return &e, nil
		}
	}
	must(t, s.UpdateOpenRemoteRequests(t.Context(), tell("revoked ")))
	handOut(t, s, "revoked 01", "revoked 02")
	e := event("")
	must(t, s.UpdateRemoteSetting(t.Context(), &e, func(*remote.SettingRecord) error {
		e.Batch = batch(remote.Request{}, "off", notify.Revoked)
		return nil
	}, tell("off ")))
	handOut(t, s, "off", "off 01", "off 02")
}

// testBatchRefused: nobody is told of what did not happen, and nothing that was planned is dropped for it.
func testBatchRefused(t *testing.T, s Store) {
	r, other := request(1, remote.Accepted), request(2, remote.Accepted)
	e := event(r.ID)
	e.Batch = batch(r, "soon", notify.ExpiringSoon)
	must(t, s.CreateRemoteRequest(t.Context(), r, &e, anything))
	untrue := func() *remote.Entry {
		e := event(r.ID)
		e.Batch = batch(r, "untrue", notify.Revoked, notify.ExpiringSoon)
		return &e
	}
	refused := func(*remote.Request) (*remote.Entry, error) { return untrue(), errRefused }
	set := func(*remote.SettingRecord) error { return nil }
	ctx := t.Context()
	wantError(t, s.CreateRemoteRequest(ctx, r, untrue(), anything), remote.ErrExists)
	wantError(t, s.CreateRemoteRequest(ctx, other, untrue(), func(remote.Current) error { return errRefused }), errRefused)
	wantError(t, s.UpdateRemoteRequest(ctx, r.ID, untrue(), func(remote.SettingRecord, *remote.Request) error { return errRefused }), errRefused)
	wantError(t, s.UpdateRemoteRequest(ctx, other.ID, untrue(), func(remote.SettingRecord, *remote.Request) error { return nil }), remote.ErrNotFound)
	wantError(t, s.UpdateRemoteSetting(ctx, untrue(), func(*remote.SettingRecord) error { return errRefused }, nil), errRefused)
	wantError(t, s.UpdateRemoteSetting(ctx, untrue(), set, refused), errRefused)

	// The first of two would do; the second takes it back.
	put(t, s, other)
	var seen []string
	wantError(t, s.UpdateOpenRemoteRequests(ctx, func(r *remote.Request) (*remote.Entry, error) {
		if seen = append(seen, r.ID); r.ID == other.ID {
			return nil, errRefused
		}
		return untrue(), nil
	}), errRefused)
	if !slices.Equal(seen, []string{r.ID, other.ID}) {
		t.Error(seen)
	}
	handOut(t, s, "soon")
	feedtest.WantChanges(t, s, changed(r), changed(other))
}
