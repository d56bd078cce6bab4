# SPDX-License-Identifier: Apache-2.0
"""Own metrics as Prometheus gets them: a collector that has counted something of everything, its page, the samples."""

import http.client
import re
import socket

import grpc
import pytest

from e2e import config
from e2e.samples import small
from e2e.senders import GrpcSender, HttpSender
from e2e.signals import SIGNALS

CLOSED = 1  # nobody listens at this port
GET_S = 30
SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def port(collector):
    """Where a collector serves own metrics, as its log says."""
    line = collector.wait_line(lambda line: line.fields.get("event") == "metrics.serving", "the port of own metrics")
    return int(line.fields["endpoint"].rpartition(":")[2])


def free_port():
    """A port on loopback that nobody listens at now, for a program that does not say which one it got."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path="/metrics"):
    """(status, headers, text) of an answer on loopback."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GET_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def samples(port):
    """{(name, frozenset of (label, value)): value} of everything on the page."""
    status, _, text = get(port)
    assert status == 200, text
    result = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            result[name, frozenset(LABEL.findall(labels or ""))] = float(value)
    return result


def reader(port, **more):
    """An entry of service.telemetry.metrics.readers."""
    return {"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": port, **more}}}}


def busy_tree(program, sink, port, **more):
    """A config in which what is sent arrives, fails and finds no place; keep_busy sends it. Names as `more` says."""
    away = {"endpoint": f"http://127.0.0.1:{CLOSED}", "compression": "none"}
    exporters = {
        **config.otlp_http(sink),
        **config.otlp_grpc(sink),
        "debug": {},
        "otlp_http/away": {**away, "retry_on_failure": {"enabled": False}},
        "otlp_http/full": {**away, "sending_queue": {"queue_size": 1}, "retry_on_failure": {"initial_interval": "1m"}},
    }
    to_all = {"receivers": ["otlp"], "processors": ["memory_limiter", "batch"], "exporters": list(exporters)[:4]}
    to_full = {"receivers": ["otlp/full"], "exporters": ["otlp_http/full"]}
    result = config.tree(
        program,
        exporters,
        receivers={**config.otlp_receiver(), "otlp/full": config.otlp_receiver()["otlp"]},
        processors={"memory_limiter": {"check_interval": "1s", "limit_mib": 400}, "batch": {"timeout": "10ms", "send_batch_size": 5}},
        pipelines={
            name: pipeline
            for signal in config.SIGNALS
            for name, pipeline in ((signal, to_all), (f"{signal}/full", to_full))
        },
    )
    result["service"]["telemetry"]["metrics"] = {"level": "detailed", "readers": [reader(port, **more)]}
    return result


def keep_busy(collector, sink):
    """Sends through both pipelines of every signal until one of them is full."""
    with (
        GrpcSender(collector.port("grpc")) as sender,
        HttpSender(collector.port("http")) as other,
        GrpcSender(collector.port("grpc", "otlp/full")) as full,
    ):
        for signal in SIGNALS:
            sender.send(signal, small(signal, 5))
            other.send(signal, small(signal, 2))
            full.send(signal, small(signal, 1))
            with pytest.raises(grpc.RpcError):
                while True:
                    full.send(signal, small(signal, 1))
    for signal in SIGNALS:
        sink.wait_items(signal, 2 * (5 + 2))
