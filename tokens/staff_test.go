package tokens_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

func TestCreateForStaff(t *testing.T) {
	for name, edit := range map[string]func(*tokens.CreateRequest){
		"access":   func(*tokens.CreateRequest) {},
		"cluster":  func(r *tokens.CreateRequest) { r.Cluster = true },
		"personal": func(r *tokens.CreateRequest) { r.Personal, r.Scopes = true, []string{"orders.read"} },
		"platform": func(r *tokens.CreateRequest) { r.Prefix, r.Scopes = tokens.KindPlatform, []string{"storage:logs:read"} },
	} {
		o := newOffice(t, nil)
		request := tokens.CreateRequest{Attributes: attributes()}
		request.Staff = true
		edit(&request)
		created, err := o.Create(t.Context(), "cli:root", request)
		if err != nil || !created.Record.Staff {
			t.Errorf("%s: %+v, %v", name, created.Record, err)
			continue
		}
		if detail := o.store.Events()[0].Detail; !strings.Contains(detail, `"staff":true`) {
			t.Errorf("%s: detail %s", name, detail)
		}
	}
	o := newOffice(t, nil)
	request := tokens.ImportRequest{Attributes: attributes(), Text: tokens.NewSecret(legacyText)}
	request.Staff = true
	if r, err := o.Import(t.Context(), "cli:root", request); err != nil || !r.Staff {
		t.Errorf("imported: %+v, %v", r, err)
	}
}

// Both mistakes are named, under the part that they are about.
func TestStaffRefusals(t *testing.T) {
	o := newOffice(t, nil)
	request := tokens.CreateRequest{Attributes: attributes()}
	request.Staff, request.Administrator, request.Owner = true, true, ""
	_, err := o.Create(t.Context(), "cli:root", request)
	if diff := cmp.Diff([]string{"staff", "staff"}, partNames(err)); diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for name, test := range map[string]struct {
		edit func(*tokens.Record)
		want string
	}{
		"administrator": {func(r *tokens.Record) { r.Administrator = true }, "the two marks exclude each other"},
		"no owner":      {func(r *tokens.Record) { r.Owner = "" }, "needs an owner"},
		"ActiveGate":    {func(r *tokens.Record) { r.ID, r.ActiveGate, r.Scopes = "dt0g02.ABCD2345", "CLUSTER", nil }, "An ActiveGate token is nobody's."},
	} {
		id := o.put(test.edit)
		err := o.Update(t.Context(), "alice", id, tokens.Update{Staff: true})
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.Public(err), test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if r, err := o.Show(t.Context(), id); r.Staff || err != nil {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// Attack: somebody who may change a token lifts the remote-access ceiling from it, by an update of something else, or by one
// that was prepared before the mark was set. Fix: an update has no word for it, and a store keeps the mark whatever it is
// handed. Invariant: a token that has the mark has it after every change.
func TestStaffMarkStays(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		o := newOffice(t, nil)
		id := o.put(func(r *tokens.Record) { r.Staff = true })
		for range rapid.IntRange(1, 8).Draw(r, "changes") {
			u := tokens.Update{Staff: rapid.Bool().Draw(r, "staff")}
			if rapid.Bool().Draw(r, "names") {
				u.Name = new(rapid.SampledFrom([]string{"ci", "cd", ""}).Draw(r, "name"))
			}
			if rapid.Bool().Draw(r, "switches") {
				u.Enabled = new(rapid.Bool().Draw(r, "on"))
			}
			_ = o.Update(t.Context(), "alice", id, u) // a refusal changes nothing
		}
		if r, err := o.Show(t.Context(), id); !r.Staff || err != nil {
			t.Fatalf("%+v, %v", r, err)
		}
		for _, e := range o.store.Events() {
			if strings.Contains(e.Patch, "staff") {
				t.Fatalf("on record: %s", e.Patch)
			}
		}
		err := o.store.UpdateToken(t.Context(), id, &audit.Event{}, func(r *tokens.Record) error { r.Staff = false; return nil })
		if r, shown := o.Show(t.Context(), id); !r.Staff || err != nil || shown != nil {
			t.Fatalf("%+v, %v, %v", r, err, shown)
		}
	})
}

// Attack: a token is found, or made behind the service's back, that is marked as an administrator's and as one of remote
// support staff. Invariant: at the gate the mark that takes away counts, and it counts from the change on.
func TestVerifyStaff(t *testing.T) {
	g := newGate(t, tokens.VerifierConfig{})
	var stored tokens.Record
	minted := g.issue(t, "dt0c01", func(r *tokens.Record) { r.Administrator = true; stored = *r })
	if p, refusal := g.verify(t, apiToken(minted.Secret.Reveal())); refusal != "" || p.Staff || !p.Administrator {
		t.Fatalf("before: %q, %+v", refusal, p)
	}
	stored.ID, stored.Digest, stored.Staff = minted.ID, minted.Digest, true
	g.store.Put(stored)
	g.Forget(minted.ID)
	for range 2 {
		if p, refusal := g.verify(t, apiToken(minted.Secret.Reveal())); refusal != "" || !p.Staff || p.Administrator || p.User != "alice" {
			t.Errorf("%q, %+v", refusal, p)
		}
	}
}

// Attack: a member of the staff, let in for an hour, makes a token, or has one changed, to stay. Invariant: by no way into
// the administration of tokens does staff change anything, whatever else the authority says.
func TestLimitedRefusesStaff(t *testing.T) {
	o := limitedOffice(t, nil)
	id := o.put(nil)
	platform := o.put(func(r *tokens.Record) { r.ID, r.Scopes = "dt0s16.PLATFORM", []string{"shop:orders:read"} })
	gate := o.put(func(r *tokens.Record) { r.ID, r.ActiveGate, r.Scopes = "dt0g02.ABCD2345", "ENVIRONMENT", nil })
	a := authority([]string{"orders.read"}, "environment:roles:manage-settings", "shop:orders:read")
	a.Administrator, a.Staff = true, true
	l, ctx, before := o.Within(a), t.Context(), len(o.store.Events())
	for name, err := range map[string]error{
		"Create":           second(l.Create(ctx, wanting("orders.read"))),
		"Update":           l.Update(ctx, id, tokens.Update{Name: new("mine")}),
		"Delete":           l.Delete(ctx, id),
		"CreatePlatform":   second(l.CreatePlatform(ctx, wanting("shop:orders:read"))),
		"UpdatePlatform":   l.UpdatePlatform(ctx, platform, nil, new(false)),
		"DeletePlatform":   l.DeletePlatform(ctx, platform),
		"CreateActiveGate": second(l.CreateActiveGate(ctx, tokens.ActiveGateRequest{Name: "gate", Type: "ENVIRONMENT"})),
		"DeleteActiveGate": l.DeleteActiveGate(ctx, gate),
	} {
		if fault.KindOf(err) != fault.Forbidden || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := o.store.Events(); len(after) != before {
		t.Errorf("something was changed: %v", after[before:])
	}
	if r, err := l.Show(ctx, id); r.ID != id || err != nil {
		t.Errorf("Show: %v, %v", r.ID, err)
	}
}
