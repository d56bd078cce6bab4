// SPDX-License-Identifier: Apache-2.0

// What the application records: every kind of value, span, instrument and log body that the Go SDK can express.
package main

import (
	"context"
	"errors"
	"math"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	otellog "go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const scopeName = "nacelle.tests/go"

func everyKindOfValue(prefix string) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String(prefix+".string", "žluťoučký kůň 🐎 \u0000 end"),
		attribute.String(prefix+".empty", ""),
		attribute.Bool(prefix+".true", true),
		attribute.Bool(prefix+".false", false),
		attribute.Int64(prefix+".int.min", math.MinInt64),
		attribute.Int64(prefix+".int.zero", 0),
		attribute.Int64(prefix+".int.max", math.MaxInt64),
		attribute.Float64(prefix+".double", -1234.5e-200),
		attribute.Float64(prefix+".double.inf", math.Inf(1)),
		attribute.StringSlice(prefix+".strings", []string{"a", "", "日本語"}),
		attribute.BoolSlice(prefix+".bools", []bool{true, false}),
		attribute.Int64Slice(prefix+".ints", []int64{-1, 0, 1}),
		attribute.Float64Slice(prefix+".doubles", []float64{0.1, math.MaxFloat64, math.SmallestNonzeroFloat64}),
		attribute.ByteSlice(prefix+".bytes", []byte{0, 1, 127, 128, 255}),
		attribute.Slice(prefix+".mixed", attribute.IntValue(1), attribute.StringValue("two"), attribute.Value{}),
		attribute.Map(prefix+".map", attribute.Int("n", 1), attribute.Map("inner", attribute.String("deep", "ü"))),
	}
}

// tightLimits makes the SDK drop an attribute, an event and a link, so that dropped counts are sent.
func tightLimits() sdktrace.SpanLimits {
	limits := sdktrace.NewSpanLimits()
	limits.AttributeCountLimit = 17
	limits.EventCountLimit = 2
	limits.LinkCountLimit = 2
	limits.AttributePerEventCountLimit = 16
	limits.AttributePerLinkCountLimit = 2
	return limits
}

func remoteContext() trace.SpanContext {
	state, _ := trace.ParseTraceState("vendor=opaque,other=t61rcWkgMzE")
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID:    trace.TraceID{0x5b, 0x8e, 0xff, 0xf7, 0x98, 3, 0x81, 3, 0xd2, 0x69, 0xb6, 0x33, 0x81, 0x3f, 0xc6, 0x0c},
		SpanID:     trace.SpanID{0xee, 0xe1, 0x9b, 0x7e, 0xc3, 0xc1, 0xb1, 0x74},
		TraceFlags: trace.FlagsSampled,
		TraceState: state,
		Remote:     true,
	})
}

func recordTraces(ctx context.Context) {
	tracer := otel.Tracer(scopeName, trace.WithInstrumentationVersion("1.2.3"),
		trace.WithSchemaURL("https://example.test/schema"),
		trace.WithInstrumentationAttributes(attribute.String("scope.kind", "test")))
	ctx, root := tracer.Start(trace.ContextWithRemoteSpanContext(ctx, remoteContext()), "GET /žluť/{id}",
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(everyKindOfValue("span")...))
	root.SetAttributes(attribute.String("beyond.1", "kept"), attribute.String("beyond.2", "dropped"))
	for _, kind := range []trace.SpanKind{trace.SpanKindInternal, trace.SpanKindClient, trace.SpanKindProducer,
		trace.SpanKindConsumer} {
		_, child := tracer.Start(ctx, "child "+kind.String(), trace.WithSpanKind(kind), trace.WithLinks(
			trace.Link{SpanContext: remoteContext(), Attributes: everyKindOfValue("link")},
			trace.Link{SpanContext: root.SpanContext()}, trace.Link{SpanContext: remoteContext()}))
		child.AddEvent("dropped for the limit")
		child.AddEvent("cache.miss", trace.WithAttributes(everyKindOfValue("event")...),
			trace.WithTimestamp(time.Unix(1700000000, 123456789)))
		child.RecordError(errors.New("spojení odmítnuto"))
		child.SetStatus(codes.Error, "backend unreachable: ∅")
		child.End()
	}
	root.SetStatus(codes.Ok, "")
	root.End()
	_, other := otel.Tracer("nacelle.tests/other").Start(context.Background(), "")
	other.End(trace.WithTimestamp(time.Unix(1, 0)))
}

// exponentialView makes every instrument named "*.exponential" an exponential histogram.
func exponentialView() sdkmetric.View {
	return sdkmetric.NewView(sdkmetric.Instrument{Name: "*.exponential"},
		sdkmetric.Stream{Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 20, MaxScale: 10}})
}

func recordMetrics(ctx context.Context) {
	meter := otel.Meter(scopeName, metric.WithInstrumentationVersion("1.2.3"),
		metric.WithSchemaURL("https://example.test/schema"))
	attributes := metric.WithAttributes(everyKindOfValue("point")...)
	ctx, span := otel.Tracer(scopeName).Start(ctx, "source of the exemplars")
	defer span.End()

	requests, _ := meter.Int64Counter("requests", metric.WithUnit("{request}"), metric.WithDescription("počet"))
	requests.Add(ctx, 5, attributes)
	requests.Add(ctx, 7)
	bytes, _ := meter.Float64Counter("bytes", metric.WithUnit("By"))
	bytes.Add(ctx, 1.5, attributes)
	inFlight, _ := meter.Int64UpDownCounter("in.flight")
	inFlight.Add(ctx, -3, attributes)
	temperature, _ := meter.Float64Gauge("temperature", metric.WithUnit("Cel"))
	temperature.Record(ctx, -40.25, attributes)
	duration, _ := meter.Float64Histogram("duration", metric.WithUnit("s"),
		metric.WithExplicitBucketBoundaries(0.1, 1, 10))
	exponential, _ := meter.Float64Histogram("duration.exponential", metric.WithUnit("s"))
	for _, value := range []float64{0, 0.05, 0.5, 5, 50, 5000, 1e-9} {
		duration.Record(ctx, value, attributes)
		exponential.Record(ctx, value, attributes)
	}
	_, _ = meter.Int64ObservableGauge("observed", metric.WithInt64Callback(
		func(_ context.Context, observer metric.Int64Observer) error {
			observer.Observe(math.MaxInt64, attributes)
			return nil
		}))
}

func recordLogs(ctx context.Context, provider *sdklog.LoggerProvider) {
	logger := provider.Logger(scopeName, otellog.WithInstrumentationVersion("1.2.3"),
		otellog.WithSchemaURL("https://example.test/schema"))
	ctx, span := otel.Tracer(scopeName).Start(ctx, "a span with log records")
	defer span.End()
	for number, value := range everyKindOfValue("body") {
		var record otellog.Record
		record.SetTimestamp(time.Unix(1700000000, int64(number)))
		record.SetObservedTimestamp(time.Unix(1700000001, 0))
		record.SetSeverity(otellog.Severity(number + 1))
		record.SetSeverityText("ÚROVEŇ")
		record.SetBody(value.Value)
		record.AddAttributes(everyKindOfValue("log")...)
		logger.Emit(ctx, record)
	}
	var event otellog.Record
	event.SetEventName("event.ž")
	logger.Emit(context.Background(), event)
}
