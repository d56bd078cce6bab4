// SPDX-License-Identifier: Apache-2.0

// An application with OpenTelemetry's Go SDK: it sends one set of telemetry to the collector under test and, the
// very same spans, points and records, straight to a second endpoint, so that a test can compare the two.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// metricTee hands one collection to both exporters: two readers would collect at two different times.
type metricTee struct {
	metric.Exporter
	direct metric.Exporter
}

func (t metricTee) Export(ctx context.Context, rm *metricdata.ResourceMetrics) error {
	return errors.Join(t.Exporter.Export(ctx, rm), t.direct.Export(ctx, rm))
}

func (t metricTee) Shutdown(ctx context.Context) error {
	return errors.Join(t.Exporter.Shutdown(ctx), t.direct.Shutdown(ctx))
}

func traceExporter(ctx context.Context, protocol, endpoint, compression string) (sdktrace.SpanExporter, error) {
	if protocol == "http" {
		options := []otlptracehttp.Option{otlptracehttp.WithEndpoint(endpoint), otlptracehttp.WithInsecure()}
		if compression == "gzip" {
			options = append(options, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
		}
		return otlptracehttp.New(ctx, options...)
	}
	options := []otlptracegrpc.Option{otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure()}
	if compression == "gzip" {
		options = append(options, otlptracegrpc.WithCompressor("gzip"))
	}
	return otlptracegrpc.New(ctx, options...)
}

func metricExporter(ctx context.Context, endpoint, compression string) (metric.Exporter, error) {
	options := []otlpmetricgrpc.Option{otlpmetricgrpc.WithEndpoint(endpoint), otlpmetricgrpc.WithInsecure()}
	if compression == "gzip" {
		options = append(options, otlpmetricgrpc.WithCompressor("gzip"))
	}
	return otlpmetricgrpc.New(ctx, options...)
}

func logExporter(ctx context.Context, endpoint, compression string) (sdklog.Exporter, error) {
	options := []otlploggrpc.Option{otlploggrpc.WithEndpoint(endpoint), otlploggrpc.WithInsecure()}
	if compression == "gzip" {
		options = append(options, otlploggrpc.WithCompressor("gzip"))
	}
	return otlploggrpc.New(ctx, options...)
}

func serviceResource() (*resource.Resource, error) {
	return resource.Merge(
		resource.Default(),
		resource.NewWithAttributes(
			semconv.SchemaURL,
			append(everyKindOfValue("resource"), semconv.ServiceName("klient-in-go-ж"))...,
		),
	)
}

// providers is what an application makes at start and shuts down at its end; metrics and logs only over gRPC.
type providers struct {
	traces  *sdktrace.TracerProvider
	metrics *metric.MeterProvider
	logs    *sdklog.LoggerProvider
}

func start(ctx context.Context, protocol, via, direct, compression string) (*providers, error) {
	res, err := serviceResource()
	if err != nil {
		return nil, err
	}
	viaTraces, err := traceExporter(ctx, protocol, via, compression)
	if err != nil {
		return nil, err
	}
	directTraces, err := traceExporter(ctx, protocol, direct, "")
	if err != nil {
		return nil, err
	}
	made := &providers{traces: sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(viaTraces),
		sdktrace.WithBatcher(directTraces),
		sdktrace.WithResource(res),
		sdktrace.WithRawSpanLimits(tightLimits()),
	)}
	otel.SetTracerProvider(made.traces)
	if protocol == "http" {
		return made, nil
	}

	viaMetrics, err := metricExporter(ctx, via, compression)
	if err != nil {
		return nil, err
	}
	directMetrics, err := metricExporter(ctx, direct, "")
	if err != nil {
		return nil, err
	}
	made.metrics = metric.NewMeterProvider(
		metric.WithReader(metric.NewPeriodicReader(metricTee{viaMetrics, directMetrics},
			metric.WithInterval(30*time.Second),
		)),
		metric.WithResource(res),
		metric.WithView(exponentialView()),
	)
	otel.SetMeterProvider(made.metrics)

	viaLogs, err := logExporter(ctx, via, compression)
	if err != nil {
		return nil, err
	}
	directLogs, err := logExporter(ctx, direct, "")
	if err != nil {
		return nil, err
	}
	made.logs = sdklog.NewLoggerProvider(
		sdklog.WithProcessor(sdklog.NewBatchProcessor(viaLogs)),
		sdklog.WithProcessor(sdklog.NewBatchProcessor(directLogs)),
		sdklog.WithResource(res),
	)
	return made, nil
}

func (p *providers) shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := p.traces.Shutdown(ctx)
	if p.metrics != nil {
		err = errors.Join(err, p.metrics.Shutdown(ctx), p.logs.Shutdown(ctx))
	}
	return err
}

func main() {
	protocol := flag.String("protocol", "grpc", "grpc, or http (traces only)")
	via := flag.String("via", "", "host:port of the collector under test")
	direct := flag.String("direct", "", "host:port that gets the same telemetry without a collector")
	compression := flag.String("compression", "none", "gzip or none, towards the collector")
	flag.Parse()

	var failures atomic.Int64
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		failures.Add(1)
		log.Printf("the SDK reports: %v", err)
	}))
	ctx := context.Background()
	app, err := start(ctx, *protocol, *via, *direct, *compression)
	if err != nil {
		log.Fatalf("cannot initialise telemetry: %v", err)
	}
	recordTraces(ctx)
	if app.metrics != nil {
		recordMetrics(ctx)
		recordLogs(ctx, app.logs)
	}
	if err := app.shutdown(); err != nil {
		log.Fatalf("cannot shut telemetry down: %v", err)
	}
	if failures.Load() > 0 {
		os.Exit(1)
	}
}
