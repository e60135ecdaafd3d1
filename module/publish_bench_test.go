package module

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// The size of a large installation. Ten bindings are left for the benchmark to make.
const (
	largeGroups   = 5000
	largePolicies = 200
	largeBindings = 30_000 - 10
	largeSubjects = 2000 // who have asked lately
)

// largeInstallation fills a store through the service, so that everything in it could be there.
func largeInstallation(tb testing.TB, service *pap.Service) (policies, groups []string) {
	tb.Helper()
	for i := range largeGroups {
		made, err := service.CreateGroup(tb.Context(), "test", DefaultAccount,
			pap.GroupAttributes{Name: fmt.Sprintf("group %d", i), FederatedValues: []string{fmt.Sprintf("ad-%d", i)}})
		if err != nil {
			tb.Fatal(err)
		}
		groups = append(groups, made.UUID)
	}
	for i := range largePolicies {
		p, _, err := service.CreatePolicy(tb.Context(), "test", pap.AccountLevel(DefaultAccount), "",
			pap.PolicyAttributes{Name: fmt.Sprintf("policy %d", i), Statement: largePolicy(i, "")})
		if err != nil {
			tb.Fatal(err)
		}
		policies = append(policies, p.UUID)
	}
	each := largeBindings / largePolicies
	for i, policy := range policies {
		count := each
		if i < largeBindings%largePolicies {
			count++
		}
		first := i * each % largeGroups
		chosen := slices.Concat(groups[first:], groups[:first])[:count]
		if _, _, err := service.Bind(tb.Context(), "test", pap.BindRequest{Level: pap.AccountLevel(DefaultAccount), Policy: policy, Groups: chosen}); err != nil {
			tb.Fatal(err)
		}
	}
	return policies, groups
}

// largePolicy is a text of ten statements.
func largePolicy(i int, mark string) string {
	var b strings.Builder
	for j := range 10 {
		fmt.Fprintf(&b, "ALLOW settings:objects:read, settings:schemas:read WHERE settings:schemaId = \"app:%d.%d%s\";\n", i, j, mark)
	}
	return b.String()
}

// BenchmarkPublishLarge: from a change in the store to its being in force, in a large installation. The budget is a second,
// and three for the start.
func BenchmarkPublishLarge(b *testing.B) {
	g := testGate(b)
	service := pap.NewService(pap.ServiceConfig{Store: g.store, Mask: tokens.Mask})
	policies, groups := largeInstallation(b, service)
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			r, err := newRules(g.store, gateConfig{}, zap.NewNop())
			if err != nil {
				b.Fatal(err)
			}
			if err := r.publish(b.Context()); err != nil {
				b.Fatal(err)
			}
			r.close()
		}
	})
	settle := func(b *testing.B) {
		if err := g.rules.settle(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	settle(b)
	for i := range largeSubjects {
		askLarge(b, g.rules, []string{groups[i*7%largeGroups], groups[i*11%largeGroups]})
	}
	n := 0
	level := pap.AccountLevel(DefaultAccount)
	b.Run("policy", func(b *testing.B) {
		for b.Loop() {
			n++
			b.StopTimer() // what the store takes is measured there
			changed := pap.PolicyAttributes{Name: fmt.Sprintf("policy %d", n%len(policies)), Statement: largePolicy(n, "x")}
			if _, err := service.UpdatePolicy(b.Context(), "test", level, policies[n%len(policies)], changed); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			settle(b)
		}
	})
	b.Run("binding", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			if _, _, err := service.Bind(b.Context(), "test", pap.BindRequest{Level: level, Policy: policies[0], Groups: groups[4000:4001]}); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			settle(b)
			b.StopTimer()
			if _, err := service.Unbind(b.Context(), "test", pap.UnbindRequest{Level: level, Policy: policies[0], Group: groups[4000]}); err != nil {
				b.Fatal(err)
			}
			settle(b)
			b.StartTimer()
		}
	})
}

// askLarge has somebody with these groups ask, and so be remembered.
func askLarge(tb testing.TB, r *rules, groups []string) {
	_, err := r.engine.Decide(tb.Context(), policyengine.Request{
		Subject: policyengine.Subject{User: "u", Groups: groups}, Account: DefaultAccount, Environment: DefaultEnvironment,
		Permission: "settings:objects:read", Now: time.Now(),
		Attributes: []policyengine.Attribute{{Name: "settings:schemaId", Values: []string{"app:1.1"}, Known: true}},
	})
	if err != nil {
		tb.Fatal(err)
	}
}
