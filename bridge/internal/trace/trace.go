// Package trace tells a collector of OpenTelemetry what the daemon does: a request
// from HTTP to the outbox to Telegram, and an update from Telegram to the inbox to
// a webhook.
//
// Start with [Open] and [Tracer.Start]. A nil *Tracer does nothing, at no cost, so
// that nobody has to ask whether there is one. What spans say is names, ids, codes
// and times: never a text, an error's words or anything secret.
package trace

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"godwit/bridge"
)

// Options say where spans go.
type Options struct {
	// Endpoint is the base URL of the collector, which takes OTLP over HTTP:
	// spans go to /v1/traces below it.
	Endpoint string
	Node     string // that the spans are of
	Version  string
	Failed   func(error) // is told what the collector did not take
}

// A Tracer begins spans.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// Kinds of spans.
const (
	Server   = trace.SpanKindServer
	Client   = trace.SpanKindClient
	Producer = trace.SpanKindProducer
	Consumer = trace.SpanKindConsumer
	Internal = trace.SpanKindInternal
)

// Open returns a Tracer. How much is sampled, and what the service is called, the
// variables of OpenTelemetry say: OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME,
// OTEL_RESOURCE_ATTRIBUTES; and what the collector is to know of who sends,
// OTEL_EXPORTER_OTLP_HEADERS.
func Open(ctx context.Context, o Options) (*Tracer, error) {
	e, err := newExporter(o)
	if err != nil {
		return nil, err
	}
	return open(ctx, o, e)
}

func open(ctx context.Context, o Options, e *exporter) (*Tracer, error) {
	// What the environment says comes last, and counts.
	r, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "godwit"), attribute.String("service.version", o.Version),
		attribute.String("service.instance.id", o.Node),
	), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	exporter, err := otlptrace.New(ctx, e)
	if err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(r))
	return &Tracer{provider, provider.Tracer("godwit")}, nil
}

// Close sends what is left.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// On reports whether there is anybody to tell.
func (t *Tracer) On() bool { return t != nil }

// Start begins a span below that of the context.
func (t *Tracer) Start(ctx context.Context, name string, kind trace.SpanKind) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	ctx, s := t.tracer.Start(ctx, name, trace.WithSpanKind(kind))
	return ctx, &Span{s}
}

// A Span is something that takes time. A nil one notes nothing.
type Span struct{ s trace.Span }

// Name changes what it is called.
func (s *Span) Name(name string) {
	if s != nil {
		s.s.SetName(name)
	}
}

// Account notes whose it is.
func (s *Span) Account(id bridge.AccountID) { s.Text("godwit.account.id", string(id)) }

// Text notes something that is no text of anybody's.
func (s *Span) Text(key, value string) {
	if s != nil && value != "" {
		s.s.SetAttributes(attribute.String(key, value))
	}
}

// Number notes a number.
func (s *Span) Number(key string, n int) {
	if s != nil {
		s.s.SetAttributes(attribute.Int(key, n))
	}
}

// Wait notes for how long Telegram, or a receiver, wants something later.
func (s *Span) Wait(d time.Duration) {
	if s != nil && d > 0 {
		s.s.AddEvent("wait", trace.WithAttributes(attribute.Float64("godwit.wait.seconds", d.Seconds())))
	}
}

// Fail notes that it has failed, with a code, not with words.
func (s *Span) Fail(code string) {
	if s != nil {
		s.s.SetAttributes(attribute.String("error.type", code))
		s.s.SetStatus(codes.Error, code)
	}
}

// End ends the span, with the code of an error if there is one.
func (s *Span) End(err error) {
	if s == nil {
		return
	}
	if known := new(bridge.Error); errors.As(err, &known) {
		if known.Code == bridge.CodeFloodWait {
			s.Wait(time.Until(known.RetryAt))
		}
		s.Fail(string(known.Code))
	} else if err != nil {
		s.Fail(string(bridge.CodeInternal))
	}
	s.s.End()
}

// w3c writes contexts as https://www.w3.org/TR/trace-context/ has it.
var w3c propagation.TraceContext

// Parent returns the traceparent of a context's span; empty: there is none, or it
// is not sampled.
func Parent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	c := propagation.MapCarrier{}
	w3c.Inject(ctx, c)
	return c["traceparent"]
}

// Below returns a context below the span of a traceparent. One that is none
// changes nothing.
func Below(ctx context.Context, parent string) context.Context {
	if parent == "" {
		return ctx
	}
	return w3c.Extract(ctx, propagation.MapCarrier{"traceparent": parent})
}

// Received returns the context of a request that was received with headers.
func (t *Tracer) Received(ctx context.Context, h http.Header) context.Context {
	if t == nil {
		return ctx
	}
	return w3c.Extract(ctx, propagation.HeaderCarrier(h))
}

// Send puts a context's span into the headers of a request that is to be sent.
func (t *Tracer) Send(ctx context.Context, h http.Header) {
	if t != nil {
		w3c.Inject(ctx, propagation.HeaderCarrier(h))
	}
}
