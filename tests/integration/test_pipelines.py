# SPDX-License-Identifier: Apache-2.0
"""Pipelines to OTLP backends: exporters and their aliases, compression, batching, several of everything."""

import grpc
import pytest

from e2e import compare, config, random_otlp
from e2e.h2_sink import H2Sink
from e2e.route import Route
from e2e.samples import everything, small
from e2e.senders import GrpcSender
from e2e.signals import LOGS, METRICS, SIGNALS, TRACES
from e2e.sink import Sink

pytestmark = [pytest.mark.export, pytest.mark.grpc]
signals = pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
MAX_SIZE = 7
BATCH_AT_ONCE = {"timeout": "50ms"}


def send_all(collector, signal, requests, transport="grpc"):
    with Route(collector, None).sender(transport) as sender:
        for request in requests:
            sender.send(signal, request)


@pytest.mark.parametrize("kind", ["otlp_http", "otlphttp", "otlp_grpc", "otlp"])
@pytest.mark.parametrize("batched", [False, True], ids=["direct", "batched"])
def test_each_exporter_by_each_name_delivers(program, collectors, sink, kind, batched):
    exporter = config.otlp_http if "http" in kind else config.otlp_grpc
    processors = {"batch": BATCH_AT_ONCE} if batched else None
    collector = collectors(config.tree(program, exporter(sink, f"{kind}/named"), processors=processors))
    for signal in SIGNALS:
        requests = [everything(signal), small(signal, 3)]
        send_all(collector, signal, requests)
        arrived = sink.wait_items(signal, sum(map(signal.items, requests)))
        compare.assert_same_items(signal, requests, arrived, program.keeps)
    collector.stop()


@pytest.mark.compression
@pytest.mark.parametrize("compression", [None, "gzip", "zstd", "none"], ids=lambda name: name or "default")
def test_http_compression(program, collectors, sink, compression):
    exporter = config.otlp_http(sink)
    exporter["otlp_http"]["compression"] = compression
    if compression is None:
        del exporter["otlp_http"]["compression"]
    collector = collectors(config.tree(program, exporter))
    request = small(TRACES, 500)
    send_all(collector, TRACES, [request])
    sink.wait_items(TRACES, 500)
    (received,) = sink.of(TRACES)
    assert received.compression == {None: "gzip", "none": ""}.get(compression, compression)
    assert received.headers["content-type"] == "application/x-protobuf"
    if received.compression:
        assert received.wire_size < len(received.raw) / 2
    compare.assert_same_requests(TRACES, [request], [received.message], program.keeps)


@pytest.mark.compression
@pytest.mark.parametrize("compression", [None, "gzip", "zstd", "none"], ids=lambda name: name or "default")
def test_grpc_compression(program, collectors, compression):
    with H2Sink() as backend:
        exporter = config.otlp_grpc(backend)
        exporter["otlp_grpc"]["compression"] = compression
        if compression is None:
            del exporter["otlp_grpc"]["compression"]
        collector = collectors(config.tree(program, exporter))
        request = small(TRACES, 500)
        send_all(collector, TRACES, [request])
        (call,) = backend.wait_calls(1)
        collector.stop()
    expected = {None: "gzip", "none": None}.get(compression, compression)
    assert call.headers.get("grpc-encoding") in ((expected, "identity") if expected is None else (expected,))
    assert call.flag == (expected is not None)
    compare.assert_same_requests(TRACES, [request], [call.message], program.keeps)


def test_what_a_grpc_client_must_say(program, collectors):
    with H2Sink() as backend:
        collector = collectors(
            config.tree(program, config.otlp_grpc(backend, headers={"x-tenant": "žluť".encode().hex()}))
        )
        send_all(collector, LOGS, [small(LOGS)])
        (call,) = backend.wait_calls(1)
        collector.stop()
    assert call.headers[":method"] == "POST"
    assert call.headers["content-type"].startswith("application/grpc")
    assert call.headers["te"] == "trailers"
    assert call.headers["x-tenant"] == "žluť".encode().hex()
    assert "grpc-timeout" in call.headers


@signals
def test_headers_paths_and_endpoints_of_the_http_exporter(program, collectors, sink, signal):
    exporter = {
        "otlp_http": {
            "endpoint": "http://127.0.0.1:1",  # nobody is there: each signal has its own
            "compression": "none",
            "headers": {"X-Api-Key": "a key", "x-other": "1"},
            **{f"{name.name}_endpoint": f"{sink.http_endpoint}{name.path}" for name in SIGNALS},
        }
    }
    collector = collectors(config.tree(program, exporter))
    send_all(collector, signal, [small(signal)])
    sink.wait_items(signal, 1)
    assert sink.requests[0].headers["x-api-key"] == "a key"
    assert sink.requests[0].headers["x-other"] == "1"


@signals
@pytest.mark.json
def test_the_http_exporter_can_send_json(program, collectors, sink, signal):
    collector = collectors(config.tree(program, config.otlp_http(sink, encoding="json")))
    request = everything(signal)
    send_all(collector, signal, [request])
    arrived = sink.wait_items(signal, signal.items(request))
    assert sink.requests[0].encoding == "json"
    compare.assert_same_requests(signal, [compare.one_nan(request)], map(compare.one_nan, arrived), program.keeps)


@signals
def test_batch_merges_requests(program, collectors, sink, signal):
    """Sixty requests of three resources leave in fewer, and in them equal resources and scopes stand once."""
    collector = collectors(config.tree(program, config.otlp_http(sink), processors={"batch": {"timeout": "300ms"}}))
    requests = [small(signal, 2, service=f"service {number % 3}") for number in range(60)]
    send_all(collector, signal, requests)
    arrived = sink.wait_items(signal, 120)
    assert len(arrived) < 30
    compare.assert_same_items(signal, requests, arrived, program.keeps)
    if not program.is_go:
        for message in arrived:
            services = [group.resource.attributes[0].value.string_value for group in getattr(message, signal.groups)]
            assert len(services) == len(set(services)), f"groups with equal resources were not merged: {services}"


@signals
def test_batch_keeps_apart_what_differs(program, collectors, sink, signal):
    """Random groups, some of them equal but for one field: schema URL, dropped count, unknown field, order."""
    processors = {"batch": {"timeout": "200ms"}}
    collector = collectors(config.tree(program, config.otlp_http(sink), processors=processors))
    requests = [random_otlp.request(signal, seed) for seed in range(10)]
    for number in range(12):
        request = small(signal)
        group = getattr(request, signal.groups)[0]
        scope = getattr(group, signal.scopes)[0]
        (
            lambda: setattr(group, "schema_url", "https://example.test"),
            lambda: setattr(scope, "schema_url", "https://example.test"),
            lambda: setattr(group.resource, "dropped_attributes_count", 1),
            lambda: setattr(scope.scope, "version", "1"),
            lambda: scope.scope.attributes.add(key="k"),
            lambda: group.resource.attributes.add(key="k"),
            lambda: group.resource.attributes.insert(0, group.resource.attributes[0]),
            lambda: group.ClearField("resource"),
            lambda: scope.ClearField("scope"),
            lambda: None if program.is_go else group.MergeFromString(b"\xf8\x7d\x01"),
            lambda: None if program.is_go else scope.scope.MergeFromString(b"\xf8\x7d\x02"),
            lambda: None,
        )[number]()
        requests.append(request)
    send_all(collector, signal, requests)
    arrived = sink.wait_items(signal, sum(map(signal.items, requests)))
    compare.assert_same_items(signal, requests, arrived, program.keeps)


@signals
def test_batch_splits_down_to_the_item(program, collectors, sink, signal):
    """No batch is larger than send_batch_max_size, even where one metric has more points than that."""
    batch = {"timeout": "100ms", "send_batch_size": MAX_SIZE, "send_batch_max_size": MAX_SIZE}
    collector = collectors(config.tree(program, config.otlp_http(sink), processors={"batch": batch}))
    requests = [small(signal, 50), everything(signal), random_otlp.request(signal, 1)]
    if signal is METRICS:
        many = small(signal)
        gauge = many.resource_metrics[0].scope_metrics[0].metrics[0].gauge
        for number in range(40):
            gauge.data_points.add(as_int=number)
        requests.append(many)
    if program.is_go and signal is METRICS:  # it loses a metric's metadata where it splits the metric
        for request in requests:
            for _, _, metric in signal.each_record(request):
                metric.ClearField("metadata")
    send_all(collector, signal, requests)
    # A metric without points has nothing to count; it is the size of the batches that is asked here.
    arrived = sink.wait_items(signal, sum(map(signal.items, requests)))
    sizes = [signal.items(message) for message in arrived]
    assert max(sizes) <= MAX_SIZE, sizes
    compare.assert_same_items(signal, requests, arrived, program.keeps)


def test_batch_sends_what_it_has_when_the_size_is_reached(program, collectors, sink):
    batch = {"timeout": "300s", "send_batch_size": 10}
    collector = collectors(config.tree(program, config.otlp_http(sink), processors={"batch": batch}))
    send_all(collector, TRACES, [small(TRACES, 5), small(TRACES, 5)])
    sink.wait_items(TRACES, 10)
    collector.stop()


def test_the_whole_chain_of_the_sidecar(program, collectors, sink):
    """memory_limiter, then batch, as every guide has it."""
    processors = {
        "memory_limiter": {"check_interval": "1s", "limit_mib": 200, "spike_limit_mib": 40},
        "batch": {"timeout": "50ms", "send_batch_size": 256},
    }
    collector = collectors(config.tree(program, config.otlp_http(sink, compression="gzip"), processors=processors))
    for signal in SIGNALS:
        requests = [small(signal, 100) for _ in range(10)]
        send_all(collector, signal, requests)
        compare.assert_same_items(signal, requests, sink.wait_items(signal, 1000), program.keeps)


def test_fan_out_to_several_exporters(program, collectors, sink):
    with Sink() as second:
        exporters = {**config.otlp_http(sink, "otlp_http/a"), **config.otlp_grpc(second, "otlp_grpc/b"), "debug": None}
        collector = collectors(config.tree(program, exporters))
        for signal in SIGNALS:
            requests = [random_otlp.request(signal, seed) for seed in range(5)]
            count = sum(map(signal.items, requests))
            send_all(collector, signal, requests)
            for backend in (sink, second):
                compare.assert_same_requests(signal, requests, backend.wait_items(signal, count), program.keeps)
            collector.wait_debug_items(signal, count)
        collector.stop()


def test_two_pipelines_of_one_signal_share_a_receiver(program, collectors, sink):
    with Sink() as second:
        exporters = {**config.otlp_http(sink, "otlp_http/a"), **config.otlp_http(second, "otlp_http/b")}
        pipelines = {
            "traces": {"receivers": ["otlp"], "exporters": ["otlp_http/a"]},
            "traces/batched": {"receivers": ["otlp"], "processors": ["batch"], "exporters": ["otlp_http/b"]},
        }
        tree = config.tree(program, exporters, processors={"batch": BATCH_AT_ONCE}, pipelines=pipelines)
        requests = [small(TRACES, 4) for _ in range(5)]
        send_all(collectors(tree), TRACES, requests)
        for backend in (sink, second):
            compare.assert_same_items(TRACES, requests, backend.wait_items(TRACES, 20), program.keeps)


def test_two_receivers_of_one_kind(program, collectors, sink):
    receivers = {**config.otlp_receiver(), "otlp/second": config.otlp_receiver()["otlp"]}
    collector = collectors(config.tree(program, config.otlp_http(sink), receivers=receivers))
    for component in receivers:
        with GrpcSender(collector.port("grpc", component)) as sender:
            sender.send(TRACES, small(TRACES))
    sink.wait_items(TRACES, 2)


def test_a_signal_without_a_pipeline_is_refused(program, collectors, sink):
    """The Go collector does not serve it; a client must not take silence for success."""
    collector = collectors(config.tree(program, config.otlp_http(sink), signals=["traces"]))
    with Route(collector, None).sender("grpc") as sender:
        sender.send(TRACES, small(TRACES))
        with pytest.raises(grpc.RpcError) as refusal:
            sender.send(METRICS, small(METRICS))
    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_the_nop_exporter_takes_everything(program, collectors):
    collector = collectors(config.tree(program, {"nop": None}))
    for signal in SIGNALS:
        send_all(collector, signal, [small(signal, 10)])
    collector.stop()


@pytest.mark.component("forward")
def test_a_connector_joins_two_pipelines(program, collectors, sink):
    pipelines = {
        "traces/in": {"receivers": ["otlp"], "exporters": ["forward"]},
        "traces/out": {"receivers": ["forward"], "processors": ["batch"], "exporters": ["otlp_http"]},
    }
    tree = config.tree(
        program, config.otlp_http(sink), processors={"batch": BATCH_AT_ONCE}, connectors={"forward": None},
        pipelines=pipelines,
    )  # fmt: skip
    requests = [random_otlp.request(TRACES, seed) for seed in range(5)]
    send_all(collectors(tree), TRACES, requests)
    arrived = sink.wait_items(TRACES, sum(map(TRACES.items, requests)))
    compare.assert_same_items(TRACES, requests, arrived, program.keeps)
