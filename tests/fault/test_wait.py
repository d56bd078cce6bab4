# SPDX-License-Identifier: Apache-2.0
"""End-to-end acknowledgement: without a queue, or with one that waits for the result, the client's answer is the backend's,
also behind `batch`: its refusal, its wish when to come again, its partial success. And who waits, waits no longer than
the client's deadline."""

import time

import grpc
import pytest
from account import TABLE, balance, drops, own_metrics, own_metrics_at, request_of, total
from backend import GrpcBackend, HttpBackend, Mood
from e2e import config
from e2e.answers import Answer
from e2e.senders import GrpcSender, HttpError, HttpSender
from e2e.signals import TRACES

pytestmark = pytest.mark.delivery
WAITS = {"no queue": {"enabled": False}, "wait_for_result": {"wait_for_result": True}}
waits = pytest.mark.parametrize("queue", WAITS.values(), ids=WAITS)
behind = pytest.mark.parametrize("batch", [False, True], ids=["direct", "batch"])
EXPORTERS = {"otlp_http": HttpBackend, "otlp_grpc": GrpcBackend}
exporters = pytest.mark.parametrize("exporter", EXPORTERS)
OFF = {"enabled": False}


def tree(program, exporter, backend, queue, batch=False, retry=OFF, timeout="5s"):
    settings = {"endpoint": backend.endpoint, "compression": "none", "tls": {"insecure": True}, "timeout": timeout}
    made = config.tree(
        program, {exporter: {**settings, "sending_queue": queue, "retry_on_failure": retry}},
        processors={"batch": {"timeout": "10ms"}} if batch else None, signals=["traces"],
    )  # fmt: skip
    made["service"]["telemetry"]["metrics"] = own_metrics_at(0)
    return made


@behind
@waits
@exporters
def test_the_backends_answer_is_the_clients(program, collectors, exporter, queue, batch):
    with EXPORTERS[exporter]() as backend:
        collector = collectors(tree(program, exporter, backend, queue, batch))
        with GrpcSender(collector.port("grpc")) as sender, HttpSender(collector.port("http")) as http:
            sender.send(TRACES, request_of([1, 2]))
            assert set(backend.taken) == {1, 2}

            backend.mood = Mood(Answer(rejected=1, message="one is too old"))
            told = sender.send(TRACES, request_of([3, 4])).partial_success
            assert (told.rejected_spans, told.error_message) == (1, "one is too old")

            backend.mood = Mood(Answer(400, message="never"))
            with pytest.raises(grpc.RpcError) as refusal:
                sender.send(TRACES, request_of([5]))
            assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert "never" in refusal.value.details()

            backend.mood = Mood(Answer(429, retry_after="7", retry_info_s=7, message="later"))
            with pytest.raises(HttpError) as refusal:
                http.send(TRACES, request_of([6]))
            assert refusal.value.status in (429, 503) and refusal.value.headers["Retry-After"] == "7"
        metrics = own_metrics(collector)
        way = f"{'wait_for_result' if 'wait_for_result' in queue else 'no queue'}{', batch' if batch else ''}"
        row = balance(f"the client waits, {exporter}, {way}", {1, 2, 3, 4}, backend.taken, {"rejected, as the client was told": 1})
        assert (row.lost, row.delivered) == (0, 3)
        assert not drops(metrics, exporter), "what the client was told of is not lost"
        TABLE.append(row)


@pytest.mark.parametrize("retry", [OFF, {"initial_interval": "20ms"}], ids=["once", "retry"])
@pytest.mark.parametrize("mood", [Mood(hangs=True), Mood(Answer(503))], ids=["hangs", "busy"])
@waits
@exporters
def test_nobody_waits_longer_than_the_client(program, collectors, exporter, queue, mood, retry):
    """The client's deadline ends its call, and the try that is made for it; nothing is sent later that nobody waits
    for, as the client sends it again itself."""
    if mood.answer.http_status != 200 and retry is OFF:
        pytest.skip("a refusal that is not tried again needs no deadline")
    with EXPORTERS[exporter]() as backend:
        backend.mood = mood
        collector = collectors(tree(program, exporter, backend, queue, retry=retry, timeout="60s"))
        with GrpcSender(collector.port("grpc")) as sender:
            with pytest.raises(grpc.RpcError) as refusal:
                sender.send(TRACES, request_of([1, 2]), timeout=0.3)
            assert refusal.value.code() in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
            assert backend.requests >= 1
            deadline = time.monotonic() + 20
            while total(own_metrics(collector), "otelcol_exporter_in_flight_requests") and time.monotonic() < deadline:
                time.sleep(0.02)
            metrics = own_metrics(collector)
            assert total(metrics, "otelcol_exporter_(in_flight_requests|queue_size)") == 0
            backend.mood = Mood()
            sender.send(TRACES, request_of([3]))
        assert set(backend.taken) == {3}
        assert not drops(metrics, exporter)
