# SPDX-License-Identifier: Apache-2.0
"""An application with OpenTelemetry's Python SDK: it sends one set of telemetry to the collector under test and the
very same spans, points and records straight to a second endpoint, so that a test can compare the two."""

import argparse
import importlib
import logging
import os
import sys

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState

SCOPE = "nacelle.tests/python"
SCHEMA_URL = "https://example.test/schema"


def every_kind_of_value(prefix):
    """Attributes with each type that the API takes everywhere."""
    values = {
        "string": "žluťoučký kůň 🐎 \0 end",
        "empty": "",
        "true": True,
        "false": False,
        "int.min": -(2**63),
        "int.zero": 0,
        "int.max": 2**63 - 1,
        "double": -1234.5e-200,
        "double.inf": float("inf"),
        "strings": ["a", "", "日本語"],
        "bools": [True, False],
        "ints": [-1, 0, 1],
        "doubles": [0.1, sys.float_info.max, 5e-324],
    }
    return {f"{prefix}.{name}": value for name, value in values.items()}


def every_kind_of_body():
    """Values that only a log record may carry, beside the usual ones."""
    return [
        "text ž",
        "",
        None,
        True,
        -1,
        0.5,
        b"\x00\x01\x7f\x80\xff",
        [1, "two", None, [3.0, b"\xfe"]],
        {"n": 1, "inner": {"deep": "ü", "list": [None, {}]}, "": ""},
    ]


class MetricTee(MetricExporter):
    """Hands one collection to both exporters: two readers would collect at two different times."""

    def __init__(self, via, direct):
        super().__init__(via._preferred_temporality, via._preferred_aggregation)
        self._exporters = (via, direct)

    def export(self, metrics_data, timeout_millis=10_000, **kwargs):
        results = [exporter.export(metrics_data, timeout_millis, **kwargs) for exporter in self._exporters]
        failed = any(result is not MetricExportResult.SUCCESS for result in results)
        return MetricExportResult.FAILURE if failed else MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis=10_000):
        return all(exporter.force_flush(timeout_millis) for exporter in self._exporters)

    def shutdown(self, timeout_millis=30_000, **kwargs):
        for exporter in self._exporters:
            exporter.shutdown(timeout_millis, **kwargs)


def exporters(protocol, via, direct):
    """For each signal a pair of exporters. The one to the collector is configured as applications do it, by
    OTEL_EXPORTER_OTLP_ENDPOINT; the direct one by its argument."""
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = via
    os.environ["OTEL_EXPORTER_OTLP_INSECURE"] = "true"
    package = f"opentelemetry.exporter.otlp.proto.{protocol}"
    made = {}
    for signal, module, name in (
        ("traces", "trace_exporter", "OTLPSpanExporter"),
        ("metrics", "metric_exporter", "OTLPMetricExporter"),
        ("logs", "_log_exporter", "OTLPLogExporter"),
    ):
        exporter = getattr(importlib.import_module(f"{package}.{module}"), name)
        endpoint = direct if protocol == "grpc" else f"{direct}/v1/{signal}"
        made[signal] = (exporter(), exporter(endpoint=endpoint))
    return made


def record_traces(provider):
    """Spans of every kind and status, with events, links, limits passed and a remote parent."""
    remote = SpanContext(
        0x5B8EFFF798038103D269B633813FC60C, 0xEEE19B7EC3C1B174, True, TraceFlags(1), TraceState([("vendor", "opaque")])
    )
    tracer = provider.get_tracer(SCOPE, "1.2.3", schema_url=SCHEMA_URL, attributes={"scope.kind": "test"})
    parent = trace.set_span_in_context(NonRecordingSpan(remote))
    with tracer.start_as_current_span(
        "GET /žluť/{id}", parent, SpanKind.SERVER, every_kind_of_value("span"), set_status_on_exception=False
    ) as root:
        root.set_attributes({"beyond.1": "kept", "beyond.2": "dropped"})
        for kind in (SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER):
            links = [Link(remote, every_kind_of_value("link")), Link(root.get_span_context()), Link(remote)]
            with tracer.start_as_current_span(f"child {kind.name}", kind=kind, links=links) as child:
                child.add_event("dropped for the limit")
                child.add_event("cache.miss", every_kind_of_value("event"), timestamp=1700000000123456789)
                child.record_exception(OSError("spojení odmítnuto"))
                child.set_status(Status(StatusCode.ERROR, "backend unreachable: ∅"))
        root.set_status(StatusCode.OK)
    provider.get_tracer("nacelle.tests/other").start_span("", start_time=1).end(2)


def record_metrics(provider, tracer):
    """Every instrument, a view with exponential histograms, exemplars from the span around them."""
    meter = provider.get_meter(SCOPE, "1.2.3", schema_url=SCHEMA_URL)
    attributes = every_kind_of_value("point")
    meter.create_observable_gauge("observed", [lambda _: [Observation(2**63 - 1, attributes)]])
    meter.create_observable_counter("observed.total", [lambda _: [Observation(0.25)]], "{thing}", "počet")
    with tracer.start_as_current_span("source of the exemplars"):
        meter.create_counter("requests", "{request}", "počet").add(5, attributes)
        meter.create_up_down_counter("in.flight").add(-3, attributes)
        meter.create_gauge("temperature", "Cel").set(-40.25, attributes)
        duration = meter.create_histogram("duration", "s", explicit_bucket_boundaries_advisory=[0.1, 1.0, 10.0])
        exponential = meter.create_histogram("duration.exponential", "s")
        for value in (0, 0.05, 0.5, 5, 50, 5000, 1e-9):
            duration.record(value, attributes)
            exponential.record(value, attributes)


def record_logs(provider, tracer):
    """Every kind of body and severity; one event without anything else."""
    logger = provider.get_logger(SCOPE, "1.2.3", SCHEMA_URL, {"scope.kind": "test"})
    with tracer.start_as_current_span("a span with log records"):
        for number, body in enumerate(every_kind_of_body()):
            logger.emit(
                LogRecord(
                    timestamp=1700000000000000000 + number,
                    observed_timestamp=1700000001000000000,
                    severity_number=SeverityNumber(number + 1),
                    severity_text="ÚROVEŇ",
                    body=body,
                    attributes={**every_kind_of_value("log"), "log.map": {"nested": [1, {"deep": None}]}},
                )
            )
    logger.emit(LogRecord(event_name="event.ž"))


class CountErrors(logging.Handler):
    """The SDK reports a failed export only in its log. (Its warnings say what the limits dropped, which is meant.)"""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.seen = 0

    def emit(self, record):
        self.seen += 1
        print(f"the SDK reports: {record.getMessage()}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--protocol", choices=("grpc", "http"), required=True)
    parser.add_argument("--via", required=True, help="URL of the collector under test")
    parser.add_argument("--direct", required=True, help="URL that gets the same telemetry without a collector")
    arguments = parser.parse_args()

    errors = CountErrors()
    logging.getLogger("opentelemetry").addHandler(errors)
    made = exporters(arguments.protocol, arguments.via, arguments.direct)
    resource = Resource.create({"service.name": "klient-in-python-ж", **every_kind_of_value("resource")}, SCHEMA_URL)

    traces = TracerProvider(
        resource=resource,
        span_limits=SpanLimits(max_span_attributes=14, max_events=2, max_links=2, max_link_attributes=2),
    )
    for exporter in made["traces"]:
        traces.add_span_processor(BatchSpanProcessor(exporter))
    exponential = View(instrument_name="*.exponential", aggregation=ExponentialBucketHistogramAggregation(max_size=20))
    reader = PeriodicExportingMetricReader(MetricTee(*made["metrics"]), export_interval_millis=30_000)
    metrics = MeterProvider([reader], resource=resource, views=[exponential])
    logs = LoggerProvider(resource=resource)
    for exporter in made["logs"]:
        logs.add_log_record_processor(BatchLogRecordProcessor(exporter))

    record_traces(traces)
    tracer = traces.get_tracer(SCOPE)
    record_metrics(metrics, tracer)
    record_logs(logs, tracer)
    for provider in (metrics, logs, traces):
        provider.shutdown()
    return 1 if errors.seen else 0


if __name__ == "__main__":
    sys.exit(main())
