package module

import (
	"net/http"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/tokens"
)

// BenchmarkStage runs each stage by itself, over and over on one exchange that has come as far as that, with everything cached.
func BenchmarkStage(b *testing.B) {
	h, g := benchmarkHandler(b)
	_, reader := g.mint(b, "metrics.read")
	s := newBenchmarkRequest(h, reader)
	x := settled(b, h, s)
	benchmarkStages(b, s, x, []stageRun{
		{"target", func(x *exchange) bool { return x.readTarget() }},
		{"credential", func(x *exchange) bool { return x.readCredential() }},
		{"principal", func(x *exchange) bool { return x.verifyPrincipal() }},
		{"endpoint", func(x *exchange) bool { return x.matchEndpoint() }},
		{"scopes", func(x *exchange) bool { return x.checkScopes() }},
		{"policies-none", func(x *exchange) bool { return x.checkPolicies() }},
		{"remote-none", func(x *exchange) bool { return x.checkRemote() }},
		{"clean", func(x *exchange) bool { x.cleanRequest(); return true }},
		{"identity", func(x *exchange) bool { x.used = 0; x.setIdentity(); return true }},
		{"settle", func(x *exchange) bool { x.settle(reasonAllowed); return true }},
	})
	b.Run("begin", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			*s.replacer = s.fresh
			begun = h.begin(s.w, s.r)
		}
	})
	b.Run("forward", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.reset()
			x.leash, x.wroteHeader, x.used = leash{}, false, 0
			if err := x.forward(answerNothing); err != nil {
				b.Fatal(err)
			}
		}
	})
	benchmarkRemoteStage(b, h, g)
	benchmarkPolicyStage(b, h, g)
}

// begun keeps the compiler from leaving out what nobody uses.
var begun *exchange

// stageRun is a stage that must let the request of the benchmark pass.
type stageRun struct {
	name string
	run  func(x *exchange) bool
}

// settled is an exchange that has passed every stage.
func settled(b *testing.B, h *Handler, s *benchmarkRequest) *exchange {
	s.reset()
	x := h.begin(s.w, s.r)
	if !x.isReady() || !x.readTarget() || !x.readCredential() || !x.verifyPrincipal() || !x.matchEndpoint() || !x.checkScopes() || !x.checkPolicies() {
		b.Fatalf("refused: %s %s %v", x.reason, x.refusal, x.fault)
	}
	return x
}

func benchmarkStages(b *testing.B, s *benchmarkRequest, x *exchange, stages []stageRun) {
	for _, stage := range stages {
		b.Run(stage.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.r.Header["Authorization"] = s.authorization
				if !stage.run(x) {
					b.Fatalf("refused: %s", x.reason)
				}
			}
		})
	}
}

func benchmarkPolicyStage(b *testing.B, h *Handler, g unitGate) {
	d := newDesk(b, g.gate)
	d.must(d.policies.AddToGroups(b.Context(), "test", DefaultAccount, deskUser, []string{d.group}))
	d.decideBy(policyengine.Binding{Group: d.group, Level: bind.Account, LevelID: DefaultAccount, Statements: statementsFor(100)})
	texts := holdInMemory(b, h, 1, func(_ int, r *tokens.Record) {
		r.Owner, r.Personal, r.Scopes = deskUser, true, []string{"settings.read"}
	})
	s := newBenchmarkRequest(h, "")
	s.askForSettings()
	s.authorization = texts[0]
	benchmarkStages(b, s, settled(b, h, s), []stageRun{{"policies", func(x *exchange) bool { return x.checkPolicies() }}})
}

// benchmarkRemoteStage is the ceiling of remote staff without the record of the request, which is two transactions of the store:
// BenchmarkServeStaff has those.
func benchmarkRemoteStage(b *testing.B, h *Handler, g unitGate) {
	token := g.mintStaff(b)
	g.letIn(b, remote.Viewer)
	s := newBenchmarkRequest(h, token)
	benchmarkStages(b, s, settled(b, h, s), []stageRun{{"remote", func(x *exchange) bool {
		x.visit.calls = x.visit.calls[:0]
		return x.judgeVisit() == nil && x.visit.verdict.Allows()
	}}})
}

// BenchmarkNothing is what the benchmarks of the handler measure besides the handler: putting the request back as it was, and the
// next handler.
func BenchmarkNothing(b *testing.B) {
	h, _ := benchmarkHandler(b)
	s := newBenchmarkRequest(h, "")
	var next caddyhttp.Handler = answerNothing
	b.ReportAllocs()
	for b.Loop() {
		s.reset()
		if err := next.ServeHTTP(s.w, s.r); err != nil || s.w.status != http.StatusOK {
			b.Fatal(err, s.w.status)
		}
	}
}
