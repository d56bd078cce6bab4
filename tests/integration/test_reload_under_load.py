# SPDX-License-Identifier: Apache-2.0
"""Fifty reloads, half of them of configs with mistakes, while h2load sends over gRPC and HTTP/1.1 to a receiver that is
exchanged each time: no request fails, nothing that was acknowledged is lost, nothing is left behind."""

import contextlib
import copy
import random
import re
import shutil
import socket
import subprocess
import threading

import pytest

from e2e import config
from e2e.samples import small
from e2e.senders import HttpSender
from e2e.signals import TRACES
from test_reload import Reloading, descriptors, resident_kib, wait_until

pytestmark = [pytest.mark.process, pytest.mark.grpc, pytest.mark.http, pytest.mark.go_differs("drops connections")]
RELOADS = 50
SPANS = 5  # a request
GRPC_REQUESTS, GRPC_SHAPE = 6000, ["-c", "4", "-m", "8", "--rps=75"]  # a connection: 20 s in all
HTTP_REQUESTS, HTTP_SHAPE = 3000, ["--h1", "-c", "8", "--rps=19"]
GRPC_ANSWER = 5  # bytes: the prefix of an empty message
LOAD_S = 55
BACKEND_CONNECTIONS = 10  # num_consumers of the exporter, kept for the next requests
SEED = 20240501


class Load:
    """h2load at a steady rate, and what it has to say at the end."""

    def __init__(self, requests, arguments):
        self.requests = requests
        command = [shutil.which("h2load") or "h2load", "-n", str(requests), *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def running(self):
        return self._process.poll() is None

    def check(self, answer_bytes):
        """Every request must have been answered with 2xx and as an accepted one is: a refusal of gRPC has no message,
        so that the bytes say what the status does not."""
        said, _ = self._process.communicate(timeout=LOAD_S)
        requests = re.search(r"^requests: .*$", said, re.MULTILINE)[0]
        codes = re.search(r"^status codes: .*$", said, re.MULTILINE)[0]
        data = int(re.search(r"^traffic: .*\((\d+)\) data$", said, re.MULTILINE)[1])
        assert f" {self.requests} succeeded, 0 failed, 0 errored, 0 timeout" in requests, requests
        assert codes.startswith(f"status codes: {self.requests} 2xx"), codes
        assert data == self.requests * answer_bytes, f"{data} bytes of answers: some were refused"

    def kill(self):
        self._process.kill()
        self._process.wait()


def grpc_load(port, directory, raw):
    body = directory / "grpc-body"
    body.write_bytes(b"\0" + len(raw).to_bytes(4, "big") + raw)
    headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    return Load(GRPC_REQUESTS, [*GRPC_SHAPE, *headers, "-d", str(body), f"http://127.0.0.1:{port}{TRACES.method}"])


def http_load(port, directory, raw):
    body = directory / "http-body"
    body.write_bytes(raw)
    headers = ["-H", "content-type: application/x-protobuf"]
    return Load(HTTP_REQUESTS, [*HTTP_SHAPE, *headers, "-d", str(body), f"http://127.0.0.1:{port}{TRACES.path}"])


class Comers:
    """A client that connects anew for each request."""

    def __init__(self, port, raw):
        self.sent, self.failed = 0, []
        self._port, self._raw, self._over = port, raw, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._over.wait(0.02):
            try:
                with HttpSender(self._port) as sender:
                    sender.send(TRACES, self._raw)
                self.sent += 1
            except Exception as error:  # none may come, of whatever kind
                self.failed.append(error)

    def stop(self):
        self._over.set()
        self._thread.join(LOAD_S)


def another(tree, i, chance):
    """Changes what may change: always the receiver, and by chance all that is behind it."""
    tree["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"] = 4 + i % 9
    tree["receivers"]["otlp"]["protocols"]["http"]["max_request_body_size"] = (20 << 20) + i
    pipelines = tree["service"]["pipelines"]
    tree["processors"]["batch"]["timeout"] = f"{chance.randrange(20, 200)}ms"
    pipelines["traces"]["processors"] = chance.choice([["batch"], ["memory_limiter", "batch"], ["memory_limiter"], []])
    if chance.random() < 0.5:
        tree["exporters"]["otlp_http"]["headers"] = {"x-reload": str(i)}
    if chance.random() < 0.5:
        pipelines["traces/2"] = {"receivers": ["otlp"], "exporters": ["nop"]}
    else:
        pipelines.pop("traces/2", None)
    if chance.random() < 0.3:
        pipelines["metrics"] = {"receivers": ["otlp"], "exporters": ["nop"]}
    else:
        pipelines.pop("metrics", None)


def spoil(tree, i, taken_port):
    """A copy with a mistake: found when it is read, when it is built, or when all but one has been started."""
    bad = copy.deepcopy(tree)
    another(bad, i, random.Random(i))
    kind = i % 4
    if kind == 0:
        return "receivers: {otlp: [\n"
    if kind == 1:
        bad["exporters"]["otlp_http"]["endpont"] = "x"
    elif kind == 2:
        bad["service"]["pipelines"]["traces"]["exporters"] = ["nowhere"]
    else:
        bad["receivers"]["otlp"]["protocols"]["http"]["endpoint"] = f"127.0.0.1:{taken_port}"
    return bad


def test_no_request_fails_and_nothing_is_lost(program, collectors, sink, tmp_path):
    processors = {"batch": {"timeout": "50ms"}, "memory_limiter": {"check_interval": "1s", "limit_mib": 4000}}
    exporters = {**config.otlp_http(sink, sending_queue={"queue_size": 100000}), "nop": None}
    tree = config.tree(program, exporters, processors=processors, signals=["traces"])
    tree["service"]["pipelines"]["traces"] = {"receivers": ["otlp"], "processors": ["batch"], "exporters": ["otlp_http"]}
    r = Reloading(collectors(copy.deepcopy(tree)), tree)
    raw = small(TRACES, SPANS).SerializeToString()
    chance = random.Random(SEED)
    idle = descriptors(r.collector)
    with HttpSender(r.collector.port("http")) as probe:
        http_answer = len(probe.send(TRACES, raw).SerializeToString())
    with contextlib.ExitStack() as stack:
        loads = [make(r.collector.port(name), tmp_path, raw) for make, name in ((grpc_load, "grpc"), (http_load, "http"))]
        for load in loads:
            stack.callback(load.kill)
        comers = Comers(r.collector.port("http"), raw)
        stack.callback(comers.stop)
        taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        memory = 0
        for i in range(RELOADS):
            if i % 2 == 0:
                another(r.tree, i, chance)
                r.take()
            else:
                r.refuse(spoil(r.tree, i // 2, taken.getsockname()[1]))
            if i == RELOADS // 2:
                memory = resident_kib(r.collector)
            comers._over.wait(0.25)
        assert any(load.running() for load in loads), "the load was over before the last reload"
        comers.stop()
        loads[0].check(GRPC_ANSWER)
        loads[1].check(http_answer)
    assert not comers.failed, comers.failed[:3]
    assert comers.sent > RELOADS
    sent = (GRPC_REQUESTS + HTTP_REQUESTS + comers.sent + 1) * SPANS
    sink.wait_items(TRACES, sent)
    most = idle + BACKEND_CONNECTIONS + 4
    wait_until(lambda: descriptors(r.collector) <= most, f"no more than {most} descriptors; {idle} at the begin")
    grown = resident_kib(r.collector) - memory
    assert grown < 2048 or program.is_sanitized, f"{grown} KiB more in the second half"
    r.collector.stop()
    assert sink.items(TRACES) == sent
