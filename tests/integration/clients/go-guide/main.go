// SPDX-License-Identifier: Apache-2.0

// The application of the ECS guide: set up as it shows, with requests that it served in place of its own code.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	apimetric "go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.24.0"
	"go.opentelemetry.io/otel/trace"
)

const requests = 20

// As the guide has it: both exporters by gRPC to localhost:4317, a batcher, a reader every 30 seconds.
func initTelemetry(ctx context.Context) (func(), error) {
	res, err := resource.Merge(resource.Default(),
		resource.NewWithAttributes(semconv.SchemaURL, semconv.ServiceName(os.Getenv("OTEL_SERVICE_NAME"))))
	if err != nil {
		return nil, err
	}
	traces, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint("localhost:4317"), otlptracegrpc.WithInsecure())
	if err != nil {
		return nil, err
	}
	tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(traces), sdktrace.WithResource(res))
	otel.SetTracerProvider(tp)
	metrics, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpoint("localhost:4317"), otlpmetricgrpc.WithInsecure())
	if err != nil {
		return nil, err
	}
	reader := metric.NewPeriodicReader(metrics, metric.WithInterval(30*time.Second))
	mp := metric.NewMeterProvider(metric.WithReader(reader), metric.WithResource(res))
	otel.SetMeterProvider(mp)
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := tp.Shutdown(ctx); err != nil {
			log.Fatalf("traces: %v", err)
		}
		if err := mp.Shutdown(ctx); err != nil {
			log.Fatalf("metrics: %v", err)
		}
	}, nil
}

// A request that was served, with a call to another service in it. Every fifth one fails.
func serve(ctx context.Context, i int) {
	tracer := otel.Tracer("guide")
	ctx, span := tracer.Start(ctx, "GET /orders", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", "GET"), attribute.String("url.path", "/orders"),
		attribute.Int("order", i)))
	defer span.End()
	_, call := tracer.Start(ctx, "POST", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("http.request.method", "POST"), attribute.String("url.full", "http://stock:8080/reserve"),
		attribute.String("server.address", "stock")))
	call.End()
	status := 200
	if i%5 == 0 {
		status = 500
		span.SetStatus(codes.Error, "no stock")
	}
	span.SetAttributes(attribute.Int("http.response.status_code", status))
}

func main() {
	ctx := context.Background()
	cleanup, err := initTelemetry(ctx)
	if err != nil {
		log.Fatalf("Failed to initialize telemetry: %v", err)
	}
	defer cleanup()
	meter := otel.Meter("guide")
	count, err := meter.Int64Counter("orders", apimetric.WithUnit("{order}"))
	if err != nil {
		log.Fatal(err)
	}
	seconds, err := meter.Float64Histogram("duration", apimetric.WithUnit("s"))
	if err != nil {
		log.Fatal(err)
	}
	for i := 0; i < requests; i++ {
		serve(ctx, i)
		count.Add(ctx, 1)
		seconds.Record(ctx, 0.25)
		if i == 0 { // as the reader does every 30 seconds
			if err := otel.GetMeterProvider().(*metric.MeterProvider).ForceFlush(ctx); err != nil {
				log.Fatal(err)
			}
		}
	}
}
