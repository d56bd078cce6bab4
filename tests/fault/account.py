# SPDX-License-Identifier: Apache-2.0
"""Record by record: what was acknowledged must be delivered, or still be kept, or be dropped under a reason."""

import itertools
import threading
from collections import Counter

import grpc
from e2e.senders import HttpError, HttpSender
from e2e.signals import TRACES
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def request_of(ids, padding=0):
    """Spans whose names are the ids."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number in ids:
        span = spans.add(name=f"{number}", trace_id=number.to_bytes(16, "big"), span_id=(number % 2**63 + 1).to_bytes(8, "big"))
        if padding:
            span.attributes.add(key="padding").value.string_value = "x" * padding
    return request


def ids_in(requests):
    """How often each id is in what a sink accepted."""
    count = Counter()
    for request in requests:
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                count.update(int(span.name) for span in scope.spans)
    return count


class Client:
    """Sends numbered spans, one request after the other, from a thread of its own, and notes what was acknowledged."""

    def __init__(self, port, numbers, spans=5, padding=0):
        self.acknowledged, self.refused, self.unanswered = set(), Counter(), set()
        self._numbers, self._spans, self._padding = numbers, spans, padding
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _run(self):
        sender = HttpSender(self._port)
        while not self._stop.is_set():
            ids = list(itertools.islice(self._numbers, self._spans))
            try:
                sender.send(TRACES, request_of(ids, self._padding))
                self.acknowledged.update(ids)
            except HttpError as error:
                self.refused[error.status] += 1
                self._stop.wait(0.02)
            except (OSError, grpc.RpcError):
                self.unanswered.update(ids)
                return
            except Exception:  # the connection broke in the middle of an answer
                self.unanswered.update(ids)
                return


def judge(name, acknowledged, delivered, dropped=0):
    """Prints the scenario's row and fails when a record that was acknowledged is nowhere."""
    lost = acknowledged - set(delivered)
    duplicates = sum(count - 1 for count in delivered.values())
    print(
        f"\n| {name} | acknowledged {len(acknowledged)} | delivered {len(delivered)} | duplicates {duplicates} "
        f"| dropped {dropped} | lost {max(0, len(lost) - dropped)} |"
    )
    assert len(lost) <= dropped, f"{len(lost)} acknowledged records are lost: {sorted(lost)[:10]}"
