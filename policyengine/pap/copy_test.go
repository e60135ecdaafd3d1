package pap_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

// said is a resolution as texts: two that say the same are the same to an engine.
func said(r pap.Resolution) (all []string) {
	for side, granted := range map[string][]pap.Granted{"live": r.Live, "shadow": r.Shadow, "failed": r.Failed} {
		for _, g := range granted {
			all = append(all, fmt.Sprint(side, " ", g.Binding, " ", g.Policy, " ", g.Group, " ", g.Level, " ", texts(g.Statements)))
		}
	}
	for id, p := range r.Trials {
		all = append(all, fmt.Sprint("trial ", id, " ", p.Statement))
	}
	slices.Sort(all)
	return all
}

// TestCopyFollows draws changes, follows them now and then, and reads everything anew.
//
// Attack: change, bind, delete and restore in an order in which a copy that follows only what has changed misses a DENY.
// Invariant: after following, the copy says what the store says.
func TestCopyFollows(t *testing.T) {
	compared := 0
	rapid.Check(t, func(r *rapid.T) {
		d := newDesk(t)
		groups := []string{d.group("A"), d.group("B")}
		boundary := d.boundary("fence", `settings:schemaId = "x";`)
		var policies []string
		for i := range 3 {
			policies = append(policies, d.policy(atAccount, fmt.Sprint("p", i), settings))
		}
		copied, err := d.Copy(t.Context())
		d.must(err)
		read, err := d.store.Revision(t.Context())
		d.must(err)
		policy := func() string { return rapid.SampledFrom(policies).Draw(r, "policy") }
		group := func() string { return rapid.SampledFrom(groups).Draw(r, "group") }
		shadow := func() *bool { on := rapid.Bool().Draw(r, "shadow"); return &on }
		r.Repeat(map[string]func(*rapid.T){
			"edit": func(*rapid.T) {
				i := rapid.IntRange(0, 2).Draw(r, "i")
				text := rapid.SampledFrom([]string{settings, denied, settings + " " + denied}).Draw(r, "text")
				_, _ = d.UpdatePolicy(t.Context(), "ann", atAccount, policies[i], pap.PolicyAttributes{Name: fmt.Sprint("p", i), Statement: text, Shadow: shadow()})
			},
			"bind": func(*rapid.T) {
				terms := pap.Terms{Shadow: shadow()}
				if rapid.Bool().Draw(r, "fenced") {
					terms.Boundaries = []string{boundary}
				}
				_, _, _ = d.Bind(t.Context(), "ann", pap.BindRequest{Level: atAccount, Policy: policy(), Groups: []string{group()}, Terms: terms})
			},
			"rebind": func(*rapid.T) {
				_, _ = d.Rebind(t.Context(), "ann", pap.RebindRequest{Level: atAccount, Policy: policy(), Group: group(), KeepParameters: true, Terms: pap.Terms{Shadow: shadow()}})
			},
			"unbind": func(*rapid.T) {
				_, _ = d.Unbind(t.Context(), "ann", pap.UnbindRequest{Level: atAccount, Group: group(), Multiple: true})
			},
			"move the fence": func(*rapid.T) {
				query := fmt.Sprintf("settings:schemaId = %q;", rapid.SampledFrom([]string{"x", "y"}).Draw(r, "schema"))
				_, _ = d.UpdateBoundary(t.Context(), "ann", account, boundary, pap.BoundaryAttributes{Name: "fence", Query: query})
			},
			"delete": func(*rapid.T) {
				i := rapid.IntRange(0, 2).Draw(r, "i")
				d.must(d.DeletePolicy(t.Context(), "ann", atAccount, policies[i], true))
				policies[i] = d.policy(atAccount, fmt.Sprint("p", i), denied)
			},
			"follow": func(*rapid.T) {
				changes, _, err := d.store.ChangesAfter(t.Context(), read, 10_000)
				d.must(err)
				for _, change := range changes {
					read = change.Revision
				}
				d.must(copied.Follow(t.Context(), changes))
				got, err := copied.Resolve(t.Context())
				d.must(err)
				want, err := d.Resolve(t.Context())
				d.must(err)
				if diff := cmp.Diff(said(want), said(got)); diff != "" {
					r.Fatalf("(-read anew +followed):\n%s", diff)
				}
				compared += len(got.Live) + len(got.Shadow)
			},
		})
	})
	if compared == 0 {
		t.Error("there was never anything bound")
	}
}

// What has not changed is shared with the resolution before, which is what makes a publication quick; what has changed is not.
func TestCopySharesWhatStays(t *testing.T) {
	d := newDesk(t)
	group := d.group("A")
	stays, changes := d.policy(atAccount, "stays", settings), d.policy(atAccount, "changes", settings)
	d.bind(atAccount, stays, pap.Terms{}, group)
	d.bind(atAccount, changes, pap.Terms{}, group)
	copied, err := d.Copy(t.Context())
	d.must(err)
	before, err := copied.Resolve(t.Context())
	d.must(err)
	d.must(copied.Follow(t.Context(), []feed.Change{{Kind: feed.Policy, ID: changes}, {Kind: feed.Token, ID: stays}}))
	after, err := copied.Resolve(t.Context())
	d.must(err)
	for i := range before.Live {
		shared := &before.Live[i].Statements[0] == &after.Live[i].Statements[0]
		if shared != (before.Live[i].Policy == stays) {
			t.Errorf("%s: shared %t", before.Live[i].Policy, shared)
		}
	}
}

// A store that fails fails the copy: what could not be read may be a DENY.
func TestCopyFails(t *testing.T) {
	d := newDesk(t)
	group := d.group("A")
	policy := d.policy(atAccount, "p", settings)
	d.bind(atAccount, policy, pap.Terms{}, group)
	copied, err := d.Copy(t.Context())
	d.must(err)
	r, err := copied.Resolve(t.Context())
	d.must(err)
	broken := errors.New("broken")
	d.store.Before = func(context.Context, string) error { return broken }
	for _, change := range []feed.Change{{Kind: feed.Binding, ID: r.Live[0].Binding}, {Kind: feed.Policy, ID: policy}} {
		err := copied.Follow(t.Context(), []feed.Change{change})
		if err == nil {
			_, err = copied.Resolve(t.Context())
		}
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v", change.Kind, err)
		}
	}
	if _, err := d.Copy(t.Context()); !errors.Is(err, broken) {
		t.Error(err)
	}
}
