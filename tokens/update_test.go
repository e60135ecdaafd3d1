package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/tokens"
)

// partNames are the parts of the input that a fault names.
func partNames(err error) []string {
	var names []string
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		for _, field := range f.Fields {
			names = append(names, field.Name)
		}
	}
	return names
}

// put stores a token of the usual kind and gives its identifier.
func (o *office) put(edit func(*tokens.Record)) string {
	r := tokens.Record{
		ID: "dt0c01." + public24, Digest: tokens.DigestOf(secret64), Name: "ci", Owner: "alice", Environment: "prod",
		Enabled: true, Scopes: []string{"orders.read"}, Created: now.Add(-time.Hour),
	}
	if edit != nil {
		edit(&r)
	}
	o.store.Put(r)
	return r.ID
}

func TestUpdate(t *testing.T) {
	for name, test := range map[string]struct {
		update   tokens.Update
		change   func(*tokens.Record)
		action   string
		patch    string
		modified bool
	}{
		"name": {
			tokens.Update{Name: new("cd")}, func(r *tokens.Record) { r.Name = "cd" },
			"token.update", `[{"op":"replace","path":"/name","oldValue":"ci","value":"cd"}]`, true,
		},
		"disable": {
			tokens.Update{Enabled: new(false)}, func(r *tokens.Record) { r.Enabled = false },
			"token.disable", `[{"op":"replace","path":"/enabled","oldValue":true,"value":false}]`, false,
		},
		"disable beside what is already so": {
			tokens.Update{Enabled: new(false), Name: new("ci")}, func(r *tokens.Record) { r.Enabled = false },
			"token.update", `[{"op":"replace","path":"/enabled","oldValue":true,"value":false}]`, false,
		},
		"scopes are a set": {
			tokens.Update{Scopes: &[]string{"orders.write", "orders.read", "orders.write"}},
			func(r *tokens.Record) { r.Scopes = []string{"orders.read", "orders.write"} },
			"token.update", `[{"op":"replace","path":"/scopes","oldValue":["orders.read"],"value":["orders.read","orders.write"]}]`, true,
		},
		"networks": {
			tokens.Update{Networks: &[]string{"2001:db8::1", "192.0.2.77/24"}},
			func(r *tokens.Record) { r.Networks = []string{"192.0.2.0/24", "2001:db8::1/128"} },
			"token.update", `[{"op":"add","path":"/allowedNetworks","value":["192.0.2.0/24","2001:db8::1/128"]}]`, true,
		},
		"staff": {
			tokens.Update{Staff: true, Enabled: new(false)}, func(r *tokens.Record) { r.Staff, r.Enabled = true, false }, "token.update",
			`[{"op":"replace","path":"/enabled","oldValue":true,"value":false},{"op":"add","path":"/staff","value":true}]`, true,
		},
		"nothing":               {tokens.Update{}, nil, "", "", false},
		"already so":            {tokens.Update{Name: new("ci"), Enabled: new(true), Scopes: &[]string{"orders.read", "orders.read"}}, nil, "", "", false},
		"no networks as before": {tokens.Update{Networks: &[]string{}}, nil, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, nil)
			id := o.put(nil)
			want, _ := o.Show(t.Context(), id)
			if test.change != nil {
				test.change(&want)
			}
			if test.modified {
				want.Modified = now
			}
			if err := o.Update(t.Context(), "alice", id, test.update); err != nil {
				t.Fatal(err)
			}
			got, _ := o.Show(t.Context(), id)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
			var action, patch string
			for _, e := range o.store.Events() {
				action, patch = e.Action, e.Patch
				if e.Object != id || e.Actor != "alice" || !e.Time.Equal(now) {
					t.Errorf("event %+v", e)
				}
			}
			if action != test.action || patch != test.patch {
				t.Errorf("event %q %s\nwant  %q %s", action, patch, test.action, test.patch)
			}
			if len(o.changed) == 0 {
				t.Error("nobody was told of the change")
			}
		})
	}
}

func TestUpdateRefuses(t *testing.T) {
	o := newOffice(t, nil)
	id := o.put(func(r *tokens.Record) { r.Scopes = []string{"NodeControl", "OldExport", "orders.read"} })
	personal := o.put(func(r *tokens.Record) { r.ID, r.Personal = "dt0c01.PERSONAL", true })
	gate := o.put(func(r *tokens.Record) { r.ID, r.ActiveGate, r.Scopes = "dt0g02.ABCD2345", "CLUSTER", nil })
	platform := o.put(func(r *tokens.Record) { r.ID, r.Scopes = "dt0s16.PLATFORM", []string{"storage:logs:read"} })
	many := slices.Repeat([]string{"nosuch"}, 200)
	for name, test := range map[string]struct {
		id     string
		update tokens.Update
		want   []string
	}{
		"everything at once": {id, tokens.Update{Name: new(""), Scopes: &[]string{"orders.read", "nosuch", "order.read"}, Networks: &[]string{"::/0", "x"}},
			[]string{"name", "scopes[1]", "scopes[2]", "allowedNetworks[1]"}},
		"no scope":                   {id, tokens.Update{Scopes: &[]string{}}, []string{"scopes"}},
		"too many scopes":            {id, tokens.Update{Scopes: new(make([]string, 1001))}, []string{"scopes"}},
		"too many networks":          {id, tokens.Update{Networks: new(make([]string, 101))}, []string{"allowedNetworks"}},
		"uncreatable is not added":   {personal, tokens.Update{Scopes: &[]string{"orders.read", "OldExport"}}, []string{"scopes[1]"}},
		"personal":                   {personal, tokens.Update{Scopes: &[]string{"orders.write"}}, []string{"scopes[0]"}},
		"ActiveGate":                 {gate, tokens.Update{Scopes: &[]string{"orders.read"}}, []string{"scopes"}},
		"platform, malformed":        {platform, tokens.Update{Scopes: &[]string{"a b"}}, []string{"scopes[0]"}},
		"secret as name":             {id, tokens.Update{Name: new("dt0c01." + public24 + "." + secret64)}, []string{"name"}},
		"no more than 100 sentences": {id, tokens.Update{Scopes: &many, Networks: &many}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := o.Update(t.Context(), "alice", test.id, test.update)
			if fault.KindOf(err) != fault.Invalid || err == nil || strings.Contains(err.Error(), secret64) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(test.want, partNames(err)); diff != "" && test.want != nil || len(partNames(err)) > 100 {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
		})
	}
	if err := o.Update(t.Context(), "alice", "dt0c01.NOBODY", tokens.Update{Name: new("")}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("unknown: %v", err)
	}
	if len(o.store.Events()) != 0 {
		t.Errorf("something was stored: %v", o.store.Events())
	}
	// What the token has may stay, and a platform token has scopes of its own kind.
	for id, scopes := range map[string][]string{
		id: {"NodeControl", "OldExport", "orders.read", "orders.write"}, platform: {"storage:logs:read", "storage:bizevents:read"},
	} {
		if err := o.Update(t.Context(), "alice", id, tokens.Update{Scopes: &scopes}); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// Two writers change different parts of one token at the same time. Invariant: neither undoes what the other did.
func TestConcurrentUpdatesKeepEachOther(t *testing.T) {
	o := newOffice(t, func(c *tokens.ServiceConfig) { c.OnChange = nil })
	id := o.put(nil)
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			for round := range 25 {
				u := tokens.Update{Name: new(fmt.Sprint(i, round))}
				if i%2 == 0 {
					scopes := []string{"orders.read", "orders.write"}[:1+round%2]
					u = tokens.Update{Scopes: &scopes}
				}
				if err := o.Update(context.Background(), "alice", id, u); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	r, err := o.Show(t.Context(), id)
	if err != nil || !strings.HasSuffix(r.Name, " 24") || len(r.Scopes) != 1 {
		t.Errorf("%q %v, %v", r.Name, r.Scopes, err)
	}
}

// Property: a token is what the last update of each part made of it, and there is one event for each update that changed
// something.
func TestUpdateModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := newOffice(t, nil)
		id := o.put(nil)
		model, _ := o.Show(t.Context(), id)
		events := 0
		name := rapid.SampledFrom([]string{"ci", "cd", ""})
		scopes := rapid.SliceOfN(rapid.SampledFrom([]string{"orders.read", "orders.write", "OldExport"}), 0, 3)
		networks := rapid.SliceOfN(rapid.SampledFrom([]string{"10.0.0.0/8", "10.1.2.3/8", "::1", "nowhere"}), 0, 3)
		for range rapid.IntRange(1, 12).Draw(rt, "updates") {
			u := tokens.Update{
				Name: rapid.Ptr(name, true).Draw(rt, "name"), Enabled: rapid.Ptr(rapid.Bool(), true).Draw(rt, "enabled"),
				Scopes: rapid.Ptr(scopes, true).Draw(rt, "scopes"), Networks: rapid.Ptr(networks, true).Draw(rt, "networks"),
			}
			next, possible := modelled(model, u)
			err := o.Update(t.Context(), "alice", id, u)
			if possible != (err == nil) {
				rt.Fatalf("possible %v, error %v", possible, err)
			}
			if possible && !cmp.Equal(next, model) {
				model = next
				events++
			}
			got, _ := o.Show(t.Context(), id)
			if diff := cmp.Diff(model, got); diff != "" {
				rt.Fatalf("record (-want +got):\n%s", diff)
			}
			if n := len(o.store.Events()); n != events {
				rt.Fatalf("%d events, want %d", n, events)
			}
		}
	})
}

// modelled says in other words than the service what an update makes of a record.
func modelled(r tokens.Record, u tokens.Update) (tokens.Record, bool) {
	before := r
	if u.Name != nil {
		r.Name = *u.Name
	}
	if u.Enabled != nil {
		r.Enabled = *u.Enabled
	}
	if u.Scopes != nil {
		r.Scopes = slices.Compact(slices.Sorted(slices.Values(*u.Scopes)))
		if len(r.Scopes) == 0 || slices.Contains(r.Scopes, "OldExport") {
			return before, false
		}
	}
	if u.Networks != nil {
		canonical := map[string]string{"10.0.0.0/8": "10.0.0.0/8", "10.1.2.3/8": "10.0.0.0/8", "::1": "::1/128"}
		set := map[string]bool{}
		r.Networks = nil
		for _, network := range *u.Networks {
			if canonical[network] == "" {
				return before, false
			}
			if !set[canonical[network]] {
				set[canonical[network]] = true
				r.Networks = append(r.Networks, canonical[network])
			}
		}
		slices.Sort(r.Networks)
	}
	if r.Name != before.Name || !slices.Equal(r.Scopes, before.Scopes) || !slices.Equal(r.Networks, before.Networks) {
		r.Modified = now
	}
	return r, r.Name != ""
}
