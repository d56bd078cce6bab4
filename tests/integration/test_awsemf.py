# SPDX-License-Identifier: Apache-2.0
"""The exporter awsemf against the strict double of AWS, and with standard output as its destination."""

import json
import re
import time
from contextlib import contextmanager

import pytest

pytest.importorskip("boto3", reason="no boto3: tests/integration/setup python installs it")

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from e2e import config
from e2e.aws_double import AwsDouble, Group, error
from e2e.route import Route
from e2e.signals import METRICS

pytestmark = [pytest.mark.grpc, pytest.mark.component("awsemf")]

NAMESPACE, GROUP, TASK = "MyECSApplication", "/ecs/otel/metrics", "0123456789abcdef"
SHOP = {"service.name": "shop", "aws.ecs.task.id": TASK}
NOW_MS = int(time.time() * 1000)


@pytest.fixture
def double():
    with AwsDouble() as it:
        yield it
    assert not it.faults, it.faults


def scope_of(request, resource=None):
    group = request.resource_metrics.add()
    for key, value in (SHOP if resource is None else resource).items():
        group.resource.attributes.add(key=key).value.string_value = value
    return group.scope_metrics.add()


def gauges(*values, resource=None, labels=None, at_ms=NOW_MS):
    request = METRICS.request()
    scope = scope_of(request, resource)
    for i, value in enumerate(values):
        point = scope.metrics.add(name=f"gauge{i}", unit="ms").gauge.data_points.add(
            as_double=value, time_unix_nano=at_ms * 1_000_000
        )
        for key, text in (labels or {"host": "a"}).items():
            point.attributes.add(key=key).value.string_value = text
    return request


def total(value, at_ms=NOW_MS):
    request = METRICS.request()
    data = scope_of(request).metrics.add(name="requests").sum
    data.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    data.is_monotonic = True
    data.data_points.add(as_int=value, time_unix_nano=at_ms * 1_000_000)
    return request


@contextmanager
def exporting(program, collectors, environment, **settings):
    exporter = {"namespace": NAMESPACE, "log_group_name": GROUP, "local_mode": True, **settings}
    exporter.setdefault("retry_on_failure", {"initial_interval": "50ms", "max_interval": "100ms"})
    running = collectors(config.tree(program, {"awsemf": exporter}, signals=["metrics"]), env=environment)
    with Route(running, None).sender("grpc") as sender:
        yield running, sender
    running.stop()


@pytest.fixture
def start(program, collectors, double, tmp_path):
    return lambda **settings: exporting(
        program, collectors, double.environment(tmp_path), endpoint=double.url, **settings
    )


def documents(double, group=GROUP):
    return [
        json.loads(message) for stream in double.groups[group].streams for message in double.messages(group, stream)
    ]


def delivered(double, count):
    double.wait(lambda: len(double.events()) >= count, f"{count} events")


def test_metrics_arrive_as_documents_in_a_group_that_is_created_for_them(start, double):
    with start(log_retention=7, tags={"team": "shop"}) as (_, sender):
        sender.send(METRICS, gauges(1.5, 2))
        delivered(double, 1)
    assert double.operations() == [
        "PutLogEvents",
        "CreateLogStream",
        "CreateLogGroup",
        "PutRetentionPolicy",
        "CreateLogStream",
        "PutLogEvents",
    ]
    assert (double.groups[GROUP].tags, double.groups[GROUP].retention) == ({"team": "shop"}, 7)
    (stream,) = double.groups[GROUP].streams
    assert re.fullmatch(r"otel-stream-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", stream)
    ((at, message),) = double.groups[GROUP].streams[stream]
    assert at == NOW_MS
    metrics = [{"Name": name, "Unit": "Milliseconds", "StorageResolution": 60} for name in ("gauge0", "gauge1")]
    assert json.loads(message) == {
        "host": "a",
        "gauge0": 1.5,
        "gauge1": 2,
        "Version": "1",
        "_aws": {
            "Timestamp": NOW_MS,
            "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [[], ["host"]], "Metrics": metrics}],
        },
    }
    assert {call.header("x-amzn-logs-format") for call in double.calls_of("PutLogEvents")} == {"json/emf"}


def test_each_item_is_translated_once_however_often_it_is_sent(start, double):
    double.groups[GROUP] = Group(streams={TASK: []})
    with start(log_stream_name="{TaskId}") as (_, sender):
        sender.send(METRICS, total(10))
        for value in 25, 31:
            before = len(double.events())
            double.fail("PutLogEvents", error("ThrottlingException"), times=3)
            sender.send(METRICS, total(value))
            delivered(double, before + 1)
    assert [document["requests"] for document in documents(double)] == [15, 6]


def test_what_is_not_told_by_a_name_is_said_once(start, double):
    with start(log_stream_name="{TaskId}-{NodeName}") as (running, sender):
        for value in 1, 2:
            sender.send(METRICS, gauges(value))
        delivered(double, 2)
        sender.send(METRICS, gauges(3, labels={"k8s.node.name": "n1"}))
        delivered(double, 3)
        running.wait_line(lambda line: "emf.placeholder" in str(line), "a line about the placeholder")
    assert {stream: len(events) for stream, events in double.groups[GROUP].streams.items()} == {
        f"{TASK}-undefined": 2,
        f"{TASK}-n1": 1,
    }


def test_the_namespace_may_have_placeholders(start, double):
    double.groups["/metrics/App/shop"] = Group(streams={TASK: []})
    with start(namespace="App/{ServiceName}", log_group_name="", log_stream_name="{TaskId}") as (_, sender):
        sender.send(METRICS, gauges(1))
        delivered(double, 1)
    (document,) = documents(double, "/metrics/App/shop")
    assert document["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "App/shop"


def test_a_call_that_is_refused_is_not_sent_again(start, double):
    double.groups[GROUP] = Group(streams={TASK: []})
    double.fail("PutLogEvents", error("AccessDeniedException"))
    with start(log_stream_name="{TaskId}") as (running, sender):
        sender.send(METRICS, gauges(1))
        running.wait_line(lambda line: "AccessDenied" in str(line) or "denied" in str(line), "a line about the refusal")
        sender.send(METRICS, gauges(2))
        delivered(double, 1)
    assert [document["gauge0"] for document in documents(double)] == [2]


def test_many_metrics_make_documents_of_a_hundred(start, double):
    with start() as (_, sender):
        sender.send(METRICS, gauges(*range(250)))
        delivered(double, 3)
    made = documents(double)
    counts = [len(document["_aws"]["CloudWatchMetrics"][0]["Metrics"]) for document in made]
    assert sorted(counts) == [50, 100, 100]
    assert {k: v for document in made for k, v in document.items() if k.startswith("gauge")} == {
        f"gauge{i}": i for i in range(250)
    }


def test_documents_go_to_standard_output(program, collectors, double, tmp_path):
    with exporting(program, collectors, double.environment(tmp_path), output_destination="stdout") as (running, sender):
        sender.send(METRICS, gauges(1.5, labels={"text": 'a "b"\n\\'}, at_ms=1_600_000_000_000))
        running.wait_line(lambda line: '"gauge0":1.5' in str(line), "a document")
    (line,) = [line for line in running.output().splitlines() if '"_aws"' in line]
    assert json.loads(line)["text"] == 'a "b"\n\\'
    assert json.loads(line)["gauge0"] == 1.5
    assert not double.calls
