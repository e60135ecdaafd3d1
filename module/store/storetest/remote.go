package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
	"github.com/doorward/doorward/remote/notify/notifytest"
	"github.com/doorward/doorward/remote/remotetest"
)

// testRemote is the contract of its own package, which knows nothing of an audit trail.
func testRemote(t *testing.T, open Open) {
	remotetest.RunStore(t, func(t *testing.T) remotetest.Store { return open(t) })
}

// testOutbox is the contract of its own package, which knows nothing of requests.
func testOutbox(t *testing.T, open Open) {
	notifytest.TestOutbox(t, func(t *testing.T) notify.Outbox { return open(t).Outbox() })
}

func remoteRequest(n int) remote.Request {
	return remote.Request{
		ID: fmt.Sprintf("7a397770-86b7-473b-b23e-%012d", n), User: "ann@example.org", Reason: "SUP-1", Created: epoch, By: "bob",
		AskedRole: remote.Viewer, AskedDays: 1, Role: remote.Viewer, Days: 1, State: remote.Pending, PendingUntil: epoch.Add(time.Hour),
	}
}

// remoteEntry tells of a request with one delivery.
func remoteEntry(action, object string) *remote.Entry {
	d := notify.Delivery{ID: action + " " + object, Channel: notify.ByMail, Target: "admin@example.com", First: epoch, Next: epoch,
		Notice: notify.Notice{Event: notify.Created, Time: epoch, RequestID: object}}
	return &remote.Entry{Event: event(action, object), Batch: notify.Batch{RequestID: object, Deliveries: []notify.Delivery{d}}}
}

func anyway(remote.Current) error { return nil }

const (
	remoteCreate  = "remote_access_request.create"
	remoteUpdate  = "remote_access_request.update"
	remoteSetting = "remote_access_setting.update"
)

// testRemoteTraces: each change leaves one event, one entry and one revision, and what came to nothing leaves none.
func testRemoteTraces(t *testing.T, open Open) {
	s := open(t)
	ctx, r := t.Context(), remoteRequest(1)
	expire := func(r *remote.Request) (*remote.Entry, error) {
		r.State = remote.Expired
		return remoteEntry(remoteUpdate+".along", r.ID), nil
	}
	refuse := func(remote.SettingRecord, *remote.Request) error { return errors.New("no") }
	update := remoteEntry(remoteUpdate, r.ID)
	steps := []struct {
		want []trace
		do   func() error
	}{
		{[]trace{{feed.RemoteRequest, r.ID, remoteCreate, testDetail}}, func() error {
			return s.CreateRemoteRequest(ctx, r, remoteEntry(remoteCreate, r.ID), anyway)
		}},
		{nil, func() error { return s.CreateRemoteRequest(ctx, r, remoteEntry("x", "x"), anyway) }},
		{nil, func() error {
			return s.CreateRemoteRequest(ctx, remoteRequest(2), remoteEntry("x", "x"), func(remote.Current) error { return errors.New("no") })
		}},
		{[]trace{{feed.RemoteRequest, r.ID, remoteUpdate, testDetail}}, func() error {
			return s.UpdateRemoteRequest(ctx, r.ID, update, func(remote.SettingRecord, *remote.Request) error {
				update.Message, update.Patch = "Accepted.", `[{"op":"replace"}]`
				return nil
			})
		}},
		{nil, func() error { return s.UpdateRemoteRequest(ctx, r.ID, remoteEntry("x", "x"), refuse) }},
		{[]trace{{feed.RemoteSetting, "", remoteSetting, testDetail}, {feed.RemoteRequest, r.ID, remoteUpdate + ".along", testDetail}}, func() error {
			return s.UpdateRemoteSetting(ctx, remoteEntry(remoteSetting, ""), func(*remote.SettingRecord) error { return nil }, expire)
		}},
		{nil, func() error { return s.UpdateOpenRemoteRequests(ctx, expire) }}, // none is open
		{nil, func() error {
			_, err := s.ForgetRemoteRequests(ctx, epoch.Add(time.Hour))
			return err
		}},
		{nil, func() error { return s.Outbox().Add(ctx, remoteEntry(remoteCreate, "x").Batch) }},
	}
	var want []trace
	for i, step := range steps {
		if err := step.do(); err != nil && step.want != nil {
			t.Errorf("step %d: %v", i, err)
		}
		want = append(want, step.want...)
		wantTraces(t, s, 0, want...)
	}
	// What the change said of itself is in the event.
	updated := event(remoteUpdate, r.ID)
	updated.Message, updated.Patch = "Accepted.", `[{"op":"replace"}]`
	wantEventOf(t, s, updated, 2)
}

// everyRemote adds the methods of remote.Store and of its outbox.
func everyRemote(ctx context.Context, s store.Store, calls map[string]error) {
	e, id, o := remoteEntry("test", "nobody"), "nobody", s.Outbox()
	nothing := func(*remote.Request) (*remote.Entry, error) { return nil, nil }
	_, calls["RemoteRequest"] = s.RemoteRequest(ctx, id)
	_, calls["RemoteRequests"] = s.RemoteRequests(ctx, remote.Query{})
	_, calls["RemoteAccess"] = s.RemoteAccess(ctx)
	calls["CreateRemoteRequest"] = s.CreateRemoteRequest(ctx, remoteRequest(1), e, anyway)
	calls["UpdateRemoteRequest"] = s.UpdateRemoteRequest(ctx, id, e, func(remote.SettingRecord, *remote.Request) error { return nil })
	calls["UpdateOpenRemoteRequests"] = s.UpdateOpenRemoteRequests(ctx, nothing)
	calls["UpdateRemoteSetting"] = s.UpdateRemoteSetting(ctx, e, func(*remote.SettingRecord) error { return nil }, nothing)
	_, calls["ForgetRemoteRequests"] = s.ForgetRemoteRequests(ctx, epoch)
	calls["Add"] = o.Add(ctx, e.Batch)
	_, calls["Due"] = o.Due(ctx, epoch, epoch, 10)
	calls["Later"] = o.Later(ctx, notify.Delivery{ID: id}, epoch)
	calls["Done"] = o.Done(ctx, notify.Delivery{ID: id}, epoch)
	_, calls["Forget"] = o.Forget(ctx, epoch)
}
