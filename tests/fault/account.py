# SPDX-License-Identifier: Apache-2.0
"""Record by record: what was acknowledged must be delivered, or still be kept, or be dropped under a reason."""

import itertools
import re
import threading
import urllib.request
from collections import Counter
from dataclasses import dataclass, field

import grpc
from e2e.senders import GrpcSender, HttpError, HttpSender
from e2e.signals import LOGS, TRACES

SERIES = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')
TABLE = []  # rows of all scenarios of this run, see conftest.py
ATTACKS = []  # the same of the attacks, ready cells


def request_of(ids, padding=0, signal=TRACES):
    """Spans whose names are the ids, or log records whose bodies are."""
    request = signal.request()
    records = getattr(getattr(getattr(request, signal.groups).add(), signal.scopes).add(), signal.records)
    for number in ids:
        if signal is TRACES:
            identity = {"trace_id": number.to_bytes(16, "big"), "span_id": (number % 2**63 + 1).to_bytes(8, "big")}
            record = records.add(name=f"{number}", **identity)
        else:
            record = records.add(body={"string_value": f"{number}"})
        if padding:
            record.attributes.add(key="padding").value.string_value = "x" * padding
    return request


def ids_of(signal, request):
    """The ids in one request."""
    for _, _, record in signal.each_record(request):
        yield int(record.name if signal is TRACES else record.body.string_value)


def ids_in(requests):
    """How often each id is in requests of traces, as a sink accepted them."""
    count = Counter()
    for request in requests:
        count.update(ids_of(TRACES, request))
    return count


class Client:
    """Sends numbered records, one request after the other, from a thread of its own, and notes what was acknowledged.
    The requests are of the `signals` in turn, with a pause after each."""

    def __init__(self, port, numbers, spans=5, padding=0, signals=(TRACES,), pause_s=0.0, grpc=False):
        self.acknowledged, self.refused, self.unanswered = set(), Counter(), set()
        self.refused_ids = set()
        self.rejected = 0  # by partial success, of what was acknowledged
        self.on_acknowledged = None  # called with the ids of each request and how many were rejected, from its thread
        self._numbers, self._spans, self._padding = numbers, spans, padding
        self._port, self._sender = port, GrpcSender if grpc else HttpSender
        self._signals, self._pause_s = signals, pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    @property
    def is_alive(self):
        """It ends by itself where the connection breaks."""
        return self._thread.is_alive()

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _run(self):
        with self._sender(self._port) as sender:
            for signal in itertools.cycle(self._signals):
                if self._stop.is_set():
                    return
                ids = list(itertools.islice(self._numbers, self._spans))
                try:
                    answer = sender.send(signal, request_of(ids, self._padding, signal))
                except HttpError as error:
                    self._refusal(ids, error.status)
                except grpc.RpcError as error:
                    self._refusal(ids, error.code().name)
                except Exception:  # the connection broke, maybe in the middle of an answer
                    self.unanswered.update(ids)
                    return
                else:
                    self.acknowledged.update(ids)
                    rejected = getattr(answer.partial_success, signal.rejected)
                    self.rejected += rejected
                    if self.on_acknowledged:
                        self.on_acknowledged(ids, rejected)
                    self._stop.wait(self._pause_s)

    def _refusal(self, ids, status):
        self.refused[status] += 1
        self.refused_ids.update(ids)
        self._stop.wait(0.02)


# ---- what the collector counts for itself


def own_metrics_at(port):
    """service.telemetry.metrics for a page at this port of loopback; 0 = any, which `metrics_page` then knows."""
    return {"level": "normal", "readers": [{"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": port}}}}]}


def own_metrics(collector):
    """The collector's own metrics: (name, labels as a dict, value)."""
    line = collector.wait_line(lambda line: line.message == "Serving own metrics", "the address of its own metrics")
    port = str(line.fields["endpoint"]).rpartition(":")[2]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
        found = map(SERIES.match, page.read().decode().splitlines())
        return [(match[1], dict(LABEL.findall(match[2] or "")), float(match[3])) for match in found if match]


def total(metrics, name, **labels):
    """The sum of the series of a name (a regular expression) that have these labels."""
    return sum(
        value
        for found, has, value in metrics
        if re.fullmatch(name, found) and all(has.get(label) == value for label, value in labels.items())
    )


def drops(metrics, component):
    """Items that a component dropped, by reason."""
    found = Counter()
    for name, labels, value in metrics:
        if name == "nacelle_dropped_items" and labels["component"] == component and value:
            found[labels["reason"]] += int(value)
    return found


# ---- the account


@dataclass
class Row:
    """One scenario's row of the table."""

    scenario: str
    acknowledged: int = 0
    delivered: int = 0
    duplicates: int = 0
    queued: int = 0
    dropped: Counter = field(default_factory=Counter)
    lost: int = 0
    peak: int = 0  # bytes; 0 = not measured

    def add(self, other):
        for name in ("acknowledged", "delivered", "duplicates", "queued", "lost"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.dropped += other.dropped
        self.peak = max(self.peak, other.peak)

    def cells(self):
        dropped = ", ".join(f"{count} {reason}" for reason, count in sorted(self.dropped.items())) or "0"
        peak = f"{self.peak / (1 << 20):.1f}" if self.peak else "–"
        counts = [self.acknowledged, self.delivered, self.duplicates, self.queued]
        return [self.scenario, *map(str, counts), dropped, str(self.lost), peak]


HEAD = ["scenario", "acknowledged", "delivered", "duplicates", "still queued", "dropped, by reason", "lost", "peak MiB"]


ATTACKS_HEAD = ["attack", "sent, MiB", "connections held", "closed by the collector", "normal requests served", "peak MiB"]


def table(head, rows):
    """Rows as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def balance(name, acknowledged, delivered, dropped=None, queued=0, peak=0):
    """The account of one scenario: acknowledged = delivered + still queued + dropped. `delivered` counts ids."""
    dropped = Counter(dropped or {})
    missing = acknowledged - set(delivered)
    return Row(
        name,
        acknowledged=len(acknowledged),
        delivered=len(acknowledged) - len(missing),
        duplicates=sum(count - 1 for count in delivered.values()),
        queued=queued,
        dropped=dropped,
        lost=max(0, len(missing) - sum(dropped.values()) - queued),
        peak=peak,
    )


def judge(name, acknowledged, delivered, dropped=None, queued=0, peak=0):
    """Adds the scenario's row to the table and fails when a record that was acknowledged is nowhere."""
    row = balance(name, acknowledged, delivered, dropped, queued, peak)
    TABLE.append(row)
    lost = sorted(acknowledged - set(delivered))[:10]
    assert row.lost == 0, f"{row.lost} acknowledged records are lost, of these: {lost}"
    return row
