# SPDX-License-Identifier: Apache-2.0
"""Hand-written requests: one with every kind of value, record and point, and small ones that can be told apart."""

import itertools
import math
import sys

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from e2e.signals import LOGS, METRICS, TRACES

START_NS = 1_700_000_000_000_000_001
TRACE_ID = bytes.fromhex("5b8efff798038103d269b633813fc60c")
SPAN_ID = bytes.fromhex("eee19b7ec3c1b174")
TEXT = 'žluťoučký kůň 🐎 日本語 \0\t"\\ end'

_serial = itertools.count(1)


def values():
    """(name, AnyValue) of each kind, nested ones included."""
    made = {
        "string": AnyValue(string_value=TEXT),
        "string.empty": AnyValue(string_value=""),
        "bool.true": AnyValue(bool_value=True),
        "bool.false": AnyValue(bool_value=False),
        "int.min": AnyValue(int_value=-(2**63)),
        "int.zero": AnyValue(int_value=0),
        "int.max": AnyValue(int_value=2**63 - 1),
        "double": AnyValue(double_value=-1234.5e-200),
        "double.zero": AnyValue(double_value=0.0),
        "double.minus.zero": AnyValue(double_value=-0.0),
        "double.max": AnyValue(double_value=sys.float_info.max),
        "double.tiny": AnyValue(double_value=5e-324),
        "double.inf": AnyValue(double_value=math.inf),
        "double.minus.inf": AnyValue(double_value=-math.inf),
        "double.nan": AnyValue(double_value=math.nan),
        "bytes": AnyValue(bytes_value=bytes(range(256))),
        "bytes.empty": AnyValue(bytes_value=b""),
        "nothing": AnyValue(),
    }
    array = AnyValue()
    array.array_value.values.extend(made.values())
    made["array"] = array
    made["array.empty"] = AnyValue(array_value={})
    kvlist = AnyValue()
    for name, value in made.items():
        kvlist.kvlist_value.values.add(key=name, value=value)
    made["kvlist"] = kvlist
    made["kvlist.empty"] = AnyValue(kvlist_value={})
    return made


def add_attributes(target, prefix):
    for name, value in values().items():
        target.add(key=f"{prefix}.{name}", value=value)
    target.add(key=f"{prefix}.no.value")
    target.add(key="", value=AnyValue(string_value="the key is empty"))
    target.add(key=f"{prefix}.string", value=AnyValue(string_value="the key is there twice"))


def _fill_group(group):
    add_attributes(group.resource.attributes, "resource")
    group.resource.attributes.add(key="service.name", value=AnyValue(string_value="nacelle-tests"))
    group.resource.dropped_attributes_count = 7
    group.schema_url = "https://example.test/resource/ž"


def _fill_scope(scope):
    scope.scope.name = "nacelle.tests/ž"
    scope.scope.version = "1.2.3"
    add_attributes(scope.scope.attributes, "scope")
    scope.scope.dropped_attributes_count = 2**32 - 1
    scope.schema_url = "https://example.test/scope"


def _add_spans(scope):
    for kind, code in zip(Span.SpanKind.values(), itertools.cycle(Status.StatusCode.values())):
        span = scope.spans.add(
            trace_id=TRACE_ID,
            span_id=SPAN_ID,
            trace_state="vendor=opaque,other=t61rcWkgMzE",
            parent_span_id=SPAN_ID[::-1],
            flags=0x301,
            name=f"{TEXT} {kind} {code}",
            kind=kind,
            start_time_unix_nano=START_NS,
            end_time_unix_nano=2**64 - 1,
            dropped_attributes_count=1,
            dropped_events_count=2,
            dropped_links_count=3,
            status={"code": code, "message": TEXT},
        )
        add_attributes(span.attributes, "span")
        event = span.events.add(time_unix_nano=START_NS, name="událost", dropped_attributes_count=4)
        add_attributes(event.attributes, "event")
        span.events.add()
        link = span.links.add(
            trace_id=TRACE_ID, span_id=SPAN_ID, trace_state="a=b", dropped_attributes_count=5, flags=1
        )
        add_attributes(link.attributes, "link")
    scope.spans.add()


def _add_exemplars(point):
    for value in ({"as_double": -0.5}, {"as_int": -(2**63)}, {}):
        exemplar = point.exemplars.add(time_unix_nano=START_NS, span_id=SPAN_ID, trace_id=TRACE_ID, **value)
        exemplar.filtered_attributes.add(key="exemplar.string", value=AnyValue(string_value=TEXT))
        exemplar.filtered_attributes.add(key="exemplar.bytes", value=AnyValue(bytes_value=b"\xff"))


def _number_points(target):
    for value in ({"as_double": 0.0}, {"as_double": math.nan}, {"as_int": 0}, {"as_int": 2**63 - 1}, {}):
        point = target.data_points.add(start_time_unix_nano=1, time_unix_nano=START_NS, flags=1, **value)
        add_attributes(point.attributes, "point")
        _add_exemplars(point)


def _add_metrics(scope):
    def metric(name):
        made = scope.metrics.add(name=name, description=TEXT, unit="By/s")
        add_attributes(made.metadata, "metadata")
        return made

    _number_points(metric("gauge").gauge)
    for temporality in AggregationTemporality.values():
        for monotonic in (False, True):
            total = metric(f"sum {temporality} {monotonic}").sum
            total.aggregation_temporality, total.is_monotonic = temporality, monotonic
            _number_points(total)
        histogram = metric(f"histogram {temporality}").histogram
        histogram.aggregation_temporality = temporality
        for optional in ({"sum": 0.0, "min": 0.0, "max": 0.0}, {"sum": -1.5, "max": math.inf}, {}):
            point = histogram.data_points.add(
                start_time_unix_nano=1, time_unix_nano=START_NS, count=2**64 - 1, flags=1, **optional,
                bucket_counts=[0, 2**64 - 1, 3], explicit_bounds=[-math.inf, 0.1],
            )  # fmt: skip
            add_attributes(point.attributes, "point")
            _add_exemplars(point)
        exponential = metric(f"exponential {temporality}").exponential_histogram
        exponential.aggregation_temporality = temporality
        for optional in ({"sum": 0.0, "min": 0.0, "max": 0.0}, {}):
            point = exponential.data_points.add(
                start_time_unix_nano=1, time_unix_nano=START_NS, count=7, scale=-(2**31), zero_count=1, flags=1,
                positive={"offset": -(2**31), "bucket_counts": [0, 1, 2**63]}, zero_threshold=1e-9,
                negative={"offset": 2**31 - 1, "bucket_counts": [300]}, **optional,
            )  # fmt: skip
            add_attributes(point.attributes, "point")
            _add_exemplars(point)
    summary = metric("summary").summary.data_points.add(
        start_time_unix_nano=1, time_unix_nano=START_NS, count=3, sum=-2.5, flags=1,
        quantile_values=[{"quantile": 0.0, "value": 1.0}, {"quantile": 1.0, "value": math.nan}, {}],
    )  # fmt: skip
    add_attributes(summary.attributes, "point")


def _add_log_records(scope):
    for (name, body), severity in zip(values().items(), itertools.cycle(SeverityNumber.values())):
        record = scope.log_records.add(
            time_unix_nano=START_NS, observed_time_unix_nano=2**64 - 1, severity_number=severity,
            severity_text=TEXT, body=body, dropped_attributes_count=6, flags=1, trace_id=TRACE_ID, span_id=SPAN_ID,
            event_name=f"event.{name}",
        )  # fmt: skip
        add_attributes(record.attributes, "log")
    scope.log_records.add()


_RECORDS = {TRACES.name: _add_spans, METRICS.name: _add_metrics, LOGS.name: _add_log_records}


def everything(signal):
    """A request with every field set to more than its default somewhere, and with every kind of value."""
    request = signal.request()
    for _ in range(2):
        group = getattr(request, signal.groups).add()
        _fill_group(group)
        scope = getattr(group, signal.scopes).add()
        _fill_scope(scope)
        _RECORDS[signal.name](scope)
    return request


def small(signal, items=1, service="nacelle-tests", scope="nacelle.tests", filler=0):
    """A request of `items` records with one resource and one scope; no two records are ever equal. Each has an
    attribute of `filler` bytes, if that is not 0."""
    attributes = [{"key": "filler", "value": AnyValue(string_value="x" * filler)}] if filler else []
    request = signal.request()
    group = getattr(request, signal.groups).add()
    group.resource.attributes.add(key="service.name", value=AnyValue(string_value=service))
    made = getattr(group, signal.scopes).add()
    made.scope.name = scope
    for _ in range(items):
        number = next(_serial)
        if signal is TRACES:
            made.spans.add(
                trace_id=number.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"), name=f"span {number}",
                kind=Span.SPAN_KIND_SERVER, start_time_unix_nano=START_NS, end_time_unix_nano=START_NS + number,
                attributes=attributes,
            )  # fmt: skip
        elif signal is METRICS:
            metric = made.metrics.add(name=f"metric {number}", unit="1")
            metric.gauge.data_points.add(time_unix_nano=START_NS, as_int=number, attributes=attributes)
        else:
            body = AnyValue(string_value=f"record {number}")
            made.log_records.add(time_unix_nano=START_NS, body=body, attributes=attributes)
    return request


def telling(signal):
    """A request of which each part has a word of its own, and the words that the debug exporter must show at
    verbosity normal and at detailed."""
    request = small(signal, service="word-of-the-service", scope="word-of-the-scope")
    group = getattr(request, signal.groups)[0]
    scope = getattr(group, signal.scopes)[0]
    group.schema_url = "word-of-the-resource-schema"
    scope.schema_url = "word-of-the-scope-schema"
    record = getattr(scope, signal.records)[0]
    words = {"word-of-the-service", "word-of-the-scope", "word-of-the-key", "word-of-the-value", "47110815"}
    schemas = {"word-of-the-resource-schema", "word-of-the-scope-schema"}
    if signal is TRACES:
        target = record
        record.CopyFrom(Span(trace_id=TRACE_ID, span_id=SPAN_ID, name="word-of-the-span"))
        record.parent_span_id = bytes.fromhex("0123456789abcdef")
        record.status.message = "word-of-the-status"
        record.events.add(name="word-of-the-event")
        record.links.add(trace_id=TRACE_ID[::-1], span_id=SPAN_ID[::-1])
        words |= {"word-of-the-span", TRACE_ID.hex(), SPAN_ID.hex()}
        details = {"0123456789abcdef", "word-of-the-status", "word-of-the-event", TRACE_ID[::-1].hex()}
    elif signal is METRICS:
        record.name, record.description, record.unit = (
            "word-of-the-metric",
            "word-of-the-description",
            "word-of-the-unit",
        )
        target = record.gauge.data_points[0]
        target.as_int = 65537
        words |= {"word-of-the-metric", "65537"}
        details = {"word-of-the-description", "word-of-the-unit"}
    else:
        target = record
        record.body.string_value = "word-of-the-body"
        record.severity_text = "word-of-the-severity"
        record.trace_id, record.span_id = TRACE_ID, SPAN_ID
        words |= {"word-of-the-body"}
        details = {"word-of-the-severity", TRACE_ID.hex(), SPAN_ID.hex()}
    target.attributes.add(key="word-of-the-key", value=AnyValue(string_value="word-of-the-value"))
    target.attributes.add(key="number", value=AnyValue(int_value=47110815))
    return request, {"normal": words, "detailed": words | details | schemas}
