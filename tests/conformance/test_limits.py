# SPDX-License-Identifier: Apache-2.0
"""Limits that the table does not reach: the default sizes, the timeouts of idle and slow connections, and the memory
that hostile requests may cost."""

import gzip
import threading

import pytest

import http1
import http2
from e2e import config
from e2e.samples import small
from e2e.signals import TRACES
from http1 import CLOSED, request
from table import MIB, Doors

QUICK = "300ms"
GRPC_DEFAULT = 4 * MIB
HTTP_DEFAULT = 20 * MIB
BOMB = 256 * MIB
BOMBS = 8
PEAK = 96 * MIB  # what the process may hold at its largest meanwhile: some messages of the largest size, no bomb


def start(program, collectors, http=None):
    receivers = config.otlp_receiver(http=http)
    return collectors(config.tree(program, {"debug": None}, receivers=receivers, signals=["traces"]))


def doors_of(collector):
    return Doors(*(collector.port(name) if name in config.PROTOCOLS else 0 for name in ("grpc", "http")))


def padded(size):
    return small(TRACES, filler=size - 200).SerializeToString()


@pytest.fixture(scope="module")
def shared(program, module_collectors):
    return start(program, module_collectors)


@pytest.mark.grpc
def test_the_default_limit_of_grpc(shared):
    before = shared.debug_items(TRACES)
    assert doors_of(shared).call(http2.message(padded(GRPC_DEFAULT - 1000))) == "OK"
    assert doors_of(shared).call(http2.message(bytes(GRPC_DEFAULT + 1))) == "RESOURCE_EXHAUSTED"
    shared.wait_debug_items(TRACES, before + 1)


@pytest.mark.http
def test_the_default_limit_of_http(program, shared):
    before = shared.debug_items(TRACES)
    assert doors_of(shared).post(padded(HTTP_DEFAULT - 1000)) == "200"
    assert doors_of(shared).post(bytes(HTTP_DEFAULT + 1)) == ("400" if program.is_go else "413")
    shared.wait_debug_items(TRACES, before + 1)


@pytest.mark.http
@pytest.mark.parametrize(
    "setting, data",
    [
        ("read_header_timeout", b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nX-Na"),
        ("read_timeout", request(TRACES.path, bytes(100))[:-50]),
        ("idle_timeout", request(TRACES.path, b"")),
    ],
)
def test_a_connection_that_stops_is_closed_in_time(program, collectors, setting, data):
    """After a pause of the setting's length; a new connection is served as before."""
    collector = start(program, collectors, {setting: QUICK})
    with http1.Connection(collector.port("http"), timeout_s=5) as connection:
        connection.send(data)
        assert connection.end() == CLOSED
    assert doors_of(collector).post(small(TRACES).SerializeToString()) == "200"


@pytest.mark.http
def test_keep_alive_can_be_switched_off(program, collectors):
    collector = start(program, collectors, {"keep_alives_enabled": False})
    with http1.Connection(collector.port("http"), timeout_s=5) as connection:
        connection.send(request(TRACES.path, small(TRACES).SerializeToString()))
        assert connection.outcome() == "200"
        assert connection.end() == CLOSED


def _at_once(*calls):
    outcomes = []
    threads = [threading.Thread(target=lambda call=call: outcomes.append(call())) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return set(outcomes)


def assert_peak(program, collector):
    if program.is_sanitized:
        pytest.skip("a sanitizer needs memory of its own")
    assert collector.peak_memory() <= PEAK, f"{collector.peak_memory() >> 20} MiB"


@pytest.mark.http
@pytest.mark.compression
@pytest.mark.go_differs("reaches 215 MiB")
def test_bombs_over_http_cost_little_memory(program, collectors):
    """Each would be 256 MiB; eight at a time, with the default limits."""
    collector = start(program, collectors)
    packed = gzip.compress(bytes(BOMB), 1, mtime=0)
    send = lambda: doors_of(collector).post(packed, headers={"Content-Encoding": "gzip"})
    assert _at_once(*[send] * BOMBS) == {"413"}
    assert doors_of(collector).post(small(TRACES).SerializeToString()) == "200"
    assert_peak(program, collector)


@pytest.mark.grpc
@pytest.mark.compression
def test_bombs_over_grpc_cost_little_memory(program, collectors):
    collector = start(program, collectors)
    packed = http2.message(gzip.compress(bytes(BOMB), 1, mtime=0), 1)
    send = lambda: doors_of(collector).call(packed, headers={"grpc-encoding": "gzip"})
    assert _at_once(*[send] * BOMBS) == {"RESOURCE_EXHAUSTED"}
    assert doors_of(collector).call(http2.message(small(TRACES).SerializeToString())) == "OK"
    assert_peak(program, collector)


@pytest.mark.grpc
def test_announced_sizes_cost_no_memory(program, collectors):
    """A thousand calls that each announce the largest message there may be, and send none of it."""
    collector = start(program, collectors)
    connections = [http2.Connection(collector.port("grpc")) for _ in range(10)]
    for connection in connections:
        for _ in range(min(100, connection.room())):
            connection.data(connection.open(TRACES.method), http2.message(bytes(GRPC_DEFAULT))[:5], end=False)
    assert doors_of(collector).call(http2.message(small(TRACES).SerializeToString())) == "OK"
    assert_peak(program, collector)
    for connection in connections:
        connection.close()
