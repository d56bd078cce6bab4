# SPDX-License-Identifier: Apache-2.0
"""Every file of configs/: it is valid without a word said about it, it starts (on free ports), and what is sent through it
arrives where it says. A file without a test of its own fails the suite."""

import itertools
import struct
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml
import zstandard

from e2e import certificates, compare, otlp_json
from e2e.samples import small
from e2e.senders import GrpcSender, HttpSender
from e2e.signals import BY_NAME, LOGS, METRICS, SIGNALS, TRACES
from e2e.sink import Sink

pytestmark = [pytest.mark.process, pytest.mark.export, pytest.mark.go_differs("these are Nacelle's own configs")]
CONFIGS = Path(__file__).resolve().parents[2] / "configs"
# Those that need AWS have tests of their own: test_ecs_configs.py, test_ecs_guide.py, test_adot_presets.py. Those of
# images/ are none: they are what `nacelle dist` reads.
FILES = sorted(
    str(path.relative_to(CONFIGS))
    for path in CONFIGS.rglob("*.yaml")
    if path.relative_to(CONFIGS).parts[0] not in ("ecs", "adot", "images")
)
TOKEN = "canary-7f3a"


class Example:
    """A config file, run as a user would: its variables from the environment, ports by --set."""

    def __init__(self, program, collectors, file, **env):
        self.program, self.collectors, self.env = program, collectors, env
        self.path = CONFIGS / file
        tree = yaml.safe_load(self.path.read_text())
        self.signals = {BY_NAME[name.partition("/")[0]] for name in tree["service"]["pipelines"]}
        self.ports = []
        for protocol in tree["receivers"]["otlp"]["protocols"]:
            self.ports += ["--set", f"receivers.otlp.protocols.{protocol}.endpoint=127.0.0.1:0"]
        for extension in {"health_check", "zpages"} & tree.get("extensions", {}).keys():
            self.ports += ["--set", f"extensions.{extension}.endpoint=127.0.0.1:0"]
        tested.add(file)

    def validate(self):
        """It says nothing: no error, no warning."""
        # At ports of its own: of a default port that is in use, it would warn.
        command = [self.program.path, "validate", "--config", self.path, *self.ports]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=self.env)
        assert said.returncode == 0 and not said.stderr, said.stderr
        return self

    def start(self):
        self.validate()
        return self.collectors(arguments=["--config", str(self.path), *self.ports], env=self.env)


tested = set()


@pytest.fixture
def example(program, collectors):
    return lambda file, **env: Example(program, collectors, file, **env)


def send_all(collector, signals=SIGNALS, items=5, **grpc):
    """Some of each signal over gRPC and over HTTP; returns what was sent by signal."""
    sent = {signal.name: [small(signal, items), small(signal, items)] for signal in signals}
    with GrpcSender(collector.port("grpc"), **grpc) as by_grpc, HttpSender(collector.port("http")) as by_http:
        for signal in signals:
            by_grpc.send(signal, sent[signal.name][0])
            by_http.send(signal, sent[signal.name][1])
    return sent


def assert_arrives(sent, sink, program):
    for name, requests in sent.items():
        signal = BY_NAME[name]
        arrived = sink.wait_items(signal, sum(map(signal.items, requests)))
        compare.assert_same_items(signal, requests, arrived, program.keeps)


def test_default(example):
    collector = example("default.yaml").start()
    send_all(collector)
    for signal in SIGNALS:
        collector.wait_debug_items(signal, 10)


def test_otlp_grpc(program, example, sink):
    collector = example("examples/otlp-grpc.yaml", BACKEND_ENDPOINT=sink.grpc_endpoint, BACKEND_INSECURE="true").start()
    assert_arrives(send_all(collector), sink, program)


def test_otlp_http_token(program, example, sink):
    env = {"BACKEND_URL": sink.http_endpoint, "BACKEND_TOKEN": TOKEN}
    collector = example("examples/otlp-http-token.yaml", **env).start()
    assert_arrives(send_all(collector), sink, program)
    assert {request.headers["authorization"] for request in sink.requests} == {f"Bearer {TOKEN}"}
    collector.stop()
    assert TOKEN not in collector.output()


def test_debug(example):
    collector = example("examples/debug.yaml").start()
    send_all(collector)
    for signal in SIGNALS:
        collector.wait_debug_items(signal, 10)
    collector.wait_line("service.name: Str\\(nacelle-tests\\)", "an attribute, which only detailed shows")


def test_memory_limiter(program, example, sink):
    env = {"BACKEND_ENDPOINT": sink.grpc_endpoint, "BACKEND_INSECURE": "true"}
    collector = example("examples/memory-limiter.yaml", **env).start()
    assert_arrives(send_all(collector), sink, program)


def test_tenants(example, sink):
    """What different tenants send is never in one request."""
    collector = example("examples/tenants.yaml", BACKEND_URL=sink.http_endpoint).start()
    with GrpcSender(collector.port("grpc")) as sender:
        for _ in range(10):
            for tenant in ("blue", "green", "red"):
                sender.send(TRACES, small(TRACES, 3, service=tenant), metadata=[("x-tenant", tenant)])
    for message in sink.wait_items(TRACES, 90):
        services = {group.resource.attributes[0].value.string_value for group in message.resource_spans}
        assert len(services) == 1, services
    assert not any("x-tenant" in request.headers for request in sink.requests)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("tls") / "ours")


@pytest.mark.tls
def test_tls(program, example, sink, authority):
    env = {"TLS_DIR": str(authority.directory), "BACKEND_ENDPOINT": sink.grpc_endpoint, "BACKEND_INSECURE": "true"}
    collector = example("examples/tls.yaml", **env).start()
    request = small(LOGS, 7)
    with HttpSender(collector.port("http"), tls=authority.client_context()) as sender:
        sender.send(LOGS, request)
    with GrpcSender(collector.port("grpc"), authority.grpc_client_credentials()) as sender:
        sender.send(TRACES, small(TRACES, 7))
    assert_arrives({LOGS.name: [request]}, sink, program)
    sink.wait_items(TRACES, 7)


@pytest.mark.tls
def test_mtls(program, example, authority):
    with Sink(tls=certificates.MutualTls(authority)) as sink:
        env = {"TLS_DIR": str(authority.directory), "BACKEND_ENDPOINT": f"localhost:{sink.grpc_port}"}
        collector = example("examples/mtls.yaml", **env).start()
        request = small(METRICS, 7)
        with GrpcSender(collector.port("grpc"), authority.grpc_client_credentials(with_certificate=True)) as sender:
            sender.send(METRICS, request)
        assert_arrives({METRICS.name: [request]}, sink, program)
        stranger = GrpcSender(collector.port("grpc"), authority.grpc_client_credentials())
        with stranger, pytest.raises(Exception, match="UNAVAILABLE|handshake|SSL"):
            stranger.send(TRACES, small(TRACES))


@pytest.mark.tls
def test_a_mistake_that_the_instances_of_an_exporter_share_is_said_once(program, authority, tmp_path):
    """Three signals make three instances, each of which finds the file missing."""
    env = {"TLS_DIR": str(tmp_path)}
    for file in authority.directory.glob("server.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    command = [program.path, "validate", "--config", CONFIGS / "examples/mtls.yaml"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env).stderr
    assert said.count("exporters.otlp_grpc.tls.cert_file: there is no such file") == 1, said


def read_zstd_json(path, signal):
    data, messages = path.read_bytes(), []
    while data:
        (length,) = struct.unpack(">I", data[:4])
        line = zstandard.ZstdDecompressor().decompressobj().decompress(data[4 : 4 + length])
        messages.append(otlp_json.parse(line, signal.request()))
        data = data[4 + length :]
    return messages


def test_file(program, example, tmp_path):
    collector = example("examples/file.yaml", ARCHIVE_DIR=str(tmp_path / "deep" / "er")).start()
    sent = send_all(collector)
    collector.stop()
    for signal in SIGNALS:
        kept = read_zstd_json(tmp_path / "deep" / "er" / f"{signal.name}.json.zst", signal)
        compare.assert_same_items(signal, sent[signal.name], kept, program.keeps)


def test_fan_out(program, example, sink):
    with Sink() as second:
        env = {"BACKEND_ENDPOINT": sink.grpc_endpoint, "BACKEND_INSECURE": "true", "SECOND_URL": second.http_endpoint}
        sent = send_all(example("examples/fan-out.yaml", **env).start())
        assert_arrives(sent, sink, program)
        assert_arrives(sent, second, program)


def test_connector(program, example, sink, tmp_path):
    env = {"BACKEND_ENDPOINT": sink.grpc_endpoint, "BACKEND_INSECURE": "true", "ARCHIVE_DIR": str(tmp_path)}
    collector = example("examples/connector.yaml", **env).start()
    sent = send_all(collector, signals=[TRACES])
    assert_arrives(sent, sink, program)
    collector.stop()
    kept = [otlp_json.parse(line, TRACES.request()) for line in (tmp_path / "traces.json").read_bytes().splitlines()]
    assert len(kept) == 1, "the archive gets few large requests"
    compare.assert_same_items(TRACES, sent[TRACES.name], kept, program.keeps)


def test_daemon(program, example, sink):
    collector = example("examples/daemon.yaml", BACKEND_URL=sink.http_endpoint, BACKEND_TOKEN=TOKEN).start()
    assert_arrives(send_all(collector), sink, program)
    assert TOKEN not in collector.output()


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=15) as answer:
        return answer.status, answer.read().decode()


def test_health(program, example, sink):
    env = {"BACKEND_ENDPOINT": sink.grpc_endpoint, "BACKEND_INSECURE": "true"}
    collector = example("examples/health.yaml", **env).start()
    assert_arrives(send_all(collector), sink, program)
    ports = {}
    for event in ("health_check.starting", "zpages.starting"):
        line = collector.wait_line(lambda line, event=event: line.fields.get("event") == event, event)
        ports[event.split(".")[0]] = int(line.fields["endpoint"].rpartition(":")[2])
    status, body = get(ports["health_check"], "/")
    assert status == 200 and "Server available" in body
    status, body = get(ports["zpages"], "/")
    assert status == 200 and "otlp_grpc" in body


def test_persistent_queue(program, example, sink, tmp_path):
    """What a killed collector had acknowledged is delivered by the next one."""
    env = {"BACKEND_ENDPOINT": "127.0.0.1:9", "BACKEND_INSECURE": "true", "QUEUE_DIR": str(tmp_path / "queues")}
    killed = example("examples/persistent-queue.yaml", **env).start()
    sent = send_all(killed)
    killed.kill()
    example("examples/persistent-queue.yaml", **{**env, "BACKEND_ENDPOINT": sink.grpc_endpoint}).start()
    assert_arrives(sent, sink, program)


def test_own_telemetry(example, sink):
    """A batch of own metrics goes out at the end at the latest, with the resource that the config names."""
    env = {"BACKEND_ENDPOINT": sink.grpc_endpoint, "BACKEND_INSECURE": "true"}
    collector = example("examples/own-telemetry.yaml", **env).start()
    send_all(collector)
    collector.stop()
    resources = [group.resource for message in sink.messages(METRICS) for group in message.resource_metrics]
    values = [{pair.key: pair.value.string_value for pair in resource.attributes} for resource in resources]
    own = [value for value in values if value["service.name"] == "nacelle"]
    assert own and own[0]["deployment.environment.name"] == "production"
    names = {metric.name for message in sink.messages(METRICS) for group in message.resource_metrics
             for scope in group.scope_metrics for metric in scope.metrics}  # fmt: skip
    assert "nacelle_memory_used" in names


# ---- All of them


@pytest.mark.parametrize("file", FILES)
def test_it_says_what_it_is_for_and_names_its_variables(file):
    text = (CONFIGS / file).read_text()
    head = list(itertools.takewhile(lambda line: line.startswith("#"), text.splitlines()))
    assert head[0] == "# SPDX-License-Identifier: Apache-2.0" and len(head) >= 2
    for name in {part.split(":-")[0].split("}")[0] for part in text.split("${env:")[1:]}:
        assert name in "\n".join(head) or name == "BACKEND_INSECURE", f"{name} is not explained"


def test_every_file_was_run(request):
    """Last in this file. With -k or a single test there is nothing to say."""
    if request.config.option.keyword or len(request.session.items) <= len(FILES):
        pytest.skip("only a part of this file is run")
    assert tested == set(FILES)
