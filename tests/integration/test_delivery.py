# SPDX-License-Identifier: Apache-2.0
"""What exporters do with a backend's answers: retry, wait as long as it says, give up, take partial success; and what
the client gets to hear. No delay is measured but those that must not be cut short."""

import time

import grpc
import pytest

from e2e import compare, config
from e2e.answers import Answer
from e2e.route import Route
from e2e.samples import small
from e2e.senders import GrpcSender, HttpError, HttpSender
from e2e.signals import LOGS, METRICS, SIGNALS, TRACES
from e2e.sink import Sink

pytestmark = [pytest.mark.export, pytest.mark.grpc, pytest.mark.delivery]
QUICK = {"retry_on_failure": {"initial_interval": "20ms", "max_interval": "50ms"}}
ONCE = {"sending_queue": {"enabled": False}, "retry_on_failure": {"enabled": False}}
EXPORTERS = {"otlp_http": config.otlp_http, "otlp_grpc": config.otlp_grpc}
exporters = pytest.mark.parametrize("exporter", EXPORTERS.values(), ids=EXPORTERS)
PAUSE_S = 1

BUSY_HTTP = (429, 502, 503, 504)
FATAL_HTTP = (400, 401, 403, 404, 413, 500)
BUSY_GRPC = ("CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS")
FATAL_GRPC = (
    "UNKNOWN", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "FAILED_PRECONDITION",
    "UNIMPLEMENTED", "INTERNAL", "UNAUTHENTICATED", "RESOURCE_EXHAUSTED",
)  # fmt: skip


def send(collector, request, signal=TRACES):
    with GrpcSender(collector.port("grpc")) as sender:
        return sender.send(signal, request)


def retried(program, collectors, sink, exporter, *answers):
    """The sink gives these answers, then accepts; the request must arrive once, unchanged."""
    collector = collectors(config.tree(program, exporter(sink, **QUICK)))
    sink.answer_next(*answers)
    request = small(TRACES, 3)
    send(collector, request)
    arrived = sink.wait_items(TRACES, 3)
    assert len(sink.requests) == len(answers) + 1
    compare.assert_same_requests(TRACES, [request], arrived, program.keeps)
    return [received.time for received in sink.requests]


@pytest.mark.parametrize("status", BUSY_HTTP)
def test_http_statuses_that_are_tried_again(program, collectors, sink, status):
    retried(program, collectors, sink, config.otlp_http, Answer(status), Answer(status, message="busy"))


@pytest.mark.parametrize("code", BUSY_GRPC)
def test_grpc_codes_that_are_tried_again(program, collectors, sink, code):
    refusal = Answer(503, grpc_code=grpc.StatusCode[code], message="busy")
    retried(program, collectors, sink, config.otlp_grpc, refusal, refusal)


@exporters
def test_a_connection_that_breaks_is_tried_again(program, collectors, sink, exporter):
    retried(program, collectors, sink, exporter, Answer(hang_up=True), Answer(hang_up=True))


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(program, collectors, sink, status):
    first, second = retried(program, collectors, sink, config.otlp_http, Answer(status, retry_after=str(PAUSE_S)))
    assert second - first >= PAUSE_S * 0.95


def test_retry_after_as_a_date_is_obeyed(program, collectors, sink):
    due = time.time() + 2.5
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(due))
    retried(program, collectors, sink, config.otlp_http, Answer(503, retry_after=date))
    assert time.time() >= int(due) - 0.05


@pytest.mark.parametrize("code", ["RESOURCE_EXHAUSTED", "UNAVAILABLE"])
def test_retry_info_is_obeyed(program, collectors, sink, code):
    refusal = Answer(429, grpc_code=grpc.StatusCode[code], retry_info_s=PAUSE_S)
    first, second = retried(program, collectors, sink, config.otlp_grpc, refusal)
    assert second - first >= PAUSE_S * 0.95


def dropped(program, collectors, sink, exporter, answer):
    """The request is refused for good: it is not sent again, the loss is said, and the next request flows."""
    collector = collectors(config.tree(program, exporter(sink, **QUICK)))
    sink.answer_next(answer)
    send(collector, small(TRACES, 3))
    line = collector.wait_line(lambda line: line.fields.get("dropped_items") == 3, "the log line of the drop")
    assert line.level == "error"
    send(collector, small(TRACES))
    sink.wait_items(TRACES, 1)
    assert len(sink.requests) == 2
    return line


@pytest.mark.parametrize("status", FATAL_HTTP)
def test_http_statuses_that_are_final(program, collectors, sink, status):
    line = dropped(program, collectors, sink, config.otlp_http, Answer(status, message="never again"))
    assert str(status) in line.text and "never again" in line.text


@pytest.mark.parametrize("code", FATAL_GRPC)
def test_grpc_codes_that_are_final(program, collectors, sink, code):
    answer = Answer(400, grpc_code=grpc.StatusCode[code], message="never again")
    assert "never again" in dropped(program, collectors, sink, config.otlp_grpc, answer).text


@exporters
@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_partial_success_is_said_and_not_sent_again(program, collectors, sink, exporter, signal):
    collector = collectors(config.tree(program, exporter(sink, **QUICK)))
    sink.answer_next(Answer(rejected=2, message="two were too old"))
    send(collector, small(signal, 5), signal)
    line = collector.wait_line("two were too old", "the line of the partial success")
    assert line.level == "error"  # what the backend rejected is lost
    assert 2 in line.fields.values() or "2" in line.message
    send(collector, small(signal), signal)
    sink.wait_requests(2)
    assert len(sink.requests) == 2


@exporters
def test_giving_up_after_max_elapsed_time(program, collectors, sink, exporter):
    retry = {"retry_on_failure": {"initial_interval": "20ms", "max_interval": "50ms", "max_elapsed_time": "300ms"}}
    collector = collectors(config.tree(program, exporter(sink, **retry)))
    sink.answer_always(Answer(503))
    send(collector, small(TRACES, 4))
    line = collector.wait_line(lambda line: line.fields.get("dropped_items") == 4, "the log line of the drop")
    assert line.level == "error"
    assert len(sink.requests) >= 2


@exporters
def test_a_slow_backend_is_given_up_after_the_timeout_and_tried_again(program, collectors, sink, exporter):
    collector = collectors(config.tree(program, exporter(sink, timeout="300ms", **QUICK)))
    sink.answer_next(Answer(503, delay_s=1.5))  # refused in the end, so that it counts once
    send(collector, small(TRACES, 2))
    assert sum(map(TRACES.items, sink.wait_items(TRACES, 2))) == 2


@exporters
def test_a_full_queue_refuses_and_keeps_what_it_took(program, collectors, sink, exporter):
    """Requests beyond the queue are refused with a status that tells the client to try again; those taken arrive."""
    queue = {"sending_queue": {"num_consumers": 1, "queue_size": 2}, **QUICK}
    collector = collectors(config.tree(program, exporter(sink, **queue)))
    sink.answer_always(Answer(503))
    taken, refused = [], set()
    for _ in range(8):
        request = small(TRACES)
        try:
            send(collector, request)
            taken.append(request)
        except grpc.RpcError as error:
            refused.add(error.code())
    assert 2 <= len(taken) <= 4
    assert refused == {grpc.StatusCode.UNAVAILABLE}
    sink.answer_always(Answer())
    arrived = sink.wait_items(TRACES, len(taken))
    compare.assert_same_items(TRACES, taken, arrived, program.keeps)


@exporters
@pytest.mark.parametrize(
    "answer, code, status",
    [
        (Answer(503, message="come back"), "UNAVAILABLE", 503),
        (Answer(429, retry_info_s=1, retry_after="1", message="come back"), "RESOURCE_EXHAUSTED", 429),
        (Answer(400, message="come back"), "INVALID_ARGUMENT", 400),
    ],
    ids=["busy", "throttled", "bad"],
)
def test_without_a_queue_the_client_hears_what_the_backend_said(
    program, collectors, sink, exporter, answer, code, status
):
    if exporter is config.otlp_http and status == 429:
        code = ("RESOURCE_EXHAUSTED", "UNAVAILABLE")  # the Go collector's HTTP exporter calls it the latter
    collector = collectors(config.tree(program, exporter(sink, **ONCE)))
    sink.answer_always(answer)
    with GrpcSender(collector.port("grpc")) as sender:
        with pytest.raises(grpc.RpcError) as refusal:
            sender.send(TRACES, small(TRACES))
    assert refusal.value.code().name in ((code,) if isinstance(code, str) else code)
    assert "come back" in refusal.value.details()
    if "http" in config.PROTOCOLS:
        with HttpSender(collector.port("http")) as sender, pytest.raises(HttpError) as refusal:
            sender.send(TRACES, small(TRACES))
        assert refusal.value.status == status or (status == 429 and refusal.value.status == 503)


@exporters
def test_without_a_queue_an_acknowledgement_means_delivery(program, collectors, sink, exporter):
    collector = collectors(config.tree(program, exporter(sink, **ONCE)))
    for signal in (TRACES, METRICS, LOGS):
        with Route(collector, sink).sender("grpc") as sender:
            sender.send(signal, small(signal, 3))
        assert sink.items(signal) == 3


def test_a_backend_that_comes_later_gets_everything(program, collectors):
    """Nobody listens at first: what was taken waits."""
    with Sink() as later:
        port, later_endpoint = later.http_port, later.http_endpoint
    exporter = {"otlp_http": {"endpoint": later_endpoint, "compression": "none", **QUICK}}
    collector = collectors(config.tree(program, exporter))
    requests = [small(TRACES, 2) for _ in range(5)]
    for request in requests:
        send(collector, request)
    with Sink(http_port=port) as later:
        compare.assert_same_items(TRACES, requests, later.wait_items(TRACES, 10), program.keeps)
        collector.stop()
