package remote_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/remotetest"
)

var (
	ann   = remote.Actor{Name: "dt0c01.ANN", User: "ann@example.org"}
	bob   = remote.Actor{Name: "cli:bob"}
	staff = remote.Actor{Name: "dt0c01.JOHN", User: john, Remote: true}
	self  = remote.Actor{Name: "dt0c01.JOHN", User: "John.Smith@example.org "}
)

// office is a service with everything around it, and a clock that a test moves.
type office struct {
	*remote.Service
	store   *remotetest.Memory
	limit   remote.Limit
	now     time.Time
	notices []remote.Notice
	changed []feed.Change
}

// open is an office under the setting Approved.
func open(rules remote.Rules, setting remote.Setting) *office {
	o := &office{store: new(remotetest.Memory), now: epoch}
	o.Service = remote.NewService(remote.ServiceConfig{
		Store: o.store, Initial: setting, Rules: rules, Now: func() time.Time { return o.now },
		Mask:   func(text string) string { return strings.ReplaceAll(text, "TOPSECRET", "***") },
		Notify: func(n remote.Notice) { o.notices = append(o.notices, n) },
		OnChange: func(kind feed.Kind, id string) {
			o.changed = append(o.changed, feed.Change{Kind: kind, ID: id})
			c, err := o.store.RemoteAccess(context.Background())
			if err != nil {
				panic(err)
			}
			o.limit.Replace(remote.NewSnapshot(c, setting, remote.Admin))
		},
	})
	return o
}

// decide asks the ceiling as the gate would, now.
func (o *office) decide(needs remote.Permissions) remote.Verdict {
	c := ordinary(needs)
	c.Now = o.now
	return o.limit.Decide(c)
}

// told are the events since the last call.
func (o *office) told() (events []remote.Event) {
	for _, n := range o.notices {
		events = append(events, n.Event)
	}
	o.notices = nil
	return events
}

func ask() remote.Ask {
	return remote.Ask{User: john, Reason: "SUP-123456 Verifying cluster state after upgrade", Days: 7, Role: remote.Admin}
}

// must panics, which ends a test as well as anything.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// refused wants a fault of a kind, with a sentence.
func refused(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Kind != kind || f.Public == "" {
		t.Errorf("%#v, want a fault of kind %d", err, kind)
	}
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestClosedUnlessApproved: the four calls are there only while the setting asks for approval; what takes away always is.
func TestClosedUnlessApproved(t *testing.T) {
	for _, setting := range []remote.Setting{remote.Off, remote.All, remote.ReadOnly} {
		o := open(remote.Rules{}, setting)
		_, err := o.Create(t.Context(), ann, ask())
		refused(t, err, fault.Forbidden)
		_, err = o.Grant(t.Context(), ann, ask())
		refused(t, err, fault.Forbidden)
		_, err = o.List(t.Context(), remote.Query{})
		refused(t, err, fault.Forbidden)
		_, err = o.Show(t.Context(), "7a397770-86b7-473b-b23e-4a07d79f2eff")
		refused(t, err, fault.Forbidden)
		_, err = o.SetState(t.Context(), ann, "7a397770-86b7-473b-b23e-4a07d79f2eff", remote.Decision{State: remote.Accepted})
		refused(t, err, fault.Forbidden)
		same(t, "Approving remote access request is disabled", fault.Public(err))
		same(t, 0, must(o.RevokeAll(t.Context(), ann)))

		must(o.SetSetting(t.Context(), ann, func(remote.Setting) remote.Setting { return remote.Approved }))
		if page := must(o.List(t.Context(), remote.Query{})); len(page) != 0 {
			t.Error(page)
		}
	}
}

// TestLife is the way of a request from the question to the end of the grant, with all that it leaves behind.
func TestLife(t *testing.T) {
	o := open(remote.Rules{Ticket: regexp.MustCompile(`SUP-\d+`)}, remote.Approved)
	r := must(o.Create(t.Context(), ann, ask()))
	want := remote.Request{
		ID: r.ID, User: john, Reason: ask().Reason, Ticket: "SUP-123456", Created: epoch, By: ann.User,
		AskedRole: remote.Admin, AskedDays: 7, Role: remote.Admin, Days: 7, State: remote.Pending, PendingUntil: epoch.Add(96 * time.Hour),
	}
	same(t, want, r)
	if v := o.decide(remote.EnvRead); v.Allows() {
		t.Error("a pending request lets in", v)
	}

	o.now = epoch.Add(time.Hour)
	r = must(o.SetState(t.Context(), bob, strings.ToUpper(r.ID), remote.Decision{State: remote.Accepted}))
	want.State, want.Changed, want.ChangedBy, want.Approvals = remote.Accepted, o.now, bob.Name, []string{bob.Name}
	want.PendingUntil, want.Expires = time.Time{}, o.now.Add(604_800_000*time.Millisecond)
	same(t, want, r)

	o.now = o.now.Add(time.Hour) // accepting again does not start the clock again
	same(t, want, must(o.SetState(t.Context(), ann, r.ID, remote.Decision{State: remote.Accepted})))

	o.now = want.Expires.Add(-time.Millisecond)
	if v := o.decide(remote.SettingsWrite); !v.Allows() || v.Grant != r.ID {
		t.Error(v)
	}
	o.now = want.Expires
	if v := o.decide(remote.EnvRead); v.Allows() {
		t.Error("let in at the end", v)
	}
	want.State, want.Changed, want.ChangedBy = remote.Expired, want.Expires, remote.System
	same(t, want, must(o.Show(t.Context(), r.ID)))
	for _, state := range []remote.State{remote.Pending, remote.Accepted, remote.Rejected, remote.Expired} {
		_, err := o.SetState(t.Context(), ann, r.ID, remote.Decision{State: state})
		refused(t, err, fault.Conflict)
	}
	same(t, 1, must(o.Sweep(t.Context())))
	same(t, 0, must(o.Sweep(t.Context())))
	same(t, []remote.Event{remote.EventCreated, remote.EventAccepted, remote.EventExpired}, o.told())

	var trail [][4]string
	for _, e := range o.store.Events() {
		trail = append(trail, [4]string{e.Actor, e.Type(), e.Object, e.Patch})
	}
	same(t, [][4]string{
		{ann.Name, "CREATE", r.ID, `[{"op":"add","path":"/expirationTimestamp","value":null},{"op":"add","path":"/reason","value":"SUP-123456 Verifying cluster state after upgrade"},` +
			`{"op":"add","path":"/requestedDays","value":7},{"op":"add","path":"/role","value":"devops-admin"},{"op":"add","path":"/state","value":"PENDING"},` +
			`{"op":"add","path":"/ticket","value":"SUP-123456"},{"op":"add","path":"/userId","value":"john.smith@example.org"}]`},
		{bob.Name, "UPDATE", r.ID, `[{"op":"add","path":"/approvals","value":["cli:bob"]},{"op":"replace","path":"/expirationTimestamp","oldValue":null,"value":1795950000000},` +
			`{"op":"replace","path":"/state","oldValue":"PENDING","value":"ACCEPTED"}]`},
		{ann.Name, "UPDATE", r.ID, ""},
		{remote.System, "UPDATE", r.ID, `[{"op":"replace","path":"/state","oldValue":"ACCEPTED","value":"EXPIRED"}]`},
	}, trail)
}

// TestSettingEndsGrants: Off ends them for good, and the other settings only pass them over.
func TestSettingEndsGrants(t *testing.T) {
	set := func(s remote.Setting) func(remote.Setting) remote.Setting {
		return func(remote.Setting) remote.Setting { return s }
	}
	o := open(remote.Rules{}, remote.Approved)
	r := must(o.Grant(t.Context(), ann, ask()))
	pending := ask()
	pending.Days = 1
	waiting := must(o.Create(t.Context(), ann, pending))
	for _, s := range []remote.Setting{remote.ReadOnly, remote.ApprovedReadOnly} {
		must(o.SetSetting(t.Context(), ann, set(s)))
		if v := o.decide(remote.SettingsWrite); v.Allows() || v.Role != remote.Viewer {
			t.Error(s, v)
		}
	}
	must(o.SetSetting(t.Context(), ann, set(remote.Approved)))
	if v := o.decide(remote.SettingsWrite); !v.Allows() {
		t.Error("the grant did not run on", v)
	}
	o.told()
	must(o.SetSetting(t.Context(), ann, set(remote.Off)))
	same(t, []remote.Event{remote.EventRevoked}, o.told())
	must(o.SetSetting(t.Context(), ann, set(remote.Approved)))
	if v := o.decide(remote.EnvRead); v.Allows() {
		t.Error("revived", v)
	}
	if got := must(o.Show(t.Context(), r.ID)); got.State != remote.Expired || got.ChangedBy != ann.User || !got.Expires.Equal(o.now) {
		t.Error(got)
	}
	if got := must(o.Show(t.Context(), waiting.ID)); got.State != remote.Pending {
		t.Error(got)
	}
	_, err := o.SetSetting(t.Context(), staff, set(remote.All))
	refused(t, err, fault.Forbidden)

	var patch string
	for _, e := range o.store.Events() {
		if e.Action == "remote_access_setting.update" {
			patch = e.Patch
		}
	}
	same(t, `[{"op":"replace","path":"/supportAllowRemoteAccess","oldValue":false,"value":true}]`, patch)
}

func TestRevokeAll(t *testing.T) {
	o := open(remote.Rules{}, remote.Approved)
	for days := range 3 {
		a := ask()
		a.Days = days + 1
		must(o.Grant(t.Context(), ann, a))
	}
	o.now = epoch.Add(24 * time.Hour) // at which the first has lapsed by itself
	o.told()
	same(t, 2, must(o.RevokeAll(t.Context(), bob)))
	same(t, []remote.Event{remote.EventRevoked, remote.EventRevoked}, o.told())
	if v := o.decide(remote.EnvRead); v.Allows() {
		t.Error(v)
	}
	_, err := o.RevokeAll(t.Context(), staff)
	refused(t, err, fault.Forbidden)
}

// TestStoreFault: what the store cannot do is a fault of its own kind, and nobody is told of what did not happen.
func TestStoreFault(t *testing.T) {
	o := open(remote.Rules{}, remote.Approved)
	r := must(o.Create(t.Context(), ann, ask()))
	o.told()
	o.changed = nil
	down := errors.New("disk on fire")
	o.store.Before = func(_ context.Context, method string) error {
		if method == "RemoteAccess" {
			return nil
		}
		return down
	}
	calls := map[string]error{}
	_, calls["create"] = o.Create(t.Context(), ann, remote.Ask{User: "eve", Reason: "x", Days: 1, Role: remote.Viewer})
	_, calls["show"] = o.Show(t.Context(), r.ID)
	_, calls["list"] = o.List(t.Context(), remote.Query{})
	_, calls["accept"] = o.SetState(t.Context(), ann, r.ID, remote.Decision{State: remote.Accepted, If: remote.Pending})
	_, calls["revoke all"] = o.RevokeAll(t.Context(), ann)
	_, calls["sweep"] = o.Sweep(t.Context())
	_, calls["set"] = o.SetSetting(t.Context(), ann, func(s remote.Setting) remote.Setting { return s })
	for name, err := range calls {
		if fault.KindOf(err) != fault.Unavailable || !errors.Is(err, down) || strings.Contains(fault.Public(err), "fire") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(o.notices)+len(o.changed) > 0 {
		t.Error(o.notices, o.changed)
	}
}
