package pap_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/pap/paptest"
)

const (
	account     = "12a34567-8901-42bc-93d4-5e6f7a8b9012"
	environment = "abc12345"
	settings    = "ALLOW settings:objects:read;"
)

var now = time.Date(2026, 11, 22, 10, 0, 0, int(345678*time.Microsecond), time.UTC)

// desk is a service over a store in memory.
type desk struct {
	*pap.Service
	t     *testing.T
	store *paptest.Memory
	heard []string // what OnChange was told
}

func newDesk(t *testing.T, change ...func(*pap.ServiceConfig)) *desk {
	t.Helper()
	d := &desk{t: t, store: &paptest.Memory{}}
	config := pap.ServiceConfig{
		Store: d.store,
		Now:   func() time.Time { return now },
		Mask:  func(text string) string { return strings.ReplaceAll(text, "SECRET", "***") },
		OnChange: func(kind feed.Kind, id string) {
			d.heard = append(d.heard, string(kind)+" "+id)
		},
	}
	for _, f := range change {
		f(&config)
	}
	d.Service = pap.NewService(config)
	return d
}

func (d *desk) policy(level pap.Level, name, statement string) string {
	d.t.Helper()
	p, _, err := d.CreatePolicy(d.t.Context(), "ann", level, "", pap.PolicyAttributes{Name: name, Statement: statement})
	d.must(err)
	return p.UUID
}

func (d *desk) boundary(name, query string) string {
	d.t.Helper()
	b, _, err := d.CreateBoundary(d.t.Context(), "ann", account, "", pap.BoundaryAttributes{Name: name, Query: query})
	d.must(err)
	return b.UUID
}

func (d *desk) group(name string) string {
	d.t.Helper()
	g, err := d.CreateGroup(d.t.Context(), "ann", account, pap.GroupAttributes{Name: name})
	d.must(err)
	return g.UUID
}

func (d *desk) bind(level pap.Level, policy string, terms pap.Terms, groups ...string) {
	d.t.Helper()
	_, _, err := d.Bind(d.t.Context(), "ann", pap.BindRequest{Level: level, Policy: policy, Groups: groups, Terms: terms})
	d.must(err)
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// statements are the texts of what groups may do in the environment.
func (d *desk) statements(groups ...string) []string {
	d.t.Helper()
	bound, err := d.Statements(d.t.Context(), groups, account, environment)
	d.must(err)
	return texts(bound)
}

func texts(bound []*bind.Statement) (all []string) {
	for _, s := range bound {
		all = append(all, s.String())
	}
	return all
}

func (d *desk) wantStatements(groups []string, want ...string) {
	d.t.Helper()
	if diff := cmp.Diff(want, d.statements(groups...)); diff != "" {
		d.t.Errorf("statements of %v (-want +got):\n%s", groups, diff)
	}
}

// wantFault checks kind and public sentence; the sentence may be a part.
func wantFault(t *testing.T, what string, err error, kind fault.Kind, public string) {
	t.Helper()
	if f, ok := errors.AsType[*fault.Fault](err); !ok || f.Kind != kind || !strings.Contains(f.Public, public) || f.Public == "" {
		t.Errorf("%s: got %v, want a fault of kind %d with %q", what, err, kind, public)
	}
}

// wantActions compares the newest audit events, action and object, with the names given to identifiers.
func (d *desk) wantActions(since int, want ...string) {
	d.t.Helper()
	var got []string
	for _, e := range d.store.Events()[since:] {
		got = append(got, e.Action)
		if !e.Time.Equal(now.Truncate(time.Millisecond)) || e.Actor != "ann" || e.Object == "" {
			d.t.Errorf("event %+v", e)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.t.Errorf("audit events (-want +got):\n%s", diff)
	}
}

// newest is the newest audit event.
func (d *desk) newest() audit.Event {
	events := d.store.Events()
	return events[len(events)-1]
}

// A store that does not answer is a fault, whatever was asked; never "there is none", and never an empty list of
// statements, which would lack every DENY.
func TestStoreDown(t *testing.T) {
	d := newDesk(t)
	it := d.group("IT")
	user, err := d.CreateUser(t.Context(), "ann", account, pap.UserAttributes{Email: "ann@example.org"})
	d.must(err)
	d.store.Before = func(context.Context, string) error { return errors.New("the disk is gone") }
	ctx := t.Context()
	calls := map[string]func() error{
		"Statements": func() error { _, err := d.Statements(ctx, []string{it}, account, environment); return err },
		"GroupsOf":   func() error { _, err := d.GroupsOf(ctx, user.Email); return err },
		"Policy":     func() error { _, err := d.Policy(ctx, pap.AccountLevel(account), it); return err },
		"Policies":   func() error { _, err := d.Policies(ctx, pap.PolicyQuery{Level: pap.AccountLevel(account)}); return err },
		"Create": func() error {
			_, _, err := d.CreatePolicy(ctx, "ann", pap.AccountLevel(account), "", pap.PolicyAttributes{Name: "p", Statement: settings})
			return err
		},
		"Bind": func() error {
			_, _, err := d.Bind(ctx, "ann", pap.BindRequest{Level: pap.AccountLevel(account), Policy: it, Groups: []string{it}})
			return err
		},
		"Unbind": func() error {
			_, err := d.Unbind(ctx, "ann", pap.UnbindRequest{Level: pap.AccountLevel(account)})
			return err
		},
		"LevelUse":   func() error { _, err := d.LevelUse(ctx, pap.AccountLevel(account)); return err },
		"AccountUse": func() error { _, err := d.AccountUse(ctx, account); return err },
		"Delete":     func() error { return d.DeleteGroup(ctx, "ann", account, it) },
		"Join":       func() error { return d.AddToGroups(ctx, "ann", account, user.ID, []string{it}) },
	}
	for what, call := range calls {
		wantFault(t, what, call(), fault.Unavailable, "The policy store did not answer.")
	}
}
