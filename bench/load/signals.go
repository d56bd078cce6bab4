// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// spanBytes is what one span takes in a request, its tag and its length prefix included.
const spanBytes = 508

// pointsPerMetric is how many data points a generated metric has.
const pointsPerMetric = 8

// pair is one request in both encodings, made by the collector's own data model, which is not ours.
type pair struct{ protobuf, json []byte }

// makeTraces makes a request of spans HTTP server spans, each of spanBytes bytes and 10 attributes.
func makeTraces(spans int, now int64) (pair, error) {
	draw := newSource(508, now)
	traces := ptrace.NewTraces()
	resource := traces.ResourceSpans().AppendEmpty()
	describe(resource.Resource())
	scope := resource.ScopeSpans().AppendEmpty()
	scope.Scope().SetName("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp")
	scope.Scope().SetVersion("0.63.0")
	for range spans {
		if err := fillSpan(scope.Spans().AppendEmpty(), &draw); err != nil {
			return pair{}, err
		}
	}
	var out pair
	var err error
	if out.protobuf, err = (&ptrace.ProtoMarshaler{}).MarshalTraces(traces); err != nil {
		return out, err
	}
	out.json, err = (&ptrace.JSONMarshaler{}).MarshalTraces(traces)
	return out, err
}

func fillSpan(span ptrace.Span, draw *source) error {
	endpoint := endpoints[draw.below(len(endpoints))]
	status := statusCodes[draw.below(len(statusCodes))]
	start := draw.instant()
	span.SetTraceID(draw.traceID())
	span.SetSpanID(draw.spanID())
	span.SetParentSpanID(draw.spanID())
	span.SetFlags(0x101) // sampled; the parent is known not to be remote
	span.SetName(endpoint.method + " " + endpoint.route)
	span.SetKind(ptrace.SpanKindServer)
	span.SetStartTimestamp(start)
	span.SetEndTimestamp(start + pcommon.Timestamp(draw.below(int(500*time.Millisecond))))
	if status >= 500 {
		span.Status().SetCode(ptrace.StatusCodeError)
	}
	attributes := span.Attributes()
	attributes.PutStr("http.request.method", endpoint.method)
	attributes.PutStr("http.route", endpoint.route)
	attributes.PutStr("url.path", strings.Replace(endpoint.path, "{}", draw.text(12), 1))
	attributes.PutStr("url.query", "")
	attributes.PutInt("http.response.status_code", status)
	attributes.PutStr("server.address", fmt.Sprintf("shop-%d.internal", draw.below(40)))
	attributes.PutInt("server.port", 8080)
	attributes.PutStr("client.address", fmt.Sprintf("10.%d.%d.%d", draw.below(256), draw.below(256), draw.below(256)))
	attributes.PutStr("user_agent.original", draw.pick(userAgents))
	attributes.PutInt("http.response.body.size", int64(draw.below(200_000)))
	return padSpan(span, draw)
}

// padSpan lengthens url.query until the span has its size. The query stays under 110 bytes: beyond, a length prefix
// grows and some sizes cannot be had.
func padSpan(span ptrace.Span, draw *source) error {
	query := fmt.Sprintf("limit=%d&cursor=", 10*(1+draw.below(9)))
	span.Attributes().PutStr("url.query", query)
	missing := spanBytes - framedSpanBytes(span)
	if missing < 0 || len(query)+missing > 110 {
		return fmt.Errorf("a span lacks %d of its %d bytes: change the endpoints or the user agents", missing, spanBytes)
	}
	span.Attributes().PutStr("url.query", query+draw.text(missing))
	if size := framedSpanBytes(span); size != spanBytes {
		return fmt.Errorf("a span is %d bytes, wanted %d", size, spanBytes)
	}
	return nil
}

// framedSpanBytes measures a span alone: a tag and a length prefix (two bytes for 128 to 16,383) are added.
func framedSpanBytes(span ptrace.Span) int {
	return (&ptrace.ProtoMarshaler{}).SpanSize(span) + 3
}

// makeLogs makes a request of records log records of an HTTP server.
func makeLogs(records int, now int64) (pair, error) {
	draw := newSource(509, now)
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	describe(resource.Resource())
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName("checkout/internal/server")
	for range records {
		endpoint := endpoints[draw.below(len(endpoints))]
		record := scope.LogRecords().AppendEmpty()
		record.SetTimestamp(draw.instant())
		record.SetObservedTimestamp(record.Timestamp() + 1000)
		record.SetSeverityNumber(plog.SeverityNumberInfo)
		record.SetSeverityText("INFO")
		record.SetTraceID(draw.traceID())
		record.SetSpanID(draw.spanID())
		record.SetFlags(plog.DefaultLogRecordFlags.WithIsSampled(true))
		record.Body().SetStr(fmt.Sprintf("%s %s answered in %d µs, request %s",
			endpoint.method, endpoint.route, draw.below(500_000), draw.text(20)))
		attributes := record.Attributes()
		attributes.PutStr("http.request.method", endpoint.method)
		attributes.PutStr("http.route", endpoint.route)
		attributes.PutInt("http.response.status_code", statusCodes[draw.below(len(statusCodes))])
		attributes.PutStr("code.function.name", "checkout/internal/server.(*Server).logRequest")
		attributes.PutInt("code.line.number", 211)
	}
	var out pair
	var err error
	if out.protobuf, err = (&plog.ProtoMarshaler{}).MarshalLogs(logs); err != nil {
		return out, err
	}
	out.json, err = (&plog.JSONMarshaler{}).MarshalLogs(logs)
	return out, err
}

// makeMetrics makes a request of points data points: cumulative sums and explicit histograms in turn.
func makeMetrics(points int, now int64) (pair, error) {
	draw := newSource(510, now)
	metrics := pmetric.NewMetrics()
	resource := metrics.ResourceMetrics().AppendEmpty()
	describe(resource.Resource())
	scope := resource.ScopeMetrics().AppendEmpty()
	scope.Scope().SetName("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp")
	for made := 0; made < points; made += pointsPerMetric {
		metric := scope.Metrics().AppendEmpty()
		count := min(pointsPerMetric, points-made)
		if made/pointsPerMetric%2 == 0 {
			fillSum(metric, count, &draw)
		} else {
			fillHistogram(metric, count, &draw)
		}
	}
	return marshalMetrics(metrics)
}

func fillSum(metric pmetric.Metric, points int, draw *source) {
	metric.SetName("http.server.response.body.bytes." + draw.text(4))
	metric.SetDescription("Bytes of the bodies that were answered.")
	metric.SetUnit("By")
	sum := metric.SetEmptySum()
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	sum.SetIsMonotonic(true)
	for range points {
		point := sum.DataPoints().AppendEmpty()
		point.SetStartTimestamp(pcommon.Timestamp(draw.begin))
		point.SetTimestamp(draw.instant())
		point.SetIntValue(int64(draw.below(1 << 30)))
		describePoint(point.Attributes(), draw)
	}
}

func fillHistogram(metric pmetric.Metric, points int, draw *source) {
	metric.SetName("http.server.request.duration." + draw.text(4))
	metric.SetDescription("Duration of HTTP server requests.")
	metric.SetUnit("s")
	histogram := metric.SetEmptyHistogram()
	histogram.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	bounds := []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	for range points {
		point := histogram.DataPoints().AppendEmpty()
		point.SetStartTimestamp(pcommon.Timestamp(draw.begin))
		point.SetTimestamp(draw.instant())
		point.ExplicitBounds().FromRaw(bounds)
		counts := make([]uint64, len(bounds)+1)
		for i := range counts {
			counts[i] = uint64(draw.below(4000))
			point.SetCount(point.Count() + counts[i])
		}
		point.BucketCounts().FromRaw(counts)
		point.SetSum(float64(draw.below(1_000_000)) / 1000)
		describePoint(point.Attributes(), draw)
	}
}

func describePoint(attributes pcommon.Map, draw *source) {
	endpoint := endpoints[draw.below(len(endpoints))]
	attributes.PutStr("http.request.method", endpoint.method)
	attributes.PutStr("http.route", endpoint.route)
	attributes.PutInt("http.response.status_code", statusCodes[draw.below(len(statusCodes))])
}
