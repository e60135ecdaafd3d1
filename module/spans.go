package module

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	spans "go.opentelemetry.io/otel/trace"

	"github.com/doorward/doorward/tokens"
)

// instrumentation is the scope under which the spans of the gate are found.
const instrumentation = "github.com/doorward/doorward/module"

// Names of attributes. Their values are words of a closed list or rows of the endpoint table; the decision's identifier leads to
// the logs for everything else. No credential, user, path or header of a client is among them.
const (
	attributeDecision    = "doorward.decision"
	attributeReason      = "doorward.reason"
	attributeDecisionID  = "doorward.decision_id"
	attributeEnvironment = "doorward.environment"
	attributeEndpoint    = "doorward.endpoint"

	attributePath = "url.path" // of the OpenTelemetry conventions for HTTP; the span of the request has it from Caddy
)

// isTraced reports whether somebody records spans of a request, as Caddy's directive `tracing` does.
func isTraced(ctx context.Context) bool { return spans.SpanFromContext(ctx).IsRecording() }

// recordSpans makes a child span for each stage that the request came to, once the decision is final. The last one has the
// decision, and so has the span of the request. The stages have noted their times before, so a request that nobody records
// pays for none of this.
func (x *exchange) recordSpans() {
	if x.trace == nil {
		return
	}
	ctx := x.r.Context()
	parent := spans.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return
	}
	about := x.spanAttributes()
	parent.SetAttributes(about...)
	// A token is deleted by its text, which then stands in the path that Caddy has put into its span as it was sent. The later
	// value of an attribute replaces the earlier one.
	if masked := tokens.Mask(x.r.URL.Path); masked != x.r.URL.Path {
		parent.SetAttributes(attribute.String(attributePath, masked))
	}
	tracer := parent.TracerProvider().Tracer(instrumentation)
	end := x.h.now()
	for i, entered := range x.trace.entered[:x.trace.count] {
		left, decided := end, i+1 == x.trace.count
		if !decided {
			left = x.trace.entered[i+1]
		}
		_, span := tracer.Start(ctx, "doorward "+stageNames[i], spans.WithTimestamp(entered))
		if decided {
			span.SetAttributes(about...)
		}
		if decided && x.reason == reasonFault {
			span.SetStatus(codes.Error, reasons[reasonFault].message)
		}
		span.End(spans.WithTimestamp(notBefore(entered, left)))
	}
}

// notBefore keeps a span from ending before it began, where the clock was set back in between.
func notBefore(start, end time.Time) time.Time {
	if end.Before(start) {
		return start
	}
	return end
}

func (x *exchange) spanAttributes() []attribute.KeyValue {
	about := []attribute.KeyValue{
		attribute.String(attributeDecision, x.reason.decision()),
		attribute.String(attributeReason, x.reason.String()),
		attribute.String(attributeDecisionID, x.id.String()),
	}
	// The environment is the client's word until the credential is known to be good for it.
	if x.principal != nil {
		about = append(about, attribute.String(attributeEnvironment, x.environment))
	}
	if x.endpoint != nil {
		about = append(about, attribute.String(attributeEndpoint, x.endpoint.Pattern))
	}
	return about
}
