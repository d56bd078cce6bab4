# SPDX-License-Identifier: Apache-2.0
"""processors/attributes and processors/resource between a client and a backend."""

import hashlib

import pytest

from e2e import config
from e2e.samples import small
from e2e.senders import GrpcSender
from e2e.signals import LOGS, METRICS, SIGNALS, TRACES

pytestmark = [pytest.mark.export, pytest.mark.grpc, pytest.mark.component("attributes"), pytest.mark.component("resource")]

PROCESSORS = {
    "resource": {"attributes": [
        {"key": "deployment.environment", "value": "test", "action": "insert"},
        {"key": "service.name", "action": "hash"},
    ]},
    "attributes": {"actions": [
        {"key": "tenant", "from_context": "metadata.x-tenant", "action": "upsert"},
        {"key": "from", "from_context": "client.address", "action": "upsert"},
        {"key": "answer", "value": 42, "action": "insert"},
    ]},
}


def of(value):
    return getattr(value, value.WhichOneof("value"))


def records(message, signal):
    """What has attributes in a message: spans, log records, data points."""
    if signal == TRACES:
        return [span for group in message.resource_spans for scope in group.scope_spans for span in scope.spans]
    if signal == LOGS:
        return [record for group in message.resource_logs for scope in group.scope_logs for record in scope.log_records]
    metrics = [metric for group in message.resource_metrics for scope in group.scope_metrics for metric in scope.metrics]
    return [point for metric in metrics for point in getattr(metric, metric.WhichOneof("data")).data_points]


def resource(message):
    return getattr(message, message.DESCRIPTOR.fields[0].name)[0].resource


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda s: s.name)
def test_attributes_are_set_on_the_way(program, collectors, sink, signal):
    receivers = config.otlp_receiver(grpc={"include_metadata": True})
    collector = collectors(config.tree(program, config.otlp_grpc(sink), receivers, PROCESSORS))
    with GrpcSender(collector.port("grpc")) as sender:
        sender.send(signal, small(signal), metadata=(("x-tenant", "blue"),))
    sink.wait_items(signal, 1)
    message = sink.messages(signal)[0]
    found = {pair.key: of(pair.value) for pair in resource(message).attributes}
    assert found["deployment.environment"] == "test"
    assert found["service.name"] == hashlib.sha256(b"nacelle-tests").hexdigest()
    for record in records(message, signal):
        found = {pair.key: of(pair.value) for pair in record.attributes}
        assert (found["tenant"], found["from"], found["answer"]) == ("blue", "127.0.0.1", 42)


def test_only_what_is_included_is_changed(program, collectors, sink):
    actions = [{"key": "marked", "value": True, "action": "insert"}]
    included = {"match_type": "regexp", "metric_names": ["^none$"]}
    collector = collectors(config.tree(program, config.otlp_grpc(sink), signals=("metrics",),
                                       processors={"attributes": {"include": included, "actions": actions}}))
    with GrpcSender(collector.port("grpc")) as sender:
        sender.send(METRICS, small(METRICS))
    sink.wait_items(METRICS, 1)
    for point in records(sink.messages(METRICS)[0], METRICS):
        assert "marked" not in [pair.key for pair in point.attributes]
