# SPDX-License-Identifier: Apache-2.0
"""A new config is taken while the collector runs: what changes, what stays, what a mistake does, and what becomes of
connections, queues and batches meanwhile."""

import copy
import os
import signal as signals
import socket
import threading
import time

import grpc
import pytest
import yaml

from e2e import compare, config
from e2e.answers import Answer
from e2e.samples import small
from e2e.senders import GrpcSender, HttpSender
from e2e.signals import LOGS, METRICS, TRACES
from e2e.sink import Sink

pytestmark = [pytest.mark.process, pytest.mark.grpc, pytest.mark.go_differs("stops everything before it reads")]
NEVER = "300s"
WAIT_S = 20
RELOAD_EVENTS = ("reload.taken", "reload.refused")


def event(line):
    return line.fields.get("event")


class Reloading:
    """A collector and the config tree that it has."""

    def __init__(self, collector, tree):
        self.collector, self.tree = collector, tree
        self._seen = 0

    def write(self, tree):
        """At once, so that a reload under way does not read a half of it."""
        fresh = self.collector.config_file.with_suffix(".new")
        fresh.write_text(tree if isinstance(tree, str) else yaml.safe_dump(tree, sort_keys=False))
        fresh.rename(self.collector.config_file)

    def ended(self):
        """The next line that says how a reload ended."""
        self._seen += 1
        lines = lambda: [line for line in list(self.collector.lines) if event(line) in RELOAD_EVENTS]
        self.collector.wait_line(lambda line: len(lines()) >= self._seen, f"the end of reload {self._seen}", WAIT_S)
        return lines()[self._seen - 1]

    def reload(self, tree):
        self.write(tree)
        self.collector.signal(signals.SIGHUP)
        return self.ended()

    def take(self, tree=None, **counts):
        """Has the tree taken; `counts` are what the log must say of components."""
        if tree is not None:
            self.tree = tree
        line = self.reload(self.tree)
        assert event(line) == "reload.taken", self.collector.tail()
        for name, count in counts.items():
            assert line.fields[name] == count, line.text
        return line

    def refuse(self, tree, *says):
        """Must not be taken, for these reasons; the config in force stays the tree's."""
        before = len(self.collector.lines)
        line = self.reload(tree)
        assert event(line) == "reload.refused", self.collector.tail()
        said = "\n".join(line.text for line in self.collector.lines[before:])
        for text in says:
            assert text in said, f"{text!r} is not in:\n{said}"
        return line

    def changed(self, change):
        """A copy of the tree with something done to it."""
        tree = copy.deepcopy(self.tree)
        change(tree)
        return tree


@pytest.fixture
def reloading(program, collectors):
    """reloading(exporters, **parts) -> Reloading, with what config.tree makes of that."""

    def start(exporters, arguments=None, env=None, **parts):
        tree = config.tree(program, exporters, **parts)
        return Reloading(collectors(copy.deepcopy(tree), arguments=arguments, env=env), tree)

    return start


def send(collector, request, signal=TRACES, component="otlp"):
    with GrpcSender(collector.port("grpc", component)) as sender:
        sender.send(signal, request)


def descriptors(collector):
    return len(os.listdir(f"/proc/{collector.pid}/fd"))


def resident_kib(collector):
    with open(f"/proc/{collector.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def wait_until(holds, what, timeout_s=WAIT_S):
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)


# ---- What stays


def test_an_equal_config_touches_nothing(reloading):
    r = reloading({"debug": None}, processors={"batch": None})
    port = r.collector.port("grpc")
    with GrpcSender(port) as sender, HttpSender(r.collector.port("http")) as http:
        sender.send(TRACES, small(TRACES))
        http.send(TRACES, small(TRACES))
        before = http._connection.sock.getsockname()
        for _ in range(3):
            r.take(changed=0, added=0, removed=0)
            sender.send(TRACES, small(TRACES))
            http.send(TRACES, small(TRACES))
        assert http._connection.sock.getsockname() == before, "the connection was not kept"
    r.collector.wait_debug_items(TRACES, 8)
    assert r.collector.port("grpc") == port


def test_connections_stay_while_all_behind_the_receiver_changes(reloading, sink):
    r = reloading(config.otlp_http(sink), processors={"batch": {"timeout": "50ms"}})
    requests = [small(TRACES, 3) for _ in range(3)]
    with HttpSender(r.collector.port("http")) as http:
        http.send(TRACES, requests[0])
        before = http._connection.sock.getsockname()
        r.tree["exporters"]["otlp_http"]["headers"] = {"x-changed": "yes"}
        r.tree["processors"]["batch"]["timeout"] = "60ms"
        r.take(changed=6)  # one exporter and one processor a signal
        http.send(TRACES, requests[1])
        r.tree["exporters"]["debug"] = None
        r.tree["service"]["pipelines"]["traces"]["exporters"].append("debug")
        r.take()
        http.send(TRACES, requests[2])
        assert http._connection.sock.getsockname() == before
    sink.wait_items(TRACES, 9)
    compare.assert_same_items(TRACES, requests, sink.messages(TRACES))
    assert sink.requests[-1].headers["x-changed"] == "yes"


# ---- What changes


def add_processor(tree):
    tree["processors"] = {"batch/2": {"timeout": "10ms"}}
    tree["service"]["pipelines"]["traces"]["processors"] = ["batch/2"]


def add_pipeline(tree):
    tree["service"]["pipelines"]["traces/2"] = {"receivers": ["otlp"], "exporters": ["debug"]}


def add_connector(tree):
    tree["connectors"] = {"forward": None}
    tree["service"]["pipelines"]["traces"]["exporters"] = ["forward"]
    tree["service"]["pipelines"]["traces/2"] = {"receivers": ["forward"], "exporters": ["debug"]}


def add_extension(tree):
    tree["extensions"] = {"health_check": {"endpoint": "127.0.0.1:0"}}
    tree["service"]["extensions"] = ["health_check"]


def add_limiter(tree):
    tree["processors"] = {"memory_limiter": {"check_interval": "1s", "limit_mib": 4000}}
    for pipeline in tree["service"]["pipelines"].values():
        pipeline["processors"] = ["memory_limiter"]


def add_receiver(tree):
    tree["receivers"]["otlp/2"] = {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}}
    tree["service"]["pipelines"]["traces"]["receivers"].append("otlp/2")


CHANGES = {
    "a processor": (add_processor, 1),
    "a pipeline": (add_pipeline, 2),
    "a connector": (add_connector, 1),
    "an extension": (add_extension, 1),
    "a shared processor": (add_limiter, 1),
    "a receiver": (add_receiver, 1),
}


@pytest.mark.parametrize("change, shown", CHANGES.values(), ids=CHANGES)
def test_what_is_added_works_and_can_be_taken_out_again(reloading, change, shown):
    r = reloading({"debug": None})
    before = r.tree
    with GrpcSender(r.collector.port("grpc")) as sender:
        for _ in range(2):
            sender.send(TRACES, small(TRACES))
            r.take(r.changed(change), removed=0)
            sender.send(TRACES, small(TRACES, 10))
            r.take(before, added=0)
        sender.send(TRACES, small(TRACES))
    r.collector.wait_debug_items(TRACES, 2 * (1 + 10 * shown) + 1)


def test_a_pipeline_of_another_signal_is_added_and_removed(reloading):
    """The receiver learns what signals are taken when it is made: it is exchanged, and keeps its port."""
    r = reloading({"debug": None}, signals=["traces"])
    port = r.collector.port("grpc")
    with pytest.raises(grpc.RpcError):
        send(r.collector, small(LOGS), LOGS)
    before = r.tree
    r.take(r.changed(lambda tree: tree["service"]["pipelines"].update(logs=tree["service"]["pipelines"]["traces"])))
    assert r.collector.port("grpc") == port
    send(r.collector, small(LOGS), LOGS)
    send(r.collector, small(TRACES))
    r.collector.wait_debug_items(LOGS, 1)
    r.take(before)
    assert r.collector.port("grpc") == port
    with pytest.raises(grpc.RpcError):
        send(r.collector, small(LOGS), LOGS)
    send(r.collector, small(TRACES))
    r.collector.wait_debug_items(TRACES, 2)


def test_the_logs_of_the_collector_change_too(reloading):
    r = reloading({"debug": None})
    r.tree["service"]["telemetry"]["logs"] = {"encoding": "json"}
    r.write(r.tree)
    r.collector.signal(signals.SIGHUP)
    r.collector.wait_line(r'^\{.*"event":"reload.taken"', "the end of the reload as JSON")
    r.tree["service"]["telemetry"]["logs"] = {"encoding": "console", "level": "debug"}
    r.take(changed=0)
    assert r.refuse(r.changed(lambda tree: tree["service"]["telemetry"]["logs"].update(level="loud")), "logs.level")
    nowhere = {"output_paths": ["/nowhere/at/all.log"]}
    assert r.refuse(r.changed(lambda tree: tree["service"]["telemetry"]["logs"].update(nowhere)), "/nowhere/at/all.log")


# ---- Mistakes


def test_mistakes_are_all_said_and_change_nothing(reloading):
    r = reloading({"debug": None}, processors={"batch": {"timeout": "10ms"}})
    bad = r.changed(lambda tree: tree["receivers"]["otlp"]["protocols"]["grpc"].update(endpont="x"))
    bad["exporters"]["debug"] = {"verbosity": "loud"}
    bad["service"]["pipelines"]["logs"]["exporters"] = ["nowhere"]
    line = r.refuse(bad, "endpont", "verbosity", "nowhere", "reload.diagnostic")
    assert line.fields["reload_failures"] == 1
    places = [line.fields["config.place"] for line in r.collector.lines if event(line) == "reload.diagnostic"]
    assert len(places) >= 3 and all(str(r.collector.config_file) in place for place in places), places
    send(r.collector, small(TRACES))
    r.collector.wait_debug_items(TRACES, 1)
    r.take(changed=0, added=0, removed=0)


BAD = {
    "no YAML": ("receivers: {otlp: [\n", "reload.diagnostic"),
    "nothing": ("", "no config"),
    "an unknown component": (
        "receivers: {otlp: {protocols: {grpc: }}}\nexporters: {nope: }\n"
        "service: {pipelines: {traces: {receivers: [otlp], exporters: [nope]}}}\n",
        "nope",
    ),
    "a list": ("- a\n- b\n", "reload.diagnostic"),
    "an unset variable as a number": (
        "receivers: {otlp: {protocols: {grpc: {max_recv_msg_size_mib: x}}}}\nexporters: {debug: }\n"
        "service: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}\n",
        "max_recv_msg_size_mib",
    ),
}


@pytest.mark.parametrize("text, says", BAD.values(), ids=BAD)
def test_a_config_that_cannot_be_read(reloading, text, says):
    r = reloading({"debug": None})
    r.refuse(text, says)
    send(r.collector, small(TRACES))
    r.collector.wait_debug_items(TRACES, 1)
    r.take(changed=0)


def test_a_file_that_is_gone(reloading):
    r = reloading({"debug": None})
    r.collector.config_file.unlink()
    r.collector.signal(signals.SIGHUP)
    assert event(r.ended()) == "reload.refused"
    send(r.collector, small(TRACES))
    r.take(changed=0)


def test_no_secret_of_a_bad_config_is_said(reloading):
    r = reloading({"debug": None})
    bad = r.changed(lambda tree: tree["exporters"].update(otlp_http={"endpoint": "CANARY-1", "headers": "CANARY-2"}))
    bad["service"]["pipelines"]["traces"]["exporters"] = ["otlp_http"]
    r.refuse(bad, "otlp_http")
    assert "CANARY-2" not in r.collector.output()


def test_one_that_cannot_start_is_rolled_back(reloading, tmp_path):
    """A port that is taken, found when everything else has started: file and exporter come back."""
    written = tmp_path / "out.json"
    r = reloading({"debug": None, "file": {"path": str(written), "append": True}})
    send(r.collector, small(TRACES))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        bad = r.changed(lambda tree: tree["receivers"]["otlp"]["protocols"]["http"].update(endpoint=endpoint))
        bad["exporters"]["file"]["path"] = str(tmp_path / "other.json")
        bad["exporters"]["debug"] = {"verbosity": "detailed"}
        for _ in range(3):
            line = r.refuse(bad, endpoint)
            assert "receiver otlp could not be started" in line.fields["error"]
            send(r.collector, small(TRACES))
    wait_until(lambda: written.read_text().count("\n") == 4, "four records in the file")
    assert "0000000000000000" not in r.collector.output(), "the exporter of the bad config was used"
    send(r.collector, small(TRACES))
    r.take(changed=0)
    r.collector.wait_debug_items(TRACES, 5)


def test_a_file_that_cannot_be_opened_is_rolled_back(reloading, tmp_path):
    written = tmp_path / "out.json"
    r = reloading({"file": {"path": str(written)}})
    send(r.collector, small(TRACES))
    r.refuse(r.changed(lambda t: t["exporters"]["file"].update(path=str(tmp_path / "no/dir"), append=True)), "no/dir")
    send(r.collector, small(TRACES))
    wait_until(lambda: written.read_text().count("\n") >= 1, "a record after the roll-back")


def test_a_file_is_handed_over(reloading, tmp_path):
    """The new instance could not lock it while the old one has it."""
    written = tmp_path / "out.json"
    r = reloading({"file": {"path": str(written), "append": True}})
    requests = []
    for i in range(5):
        requests.append(small(TRACES, i + 1))
        send(r.collector, requests[-1])
        r.tree["exporters"]["file"]["flush_interval"] = f"{i + 1}s"
        r.take(changed=1)
    assert written.read_text().count("\n") == 5


# ---- What is held


def test_a_queue_outlasts_changes_of_others(reloading, sink):
    r = reloading(config.otlp_http(sink, retry_on_failure={"initial_interval": "1s", "max_interval": "1s"}),
                  processors={"batch": {"timeout": "10ms"}})
    sink.answer_always(Answer(http_status=503))
    requests = [small(TRACES, 2) for _ in range(20)]
    for request in requests:
        send(r.collector, request)
    sink.wait_requests(1)
    for i in range(3):
        r.tree["processors"]["batch"]["timeout"] = f"{20 + i}ms"
        r.take(changed=3)
    sink.answer_always(Answer())
    sink.wait_items(TRACES, 40)
    compare.assert_same_items(TRACES, requests, sink.messages(TRACES))


def test_a_queue_goes_to_the_backend_that_the_new_config_names(reloading, program):
    """The commonest reason for a reload: the endpoint was wrong."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        dead = nobody.getsockname()[1]
    r = reloading({"otlp_http": {"endpoint": f"http://127.0.0.1:{dead}"}})
    requests = [small(TRACES, 2) for _ in range(30)]
    for request in requests:
        send(r.collector, request)
    with Sink() as sink:
        r.tree["exporters"]["otlp_http"]["endpoint"] = sink.http_endpoint
        r.take(changed=3)
        sink.wait_items(TRACES, 60)
        compare.assert_same_items(TRACES, requests, sink.messages(TRACES))
        r.collector.stop()


def test_a_batch_that_is_removed_or_changed_hands_on_what_it_holds(reloading, sink):
    r = reloading(config.otlp_http(sink), processors={"batch": {"timeout": NEVER, "send_batch_size": 100000}})
    requests = [small(TRACES, 5) for _ in range(3)]
    send(r.collector, requests[0])
    r.tree["processors"]["batch"]["timeout"] = "200s"
    r.take(changed=3)
    sink.wait_items(TRACES, 5)
    send(r.collector, requests[1])
    del r.tree["processors"]
    for pipeline in r.tree["service"]["pipelines"].values():
        del pipeline["processors"]
    r.take(removed=3)
    sink.wait_items(TRACES, 10)
    send(r.collector, requests[2])
    sink.wait_items(TRACES, 15)
    compare.assert_same_items(TRACES, requests, sink.messages(TRACES))


def test_a_call_under_way_is_answered_by_the_old_pipeline(reloading, sink):
    r = reloading(config.otlp_http(sink, sending_queue={"enabled": False}))
    sink.answer_next(Answer(delay_s=1.5))
    failed = []

    def call():
        try:
            send(r.collector, small(TRACES, 4))
        except grpc.RpcError as error:
            failed.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    time.sleep(0.5)
    r.tree["exporters"]["otlp_http"]["headers"] = {"x": "y"}
    r.tree["receivers"]["otlp"]["protocols"]["http"]["max_request_body_size"] = 1000000
    r.take(changed=4)
    caller.join(WAIT_S)
    assert not failed and sink.items(TRACES) == 4, failed


# ---- A receiver that changes


def change_receiver(r, i):
    r.tree["receivers"]["otlp"]["protocols"]["grpc"]["max_recv_msg_size_mib"] = 4 + i % 7


def test_no_connection_is_refused_while_the_receiver_is_exchanged(reloading, sink):
    r = reloading(config.otlp_http(sink), processors={"batch": {"timeout": "100ms"}})
    port = r.collector.port("http")
    over, failed, sent = threading.Event(), [], []

    def connect():
        while not over.is_set():
            try:
                with HttpSender(port) as http:
                    http.send(TRACES, small(TRACES))
                    sent.append(1)
            except Exception as error:  # whatever it is, it must not be
                failed.append(error)

    clients = [threading.Thread(target=connect) for _ in range(4)]
    for client in clients:
        client.start()
    for i in range(1, 16):
        change_receiver(r, i)
        r.take(changed=1)
    over.set()
    for client in clients:
        client.join(WAIT_S)
    assert not failed, failed[:3]
    assert len(sent) > 15
    sink.wait_items(TRACES, len(sent))


def test_calls_go_on_while_the_receiver_is_exchanged(reloading, sink):
    r = reloading(config.otlp_http(sink), processors={"batch": {"timeout": "100ms"}})
    over, failed, sent = threading.Event(), [], []

    def call():
        with GrpcSender(r.collector.port("grpc"), options=[("grpc.enable_retries", 1)]) as sender:
            while not over.is_set():
                try:
                    sender.send(TRACES, small(TRACES))
                    sent.append(1)
                except grpc.RpcError as error:
                    failed.append(error)

    clients = [threading.Thread(target=call) for _ in range(4)]
    for client in clients:
        client.start()
    for i in range(1, 16):
        change_receiver(r, i)
        r.take(changed=1)
    over.set()
    for client in clients:
        client.join(WAIT_S)
    assert not failed, failed[:3]
    sink.wait_items(TRACES, len(sent))
    r.collector.stop()
    assert sink.items(TRACES) == len(sent)


def test_an_address_may_widen_to_all_addresses(reloading):
    r = reloading({"debug": None})
    port = r.collector.port("grpc")
    for host in ("127.0.0.1", "0.0.0.0", "127.0.0.1"):
        r.tree["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"] = f"{host}:{port}"
        r.take(changed=1)
        send(r.collector, small(TRACES))
    r.collector.wait_debug_items(TRACES, 3)


def test_receivers_may_exchange_their_ports(reloading):
    receivers = {
        "otlp/a": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}},
        "otlp/b": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}},
    }
    r = reloading({"debug": None}, receivers=receivers)
    a, b = (r.collector.port("grpc", name) for name in receivers)
    for first, second in ((b, a), (a, b)):
        r.tree["receivers"]["otlp/a"]["protocols"]["grpc"]["endpoint"] = f"127.0.0.1:{first}"
        r.tree["receivers"]["otlp/b"]["protocols"]["grpc"]["endpoint"] = f"127.0.0.1:{second}"
        r.take(changed=2)
        assert (r.collector.port("grpc", "otlp/a"), r.collector.port("grpc", "otlp/b")) == (first, second)
        for name in receivers:
            send(r.collector, small(TRACES), component=name)
    r.collector.wait_debug_items(TRACES, 4)


def test_a_removed_receiver_frees_its_port(reloading):
    r = reloading({"debug": None}, receivers={**config.otlp_receiver(), "otlp/2": config.otlp_receiver()["otlp"]})
    port = r.collector.port("grpc", "otlp/2")
    del r.tree["receivers"]["otlp/2"]
    for pipeline in r.tree["service"]["pipelines"].values():
        pipeline["receivers"] = ["otlp"]
    r.take(removed=1)

    def is_free():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    wait_until(is_free, "a free port")
    del r.collector.ports["otlp/2", "grpc"], r.collector.ports["otlp/2", "http"]


# ---- How it is asked for, and what is told


def test_many_signals_at_once_are_no_more_reloads_than_needed(reloading):
    r = reloading({"debug": None})
    for i in range(20):
        change_receiver(r, i)
        r.write(r.tree)
        r.collector.signal(signals.SIGHUP)
    wait_until(lambda: any(event(line) == "reload.taken" for line in r.collector.lines), "a reload")
    time.sleep(1)
    taken = sum(event(line) == "reload.taken" for line in r.collector.lines)
    assert 1 <= taken <= 20
    r._seen = taken
    r.take(changed=0)  # the last one written was read


def test_a_changed_file_is_read_without_a_signal(reloading):
    r = reloading({"debug": None}, arguments=["--watch-config"])
    for i in range(2):  # as editors write: a new file, renamed
        change_receiver(r, i + 1)
        r.write(r.tree)
        assert event(r.ended()) == "reload.taken"
    r.collector.config_file.write_text("no: config\n")  # as shells do
    assert event(r.ended()) == "reload.refused"
    r.collector.config_file.write_text(yaml.safe_dump(r.tree))
    assert r.ended().fields["changed"] == 0


def test_a_config_map_of_kubernetes_is_read_when_it_changes(program, collectors, tmp_path):
    """The file is a link over ..data, which is exchanged; a value comes from a file beside it."""
    tree = config.tree(program, {"debug": {"verbosity": f"${{file:{tmp_path}/mount/verbosity}}"}})
    mount = tmp_path / "mount"
    mount.mkdir()

    def publish(version, verbosity):
        (mount / version).mkdir()
        (mount / version / "config.yaml").write_text(yaml.safe_dump(tree))
        (mount / version / "verbosity").write_text(verbosity)
        (mount / "..data_tmp").symlink_to(version)
        (mount / "..data_tmp").rename(mount / "..data")

    publish("..1", "basic")
    for name in ("config.yaml", "verbosity"):
        (mount / name).symlink_to(f"..data/{name}")
    collector = collectors(arguments=["--watch-config", "--config", str(mount / "config.yaml")])
    r = Reloading(collector, tree)
    publish("..2", "detailed")
    assert r.ended().fields["changed"] == 3
    (mount / "..data" / "verbosity").write_text("loud")
    assert event(r.ended()) == "reload.refused"
    publish("..3", "basic")
    assert event(r.ended()) == "reload.taken"


class Manager:
    """What a service manager does with NOTIFY_SOCKET."""

    def __init__(self, path):
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(WAIT_S)

    def next(self):
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().splitlines())

    def close(self):
        self._socket.close()


def test_a_service_manager_is_told(reloading, tmp_path):
    manager = Manager(tmp_path / "notify")
    r = reloading({"debug": None}, env={"NOTIFY_SOCKET": manager.path})
    assert manager.next()["READY"] == "1"
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    r.take()
    told = manager.next()
    assert told["RELOADING"] == "1"
    assert before <= int(told["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert manager.next()["READY"] == "1"
    r.refuse("a: b\n")
    assert manager.next()["RELOADING"] == "1"
    told = manager.next()
    assert told["READY"] == "1" and "not taken" in told["STATUS"]
    r.collector.stop()
    assert manager.next()["STOPPING"] == "1"
    manager.close()


# ---- The end


def test_exit_codes(program, collectors, sink):
    """0 in order, also when something was lost, which the log says; 5 when it was not waited for; 1 is in test_process.py."""
    collectors(config.tree(program, {"debug": None})).stop(expect=0)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        dead = {"otlp_http": {"endpoint": f"http://127.0.0.1:{nobody.getsockname()[1]}", "timeout": "1s"}}
    lost = collectors(config.tree(program, dead), arguments=["--shutdown-timeout", "3s"])
    send(lost, small(TRACES))
    lost.stop(expect=0)
    assert lost.wait_line(r'"dropped_by_shutdown": 1\b', "what was lost").level == "warn"
    dropped = lost.wait_line(r'"event": "export.dropped"', "why it was lost")
    assert (dropped.level, dropped.fields["dropped_items"]) == ("error", 1)
    sink.answer_always(Answer(delay_s=30))
    forced = collectors(config.tree(program, config.otlp_http(sink)))
    send(forced, small(TRACES))
    forced.signal()
    time.sleep(0.3)
    forced.signal()
    assert forced.wait_exit(5) == 5
    sink.answer_always(Answer())


def test_it_may_be_ended_while_it_reloads(reloading, sink):
    r = reloading(config.otlp_http(sink), processors={"batch": {"timeout": "20ms"}})
    requests = [small(TRACES, 2) for _ in range(10)]
    for i, request in enumerate(requests):
        send(r.collector, request)
        change_receiver(r, i)
        r.tree["processors"]["batch"]["timeout"] = f"{30 + i}ms"
        r.write(r.tree)
        r.collector.signal(signals.SIGHUP)
    r.collector.signal()
    assert r.collector.wait_exit() == 0
    compare.assert_same_items(TRACES, requests, sink.messages(TRACES))


def test_reloads_leave_nothing_behind(reloading, sink):
    """Memory and descriptors, over good and bad configs, each of them with components that come and go."""
    r = reloading(config.otlp_http(sink), processors={"batch": {"timeout": "20ms"}})

    def round_of(i):
        change_receiver(r, i)
        r.tree["processors"]["batch"]["timeout"] = f"{20 + i % 5}ms"
        r.tree["exporters"]["otlp_http"]["timeout"] = f"{10 + i % 3}s"
        add_extension(r.tree)
        r.take()
        r.refuse(r.changed(lambda tree: tree["exporters"]["otlp_http"].update(nonsense=1)))
        send(r.collector, small(TRACES))
        del r.tree["extensions"], r.tree["service"]["extensions"]
        r.take()

    for i in range(15):
        round_of(i)
    sink.wait_items(TRACES, 15)
    wait_until(lambda: descriptors(r.collector) < 60, "descriptors of old connections")
    files, memory = descriptors(r.collector), resident_kib(r.collector)
    for i in range(60):
        round_of(i)
    sink.wait_items(TRACES, 75)
    wait_until(lambda: descriptors(r.collector) <= files, f"no more than {files} descriptors")
    grown = resident_kib(r.collector) - memory
    assert grown < 1024 or r.collector.program.is_sanitized, f"{grown} KiB more after 180 reloads"
