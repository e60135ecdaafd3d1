package module

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// traced sends one request within a span, as the directive `tracing` does, and gives back what was recorded: the stages in
// the order in which they ended, and the span of the request last.
func traced(t *testing.T, h *Handler, token string, sampler sdktrace.Sampler) tracetest.SpanStubs {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter), sdktrace.WithSampler(sampler))
	s := newBenchmarkRequest(h, token)
	s.reset()
	if token == "" {
		delete(s.r.Header, "Authorization")
	}
	ctx, span := provider.Tracer("test").Start(s.r.Context(), "request")
	if err := h.ServeHTTP(s.w, s.r.WithContext(ctx), answerNothing); err != nil {
		t.Fatal(err)
	}
	span.End()
	return exporter.GetSpans()
}

func spanFacts(stub tracetest.SpanStub) map[string]string {
	all := map[string]string{}
	for _, a := range stub.Attributes {
		all[string(a.Key)] = a.Value.AsString()
	}
	return all
}

// A span for each stage that a request came to, below the span of the request. The one in which it was decided says what, and
// none says anything that a credential could be made of.
func TestSpans(t *testing.T) {
	h, g := benchmarkHandler(t)
	id, reader := g.mint(t, "metrics.read")
	_, other := g.mint(t, "logs.read")
	all := stageNames[:]
	for _, test := range []struct {
		name, token      string
		stages           []string
		decision, reason string
		endpoint         string
	}{
		{"let through", reader, all, "allow", "allowed", "GET /api/v2/metrics/query"},
		{"wrong scope", other, all[:5], "deny", "scope", "GET /api/v2/metrics/query"},
		{"wrong secret", reader[:len(reader)-4] + "AAAA", all[:3], "deny", "bad_credential", ""},
		{"no credential", "", all[:2], "deny", "no_credential", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			recorded := traced(t, h, test.token, sdktrace.AlwaysSample())
			request := recorded[len(recorded)-1]
			var stages []string
			for i, span := range recorded[:len(recorded)-1] {
				stages = append(stages, span.Name[len("doorward "):])
				if span.Parent.SpanID() != request.SpanContext.SpanID() || span.EndTime.Before(span.StartTime) {
					t.Errorf("%s is below %s, from %v to %v", span.Name, span.Parent.SpanID(), span.StartTime, span.EndTime)
				}
				if last := i == len(recorded)-2; last != (len(span.Attributes) > 0) {
					t.Errorf("%s has the attributes %v", span.Name, span.Attributes)
				}
			}
			if diff := cmp.Diff(test.stages, stages); diff != "" {
				t.Errorf("stages (-want +got):\n%s", diff)
			}
			got := spanFacts(request)
			if diff := cmp.Diff(got, spanFacts(recorded[len(recorded)-2])); diff != "" {
				t.Errorf("the request and the last stage differ:\n%s", diff)
			}
			if len(got[attributeDecisionID]) != 29 || got[attributeDecision] != test.decision || got[attributeReason] != test.reason ||
				got[attributeEndpoint] != test.endpoint {
				t.Errorf("attributes %v, want %s for %s at %q", got, test.decision, test.reason, test.endpoint)
			}
			for name, value := range got {
				if value == id || value == test.token && value != "" {
					t.Errorf("%s tells %q", name, value)
				}
			}
		})
	}
}

// A decision that could not be reached is an error of its stage.
func TestSpans_Fault(t *testing.T) {
	h, g := benchmarkHandler(t)
	_, token := g.mint(t, "metrics.read")
	if err := g.store.Close(); err != nil {
		t.Fatal(err)
	}
	recorded := traced(t, h, token, sdktrace.AlwaysSample())
	last := recorded[len(recorded)-2]
	if last.Name != "doorward principal" || last.Status.Code != codes.Error || spanFacts(last)[attributeReason] != "fault" {
		t.Errorf("the last stage is %s with %v, %v", last.Name, last.Status, last.Attributes)
	}
}

// Nothing is made of a request that is not recorded: not even where a span is there.
func TestSpans_NotRecording(t *testing.T) {
	h, g := benchmarkHandler(t)
	_, token := g.mint(t, "metrics.read")
	if recorded := traced(t, h, token, sdktrace.NeverSample()); len(recorded) != 0 {
		t.Errorf("recorded %v", recorded)
	}
	s := newBenchmarkRequest(h, token)
	serve := func() {
		s.reset()
		if err := h.ServeHTTP(s.w, s.r, answerNothing); err != nil || s.w.status != http.StatusOK {
			t.Fatal(s.w.status, err)
		}
	}
	if allocations := testing.AllocsPerRun(100, serve); allocations > 5 {
		t.Errorf("%v allocations for a request, want at most 5", allocations)
	}
}
