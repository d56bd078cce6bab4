# SPDX-License-Identifier: Apache-2.0
"""Allocations fail, one in each run, from the first one of the start to the last one of the end. The collector either does
not start and says so, or serves what comes after; it never crashes, and loses nothing that it acknowledged. A few at
random by default; NACELLE_ALLOCATIONS=all is the long form, N takes N, and =N,M those two. NACELLE_SEED repeats a
run."""

import os
import random
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from account import ids_in, own_metrics_at, request_of
from e2e import config
from e2e.collector import READY, Collector
from e2e.senders import GrpcSender, HttpError, HttpSender
from e2e.signals import TRACES

pytestmark = [pytest.mark.grpc, pytest.mark.http, pytest.mark.delivery, pytest.mark.go_differs("its memory is Go's")]
HOW_MANY = os.environ.get("NACELLE_ALLOCATIONS", "24")
SEED = int(os.environ.get("NACELLE_SEED", str(random.randrange(2**32))))
AT_ONCE = 2
START_S = 15
SLACK = 8  # blocks more than usual at the end: a thread's, a connection's
# The C library ends the process itself where it finds no memory here: reading /etc/nsswitch.conf, for the first name.
LIBC_ABORTS = ["nss_database_reload_1: Assertion"]
ENDS = {0, 1, 3}  # exit codes that say what happened


@pytest.fixture(scope="session")
def preload(tmp_path_factory):
    library = tmp_path_factory.mktemp("preload") / "failing.so"
    source = Path(__file__).parent / "preload/failing.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", str(source), "-o", str(library), "-ldl"], check=True)
    return library


def wide(program, sink, directory):
    """One of everything that a sidecar has."""
    exporters = config.otlp_grpc(sink, retry_on_failure={"initial_interval": "20ms", "max_interval": "50ms"})
    exporters["file"] = {"path": str(directory / "spans.json")}
    exporters["debug"] = {}
    processors = {
        "memory_limiter": {"check_interval": "1s", "limit_mib": 100, "spike_limit_mib": 30},
        "resourcedetection": {"detectors": ["env", "system"]},
        "batch": {"timeout": "20ms"},
    }
    tree = config.tree(program, exporters, processors=processors, signals=["traces"])
    tree["extensions"] = {"health_check": {"endpoint": config.LOOPBACK}, "zpages": {"endpoint": config.LOOPBACK}}
    tree["service"]["extensions"] = list(tree["extensions"])
    tree["service"]["telemetry"]["metrics"] = own_metrics_at(0)
    return tree


def setup_of(kind, program, sink, directory):
    if kind == "wide":
        return wide(program, sink, directory)
    queue = {"storage": "file_storage"} if kind == "disk" else {"batch": {"min_size": 8, "flush_timeout": "50ms"}}
    retry = {"initial_interval": "20ms", "max_interval": "50ms"}
    exporters = config.otlp_http(sink, sending_queue=queue, retry_on_failure=retry)
    tree = config.tree(program, exporters, processors={"batch": {"timeout": "20ms"}}, signals=["traces"])
    if kind == "disk":
        tree["extensions"] = {"file_storage": {"directory": str(directory / "queue")}}
        tree["service"]["extensions"] = ["file_storage"]
    return tree


class Run:
    """One life of a collector, whose allocation number `at` fails."""

    def __init__(self, program, sink, directory, preload, kind, at):
        self.at, self.sink, self.numbers = at, sink, iter(range(at * 1000 + 1, at * 1000 + 1000))
        self.acknowledged = set()
        directory.mkdir()
        self.log = directory / "failed"
        self.tree = setup_of(kind, program, sink, directory)
        env = {"LD_PRELOAD": str(preload), "FAIL_AT": str(at), "FAIL_LOG": str(self.log), "FAIL_FRAMES": "1"}
        env["MALLOC_PERTURB_"] = "165"  # what is freed is overwritten, so that its use is seen
        self.collector = Collector(program, directory, self.tree, env=env)

    def where(self):
        return self.log.read_text() if self.log.exists() else "nothing failed"

    def said(self, word):
        """A number in the log of failures; None where there was no orderly end."""
        return next((int(line.split()[1]) for line in self.where().splitlines() if line.startswith(word + " ")), None)

    def check(self, holds, what):
        if not holds:
            self.collector.fail(f"allocation {self.at} ({self.where().strip()}): {what}")

    def is_ready(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if any(line.message == READY for line in self.collector.lines):
                return True
            if self.collector.process.poll() is not None:
                return False
            time.sleep(0.005)
        self.check(False, "it neither serves nor ends")

    def send(self, sender, protocol):
        ids = [next(self.numbers) for _ in range(5)]
        try:
            with sender(self.collector.port(protocol)) as client:
                client.send(TRACES, request_of(ids))
        except (HttpError, OSError, Exception):  # refused, or the connection is gone
            return False
        self.acknowledged.update(ids)
        return True

    def send_until_taken(self, what):
        """What failed may cost a request, and no more."""
        for sender, protocol in ((HttpSender, "http"), (GrpcSender, "grpc")):
            taken = any(self.send(sender, protocol) or time.sleep(0.02) for _ in range(20))
            self.check(taken and self.collector.process.poll() is None, f"{what}: it does not serve over {protocol}")

    def reload(self):
        self.tree["processors"]["batch"]["timeout"] = "10ms"
        self.collector.config_file.write_text(yaml.safe_dump(self.tree, sort_keys=False))
        self.collector.signal(signal.SIGHUP)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and self.collector.process.poll() is None:
            if any(line.fields.get("event", "") in ("reload.taken", "reload.refused")
                   for line in self.collector.lines):  # fmt: skip
                return
            time.sleep(0.005)

    def live(self):
        if not self.is_ready():
            code = self.collector.wait_exit()
            self.check(code in ENDS - {0}, f"exit code {code}")
            self.check("rror" in self.collector.output(), "it ended without a word")
            return
        self.send_until_taken("after the start")
        self.reload()
        self.send_until_taken("after the reload")
        self.collector.signal(signal.SIGTERM)
        code = self.collector.wait_exit()
        self.check(code in ENDS, f"exit code {code}")

    def accounted(self):
        """Records that were dropped, as it says, or are still on the disk."""
        lines = self.collector.lines
        dropped = sum(int(line.fields.get("dropped_items", 0)) for line in lines if line.level == "error")
        return dropped + sum(int(line.fields["items"]) for line in lines if line.fields.get("event") == "queue.kept")

    def end(self):
        try:
            self.live()
        except AssertionError:
            if not any(words in self.collector.output() for words in LIBC_ABORTS):
                raise
        finally:
            self.collector.kill()
        arrived = set(ids_in(received.message for received in self.sink.of(TRACES)))
        missing = self.acknowledged - arrived
        self.check(len(missing) <= self.accounted(), f"{len(missing)} of {len(self.acknowledged)} records are lost")


def whole_life(program, sink, directory, preload, kind):
    """How many allocations a life without failures has, and how many of them it leaves at its end."""
    run = Run(program, sink, directory, preload, kind, 0)
    run.end()
    return run.said("count"), run.said("live")


def choose(count):
    every = range(1, count + 1)
    if HOW_MANY == "all":
        return every
    if HOW_MANY.startswith("="):
        return [int(number) for number in HOW_MANY[1:].split(",")]
    return sorted(random.Random(SEED).sample(every, min(int(HOW_MANY) // 2, count)))


@pytest.mark.parametrize("kind", ["memory", "disk", "wide"])
def test_each_failure_is_an_error_like_another(program, sink, tmp_path, preload, kind):
    if program.is_sanitized:
        pytest.skip("the sanitizer has an allocator of its own")
    print(f"\nseed {SEED}")
    count, left = whole_life(program, sink, tmp_path / "none", preload, kind)
    chosen = choose(count)
    faults, leaks = [], []

    def one(at):
        try:
            run = Run(program, sink, tmp_path / str(at), preload, kind, at)
            run.end()
            found = run.said("live")
            leaks.append((found or 0) - left)
            run.check(found is None or found <= left + SLACK, f"{found} blocks are left at its end, not {left}")
        except AssertionError as fault:
            faults.append(str(fault))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, chosen))
    print(f"blocks left at the end beyond the usual: {max(leaks, default=0)} at most")
    print(f"{len(chosen)} of {count} allocations failed, one in each life")
    assert not faults, "\n\n".join(faults) + f"\n{len(faults)} of {len(chosen)}"
