# SPDX-License-Identifier: Apache-2.0
"""Random OTLP messages through the collector, compared at the sink field by field, unknown fields included."""

import os
import random

import pytest

from e2e import config, otlp_json, random_otlp, wire
from e2e.random_otlp import Shape
from e2e.program import skip_go
from e2e.route import Route
from e2e.samples import everything, small
from e2e.senders import took_everything
from e2e.signals import LOGS, SIGNALS

FIRST_SEED = int(os.environ.get("NACELLE_TEST_SEED", "1"))
SEEDS = 8
GRPC_GZIP = 2  # grpc.Compression.Gzip
EXPORTERS = {"otlp_http": config.otlp_http, "otlp_grpc": config.otlp_grpc}

pytestmark = pytest.mark.export
signals = pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
other_port = pytest.mark.go_differs("serves one protocol a port")
doors = pytest.mark.parametrize(
    "transport, port",
    [
        pytest.param("grpc", "grpc", marks=pytest.mark.grpc),
        pytest.param("http", "http", marks=pytest.mark.http),
        pytest.param("grpc", "http", marks=[pytest.mark.grpc, pytest.mark.http, other_port]),
        pytest.param("http", "grpc", marks=[pytest.mark.grpc, pytest.mark.http, other_port]),
    ],
)


def seeds():
    """The seeds of a test; a failure shows them. NACELLE_TEST_SEED moves them."""
    chosen = range(FIRST_SEED, FIRST_SEED + SEEDS)
    print(f"seeds {chosen.start} to {chosen.stop - 1}")
    return chosen


@pytest.fixture(scope="module", params=EXPORTERS)
def route(request, program, module_collectors, module_sink):
    exporters = EXPORTERS[request.param](module_sink)
    return Route(module_collectors(config.tree(program, exporters)), module_sink)


@signals
@doors
def test_random_protobuf_arrives_as_it_was_sent(route, signal, transport, port):
    requests = [random_otlp.request(signal, seed) for seed in seeds()]
    with route.sender(transport, port) as sender:
        route.assert_passes(sender, signal, requests)


@signals
@doors
@pytest.mark.go_differs("drops unknown fields")
def test_unknown_fields_survive_byte_for_byte(route, signal, transport, port):
    requests = [random_otlp.request(signal, seed, Shape(unknown_fields=True)) for seed in seeds()]
    with route.sender(transport, port) as sender:
        route.assert_passes(sender, signal, requests)


@signals
@doors
def test_rare_wire_forms_mean_the_same(route, signal, transport, port):
    """Fields out of order, sub-messages in pieces, repeated singular fields, unpacked numbers, long varints."""
    shape = Shape(unknown_fields=not route.collector.program.is_go)
    bodies = [
        wire.scramble(
            random_otlp.request(signal, f"scrambled {seed}", shape).SerializeToString(),
            signal.request.DESCRIPTOR,
            random.Random(seed),
            split_packed=not route.collector.program.is_go,  # of two packed pieces it keeps the last
        )
        for seed in seeds()
    ]
    meant = [signal.request.FromString(body) for body in bodies]
    with route.sender(transport, port) as sender:
        route.assert_passes(sender, signal, bodies, meant)


@signals
@pytest.mark.json
@pytest.mark.parametrize(
    "port",
    [
        pytest.param("http", marks=pytest.mark.http),
        pytest.param("grpc", marks=[pytest.mark.http, pytest.mark.grpc, other_port]),
    ],
)
def test_random_json_arrives_as_it_was_sent(route, signal, port):
    requests = [random_otlp.request(signal, f"json {seed}", Shape(profiles_fields=False)) for seed in seeds()]
    with route.sender("json", port) as sender:
        route.assert_passes(sender, signal, requests)


@signals
@pytest.mark.http
@pytest.mark.json
@pytest.mark.parametrize("options", [{"snake_case": True}, {"enum_names": True}], ids=["snake case", "enum names"])
def test_other_json_spellings_mean_the_same(route, signal, options):
    if "enum_names" in options and signal is LOGS:
        skip_go(route.collector.program, "its name for SEVERITY_NUMBER_TRACE ends with a space")
    requests = [random_otlp.request(signal, f"spelling {seed}", Shape(profiles_fields=False)) for seed in seeds()]
    bodies = [otlp_json.dump(request, **options) for request in requests]
    with route.sender("json") as sender:
        route.assert_passes(sender, signal, bodies, requests)


@signals
@pytest.mark.parametrize(
    "transport",
    [
        pytest.param("grpc", marks=pytest.mark.grpc),
        pytest.param("http", marks=pytest.mark.http),
        pytest.param("json", marks=[pytest.mark.http, pytest.mark.json]),
    ],
)
def test_the_sample_with_everything_arrives_as_it_was_sent(route, signal, transport):
    with route.sender(transport) as sender:
        route.assert_passes(sender, signal, [everything(signal)])


@signals
@pytest.mark.compression
@pytest.mark.http
@pytest.mark.parametrize("encoding", ["gzip", "zstd", "deflate"])
def test_compressed_http_arrives_as_it_was_sent(route, signal, encoding):
    requests = [random_otlp.request(signal, seed) for seed in seeds()]
    with route.sender("http", encoding=encoding) as sender:
        route.assert_passes(sender, signal, requests)


@signals
@pytest.mark.compression
@pytest.mark.grpc
def test_compressed_grpc_arrives_as_it_was_sent(route, signal):
    requests = [random_otlp.request(signal, seed) for seed in seeds()]
    with route.sender("grpc", options=[("grpc.default_compression_algorithm", GRPC_GZIP)]) as sender:
        route.assert_passes(sender, signal, requests)


@signals
@pytest.mark.grpc
def test_a_large_request_arrives_whole(route, signal):
    """Close to the default limit of 4 MiB."""
    request = small(signal, items=6_000, filler=500)
    assert 3 << 20 < request.ByteSize() < 4 << 20
    with route.sender("grpc") as sender:
        route.assert_passes(sender, signal, [request])


@signals
@pytest.mark.http
def test_a_request_without_items_is_accepted_and_not_forwarded(route, signal):
    before = len(route.sink.requests)
    empty_group = signal.request()
    getattr(empty_group, signal.groups).add().resource.SetInParent()
    with route.sender("http") as sender:
        for body in (signal.request(), empty_group):
            assert took_everything(sender.send(signal, body))
        route.assert_passes(sender, signal, [everything(signal)])
    assert len(route.sink.requests) == before + 1
