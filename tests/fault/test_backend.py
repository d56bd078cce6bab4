# SPDX-License-Identifier: Apache-2.0
"""A backend in trouble: before, during and after it clients send traces and logs by id, through both exporters, each with a
queue in memory, a queue on disk, and waiting for the result. The account of the records is the assertion."""

import contextlib
import itertools
import ssl
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field

import account
import pytest
from account import Client, balance, drops, own_metrics
from backend import GrpcBackend, HttpBackend, Mood
from e2e import certificates, config
from e2e.answers import Answer
from e2e.signals import LOGS, TRACES

pytestmark = pytest.mark.delivery
TROUBLE_S = 0.3
QUICK = {"initial_interval": "30ms", "max_interval": "150ms"}
QUEUES = {
    "memory": {"sizer": "items", "queue_size": 1000000},
    "disk": {"sizer": "items", "queue_size": 1000000, "storage": "file_storage"},
    "wait": {"sizer": "items", "queue_size": 1000000, "wait_for_result": True},
}
BACKENDS = {"otlp_http": HttpBackend, "otlp_grpc": GrpcBackend}
ROUTES = list(itertools.product(BACKENDS, QUEUES))
TOLD = "rejected, as the client was told"
BUSY = Answer(503, message="busy")


@dataclass
class Trouble:
    """What goes wrong. `drops`: reasons that records may be dropped under; what is taken and not confirmed comes again."""

    name: str
    mood: Mood = Mood()
    timeout: str = "5s"
    retry: dict = field(default_factory=lambda: QUICK)
    queue: dict = field(default_factory=dict)
    drops: set = field(default_factory=set)
    duplicates: bool = False  # there must be some
    warned: bool = False  # the log says that the answer is strange


LATE = {"timeout": "300ms"}
TROUBLES = [
    Trouble("refuses for good", Mood(Answer(400, message="no")), drops={"permanent_error"}),
    Trouble("says 500", Mood(Answer(500, message="broken")), drops={"permanent_error"}),
    Trouble("is busy (503, UNAVAILABLE)", Mood(BUSY)),
    Trouble("throttles (429 + Retry-After, RetryInfo)", Mood(Answer(429, retry_after="1", retry_info_s=0.4))),
    Trouble("throttles with a wish beyond all patience", Mood(Answer(429, retry_after="4000", retry_info_s=4000)),
            retry={**QUICK, "max_elapsed_time": "1s"}, drops={"retries_exhausted"}),
    Trouble("is busy for longer than max_elapsed_time", Mood(BUSY), retry={**QUICK, "max_elapsed_time": "200ms"},
            drops={"retries_exhausted"}),
    Trouble("hangs", Mood(hangs=True), **LATE),
    Trouble("takes it and trickles an answer that comes too late", Mood(trickle_s=0.02), duplicates=True, **LATE),
    Trouble("trickles an answer that comes in time", Mood(trickle_s=0.001)),
    Trouble("takes it and cuts the answer off", Mood(cut="close"), duplicates=True),
    Trouble("takes it and resets in the middle of the answer", Mood(cut="reset"), duplicates=True),
    Trouble("takes a part (partial success)", Mood(Answer(rejected=2, message="two are too old")), drops={"rejected", TOLD}),
    Trouble("lies: 200 with garbage", Mood(body=b"\xff\xff\xff garbage"), warned=True),
    Trouble("lies: 200 with a page of HTML", Mood(body=b"<html>sign in</html>", kind="text/html"), warned=True),
    Trouble("lies: an answer of 64 MiB", Mood(body=b"\0" * (64 << 20))),
]  # fmt: skip


class Route:
    """An exporter with its kind of queue, its own receiver, backend and client."""

    def __init__(self, stack, exporter, queue, tls=None):
        self.exporter, self.queue = exporter, queue
        self.name = f"{exporter}/{queue}"
        self.backend = stack.enter_context(BACKENDS[exporter](tls))
        self.too_early = set()  # acknowledged before the backend had them
        self.client = None

    def settings(self, trouble, **more):
        made = {"endpoint": self.backend.endpoint, "compression": "none", "timeout": trouble.timeout}
        if not self.backend.tls:
            made["tls"] = {"insecure": True}
        queue = {**QUEUES[self.queue], **trouble.queue}
        return {**made, "sending_queue": queue, "retry_on_failure": trouble.retry, **more}

    def start_client(self, stack, collector, numbers):
        protocol = "grpc" if self.exporter == "otlp_grpc" else "http"
        self.client = Client(
            collector.port(protocol, f"otlp/{self.exporter}-{self.queue}"), numbers, signals=(TRACES, LOGS),
            pause_s=0.01, grpc=protocol == "grpc",
        )  # fmt: skip
        if self.queue == "wait":
            self.client.on_acknowledged = self._acknowledged
        stack.enter_context(self.client)

    def _acknowledged(self, ids, rejected):
        missing = set(ids) - set(self.backend.taken)
        if len(missing) != rejected:
            self.too_early.update(missing)

    def account(self, scenario, metrics, peak):
        queued = int(account.total(metrics, "otelcol_exporter_queue_size", exporter=self.name))
        dropped = drops(metrics, self.name)
        dropped += Counter({TOLD: self.client.rejected})
        row = balance(scenario, self.client.acknowledged, self.backend.taken, dropped, queued, peak)
        assert row.lost == 0, f"{self.name}: {row}, refused {self.client.refused}"
        assert row.acknowledged == row.delivered + sum(dropped.values()), f"{self.name}: more is counted than was: {row}"
        assert queued == 0, f"{self.name}: {row}"
        assert self.client.acknowledged, f"{self.name} took nothing"
        assert not self.client.unanswered, f"{self.name}: requests without an answer"
        assert not self.too_early, f"{self.name}: {len(self.too_early)} were acknowledged too early"
        return row


def tree(program, routes, trouble, directory, **more):
    made = {"receivers": {}, "exporters": {}, "pipelines": {}}
    for route in routes:
        receiver = f"otlp/{route.exporter}-{route.queue}"
        made["receivers"][receiver] = config.otlp_receiver()["otlp"]
        made["exporters"][route.name] = route.settings(trouble, **more)
        for signal in ("traces", "logs"):
            made["pipelines"][f"{signal}/{receiver[5:]}"] = {"receivers": [receiver], "exporters": [route.name]}
    whole = config.tree(program, made["exporters"], made["receivers"], pipelines=made["pipelines"])
    whole["extensions"] = {"file_storage": {"directory": str(directory)}}
    whole["service"]["extensions"] = ["file_storage"]
    whole["service"]["telemetry"]["metrics"] = account.own_metrics_at(0)
    return whole


def wait_for(reached, what, collector, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while not reached():
        if time.monotonic() > deadline:
            collector.fail(f"{what}: not within {timeout_s} s")
        time.sleep(0.02)


def is_settled(collector):
    metrics = own_metrics(collector)
    return account.total(metrics, "otelcol_exporter_(queue_size|in_flight_requests)") == 0


def under_trouble(collector, routes, begin, end):
    """Clients send before, during and after; returns when the collector holds nothing any more."""
    with contextlib.ExitStack() as stack:
        for number, route in enumerate(routes):
            route.start_client(stack, collector, itertools.count(1 + number * 10**9))
        wait_for(lambda: all(route.client.acknowledged for route in routes), "an acknowledgement", collector)
        begin()
        asked = [(route.backend.requests, route.backend.connections) for route in routes]
        time.sleep(TROUBLE_S)
        wait_for(lambda: not begin.is_seen or all(map(begin.is_seen, routes, asked)), "a request in trouble", collector)
        end()
        before = [len(route.client.acknowledged) for route in routes]
        wait_for(
            lambda: all(len(r.client.acknowledged) >= n + 30 for r, n in zip(routes, before)), "good data", collector
        )
    wait_for(lambda: is_settled(collector), "an empty queue", collector)


def judge_routes(scenario, routes, collector):
    """A row for each exporter; the account must hold for each route."""
    metrics, peak = own_metrics(collector), collector.peak_memory()
    rows = []
    for exporter in BACKENDS:
        title = f"backend {scenario}, {exporter}"
        parts = [route.account(title, metrics, peak) for route in routes if route.exporter == exporter]
        row = account.Row(title)
        for part in parts:
            row.add(part)
        rows.append(row)
    account.TABLE.extend(rows)
    return rows


class Step:
    """Something that is done to all backends, and how a route sees that it met the trouble."""

    def __init__(self, do, is_seen=None):
        self._do, self.is_seen = do, is_seen

    def __call__(self):
        self._do()


def set_mood(routes, mood):
    def do():
        for route in routes:
            route.backend.mood = mood

    return Step(do, lambda route, asked: route.backend.requests > asked[0])


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_a_backend_that(program, collectors, tmp_path, trouble):
    with contextlib.ExitStack() as stack:
        routes = [Route(stack, *route) for route in ROUTES]
        collector = collectors(tree(program, routes, trouble, tmp_path / "queue"))
        under_trouble(collector, routes, set_mood(routes, trouble.mood), set_mood(routes, Mood()))
        rows = judge_routes(trouble.name, routes, collector)
        collector.stop()
    for row in rows:
        assert set(row.dropped) <= trouble.drops, row
        assert bool(row.dropped) == bool(trouble.drops), row
        assert not trouble.duplicates or row.duplicates, row
    warnings = [line for line in collector.lines if line.fields.get("event") == "export.warning"]
    assert bool(warnings) == trouble.warned


def test_a_backend_that_vanishes_and_comes_back(program, collectors, tmp_path):
    with contextlib.ExitStack() as stack:
        routes = [Route(stack, *route) for route in ROUTES]
        collector = collectors(tree(program, routes, Trouble(""), tmp_path / "queue"))

        def each(do):
            return Step(lambda: [do(route.backend) for route in routes])

        under_trouble(collector, routes, each(lambda b: b.vanish()), each(lambda b: b.come_back()))
        rows = judge_routes("vanishes and comes back", routes, collector)
        collector.stop()
    assert not any(row.dropped for row in rows)


@pytest.mark.parametrize("exporter", BACKENDS)
def test_an_orderly_end_with_a_dead_backend_says_what_it_drops(program, collectors, tmp_path, exporter):
    with contextlib.ExitStack() as stack:
        route = Route(stack, exporter, "memory")
        collector = collectors(tree(program, [route], Trouble(""), tmp_path / "queue"))
        with contextlib.ExitStack() as client:
            route.start_client(client, collector, itertools.count(1))
            wait_for(lambda: len(route.client.acknowledged) >= 30, "acknowledgements", collector)
            route.backend.mood = Mood(BUSY)
            wait_for(lambda: len(route.client.acknowledged) >= 200, "acknowledgements", collector)
        peak = collector.peak_memory()
        collector.stop()  # with 0: the log says what was dropped
        said = Counter()
        for line in collector.lines:
            if line.fields.get("event") == "export.dropped":
                said[line.fields["reason"]] += line.fields["dropped_items"]
        row = balance(f"SIGTERM with a dead backend, {exporter}", route.client.acknowledged, route.backend.taken, said, 0, peak)
        account.TABLE.append(row)
        assert row.lost == 0 and set(said) == {"shutdown"}, row
        assert row.acknowledged == row.delivered + said["shutdown"], row


def stranger(authority, directory, name):
    """A server's context that no client may trust, for the reason that `name` says."""
    if name == "of an unknown authority":
        return certificates.make(directory / "stranger").server_context()
    subject = ["-days", "2", "-subj", "/CN=elsewhere", "-addext", "subjectAltName=DNS:elsewhere.test"]
    key, certificate = str(directory / "bad.key"), str(directory / "bad.crt")
    subprocess.run(
        ["openssl", "req", "-x509", "-CA", authority.path("ca.crt"), "-CAkey", authority.path("ca.key"), "-newkey", "ec",
         "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate, *subject],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.mark.parametrize("name", ["of an unknown authority", "of another name"])
def test_a_backend_that_shows_a_certificate(program, collectors, tmp_path, name):
    authority = certificates.make(tmp_path / "authority")
    bad = stranger(authority, tmp_path, name)
    with contextlib.ExitStack() as stack:
        routes = []
        for exporter, queue in ROUTES:
            good = authority.server_context()
            if exporter == "otlp_grpc":
                good.set_alpn_protocols(["h2"])
            routes.append(Route(stack, exporter, queue, good))
        bad.set_alpn_protocols(["h2", "http/1.1"])
        contexts = [route.backend.tls for route in routes]
        tls = {"ca_file": authority.path("ca.crt")}
        collector = collectors(tree(program, routes, Trouble(""), tmp_path / "queue", tls=tls))

        def begin():
            for route in routes:
                route.backend.vanish()
                route.backend.tls = bad
                route.backend.come_back()

        def end():
            for route, context in zip(routes, contexts):
                route.backend.tls = context

        met = lambda route, asked: route.backend.connections > asked[1]
        under_trouble(collector, routes, Step(begin, met), Step(end))
        rows = judge_routes(f"shows a certificate {name}", routes, collector)
        collector.stop()
    assert not any(row.dropped for row in rows)
