package remote_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/remote"
)

func TestValidation(t *testing.T) {
	rules := remote.Rules{Ticket: regexp.MustCompile(`SUP-\d+`)}
	rules.MaxDays[remote.Admin] = 3
	o := open(rules, remote.Approved)
	for name, test := range map[string]struct {
		change func(*remote.Ask)
		field  string
	}{
		"no user":             {func(a *remote.Ask) { a.User = " " }, "userId"},
		"long user":           {func(a *remote.Ask) { a.User = strings.Repeat("a", 255) }, "userId"},
		"Cyrillic a":          {func(a *remote.Ask) { a.User = "аnn@example.org" }, "userId"},
		"full width":          {func(a *remote.Ask) { a.User = "ａnn@example.org" }, "userId"},
		"Kelvin sign":         {func(a *remote.Ask) { a.User = "\u212a@example.org" }, "userId"},
		"zero width":          {func(a *remote.Ask) { a.User = "ann\u200b@example.org" }, "userId"},
		"header in user":      {func(a *remote.Ask) { a.User = "ann@example.org\r\nBcc: eve@example.org" }, "userId"},
		"angle brackets":      {func(a *remote.Ask) { a.User = "<ann@example.org>" }, "userId"},
		"two blanks":          {func(a *remote.Ask) { a.User = "ann  b" }, "userId"},
		"no reason":           {func(a *remote.Ask) { a.Reason = " \t " }, "reason"},
		"long reason":         {func(a *remote.Ask) { a.Reason = "SUP-1" + strings.Repeat("ü", 996) }, "reason"},
		"header in reason":    {func(a *remote.Ask) { a.Reason = "SUP-1\r\nBcc: eve@example.org" }, "reason"},
		"turned reason":       {func(a *remote.Ask) { a.Reason = "SUP-1 \u202e" }, "reason"},
		"broken reason":       {func(a *remote.Ask) { a.Reason = "SUP-1 \xff" }, "reason"},
		"secret in reason":    {func(a *remote.Ask) { a.Reason = "SUP-1 TOPSECRET" }, "reason"},
		"no ticket":           {func(a *remote.Ask) { a.Reason = "because" }, "reason"},
		"no role":             {func(a *remote.Ask) { a.Role = remote.NoRole }, "role"},
		"no such role":        {func(a *remote.Ask) { a.Role = 4 }, "role"},
		"no days":             {func(a *remote.Ask) { a.Days = 0 }, "requestedDays"},
		"days of the past":    {func(a *remote.Ask) { a.Days = -1 }, "requestedDays"},
		"days over the role":  {func(a *remote.Ask) { a.Days = 4 }, "requestedDays"},
		"days over the bound": {func(a *remote.Ask) { a.Days, a.Role = 31, remote.Viewer }, "requestedDays"},
	} {
		t.Run(name, func(t *testing.T) {
			a := ask()
			a.Days = 3
			test.change(&a)
			_, err := o.Create(t.Context(), ann, a)
			refused(t, err, fault.Invalid)
			f, _ := errors.AsType[*fault.Fault](err)
			if len(f.Fields) != 1 || f.Fields[0].Name != test.field || strings.Contains(err.Error(), "TOPSECRET") {
				t.Errorf("%+v", f)
			}
		})
	}
	if n := len(o.store.Events()) + len(o.notices); n != 0 {
		t.Error(n, "traces of what was refused")
	}
	a := ask()
	a.User, a.Days = " John.SMITH@example.org ", 3
	if r := must(o.Create(t.Context(), ann, a)); r.User != john {
		t.Error(r.User)
	}
}

// TestOwn. Attack: a member of the staff approves, reopens or reviews what is for them, with another token, in another
// spelling, or from within a remote session. Fix: the person behind the actor is compared, and remote actors do nothing
// but ask for themselves. Invariant: nobody gets in by their own word, but by break-glass.
func TestOwn(t *testing.T) {
	o := open(remote.Rules{}, remote.Approved)
	r := must(o.Create(t.Context(), staff, ask())) // a refusal can be turned into a request
	atTerminal := remote.Actor{Name: "cli:" + john}
	byIssuer := remote.Actor{Name: "jwt:1", User: "https://login.example.org#John.Smith@example.org"}
	for _, actor := range []remote.Actor{staff, self, atTerminal, byIssuer} {
		_, err := o.SetState(t.Context(), actor, r.ID, remote.Decision{State: remote.Accepted})
		refused(t, err, fault.Forbidden)
		_, err = o.Grant(t.Context(), actor, ask())
		refused(t, err, fault.Forbidden)
		_, err = o.Review(t.Context(), actor, r.ID, "fine")
		if err == nil {
			t.Error("reviewed")
		}
	}
	a := ask()
	a.User = "other@example.org"
	_, err := o.Create(t.Context(), staff, a)
	refused(t, err, fault.Forbidden)
	_, err = o.SetState(t.Context(), staff, r.ID, remote.Decision{State: remote.Expired})
	refused(t, err, fault.Forbidden)
	must(o.SetState(t.Context(), self, r.ID, remote.Decision{State: remote.Rejected})) // taking away is anybody's
	_, err = o.SetState(t.Context(), self, r.ID, remote.Decision{State: remote.Pending})
	refused(t, err, fault.Forbidden)
}

// TestTwoForAdmin: two tokens of one person are one approver, and a lowered role needs one only.
func TestTwoForAdmin(t *testing.T) {
	o := open(remote.Rules{TwoForAdmin: true}, remote.Approved)
	accept := remote.Decision{State: remote.Accepted}
	r := must(o.Grant(t.Context(), ann, ask()))
	if r.State != remote.Pending || len(r.Approvals) != 1 {
		t.Fatal(r)
	}
	for _, again := range []remote.Actor{
		{Name: "another token", User: "Ann@example.org"}, {Name: "jwt:1", User: "https://login.example.org#ann@example.org"}, {Name: "cli:ann@example.org"},
	} {
		if r = must(o.SetState(t.Context(), again, r.ID, accept)); r.State != remote.Pending || len(r.Approvals) != 1 {
			t.Fatal(r)
		}
	}
	if r = must(o.SetState(t.Context(), bob, r.ID, accept)); r.State != remote.Accepted || len(r.Approvals) != 2 {
		t.Fatal(r)
	}
	same(t, []remote.Event{remote.EventCreated, remote.EventAccepted}, o.told())

	must(o.SetState(t.Context(), bob, r.ID, remote.Decision{State: remote.Pending})) // suspended: all begins again
	if r = must(o.SetState(t.Context(), bob, r.ID, accept)); r.State != remote.Pending || !r.Expires.IsZero() {
		t.Fatal(r)
	}
	lower := remote.Decision{State: remote.Accepted, Role: remote.User, Days: 2}
	if r = must(o.SetState(t.Context(), bob, r.ID, lower)); r.State != remote.Accepted || r.Role != remote.User ||
		r.AskedRole != remote.Admin || r.AskedDays != 7 || !r.Expires.Equal(epoch.Add(48*time.Hour)) {
		t.Fatal(r)
	}
}

func TestOnlyLower(t *testing.T) {
	o := open(remote.Rules{}, remote.Approved)
	a := ask()
	a.Role = remote.User
	r := must(o.Create(t.Context(), ann, a))
	for name, d := range map[string]remote.Decision{
		"higher role":        {State: remote.Accepted, Role: remote.Admin},
		"no such role":       {State: remote.Accepted, Role: 9},
		"more days":          {State: remote.Accepted, Days: 8},
		"days back":          {State: remote.Accepted, Days: -1},
		"role of a refusal":  {State: remote.Rejected, Role: remote.Viewer},
		"no such state":      {State: "REVOKED"},
		"no state":           {},
		"in small letters":   {State: "accepted"},
		"days of no changes": {State: remote.Pending, Days: 1},
	} {
		_, err := o.SetState(t.Context(), ann, r.ID, d)
		if refused(t, err, fault.Invalid); t.Failed() {
			t.Fatal(name)
		}
	}
	_, err := o.SetState(t.Context(), ann, "not-a-uuid", remote.Decision{State: remote.Accepted})
	refused(t, err, fault.Invalid)
	_, err = o.SetState(t.Context(), ann, "7a397770-86b7-473b-b23e-4a07d79f2eff", remote.Decision{State: remote.Accepted})
	refused(t, err, fault.NotFound)
}

// TestFirstWins: of an administrator who accepts and one who rejects at once, the second hears of the first, and does not
// revoke by accident.
func TestFirstWins(t *testing.T) {
	o := open(remote.Rules{}, remote.Approved)
	r := must(o.Create(t.Context(), ann, ask()))
	must(o.SetState(t.Context(), ann, r.ID, remote.Decision{State: remote.Accepted, If: remote.Pending}))
	_, err := o.SetState(t.Context(), bob, r.ID, remote.Decision{State: remote.Rejected, If: remote.Pending})
	refused(t, err, fault.Conflict)
	if !strings.Contains(fault.Public(err), "ACCEPTED") {
		t.Error(err)
	}
	must(o.SetState(t.Context(), bob, r.ID, remote.Decision{State: remote.Rejected})) // now it is meant
	_, err = o.SetState(t.Context(), bob, r.ID, remote.Decision{State: remote.Accepted})
	refused(t, err, fault.Invalid)
}

func TestDuplicatesAndBounds(t *testing.T) {
	o := open(remote.Rules{}, remote.Approved)
	must(o.Create(t.Context(), ann, ask()))
	_, err := o.Create(t.Context(), bob, ask())
	refused(t, err, fault.Invalid)
	o.now = epoch.Add(96 * time.Hour) // by which nobody has answered
	must(o.Create(t.Context(), bob, ask()))
	for n := range remote.MaxOpenOfUser - 1 {
		a := ask()
		a.Days = n + 8
		must(o.Create(t.Context(), ann, a))
	}
	_, err = o.Grant(t.Context(), ann, ask())
	refused(t, err, fault.Invalid)
}

func TestBreakGlass(t *testing.T) {
	off := open(remote.Rules{}, remote.Approved)
	a := ask()
	a.Role = remote.Viewer
	_, err := off.BreakGlass(t.Context(), staff, a, time.Hour)
	refused(t, err, fault.Forbidden)

	o := open(remote.Rules{BreakGlass: remote.User}, remote.Approved)
	_, err = o.BreakGlass(t.Context(), staff, ask(), time.Hour)
	refused(t, err, fault.Forbidden)
	for _, length := range []time.Duration{0, -time.Hour, time.Hour + 1} {
		_, err = o.BreakGlass(t.Context(), staff, a, length)
		refused(t, err, fault.Invalid)
	}
	r := must(o.BreakGlass(t.Context(), staff, a, time.Hour))
	same(t, []remote.Event{remote.EventBreakGlass}, o.told())
	if v := o.decide(remote.EnvRead); !v.Allows() || !v.Until.Equal(epoch.Add(time.Hour)) {
		t.Error(v)
	}
	_, err = o.SetState(t.Context(), ann, r.ID, remote.Decision{State: remote.Pending})
	refused(t, err, fault.Invalid)

	o.now = epoch.Add(time.Hour)
	if v := o.decide(remote.EnvRead); v.Allows() {
		t.Error("longer than an hour", v)
	}
	_, err = o.BreakGlass(t.Context(), staff, a, time.Hour) // hour after hour is no emergency
	refused(t, err, fault.Forbidden)
	_, err = o.Review(t.Context(), self, r.ID, "fine")
	refused(t, err, fault.Forbidden)
	if n := len(must(o.List(t.Context(), remote.Query{Unreviewed: true}))); n != 1 {
		t.Error(n, "to be reviewed")
	}
	if got := must(o.Review(t.Context(), ann, r.ID, "was needed")); got.ReviewedBy != ann.User || got.State != remote.Expired {
		t.Error(got)
	}
	_, err = o.Review(t.Context(), ann, r.ID, "again")
	refused(t, err, fault.Conflict)
	must(o.BreakGlass(t.Context(), staff, a, time.Minute))
}

// TestAcceptRejected: where it is configured as in the original API, a rejected request is accepted at once, by all the
// rules of accepting.
func TestAcceptRejected(t *testing.T) {
	o := open(remote.Rules{}, remote.Approved)
	o.Service = remote.NewService(remote.ServiceConfig{
		Store: o.store, Initial: remote.Approved, AcceptRejected: true, Now: func() time.Time { return o.now },
		Mask: func(text string) string { return text },
	})
	r := must(o.Create(t.Context(), ann, ask()))
	must(o.SetState(t.Context(), ann, r.ID, remote.Decision{State: remote.Rejected}))
	_, err := o.SetState(t.Context(), self, r.ID, remote.Decision{State: remote.Accepted})
	refused(t, err, fault.Forbidden)
	if r = must(o.SetState(t.Context(), ann, r.ID, remote.Decision{State: remote.Accepted})); r.State != remote.Accepted || r.Expires.IsZero() {
		t.Error(r)
	}
}

// TestOffWins. Attack: an approval that is on its way while remote access is switched off commits after it, and comes to
// life when the setting returns. Fix: the setting is looked at again inside the transaction. Invariant: no request is
// made or accepted while the setting does not ask for approval.
func TestOffWins(t *testing.T) {
	for _, method := range []string{"UpdateRemoteRequest", "CreateRemoteRequest"} {
		o := open(remote.Rules{}, remote.Approved)
		r := must(o.Create(t.Context(), ann, ask()))
		o.store.Before = func(ctx context.Context, called string) error {
			if called != method {
				return nil
			}
			o.store.Before = nil
			_, err := o.SetSetting(ctx, bob, func(remote.Setting) remote.Setting { return remote.Off })
			return err
		}
		var err error
		if method == "UpdateRemoteRequest" {
			_, err = o.SetState(t.Context(), ann, r.ID, remote.Decision{State: remote.Accepted})
		} else {
			a := ask()
			a.Days = 1
			_, err = o.Grant(t.Context(), ann, a)
		}
		refused(t, err, fault.Forbidden)
		must(o.SetSetting(t.Context(), bob, func(remote.Setting) remote.Setting { return remote.Approved }))
		if v := o.decide(remote.EnvRead); v.Allows() {
			t.Error(method, v)
		}
	}
}
