# SPDX-License-Identifier: Apache-2.0
"""The process: its start and readiness, where its config comes from, how it stops, what it says when it cannot run."""

import signal as signals
import socket
import threading
import time

import grpc
import pytest
import yaml

from e2e import compare, config
from e2e.answers import Answer
from e2e.collector import READY
from e2e.samples import small
from e2e.senders import GrpcSender
from e2e.signals import TRACES

pytestmark = [pytest.mark.process, pytest.mark.grpc]
NEVER = "300s"


def send(collector, request, component="otlp"):
    with GrpcSender(collector.port("grpc", component)) as sender:
        sender.send(TRACES, request)


def test_it_says_where_it_listens_and_that_it_is_ready(program, collectors):
    collector = collectors(config.tree(program, {"debug": None}))
    line = collector.wait_line(lambda line: line.message == READY, READY)
    assert line.level == "info"
    serving = [at for at, line in enumerate(collector.lines) if line.message == "Starting GRPC server"]
    ready = [at for at, line in enumerate(collector.lines) if line.message == READY]
    assert serving and serving[-1] < ready[0], "it was ready before it listened"
    send(collector, small(TRACES))
    collector.wait_debug_items(TRACES, 1)


@pytest.mark.parametrize("number", [signals.SIGTERM, signals.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_it_with_0(program, collectors, number):
    collector = collectors(config.tree(program, {"debug": None}))
    collector.signal(number)
    assert collector.wait_exit() == 0


def test_it_starts_again_on_the_same_port_at_once(program, collectors):
    tree = config.tree(program, {"debug": None})
    first = collectors(tree)
    send(first, small(TRACES))
    endpoint = f"127.0.0.1:{first.port('grpc')}"
    first.stop()
    tree["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"] = endpoint
    send(collectors(tree), small(TRACES))


# ---- Where the config comes from


def test_config_from_an_environment_variable(program, collectors):
    """As an ECS task gets it: --config env:NAME."""
    text = yaml.safe_dump(config.tree(program, {"debug": None}))
    collector = collectors(arguments=["--config", "env:COLLECTOR_CONFIG"], env={"COLLECTOR_CONFIG": text})
    send(collector, small(TRACES))
    collector.wait_debug_items(TRACES, 1)


def test_config_from_the_command_line(program, collectors):
    text = yaml.safe_dump(config.tree(program, {"debug": None}), default_flow_style=True)
    send(collectors(arguments=["--config", f"yaml:{text}"]), small(TRACES))


def test_config_by_key_paths_on_the_command_line(program, collectors):
    """`yaml:a::b: v`, on top of a file."""
    tree = config.tree(program, {"debug": None})
    collector = collectors(tree, arguments=["--config", "yaml:exporters::debug::verbosity: detailed"])
    send(collector, small(TRACES))
    collector.wait_line("0000000000000000", "the ids of a span, which only detailed shows")


def test_config_from_a_file_with_and_without_its_scheme(program, collectors, tmp_path):
    path = tmp_path / "a file.yaml"
    path.write_text(yaml.safe_dump(config.tree(program, {"debug": None})))
    for argument in (f"file:{path}", str(path)):
        collectors(arguments=["--config", argument]).stop()
    collectors(arguments=[f"--config={path}"]).stop()


def test_several_configs_are_merged(program, collectors, tmp_path):
    """Maps merge deeply, lists and scalars are replaced by the later one."""
    tree = config.tree(program, {"debug": None, "nop": None}, signals=["traces"])
    tree["service"]["pipelines"]["traces"]["exporters"] = ["nop"]
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(yaml.safe_dump(tree))
    second.write_text("service: {pipelines: {traces: {exporters: [debug]}}}\n")
    collector = collectors(arguments=["--config", str(first), "--config", str(second)])
    send(collector, small(TRACES, 5))
    collector.wait_debug_items(TRACES, 5)


def test_values_from_the_environment(program, collectors, sink):
    """${env:NAME}, ${env:NAME:-default} and $$, alone and inside a longer value."""
    exporter = config.otlp_http(sink)
    exporter["otlp_http"]["endpoint"] = "http://${env:SINK_HOST:-127.0.0.1}:${env:SINK_PORT}"
    exporter["otlp_http"]["headers"] = {
        "x-default": "${env:NOT_SET:-the default}",
        "x-set": "${env:SET}",
        "x-dollar": "$$5",
        "x-literal": "$${SET}",
        "x-number": "${env:NUMBER}",
    }
    env = {"SINK_PORT": str(sink.http_port), "SET": "a value", "NUMBER": "0123"}
    collector = collectors(config.tree(program, exporter), env=env)
    send(collector, small(TRACES))
    sink.wait_items(TRACES, 1)
    headers = sink.requests[0].headers
    assert headers["x-default"] == "the default"
    assert headers["x-set"] == "a value"
    assert headers["x-dollar"] == "$5"
    assert headers["x-literal"] == "${SET}"
    assert headers["x-number"] == "0123"


def test_a_reference_without_a_scheme_is_the_environment(program, collectors):
    tree = config.tree(program, {"debug": {"verbosity": "${VERBOSITY}"}})
    collector = collectors(tree, env={"VERBOSITY": "detailed"}, ready=False)
    if program.is_go and "file:VERBOSITY" in collector.wait_output():
        collector.wait_exit()
        pytest.skip("Go collector: built with another default scheme than env")
    collector.wait_ready()
    send(collector, small(TRACES))
    collector.wait_line("0000000000000000", "the ids of a span, which only detailed shows")


# ---- What it says when it cannot run


def refuse(collectors, *says, **options):
    """It must end with 1 and an `Error:` that says these things."""
    collector = collectors(ready=False, **options)
    code = collector.wait_exit()
    assert code == 1, collector.output()
    assert "Error:" in collector.output(), collector.output()
    for text in says:
        assert text in collector.output(), f"{text!r} is not in:\n{collector.output()}"
    return collector.output()


def test_no_config(collectors):
    refuse(collectors)


def test_a_file_that_is_not_there(collectors, tmp_path):
    refuse(collectors, "nowhere.yaml", arguments=["--config", str(tmp_path / "nowhere.yaml")])


def test_an_unknown_flag(collectors):
    refuse(collectors, "--no-such-flag", arguments=["--no-such-flag"])


def test_text_that_is_no_yaml(collectors, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("receivers: {otlp: [\n")
    refuse(collectors, arguments=["--config", str(path)])


WRONG = {
    "an unknown key": ("exporters", {"debug": {"verbosty": "basic"}}, ["verbosty"]),
    "an unknown value": ("exporters", {"debug": {"verbosity": "loud"}}, ["loud"]),
    "an unknown component": ("exporters", {"debgu": None}, ["debgu"]),
    "an unknown receiver": ("receivers", {"oltp": None}, ["oltp"]),
    "a value of another type": ("receivers", {"otlp": {"protocols": {"grpc": {"max_recv_msg_size_mib": "x"}}}}, []),
    "a pipeline without exporters": ("service", {"pipelines": {"traces": {"receivers": ["otlp"]}}}, ["exporter"]),
    "a pipeline without receivers": ("service", {"pipelines": {"traces": {"exporters": ["debug"]}}}, ["receiver"]),
    "an exporter that is not configured": (
        "service",
        {"pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["missing"]}}},
        ["missing"],
    ),
    "an unknown signal": (
        "service",
        {"pipelines": {"spans": {"receivers": ["otlp"], "exporters": ["debug"]}}},
        ["spans"],
    ),
}


@pytest.mark.parametrize("section, content, says", WRONG.values(), ids=WRONG)
def test_a_wrong_config(program, collectors, section, content, says):
    tree = config.tree(program, {"debug": None})
    tree[section] = content
    refuse(collectors, *says, config=tree)


@pytest.mark.go_differs("stops at the first error and gives no place")
def test_every_error_of_a_config_at_once_with_its_place(collectors, tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(
        "receivers:\n"
        "  otlp:\n"
        "    protocols:\n"
        "      grpc:\n"
        "        endpont: 127.0.0.1:0\n"
        "exporters:\n"
        "  debug:\n"
        "    verbosity: loud\n"
        "service:\n"
        "  pipelines:\n"
        "    traces: {receivers: [otlp], exporters: [debug, missing]}\n"
    )
    said = refuse(collectors, arguments=["--config", str(path)])
    for place in (5, 8, 11):
        assert f"wrong.yaml:{place}:" in said, said
    assert "endpoint" in said, "no suggestion for a near miss"


def test_a_port_that_is_taken(program, collectors):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        tree = config.tree(program, {"debug": None})
        tree["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"] = endpoint
        refuse(collectors, endpoint, config=tree)


# ---- How it stops


class Load:
    """Clients that send one span a request until they are told to stop, and note what was acknowledged."""

    def __init__(self, collector, clients=4):
        self.acknowledged, self._lock, self._over = [], threading.Lock(), threading.Event()
        self._port = collector.port("grpc")
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        with GrpcSender(self._port) as sender:
            while not self._over.is_set():
                request = small(TRACES)
                try:
                    sender.send(TRACES, request)
                except grpc.RpcError:
                    if self._over.wait(0.01):
                        return
                    continue
                with self._lock:
                    self.acknowledged.append(request)

    def stop(self):
        self._over.set()
        for thread in self._threads:
            thread.join(20)
        return self.acknowledged


@pytest.mark.export
@pytest.mark.parametrize("exporter", [config.otlp_http, config.otlp_grpc], ids=["otlp_http", "otlp_grpc"])
def test_what_waits_in_a_batch_is_sent_before_the_end(program, collectors, sink, exporter):
    processors = {"batch": {"timeout": NEVER, "send_batch_size": 1_000_000}}
    collector = collectors(config.tree(program, exporter(sink), processors=processors))
    requests = [small(TRACES, 10) for _ in range(20)]
    for request in requests:
        send(collector, request)
    assert sink.items(TRACES) == 0
    collector.stop()
    compare.assert_same_items(TRACES, requests, sink.messages(TRACES), program.keeps)


@pytest.mark.export
@pytest.mark.parametrize("batched", [False, True], ids=["direct", "batched"])
def test_all_that_was_acknowledged_under_load_arrives(program, collectors, sink, batched):
    """SIGTERM in the middle of the traffic, with a slow backend."""
    processors = {"batch": {"timeout": "100ms"}} if batched else None
    collector = collectors(config.tree(program, config.otlp_http(sink), processors=processors))
    sink.answer_always(Answer(delay_s=0.01))
    load = Load(collector)
    sink.wait_items(TRACES, 20)
    collector.signal()
    assert collector.wait_exit() == 0
    acknowledged = load.stop()
    arrived = sink.messages(TRACES)
    assert len(acknowledged) >= 20
    sent, _ = compare.flatten(TRACES, map(program.keeps, acknowledged))
    got, _ = compare.flatten(TRACES, map(program.keeps, arrived))
    lost = sent - got
    assert not lost, f"{lost.total()} of {sent.total()} acknowledged spans are lost"


@pytest.mark.export
@pytest.mark.go_differs("ignores a second signal")
@pytest.mark.parametrize("number", [signals.SIGTERM, signals.SIGINT], ids=lambda number: number.name)
def test_a_second_signal_ends_it_at_once(program, collectors, sink, number):
    """While it waits for a backend that hangs, far from its deadline."""
    collector = collectors(config.tree(program, config.otlp_http(sink)))
    sink.answer_always(Answer(delay_s=60))
    send(collector, small(TRACES))
    collector.signal(number)
    time.sleep(0.5)
    assert collector.process.poll() is None, "it did not wait for the backend: nothing to end"
    collector.signal(number)
    collector.wait_exit(5)
    sink.answer_always(Answer())


@pytest.mark.go_differs("waits for connections that never began HTTP/2")
def test_clients_that_stay_connected_do_not_hold_it(program, collectors):
    collector = collectors(config.tree(program, {"debug": None}))
    idle = [socket.create_connection(("127.0.0.1", port)) for port in collector.ports.values() for _ in range(3)]
    with GrpcSender(collector.port("grpc")) as sender:
        sender.send(TRACES, small(TRACES))
        collector.stop()
    for connection in idle:
        connection.close()
