# SPDX-License-Identifier: Apache-2.0
"""The application of the ECS guide with OpenTelemetry's Python SDK: all it knows of the collector is in the environment,
as the task definition sets it. Sends spans, points and, with --logs, log records, and ends."""

import logging
import sys

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

REQUESTS = 20

traces = TracerProvider()
traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(traces)
meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=30_000)])
metrics.set_meter_provider(meters)
logs = LoggerProvider()
if "--logs" in sys.argv:
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
log = logging.getLogger("guide")
log.addHandler(LoggingHandler(logger_provider=logs))
log.setLevel(logging.INFO)

tracer = trace.get_tracer("guide")
meter = metrics.get_meter("guide")
count = meter.create_counter("orders", "{order}")
seconds = meter.create_histogram("duration", "s")
served = {"http.request.method": "GET", "url.path": "/orders"}
called = {"http.request.method": "POST", "url.full": "http://stock:8080/reserve", "server.address": "stock"}
for i in range(REQUESTS):
    with tracer.start_as_current_span("GET /orders", kind=SpanKind.SERVER, attributes={**served, "order": i}) as span:
        with tracer.start_as_current_span("POST", kind=SpanKind.CLIENT, attributes=called):
            log.info("order %d is served", i)
        if i % 5 == 0:
            span.set_status(Status(StatusCode.ERROR, "no stock"))
        span.set_attribute("http.response.status_code", 500 if i % 5 == 0 else 200)
    count.add(1)
    seconds.record(0.25)
    if i == 0:
        meters.force_flush()  # as the reader does every 30 seconds
for provider in traces, meters, logs:
    provider.shutdown()
