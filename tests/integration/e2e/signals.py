# SPDX-License-Identifier: Apache-2.0
"""The three signals: their messages (from opentelemetry-proto, not ours), paths, methods and item counts."""

from dataclasses import dataclass

from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


@dataclass(frozen=True)
class Signal:
    """One signal. `groups`, `scopes` and `records` are the field names on the way from a request to its records."""

    name: str
    request: type
    response: type
    service: str
    groups: str
    scopes: str
    records: str
    rejected: str
    debug_title: str
    debug_count: str

    @property
    def path(self):
        return f"/v1/{self.name}"

    @property
    def method(self):
        return f"/{self.service}/Export"

    def each_record(self, request):
        """Yields (group, scope, record) of a request."""
        for group in getattr(request, self.groups):
            for scope in getattr(group, self.scopes):
                for record in getattr(scope, self.records):
                    yield group, scope, record

    def items(self, request):
        """Spans, data points or log records in a request, as the collector counts them."""
        if self is METRICS:
            return sum(len(data_points(metric)) for _, _, metric in self.each_record(request))
        return sum(1 for _ in self.each_record(request))


def data_points(metric):
    """The points of a metric of any type; nothing where no type is set."""
    kind = metric.WhichOneof("data")
    return getattr(metric, kind).data_points if kind else []


TRACES = Signal(
    name="traces",
    request=trace_service_pb2.ExportTraceServiceRequest,
    response=trace_service_pb2.ExportTraceServiceResponse,
    service="opentelemetry.proto.collector.trace.v1.TraceService",
    groups="resource_spans",
    scopes="scope_spans",
    records="spans",
    rejected="rejected_spans",
    debug_title="Traces",
    debug_count="spans",
)
METRICS = Signal(
    name="metrics",
    request=metrics_service_pb2.ExportMetricsServiceRequest,
    response=metrics_service_pb2.ExportMetricsServiceResponse,
    service="opentelemetry.proto.collector.metrics.v1.MetricsService",
    groups="resource_metrics",
    scopes="scope_metrics",
    records="metrics",
    rejected="rejected_data_points",
    debug_title="Metrics",
    debug_count="data points",
)
LOGS = Signal(
    name="logs",
    request=logs_service_pb2.ExportLogsServiceRequest,
    response=logs_service_pb2.ExportLogsServiceResponse,
    service="opentelemetry.proto.collector.logs.v1.LogsService",
    groups="resource_logs",
    scopes="scope_logs",
    records="log_records",
    rejected="rejected_log_records",
    debug_title="Logs",
    debug_count="log records",
)
SIGNALS = (TRACES, METRICS, LOGS)
BY_NAME = {signal.name: signal for signal in SIGNALS}

# What the generated service stubs need: (signal, base class, function that registers it with a server).
SERVICERS = (
    (TRACES, trace_service_pb2_grpc.TraceServiceServicer, trace_service_pb2_grpc.add_TraceServiceServicer_to_server),
    (
        METRICS,
        metrics_service_pb2_grpc.MetricsServiceServicer,
        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server,
    ),
    (LOGS, logs_service_pb2_grpc.LogsServiceServicer, logs_service_pb2_grpc.add_LogsServiceServicer_to_server),
)
