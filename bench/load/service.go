// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// seriesMetrics are the metrics that each series of attributes has in makeServiceMetrics.
const seriesMetrics = 4

// makeServiceMetrics makes a request of points data points as the SDK of an HTTP server exports them: a histogram of
// durations, two cumulative sums and a gauge, each with a point for every set of attributes. No set comes twice.
func makeServiceMetrics(points int, now int64) (pair, error) {
	if points%seriesMetrics != 0 && points > 1 {
		return pair{}, fmt.Errorf("a multiple of %d points is needed", seriesMetrics)
	}
	draw := newSource(511, now)
	metrics := pmetric.NewMetrics()
	resource := metrics.ResourceMetrics().AppendEmpty()
	describe(resource.Resource())
	scope := resource.ScopeMetrics().AppendEmpty()
	scope.Scope().SetName("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp")
	series := max(1, points/seriesMetrics)
	fill := []func(pmetric.Metric, int, *source){fillGauge, fillDuration, fillBytes("request"), fillBytes("response")}
	for _, one := range fill[:min(points, seriesMetrics)] {
		one(scope.Metrics().AppendEmpty(), series, &draw)
	}
	collectAt(scope.Metrics(), pcommon.Timestamp(draw.begin))
	return marshalMetrics(metrics)
}

// collectAt gives all points one time, as they have when an SDK collects them.
func collectAt(metrics pmetric.MetricSlice, at pcommon.Timestamp) {
	for i := range metrics.Len() {
		var points pmetric.NumberDataPointSlice
		switch metric := metrics.At(i); metric.Type() {
		case pmetric.MetricTypeHistogram:
			for k := range metric.Histogram().DataPoints().Len() {
				metric.Histogram().DataPoints().At(k).SetTimestamp(at)
			}
			continue
		case pmetric.MetricTypeSum:
			points = metric.Sum().DataPoints()
		default:
			points = metric.Gauge().DataPoints()
		}
		for k := range points.Len() {
			points.At(k).SetTimestamp(at)
		}
	}
}

func marshalMetrics(metrics pmetric.Metrics) (pair, error) {
	var out pair
	var err error
	if out.protobuf, err = (&pmetric.ProtoMarshaler{}).MarshalMetrics(metrics); err != nil {
		return out, err
	}
	out.json, err = (&pmetric.JSONMarshaler{}).MarshalMetrics(metrics)
	return out, err
}

func fillGauge(metric pmetric.Metric, series int, draw *source) {
	metric.SetName("http.server.active_requests")
	metric.SetUnit("{request}")
	gauge := metric.SetEmptyGauge()
	for i := range series {
		point := gauge.DataPoints().AppendEmpty()
		point.SetTimestamp(draw.instant())
		point.SetIntValue(int64(draw.below(400)))
		describeSeries(point.Attributes(), i)
	}
}

func fillDuration(metric pmetric.Metric, series int, draw *source) {
	fillHistogram(metric, series, draw)
	metric.SetName("http.server.request.duration")
	for i := range series {
		describeSeries(metric.Histogram().DataPoints().At(i).Attributes(), i)
	}
}

func fillBytes(of string) func(pmetric.Metric, int, *source) {
	return func(metric pmetric.Metric, series int, draw *source) {
		fillSum(metric, series, draw)
		metric.SetName("http.server." + of + ".body.size")
		for i := range series {
			describeSeries(metric.Sum().DataPoints().At(i).Attributes(), i)
		}
	}
}

var serviceStatusCodes = []int64{200, 201, 204, 302, 400, 404, 500, 503}

// describeSeries makes attributes that no other series of the request has.
func describeSeries(attributes pcommon.Map, number int) {
	endpoint := endpoints[number%len(endpoints)]
	attributes.Clear()
	attributes.PutStr("http.request.method", endpoint.method)
	attributes.PutStr("http.route", endpoint.route)
	attributes.PutInt("http.response.status_code", serviceStatusCodes[number/len(endpoints)%len(serviceStatusCodes)])
	attributes.PutStr("server.address", fmt.Sprintf("shop-%d.internal", number/(len(endpoints)*len(serviceStatusCodes))))
}
