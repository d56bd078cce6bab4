# SPDX-License-Identifier: Apache-2.0
"""A plugin that breaks its contract: it completes twice, never, does not come back, or crashes. The collector says whose
fault it is, and either goes on or ends by what happened, so that it is started again."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import grpc
import pytest

from e2e import config
from e2e.samples import small
from e2e.senders import GrpcSender
from e2e.signals import TRACES

pytestmark = [pytest.mark.grpc, pytest.mark.delivery, pytest.mark.go_differs("it has no plugins")]
ROOT = Path(__file__).parents[2]
STALL_S = 2
EXIT_FATAL = 3
DEADLINE_S = 30
PLUGIN = r"plugin acme-broken 6\.6\.6 \(exporters/broken\.so\+0x[0-9a-f]+, build-id [0-9a-f]{40}\)"


@pytest.fixture(scope="session")
def plugins(tmp_path_factory):
    """A directory with the broken exporter and processor."""
    directory = tmp_path_factory.mktemp("plugins")
    flags = ["-shared", "-fPIC", "-fvisibility=hidden", "-O2", "-Wl,--build-id", f"-I{ROOT}/sdk/include"]
    sources = [ROOT / "tests/fault/broken/broken.c", ROOT / "sdk/config/fill.c"]
    (directory / "exporters").mkdir()
    (directory / "processors").mkdir()
    subprocess.run(["cc", *flags, *map(str, sources), "-o", str(directory / "exporters/broken.so")], check=True)
    shutil.copy(directory / "exporters/broken.so", directory / "processors/broken.so")
    return directory


@pytest.fixture
def start(program, collectors, plugins):
    own = program.path.parent.parent / "lib/nacelle"

    def begin(how, queue=False, stall=0, **settings):
        exporter = {"how": how, "sending_queue": {"enabled": queue}, "retry_on_failure": {"enabled": False}, **settings}
        tree = config.tree(program, {"broken": exporter}, signals=["traces"])
        arguments = ["--plugin-dir", str(plugins), "--plugin-dir", str(own)]
        return collectors(tree, arguments=arguments, env={"NACELLE_STALL_SECONDS": str(stall)})

    return begin


def send(collector):
    with GrpcSender(collector.port("grpc")) as sender:
        sender.send(TRACES, small(TRACES, 3))


def end_of(collector):
    """Sends something to a collector that does not live to answer, and waits for its end."""

    def try_it():
        with contextlib.suppress(grpc.RpcError):
            send(collector)

    sender = threading.Thread(target=try_it)
    sender.start()
    code = collector.process.wait(DEADLINE_S)
    sender.join()
    return code


def test_a_second_completion_is_named_and_harmless(start):
    collector = start("completes_twice")
    for _ in range(3):
        send(collector)
    line = collector.wait_line(
        lambda line: line.fields.get("event") == "contract.completed_twice", "the line about the second completion"
    )
    assert line.level == "error"
    assert (line.fields["plugin"], line.fields["version"]) == ("acme-broken", "6.6.6")
    assert line.fields["otelcol.component.id"] == "broken"
    assert collector.stop() == 0


def test_a_call_that_is_never_completed_ends_at_the_deadline(start):
    collector = start("never_completes", timeout="200ms")
    with pytest.raises(grpc.RpcError) as refused:
        send(collector)
    assert refused.value.details() == "no answer before the deadline: exporter broken gave none"
    assert collector.stop() == 0


@pytest.mark.parametrize("how", ["blocks", "blocks_in_timer", "spins"])
def test_a_loop_that_stands_is_named_and_the_process_ends(start, how):
    collector = start(how, queue=True, stall=STALL_S)
    assert end_of(collector) == EXIT_FATAL
    said = collector.output()
    assert f"Error: ended, to be started again, since the loop has stood for {STALL_S} s: in" in said
    assert re.search(PLUGIN, said), said
    assert "while exporter broken was called" in said


def test_a_process_that_was_stopped_has_not_stood(start):
    collector = start("completes_twice", stall=STALL_S)
    send(collector)
    for _ in range(2):
        os.kill(collector.pid, signal.SIGSTOP)
        time.sleep(STALL_S + 1)
        os.kill(collector.pid, signal.SIGCONT)
    time.sleep(STALL_S)
    send(collector)
    assert collector.stop() == 0


CRASHES = {
    "writes_to_null": signal.SIGSEGV,
    "calls_null": signal.SIGSEGV,
    "crashes_in_libc": signal.SIGSEGV,
    "overflows": signal.SIGSEGV,
    "crashes_in_thread": signal.SIGSEGV,
    "executes_nothing": signal.SIGILL,
    "aborts": signal.SIGABRT,
}


@pytest.mark.parametrize("how", CRASHES)
def test_a_crash_names_the_plugin_and_dies_of_the_same_signal(program, start, how):
    if program.is_sanitized:
        pytest.skip("the sanitizer says it itself")
    collector = start(how, queue=True)
    assert end_of(collector) == -CRASHES[how]
    lines = [line for line in collector.output().splitlines() if "Error: crashed:" in line]
    assert len(lines) == 1, collector.output()
    assert lines[0].startswith(f"Error: crashed: {CRASHES[how].name}"), lines[0]
    assert re.search(PLUGIN, lines[0]), lines[0]
    where = "on another thread than the loop's" if how == "crashes_in_thread" else "while exporter broken was called"
    assert where in lines[0]


def test_a_crash_that_comes_from_outside_is_no_plugins(program, start):
    if program.is_sanitized:
        pytest.skip("the sanitizer says it itself")
    collector = start("completes_twice")
    os.kill(collector.pid, signal.SIGSEGV)
    assert collector.process.wait(DEADLINE_S) == -signal.SIGSEGV
    assert "Error: crashed: SIGSEGV in" in collector.output()
