# SPDX-License-Identifier: Apache-2.0
"""Asking the running process: status, log-level and tap through its control socket."""

import json
import os
import re
import subprocess
import threading
import time

import pytest

from e2e import command, config, otlp_json
from e2e.route import Route
from e2e.samples import small
from e2e.signals import LOGS, TRACES

pytestmark = [pytest.mark.process, pytest.mark.grpc, pytest.mark.go_differs("cannot be asked")]
DEADLINE_S = 30


@pytest.fixture
def running(program, collectors, tmp_path):
    """A collector with a batch processor and a debug exporter, and where its socket is."""
    path = tmp_path / "control.sock"
    processors = {"batch": {"timeout": "10ms"}}
    tree = config.tree(program, {"debug": {"verbosity": "basic"}}, processors=processors, signals=["traces", "logs"])
    collector = collectors(tree, arguments=["--control-socket", str(path)])
    collector.control = path
    return collector


def ask(collector, *arguments, **options):
    return command.good(collector.program, *arguments, "--control-socket", collector.control, **options)


def refuse(collector, *arguments, **options):
    return command.bad(collector.program, *arguments, "--control-socket", collector.control, **options)


def send(collector, count=1, signal=TRACES):
    requests = [small(signal) for _ in range(count)]
    with Route(collector, None).sender("grpc") as sender:
        for request in requests:
            sender.send(signal, request)
    return requests


def wait_for(condition, what):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not seen in {DEADLINE_S} s"
        time.sleep(0.02)


def test_status_shows_what_went_through(running):
    send(running, 3)
    running.wait_debug_items(TRACES, 3)
    status = json.loads(ask(running, "status", "--format", "json"))
    assert status["state"] == "ready" and status["pid"] == running.pid
    assert status["pipelines"][0] == {
        "id": "traces", "receivers": ["otlp"], "processors": ["batch"], "exporters": ["debug"],
    }  # fmt: skip
    by_id = {(each["kind"], each.get("signal", each.get("pipeline", ""))): each for each in status["components"]}
    assert by_id["receiver", ""]["in_items"] == 3
    exporter = by_id["exporter", "traces"]
    assert (exporter["status"], exporter["out_items"], exporter["failed_items"]) == ("ok", 3, 0)
    assert status["delivered_items"] == 3 and status["dropped_items"] == 0 and status["dropped"] == []


def test_status_is_a_table_for_people(running):
    text = ask(running, "status")
    assert re.search(rf"^nacelle 0\.\S+, pid {running.pid}: ready, up \d", text)
    assert "\n  traces: otlp -> batch -> debug\n" in text
    assert re.search(r"\n  COMPONENT +STATUS +IN +OUT +FAILED +QUEUE\n  receiver otlp +ok +0 +0 +0\n", text)


def test_status_tells_what_fails_and_what_was_dropped(program, collectors, tmp_path):
    settings = {"endpoint": "http://127.0.0.1:9", "retry_on_failure": {"enabled": False}}
    tree = config.tree(program, {"otlp_http": settings}, signals=["traces"])
    collector = collectors(tree, arguments=["--control-socket", str(tmp_path / "s")])
    collector.control = tmp_path / "s"
    send(collector)
    wait_for(lambda: json.loads(ask(collector, "status", "--format=json"))["dropped_items"] == 1, "a drop")
    status = json.loads(ask(collector, "status", "--format=json"))
    assert [(each["component"], each["items"]) for each in status["dropped"]] == [("otlp_http", 1)]
    text = ask(collector, "status")
    assert "\nDROPPED\n  1 items:" in text and "component=otlp_http" in text


def test_no_answer_shows_a_secret(program, collectors, tmp_path):
    canary = "c4n4ry-s3cr3t"
    settings = {
        "endpoint": f"http://user:{canary}@127.0.0.1:9/path?token={canary}",
        "headers": {"authorization": f"Bearer {canary}"},
        "retry_on_failure": {"enabled": False},
    }
    tree = config.tree(program, {"otlp_http": settings}, signals=["traces"])
    tree["service"]["telemetry"]["logs"] = {"level": "debug"}
    collector = collectors(tree, arguments=["--control-socket", str(tmp_path / "s")])
    collector.control = tmp_path / "s"
    send(collector)
    wait_for(lambda: json.loads(ask(collector, "status", "--format=json"))["dropped_items"] == 1, "a drop")
    for arguments in (["status"], ["status", "--format=json"], ["log-level", "info"]):
        assert canary not in ask(collector, *arguments)
    assert canary not in refuse(collector, "tap", "metrics")
    collector.stop()
    assert canary not in collector.output()


def test_the_level_of_the_log_changes_at_once(running):
    assert ask(running, "log-level") == "info\n"
    assert ask(running, "log-level", "error") == "info -> error\n"
    running.wait_line(lambda line: line.fields.get("event") == "log.level", "the change in the log")
    before = len(running.lines)
    assert ask(running, "log-level", "debug") == "error -> debug\n"
    assert ask(running, "log-level") == "debug\n"
    running.wait_line(lambda line: line.fields.get("to") == "debug", "the second change")
    assert len(running.lines) > before
    assert "debug, info, warn and error" in refuse(running, "log-level", "loud")


class Tap:
    """`nacelle tap` while it runs."""

    def __init__(self, collector, *arguments):
        self.process = subprocess.Popen(
            [collector.program.path, "tap", *arguments, "--control-socket", collector.control],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.lines, self.said = [], []
        self.readers = [
            threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True),
            threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True),
        ]
        for reader in self.readers:
            reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join(DEADLINE_S)

    def wait_exit(self):
        code = self.process.wait(DEADLINE_S)
        for reader in self.readers:
            reader.join(DEADLINE_S)
        return code


def tapped(collector, tap, enough, signal=TRACES):
    """Sends until the tap has seen enough: when it began nobody can tell. Returns what was sent."""
    requests = []

    def sent():
        requests.extend(send(collector, 1, signal))
        return enough()

    wait_for(sent, "what was sent in the tap")
    return requests


def test_tap_shows_what_goes_by_as_otlp_json(running):
    with Tap(running, "traces", "--count", "2") as tap:
        sent = tapped(running, tap, lambda: tap.process.poll() is not None)
        assert tap.wait_exit() == 0
    assert len(tap.lines) == 2
    by_span = {each.SerializeToString(): each for request in sent for _, _, each in TRACES.each_record(request)}
    for line in tap.lines:
        seen = otlp_json.parse(line, TRACES.request())
        spans = [span for _, _, span in TRACES.each_record(seen)]
        assert spans and all(span.SerializeToString() in by_span for span in spans), line


@pytest.mark.parametrize("component", ["otlp", "batch", "debug"])
def test_tap_shows_one_place_of_a_pipeline(running, component):
    with Tap(running, "logs", "--component", component, "--count", "1", "--format", "summary") as tap:
        send(running, 1, TRACES)
        tapped(running, tap, lambda: tap.process.poll() is not None, LOGS)
        assert tap.wait_exit() == 0
        assert re.fullmatch(r"\S+Z logs: \d+ log_records, \d+ bytes\n", tap.lines[0])


def test_tap_says_what_there_is(running):
    assert "the pipelines are traces, logs" in refuse(running, "tap", "metrics")
    assert 'has no component "nop"' in refuse(running, "tap", "traces", "--component", "nop")


def test_tap_ends_with_the_collector(running):
    with Tap(running, "traces") as tap:
        tapped(running, tap, lambda: tap.lines)
        running.stop()
        assert tap.wait_exit() == 0
    with Tap(running, "traces", "--count", "1") as tap:
        assert tap.wait_exit() == 1


def test_a_tap_that_is_not_read_takes_nothing_from_the_pipeline(running, program):
    """Its reader stops; everything is delivered all the same, and the tap counts what it did not show."""
    with Tap(running, "traces") as tap:
        tapped(running, tap, lambda: tap.lines)
        tap.process.send_signal(19)  # SIGSTOP
        before = running.debug_items(TRACES)
        load, count = small(TRACES, 200), 300
        with Route(running, None).sender("grpc") as sender:
            for _ in range(count):
                sender.send(TRACES, load)
        running.wait_debug_items(TRACES, before + 200 * count)
        status = json.loads(ask(running, "status", "--format=json"))
        assert status["dropped_items"] == 0
        tap.process.send_signal(18)  # SIGCONT
        tapped(running, tap, lambda: any("not shown so far" in line for line in tap.said))


def test_it_is_found_without_its_path(program, collectors, tmp_path):
    env = {"XDG_RUNTIME_DIR": str(tmp_path)}
    collector = collectors(config.tree(program, {"debug": None}), env=env)
    arguments = ["log-level", "--pid", collector.pid]  # other collectors may run on this machine
    assert command.good(program, *arguments, env=env) == "info\n"
    assert (tmp_path / "nacelle" / f"{collector.pid}.sock").is_socket()
    collector.stop()
    assert not (tmp_path / "nacelle").exists()
    assert f"process {collector.pid} has no control socket in" in command.bad(program, *arguments, env=env)


def test_nobody_to_ask_is_an_error_that_says_what_was_tried(program, tmp_path):
    assert "no collector listens there" in command.bad(program, "status", "--control-socket", tmp_path / "x")
    assert "there is nobody to ask" in command.bad(program, "status", "--control-socket", "none")


def test_without_a_socket_or_a_place_for_one_it_runs_all_the_same(program, collectors, tmp_path):
    env = {"XDG_RUNTIME_DIR": str(tmp_path)}
    collector = collectors(config.tree(program, {"debug": None}), arguments=["--control-socket", "none"], env=env)
    assert not list(tmp_path.glob("nacelle/*"))
    other = collectors(
        config.tree(program, {"debug": None}), arguments=["--control-socket", str(tmp_path / "no" / "such" / "dir")]
    )
    other.wait_line(lambda line: line.fields.get("event") == "control.unavailable", "that there is no control socket")
    send(other)
    other.wait_debug_items(TRACES, 1)
    assert collector.process.poll() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_may_not_ask(running, program, tmp_path):
    os.chmod(running.control, 0o777)  # as if the permissions were wrong: the kernel still says who it is
    for directory in [tmp_path, *tmp_path.parents]:
        if directory.stat().st_mode & 0o001 == 0:
            os.chmod(directory, directory.stat().st_mode | 0o001)
    result = subprocess.run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
         program.path, "status", "--control-socket", running.control],
        capture_output=True, text=True, timeout=DEADLINE_S,
    )  # fmt: skip
    assert result.returncode == 1
    assert "nacelle 0." not in result.stdout


READ_ONLY = """
set -e
mount -t tmpfs -o ro none /run
mount --bind "$1" /mnt
mount -t tmpfs -o ro none /tmp
mount -t tmpfs none /dev/shm
user="setpriv --pdeathsig KILL --reuid 4317 --regid 4317 --clear-groups"
config='receivers: {nop: }
exporters: {nop: }
service: {telemetry: {metrics: {level: none}}, pipelines: {traces: {receivers: [nop], exporters: [nop]}}}'
$user "/mnt/$2" --config "yaml:$config" 2>/dev/shm/log &
pid=$!
while ! grep -q 'Everything is ready' /dev/shm/log; do kill -0 $pid; sleep 0.05; done
"/mnt/$2" status --pid $pid
$user "/mnt/$2" log-level --pid $pid
kill $pid
wait $pid
ls /dev/shm
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_it_works_where_only_dev_shm_can_be_written(program):
    """A container with a read-only root and without a /tmp, asked by its user and, as ECS Exec does it, by root."""
    prefix = program.path.parent.parent
    unshare = ["unshare", "--mount", "bash", "-c"]
    if subprocess.run([*unshare, "mount -t tmpfs none /mnt"], capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    result = subprocess.run(
        [*unshare, READ_ONLY, "bash", prefix, program.path.relative_to(prefix)],
        capture_output=True, text=True, timeout=DEADLINE_S, env={**os.environ, "XDG_RUNTIME_DIR": ""},
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    assert re.match(r"nacelle 0\.\S+, pid \d+: ready", lines[0])
    assert lines[-2:] == ["info", "log"], "the level, and no socket left behind"
