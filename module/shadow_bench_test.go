package module

import (
	"net/http"
	"testing"

	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/tokens"
)

// BenchmarkServePersonal: a request with a personal token, answered by a policy from the cache, without anything on trial and
// with a shadow that would refuse it. Without, it costs not an allocation more than it did before there were shadows.
func BenchmarkServePersonal(b *testing.B) {
	h, g := benchmarkHandler(b)
	d := newDesk(b, g.gate)
	d.must(g.service.SetPersonalTokens(b.Context(), "test", DefaultEnvironment, true))
	d.gate.applyOne(b.Context(), "token_settings", DefaultEnvironment)
	d.must(d.policies.AddToGroups(b.Context(), "test", DefaultAccount, deskUser, []string{d.group}))
	d.granting("live", "ALLOW settings:objects:read;")
	d.settle(b.Context())
	created, err := d.services.tokens.Create(b.Context(), "test", tokens.CreateRequest{Attributes: tokens.Attributes{
		Name: "t", Owner: deskUser, Environment: DefaultEnvironment, Scopes: []string{"settings.read"}, Personal: true,
	}})
	d.must(err)
	run := func(b *testing.B) {
		s := newBenchmarkRequest(h, created.Secret.Reveal())
		s.r.URL.Path = "/api/v2/settings/objects"
		s.r.URL.RawQuery = "schemaIds=a"
		b.ReportAllocs()
		for b.Loop() {
			s.reset()
			if err := h.ServeHTTP(s.w, s.r, answerNothing); err != nil {
				b.Fatal(err)
			}
		}
		if s.w.status != http.StatusOK {
			b.Fatalf("status %d", s.w.status)
		}
	}
	b.Run("without", run)
	on := true
	p, _, err := d.policies.CreatePolicy(b.Context(), "test", pap.AccountLevel(DefaultAccount), "",
		pap.PolicyAttributes{Name: "trial", Statement: "DENY settings:objects:read;", Shadow: &on})
	d.must(err)
	_, _, err = d.policies.Bind(b.Context(), "test", pap.BindRequest{Level: pap.AccountLevel(DefaultAccount), Policy: p.UUID, Groups: []string{d.group}})
	d.must(err)
	d.settle(b.Context())
	b.Run("with", run)
}
