# SPDX-License-Identifier: Apache-2.0
"""The health check of a running collector: from ready through a backend that is away to the end."""

import http.client
import json
import signal
import socket
import threading
import time

import pytest
import yaml

from e2e import config
from e2e.samples import small
from e2e.senders import GrpcSender
from e2e.signals import TRACES

pytestmark = pytest.mark.go_differs("its health check knows no failing exporters and no /status")
S = 30


def get(port, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=S)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def health_port(collector):
    line = collector.wait_line(lambda line: line.fields.get("event") == "health_check.starting", "the health check's port")
    return int(line.fields["endpoint"].rpartition(":")[2])


def until(fetch, accept):
    """What `fetch` returns as soon as it is accepted."""
    deadline = time.monotonic() + S
    while True:
        value = fetch()
        if accept(value):
            return value
        assert time.monotonic() < deadline, f"still {value}"
        time.sleep(0.05)


def tree(program, exporters, **health):
    result = config.tree(program, exporters)
    result["extensions"] = {"health_check": {"endpoint": "127.0.0.1:0", **health}}
    result["service"]["extensions"] = ["health_check"]
    return result


@pytest.fixture
def silent_backend():
    """Takes connections and never answers."""
    server = socket.create_server(("127.0.0.1", 0))
    kept = []

    def accept():
        while True:
            try:
                kept.append(server.accept()[0])
            except OSError:
                return

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    for connection in kept:
        connection.close()
    thread.join(S)


def send_one(collector):
    with GrpcSender(collector.port("grpc")) as sender:
        sender.send(TRACES, small(TRACES, 1))


def test_answers_as_the_guide_asks(program, collectors):
    collector = collectors(tree(program, {"debug": {}}))
    port = health_port(collector)
    for path in ("/", "/health"):
        status, body = get(port, path)
        assert status == 200
        assert json.loads(body)["status"] == "Server available"
    assert get(port, "/", "HEAD") == (200, "")
    status, body = get(port, "/status?verbose")
    parts = json.loads(body)["components"]
    assert {"receiver:otlp", "exporter:debug"} <= set(parts["pipeline:traces"]["components"])
    collector.stop()


def test_tells_which_component_is_ill_since_when_and_why(program, collectors):
    retry = {"initial_interval": "50ms", "max_interval": "50ms", "max_elapsed_time": "60s"}
    away = {"otlp_http/away": {"endpoint": "http://127.0.0.1:9", "retry_on_failure": retry}}
    rule = {"enabled": True, "interval": "5m", "exporter_failure_threshold": 3}
    collector = collectors(tree(program, away, check_collector_pipeline=rule))
    port = health_port(collector)
    assert get(port, "/health")[0] == 200
    for _ in range(5):
        send_one(collector)
    status, body = until(lambda: get(port, "/health"), lambda answer: answer[0] == 503)
    assert "exporter_failure_threshold: 3" in json.loads(body)["reason"]
    status, body = get(port, "/status?pipeline=traces&verbose")
    ill = json.loads(body)["components"]["exporter:otlp_http/away"]
    assert ill["status"] == "StatusRecoverableError" and "127.0.0.1" in ill["error"]
    assert ill["status_time"] > json.loads(body)["start_time"]
    collector.stop()


def test_is_unhealthy_while_it_drains(program, collectors, silent_backend):
    exporter = {"otlp_http": {"endpoint": f"http://127.0.0.1:{silent_backend}", "timeout": "60s"}}
    collector = collectors(tree(program, exporter))
    port = health_port(collector)
    send_one(collector)
    assert get(port, "/")[0] == 200
    collector.signal()
    status, body = until(lambda: get(port, "/"), lambda answer: answer[0] != 200)
    assert status == 503
    assert json.loads(body)["reason"] == "the collector is shutting down"
    collector.signal()  # does not wait for the backend
    collector.wait_exit()


def reload(collector, config_tree, event):
    collector.config_file.write_text(yaml.safe_dump(config_tree))
    collector.signal(signal.SIGHUP)
    collector.wait_line(lambda line: line.fields.get("event") == event, event)


def test_a_reload_keeps_the_port_and_the_uptime(program, collectors):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    first = tree(program, {"debug": {}}, endpoint=f"127.0.0.1:{port}")
    collector = collectors(first)
    since = json.loads(get(port, "/")[1])["upSince"]
    second = tree(program, {"debug": {"verbosity": "normal"}}, endpoint=f"127.0.0.1:{port}", path="/healthz")
    reload(collector, second, "reload.taken")
    status, body = until(lambda: get(port, "/healthz"), lambda answer: answer[0] == 200)
    assert json.loads(body)["upSince"] == since
    assert get(port, "/")[0] == 404
    parts = json.loads(get(port, "/status?verbose")[1])["components"]
    assert list(parts["pipeline:traces"]["components"]) == ["receiver:otlp", "exporter:debug"]
    collector.stop()


def test_a_bad_config_leaves_it_healthy(program, collectors):
    first = tree(program, {"debug": {}})
    collector = collectors(first)
    port = health_port(collector)
    reload(collector, {**first, "exporters": {"debug": {"verbositty": "basic"}}}, "reload.refused")
    assert get(port, "/")[0] == 200
    collector.stop()
