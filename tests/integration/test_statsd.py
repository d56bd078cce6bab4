# SPDX-License-Identifier: Apache-2.0
"""receivers/statsd: a client of StatsD to a backend of OTLP, over each transport."""

import re
import signal
import socket

import pytest

from e2e import config
from e2e.signals import METRICS

pytestmark = [pytest.mark.export, pytest.mark.component("statsd"),
              pytest.mark.go_differs("does not say where it listens")]


@pytest.fixture
def start(program, collectors, sink, tmp_path):
    def start(**settings):
        receivers = {"statsd": {"aggregation_interval": "200ms", "ignore_host": True, **settings}}
        collector = collectors(config.tree(program, config.otlp_grpc(sink), receivers, signals=("metrics",)))
        line = re.search(r'"endpoint": ?"([^"]*)", ?"transport"', collector.output())
        return collector, line[1]

    return start


def points(sink):
    """{metric: sum of its points' values}"""
    found = {}
    for message in sink.messages(METRICS):
        for group in message.resource_metrics:
            for scope in group.scope_metrics:
                for metric in scope.metrics:
                    for point in getattr(metric, metric.WhichOneof("data")).data_points:
                        value = point.as_int if point.HasField("as_int") else point.as_double
                        found[metric.name] = found.get(metric.name, 0) + value
    return found


def test_datagrams_become_metrics(start, sink):
    _, endpoint = start(endpoint="127.0.0.1:0")
    host, port = endpoint.split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for _ in range(10):
            client.sendto(b"requests:1|c|#path:/\nload:0.5|g", (host, int(port)))
    sink.wait_until(lambda: points(sink).get("requests") == 10, "ten requests")
    assert points(sink)["load"] in (0.5, 1.0, 1.5)  # a gauge an interval


def test_lines_come_over_tcp(start, sink):
    _, endpoint = start(endpoint="127.0.0.1:0", transport="tcp")
    host, port = endpoint.split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"a:1|c\na:2|c\na:")
        client.sendall(b"3|c")
    sink.wait_until(lambda: points(sink).get("a") == 6, "three lines")


def test_lines_come_over_a_socket_file(start, sink, tmp_path):
    path = str(tmp_path / "statsd.sock")
    start(endpoint=path, transport="unixgram")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.sendto(b"a:1|c\nb:2|g", path)
    sink.wait_until(lambda: points(sink) == {"a": 1, "b": 2}, "two metrics")


def test_what_has_come_is_delivered_at_the_end(start, sink):
    collector, endpoint = start(endpoint="127.0.0.1:0", aggregation_interval="1h", transport="tcp")
    host, port = endpoint.split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"a:1|c\n" * 1000)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""  # it has read all of it
    collector.signal(signal.SIGTERM)
    assert collector.wait_exit() == 0
    assert points(sink) == {"a": 1000}
