# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, read-only, broken or another program's, a clock that jumps, descriptors that run out: a clear error,
what is good is kept, and the collector serves."""

import contextlib
import itertools
import socket
import sqlite3
import subprocess
import time
from collections import Counter
from pathlib import Path

import account
import limits
import pytest
from account import Client, drops, ids_of, judge, own_metrics, own_metrics_at
from e2e import config, otlp_json
from e2e.answers import Answer
from e2e.senders import GrpcSender, HttpSender
from e2e.signals import TRACES

pytestmark = pytest.mark.delivery
MIB = 1 << 20
BUSY = Answer(503, message="busy")
EXPORTERS = {"otlp_http": config.otlp_http, "otlp_grpc": config.otlp_grpc}


@pytest.fixture(scope="session")
def disk_library(tmp_path_factory):
    """The preloaded library whose disk misbehaves."""
    library = tmp_path_factory.mktemp("preload") / "disk.so"
    source = Path(__file__).parent / "preload/disk.c"
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no C compiler here")
    return library


class Orders:
    """What the preloaded library is told."""

    def __init__(self, path):
        self.path = path

    def give(self, *lines):
        new = self.path.with_suffix(".new")
        new.write_text("".join(f"{line}\n" for line in lines))
        new.rename(self.path)


@pytest.fixture
def orders(tmp_path):
    made = Orders(tmp_path / "orders")
    made.give()
    return made


@pytest.fixture
def faulty(program, tmp_path, disk_library, orders):
    """The program with a disk, below tmp_path/queue, that does as ordered."""
    if program.is_sanitized:
        pytest.skip("a sanitizer wants to be loaded first")
    return limits.preloaded(
        program, tmp_path, disk_library, FAULT_ORDERS=orders.path, FAULT_DIRECTORY=tmp_path / "queue"
    )


def tree(program, exporter, directory, **storage):
    made = config.tree(program, exporter, signals=["traces"])
    made["extensions"] = {"file_storage": {"directory": str(directory), **storage}}
    made["service"]["extensions"] = ["file_storage"]
    made["service"]["telemetry"]["metrics"] = own_metrics_at(0)
    return made


def settings(**queue):
    return {
        "sending_queue": {"storage": "file_storage", **queue},
        "retry_on_failure": {"initial_interval": "20ms", "max_interval": "100ms"},
    }


def delivered(sink):
    return account.ids_in(received.message for received in sink.of(TRACES))


def wait_for(reached, what, collector, timeout_s=15):
    deadline = time.monotonic() + timeout_s
    while not reached():
        if time.monotonic() > deadline:
            collector.fail(f"{what}: not within {timeout_s} s")
        time.sleep(0.02)


def wait_delivered(sink, wanted, collector):
    wait_for(lambda: wanted <= set(delivered(sink)), "delivery", collector)


def wait_acknowledged(client, more, collector):
    wanted = len(client.acknowledged) + more
    wait_for(lambda: len(client.acknowledged) >= wanted, f"{more} more acknowledged records", collector)


# ---- the queue's disk


@pytest.mark.parametrize("exporter", EXPORTERS.values(), ids=EXPORTERS)
@pytest.mark.parametrize(
    "order, fsync",
    [("write ENOSPC", False), ("write EIO", False), ("write EROFS", False), ("write short", False), ("sync EIO", True)],
    ids=["full", "broken", "read-only", "short", "fsync fails"],
)
def test_a_disk_that_fails_for_a_while(faulty, collectors, sink, tmp_path, orders, exporter, order, fsync):
    """What cannot be written is refused, what was written is delivered, and goes on when the disk does."""
    sink.answer_always(BUSY)
    made = tree(faulty, exporter(sink, **settings()), tmp_path / "queue", fsync=fsync)
    collector = collectors(made, program=faulty)
    with Client(collector.port("http"), itertools.count(1), padding=500, pause_s=0.002) as client:
        wait_acknowledged(client, 50, collector)
        orders.give(order)
        wait_for(lambda: client.refused[503] >= 3, "a refusal", collector)
        sink.answer_always(Answer())
        time.sleep(0.1)
        orders.give()
        wait_acknowledged(client, 50, collector)
    assert not client.unanswered
    wait_delivered(sink, client.acknowledged, collector)
    wait_for(lambda: account.total(own_metrics(collector), "otelcol_exporter_queue_size") == 0, "an empty queue", collector)
    dropped = drops(own_metrics(collector), next(iter(made["exporters"])))
    peak = collector.peak_memory()
    collector.stop()
    row = judge(f"disk: {order}, {next(iter(made['exporters']))}", client.acknowledged, delivered(sink), dropped, peak=peak)
    assert not row.dropped


def test_what_was_acknowledged_before_the_disk_failed_is_there_after_a_crash(faulty, collectors, sink, tmp_path, orders):
    sink.answer_always(BUSY)
    made = tree(faulty, config.otlp_http(sink, **settings()), tmp_path / "queue")
    collector = collectors(made, program=faulty)
    with Client(collector.port("http"), itertools.count(1), padding=500) as client:
        wait_acknowledged(client, 50, collector)
        orders.give("write short")
        wait_for(lambda: client.refused[503] >= 3, "a refusal", collector)
        collector.kill()
    orders.give()
    sink.answer_always(Answer())
    collector = collectors(made, program=faulty)
    wait_delivered(sink, client.acknowledged, collector)
    collector.stop()
    judge("disk fails in the middle of writes, then kill -9", client.acknowledged, delivered(sink))


def test_a_disk_that_is_really_full(program, collectors, sink, tmp_path):
    directory = tmp_path / "queue"
    directory.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", directory], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        sink.answer_always(BUSY)
        collector = collectors(tree(program, config.otlp_http(sink, **settings()), directory))
        with Client(collector.port("http"), itertools.count(1), spans=10, padding=3000) as client:
            wait_for(lambda: client.refused[503] >= 5, "a refusal", collector)
            sink.answer_always(Answer())
            wait_acknowledged(client, 50, collector)
        assert not client.unanswered
        wait_delivered(sink, client.acknowledged, collector)
        peak = collector.peak_memory()
        collector.stop()
        judge("a disk of 1 MiB", client.acknowledged, delivered(sink), peak=peak)
    finally:
        subprocess.run(["umount", "-l", directory], check=True)


def test_a_read_only_directory_is_said(program, collectors, sink, tmp_path):
    directory = tmp_path / "queue"
    directory.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=1m", "none", directory], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        collector = collectors(tree(program, config.otlp_http(sink, **settings()), directory), ready=False)
        assert collector.wait_exit() != 0
        assert str(directory) in collector.output() and "Read-only file system" in collector.output()
    finally:
        subprocess.run(["umount", "-l", directory], check=True)


# ---- the queue's file


def keep_some(program, collectors, sink, made, count=100):
    """A queue's file with records that a dead backend did not take; the ids, and the file."""
    sink.answer_always(BUSY)
    collector = collectors(made)
    with Client(collector.port("http"), itertools.count(1), padding=200) as client:
        wait_acknowledged(client, count, collector)
    collector.stop()
    (file,) = Path(made["extensions"]["file_storage"]["directory"]).glob("*.db")
    sink.answer_always(Answer())
    return client.acknowledged, file


def test_entries_that_are_broken_are_counted_and_the_others_delivered(program, collectors, sink, tmp_path):
    made = tree(program, config.otlp_http(sink, **settings()), tmp_path / "queue")
    acknowledged, file = keep_some(program, collectors, sink, made)
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        rows = database.execute("SELECT key, value FROM entry WHERE key > 0 ORDER BY key").fetchall()
        for key, value in rows[1::3]:
            database.execute("UPDATE entry SET value = ? WHERE key = ?", (value[:-40] + b"?" + value[-39:], key))
    collector = collectors(made)
    broken = 5 * len(rows[1::3])
    wait_for(lambda: len(delivered(sink)) >= len(acknowledged) - broken, "delivery", collector)
    wait_for(lambda: account.total(own_metrics(collector), "otelcol_exporter_queue_size") == 0, "an empty queue", collector)
    dropped = drops(own_metrics(collector), "otlp_http")
    collector.stop()
    row = judge("broken entries", acknowledged, delivered(sink), dropped)
    assert row.dropped == {"storage_broken": broken} and row.delivered == row.acknowledged - broken
    assert "queue.broken_entry" in collector.output()


def test_a_file_with_broken_pages_is_put_aside_and_what_can_be_read_is_delivered(program, collectors, sink, tmp_path):
    made = tree(program, config.otlp_http(sink, **settings()), tmp_path / "queue")
    acknowledged, file = keep_some(program, collectors, sink, made, 600)
    size = file.stat().st_size
    with file.open("r+b") as pages:
        pages.seek(size // 2 // 16384 * 16384)
        pages.write(b"\xee" * 16384)
    collector = collectors(made)
    line = collector.wait_line("storage.broken", "the error")
    kept = 5 * (line.fields["entries"] - 1)  # entry 0 is the queue's own
    assert 0 < kept < len(acknowledged)
    with Client(collector.port("http"), itertools.count(10**6)) as after:
        wait_acknowledged(after, 20, collector)
    wait_delivered(sink, after.acknowledged, collector)
    wait_for(lambda: account.total(own_metrics(collector), "otelcol_exporter_queue_size") == 0, "an empty queue", collector)
    found = set(delivered(sink)) & acknowledged
    assert len(found) + drops(own_metrics(collector), "otlp_http")["storage_broken"] == kept
    assert line.level == "error" and list(file.parent.glob("*.broken-*"))
    collector.stop()
    missing = len(acknowledged) - len(found)
    judge("a page of the queue's file destroyed", acknowledged, delivered(sink), {"destroyed, kept aside and logged": missing})


def test_a_file_of_a_later_version_is_left_alone(program, collectors, sink, tmp_path):
    made = tree(program, config.otlp_http(sink, **settings()), tmp_path / "queue")
    acknowledged, file = keep_some(program, collectors, sink, made)
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA user_version = 99")
    before = file.read_bytes()
    collector = collectors(made)
    with Client(collector.port("http"), itertools.count(10**6)) as refused:
        wait_for(lambda: refused.refused[503] >= 1, "a refusal", collector)
    assert not refused.acknowledged
    assert "format 99" in collector.output()
    collector.stop()
    assert file.read_bytes() == before
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA user_version = 1")
    collector = collectors(made)
    wait_delivered(sink, acknowledged, collector)
    collector.stop()
    judge("a file of a later version, then the right one", acknowledged, delivered(sink))


# ---- the file exporter


def test_the_file_exporter_on_a_failing_disk_keeps_whole_records(faulty, collectors, tmp_path, orders):
    (tmp_path / "queue").mkdir()
    file = tmp_path / "queue/out.json"
    made = config.tree(faulty, {"file": {"path": str(file)}}, signals=["traces"])
    collector = collectors(made, program=faulty)
    with Client(collector.port("http"), itertools.count(1), padding=300, pause_s=0.002) as client:
        wait_acknowledged(client, 50, collector)
        for order in ("write ENOSPC", "write short", "write EIO"):
            before = client.refused[503]
            orders.give(order)
            wait_for(lambda: client.refused[503] > before, "a refusal", collector)
            orders.give()
            wait_acknowledged(client, 20, collector)
    assert not client.unanswered
    assert "No space left on device" in collector.output()
    collector.stop()
    found = Counter()
    for line in file.read_bytes().splitlines():
        found.update(ids_of(TRACES, otlp_json.parse(line, TRACES.request())))
    judge("file exporter: full, short and failing writes", client.acknowledged, found)


# ---- the clock


@pytest.mark.parametrize("storage", [True, False], ids=["disk", "memory"])
def test_a_clock_that_jumps(faulty, collectors, sink, tmp_path, orders, storage):
    """A month ahead and back, while a backend is away, and over a restart: time of the wall decides nothing."""
    made = tree(faulty, config.otlp_http(sink, **settings()), tmp_path / "queue")
    if not storage:
        del made["exporters"]["otlp_http"]["sending_queue"]
    collector = collectors(made, program=faulty)
    month = 30 * 24 * 3600
    with Client(collector.port("http"), itertools.count(1), pause_s=0.002) as client:
        for jump in (month, -month, 0):
            sink.answer_always(BUSY)
            wait_acknowledged(client, 30, collector)
            orders.give(f"clock {jump}")
            wait_acknowledged(client, 30, collector)
            sink.answer_always(Answer())
            wait_delivered(sink, set(client.acknowledged), collector)
        sink.answer_always(BUSY)
        wait_acknowledged(client, 30, collector)
    if storage:
        collector.stop()
        orders.give(f"clock {-month}")
        collector = collectors(made, program=faulty)
    sink.answer_always(Answer())
    wait_delivered(sink, client.acknowledged, collector)
    dropped = drops(own_metrics(collector), "otlp_http")
    assert not client.refused and not client.unanswered
    collector.stop()
    row = judge(f"clock jumps by a month, queue {'on disk' if storage else 'in memory'}", client.acknowledged, delivered(sink), dropped)
    assert not row.dropped


# ---- descriptors


@pytest.mark.parametrize("exporter", EXPORTERS.values(), ids=EXPORTERS)
def test_descriptors_that_run_out(program, collectors, sink, tmp_path, exporter):
    limited = limits.few_descriptors(program, tmp_path, 60)
    made = tree(program, exporter(sink, **settings()), tmp_path / "queue")
    collector = collectors(made, program=limited)
    numbers = itertools.count(1)
    with Client(collector.port("http"), numbers, pause_s=0.01) as client:
        wait_acknowledged(client, 20, collector)
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                stack.enter_context(socket.create_connection(("127.0.0.1", collector.port("grpc")), timeout=10))
            time.sleep(0.3)
            wait_acknowledged(client, 20, collector)  # over the connection that it has
        for sender_class, protocol in ((GrpcSender, "grpc"), (HttpSender, "http")):
            deadline = time.monotonic() + 30
            while True:
                try:
                    with sender_class(collector.port(protocol)) as sender:
                        sender.send(TRACES, account.request_of([10**9 + next(numbers)]))
                    break
                except Exception:
                    if time.monotonic() > deadline:
                        collector.fail("normal clients are not served again")
                    time.sleep(0.05)
        wait_acknowledged(client, 20, collector)
    assert not client.unanswered and not client.refused
    wait_delivered(sink, client.acknowledged, collector)
    assert account.total(own_metrics(collector), "nacelle_connections_refused") > 0
    peak = collector.peak_memory()
    collector.stop()
    judge(f"descriptors run out, {next(iter(made['exporters']))}", client.acknowledged, delivered(sink), peak=peak)
