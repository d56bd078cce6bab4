# SPDX-License-Identifier: Apache-2.0
"""sending_queue.batch: what is merged, divided and kept apart, when it leaves, and what its senders hear. All of it is also
what the Go collector does, but where a test says otherwise."""

import threading
from collections import Counter

import grpc
import pytest

from e2e import config
from e2e.answers import Answer
from e2e.samples import small
from e2e.senders import GrpcSender
from e2e.signals import METRICS, SIGNALS, TRACES

pytestmark = [pytest.mark.export, pytest.mark.grpc, pytest.mark.delivery]
LONG = "10m"
RETRY = {"initial_interval": "20ms", "max_interval": "50ms"}
EXPORTERS = {"otlp_http": config.otlp_http, "otlp_grpc": config.otlp_grpc}
exporters = pytest.mark.parametrize("exporter", EXPORTERS.values(), ids=EXPORTERS)
signals = pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)


def start(program, collectors, sink, batch, exporter=config.otlp_http, **queue):
    sending = {"batch": batch, **queue}
    receivers = config.otlp_receiver(grpc={"include_metadata": True})
    return collectors(config.tree(program, exporter(sink, sending_queue=sending, retry_on_failure=RETRY), receivers))


def send(collector, sizes, signal=TRACES, metadata=()):
    with GrpcSender(collector.port("grpc")) as sender:
        for size in sizes:
            sender.send(signal, small(signal, size), metadata=metadata)


def sizes(sink, signal=TRACES):
    return [signal.items(received.message) for received in sink.requests]


@exporters
@signals
def test_requests_are_merged_until_there_is_enough(program, collectors, sink, exporter, signal):
    collector = start(program, collectors, sink, {"min_size": 10, "flush_timeout": LONG}, exporter)
    send(collector, [3, 3, 3, 3], signal)
    sink.wait_items(signal, 12)
    assert sizes(sink, signal) == [12]


def test_what_there_is_leaves_when_the_time_is_over(program, collectors, sink):
    collector = start(program, collectors, sink, {"min_size": 1000, "flush_timeout": "100ms"})
    send(collector, [3])
    sink.wait_items(TRACES, 3)


@signals
def test_no_batch_is_larger_than_max_size(program, collectors, sink, signal):
    collector = start(program, collectors, sink, {"min_size": 10, "max_size": 10, "flush_timeout": "300ms"})
    send(collector, [4, 19], signal)
    sink.wait_items(signal, 23)
    assert sorted(sizes(sink, signal)) == [3, 10, 10]


def test_max_size_in_bytes(program, collectors, sink):
    most = len(small(TRACES, 10).SerializeToString())
    batch = {"min_size": most // 2, "max_size": most, "sizer": "bytes", "flush_timeout": "300ms"}
    collector = start(program, collectors, sink, batch)
    send(collector, [25])
    sink.wait_items(TRACES, 25)
    assert all(len(received.raw) <= most for received in sink.requests), sizes(sink)
    assert len(sink.requests) == 3


def test_data_points_of_one_metric_are_divided(program, collectors, sink):
    collector = start(program, collectors, sink, {"min_size": 2, "max_size": 2, "flush_timeout": "300ms"})
    request = small(METRICS, 1)
    points = request.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points
    while len(points) < 5:
        points.add().CopyFrom(points[0])
    with GrpcSender(collector.port("grpc")) as sender:
        sender.send(METRICS, request)
    sink.wait_items(METRICS, 5)
    assert sorted(sizes(sink, METRICS)) == [1, 2, 2]


def test_clients_are_kept_apart_by_their_metadata(program, collectors, sink):
    batch = {"min_size": 6, "flush_timeout": LONG, "partition": {"metadata_keys": ["X-Tenant"]}}
    collector = start(program, collectors, sink, batch)
    for tenant in ("a", "b", "a", "b"):
        request = small(TRACES, 3, service=tenant)
        with GrpcSender(collector.port("grpc")) as sender:
            sender.send(TRACES, request, metadata=[("x-tenant", tenant)])
    sink.wait_items(TRACES, 12)
    assert sizes(sink) == [6, 6]
    for received in sink.requests:
        services = {attribute.value.string_value for group in received.message.resource_spans
                    for attribute in group.resource.attributes if attribute.key == "service.name"}  # fmt: skip
        assert len(services) == 1


def send_side_by_side(collector, count, size):
    """What each of `count` senders heard, who wait at the same time."""
    heard = []

    def one():
        try:
            send(collector, [size])
            heard.append(grpc.StatusCode.OK)
        except grpc.RpcError as error:
            heard.append(error.code())

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return Counter(heard)


def test_senders_that_wait_hear_of_their_batch(program, collectors, sink):
    collector = start(program, collectors, sink, {"min_size": 12, "flush_timeout": LONG}, wait_for_result=True)
    assert send_side_by_side(collector, 4, 3) == {grpc.StatusCode.OK: 4}
    assert sizes(sink) == [12]
    sink.answer_next(Answer(400, message="never"))
    assert send_side_by_side(collector, 4, 3) == {grpc.StatusCode.INVALID_ARGUMENT: 4}


def test_a_merged_batch_is_sent_again(program, collectors, sink):
    sink.answer_next(Answer(503), Answer(503))
    collector = start(program, collectors, sink, {"min_size": 12, "flush_timeout": LONG})
    send(collector, [3] * 4)
    sink.wait_items(TRACES, 12)
    assert sizes(sink) == [12, 12, 12]


def test_an_orderly_end_sends_what_is_there(program, collectors, sink):
    collector = start(program, collectors, sink, {"min_size": 1000, "flush_timeout": LONG})
    send(collector, [3, 4])
    assert collector.stop() == 0
    sink.wait_items(TRACES, 7)
    assert sizes(sink) == [7]


@pytest.mark.go_differs("the collector of the benchmark has no file_storage")
def test_what_is_merged_is_on_disk_until_it_is_delivered(program, collectors, sink, tmp_path):
    """Killed while a batch is in the making, and while one is under way: the next collector sends both."""
    tree = config.tree(
        program,
        config.otlp_http(
            sink,
            sending_queue={"storage": "file_storage", "batch": {"min_size": 5, "max_size": 5, "flush_timeout": "1s"}},
            retry_on_failure=RETRY,
        ),
    )
    tree["extensions"] = {"file_storage": {"directory": str(tmp_path)}}
    tree["service"]["extensions"] = ["file_storage"]
    sink.answer_always(Answer(503))
    collector = collectors(tree)
    send(collector, [4, 4])
    collector.kill()
    before = len(sink.requests)
    sink.answer_always(Answer())
    collectors(tree)
    # One of the first collector's may still come in here.
    sink.wait_until(lambda: Counter(sizes(sink)[before:]) >= Counter([3, 5]), "both batches of the second collector", 15)
