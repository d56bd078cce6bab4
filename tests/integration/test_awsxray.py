# SPDX-License-Identifier: Apache-2.0
"""The exporter awsxray against the strict double of AWS."""

import json
import time
from contextlib import contextmanager

import pytest

pytest.importorskip("botocore", reason="no botocore: tests/integration/setup python installs it")

from e2e import config
from e2e.aws import Answer
from e2e.aws_double import AwsDouble, error
from e2e.route import Route
from e2e.signals import TRACES

pytestmark = [pytest.mark.grpc, pytest.mark.component("awsxray")]


@pytest.fixture
def double():
    with AwsDouble() as it:
        yield it
    assert not it.faults, it.faults


def spans(count, **more):
    request = TRACES.request()
    group = request.resource_spans.add()
    attribute = group.resource.attributes.add(key="service.name")
    attribute.value.string_value = "shop"
    scope = group.scope_spans.add()
    for i in range(count):
        scope.spans.add(
            trace_id=bytes.fromhex("5b8efff798038103d269b633813fc60c"),
            span_id=(i + 1).to_bytes(8, "big"),
            name=f'span "{i}"',
            kind=2,
            start_time_unix_nano=1_700_000_000_000_000_000 + i,
            end_time_unix_nano=1_700_000_001_000_000_000,
            **more,
        )
    return request


@pytest.fixture
def start(program, collectors, double, tmp_path):
    @contextmanager
    def exporting(**settings):
        retry = {"initial_interval": "50ms", "max_interval": "100ms"}
        exporters = {"awsxray": {"endpoint": double.url, "local_mode": True, "retry_on_failure": retry, **settings}}
        running = collectors(config.tree(program, exporters, signals=["traces"]), env=double.environment(tmp_path))
        with Route(running, None).sender("grpc") as sender:
            yield running, sender
        running.stop()

    return exporting


def wanted(count):
    return [f"{i + 1:016x}" for i in range(count)]


def sent(double):
    """The documents of each call."""
    return [[json.loads(text) for text in call.params["TraceSegmentDocuments"]] for call in double.calls]


def ids(documents):
    return sorted(document["id"] for document in documents)


def test_spans_arrive_signed_in_calls_of_fifty(start, double):
    with start() as (_, sender):
        sender.send(TRACES, spans(120))
        double.wait(lambda: len(double.segments) >= 120, "120 documents")
    assert ids(double.segments) == wanted(120)
    assert sorted(map(len, sent(double))) == [20, 50, 50]
    assert all(abs(float(call.header("x-amzn-xray-timestamp")) - time.time()) < 300 for call in double.calls)
    assert next(d for d in double.segments if d["id"] == wanted(1)[0]) == {
        "name": "shop",
        "id": "0000000000000001",
        "trace_id": "1-5b8efff7-98038103d269b633813fc60c",
        "start_time": 1700000000,
        "end_time": 1700000001,
        "fault": False,
        "error": False,
        "throttle": False,
        "aws": {"xray": {"auto_instrumentation": False}},
        "metadata": {"default": {"otel.resource.service.name": "shop"}},
    }


def test_only_documents_that_may_be_taken_later_are_sent_again(start, double):
    def partly(call, answer):
        codes = dict(zip(wanted(2), ("ThrottledException", "InvalidSegment")))
        refused = [{"Id": id, "ErrorCode": code, "Message": "no"} for id, code in codes.items()]
        return Answer(200, json.dumps({"UnprocessedTraceSegments": refused}).encode(), answer.headers)

    double.fail("PutTraceSegments", partly)
    with start() as (running, sender):
        sender.send(TRACES, spans(5))
        double.wait(lambda: len(double.calls) >= 2, "two calls")
        running.wait_line(lambda line: "InvalidSegment" in str(line), "a line about the document")
    assert list(map(len, sent(double))) == [5, 1]
    assert ids(sent(double)[1]) == wanted(1)


def test_throttled_calls_are_sent_again(start, double):
    double.fail("PutTraceSegments", error("ThrottledException", "Rate exceeded", 429))
    with start() as (_, sender):
        sender.send(TRACES, spans(3))
        double.wait(lambda: len(double.calls) >= 2, "two calls")
    assert ids(double.segments) == wanted(3)


def test_a_denial_says_which_permission_is_missing(start, double):
    message = "User: arn:aws:sts::1:r is not authorized to perform: xray:PutTraceSegments"
    double.fail("PutTraceSegments", error("AccessDeniedException", message, 403))
    with start() as (running, sender):
        sender.send(TRACES, spans(2))
        double.wait(lambda: double.calls, "a call")
        running.wait_line(lambda line: "xray:PutTraceSegments" in str(line), "the permission")
        running.wait_line("Exporting failed. Dropping data.", "the drop, which the exit code would say if it came later")
    assert len(double.calls) == 1, "a denial is final"
