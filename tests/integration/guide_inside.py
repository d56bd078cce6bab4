# SPDX-License-Identifier: Apache-2.0
"""What test_ecs_guide.py runs in namespaces of its own, as in a task of ECS: AWS's own names and addresses lead to doubles,
Nacelle runs on a read-only root as user 4317, and the application knows what the task definition tells it."""

import ctypes
import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from e2e import certificates
from e2e.aws import Answer, Aws, Keys, credentials
from e2e.aws_double import AwsDouble, error
from e2e.program import VENV, Program
from e2e.sink import Sink
from e2e.signals import LOGS, METRICS, TRACES

HERE = Path(__file__).resolve().parent
ECS = HERE.parents[1] / "configs" / "ecs"
TASK = json.loads((ECS / "task-definition.json").read_text())
GUIDE = (ECS / "collector-config.yaml").read_text()
APP, COLLECTOR = TASK["containerDefinitions"]
CREDENTIALS, INSTANCE = "169.254.170.2", "169.254.169.254"
NAMES = [f"{service}.us-east-1.amazonaws.com" for service in ("xray", "logs", "sts", "monitoring")]
KEYS = Keys("ASIATASKROLE", "a/secret+key", "session/token+of/the/role")
TASK_ID = "158d1c8083dd49d6b527399fd6414f5c"
REQUESTS = 20
IS_ROOT = os.environ["GUIDE_IS_ROOT"] == "1"


# ---- The place


def request_interface(number, name, payload):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return fcntl.ioctl(any_socket, number, struct.pack("16s", name.encode()) + payload)


def add_address(name, address):
    """An address of the loopback; ioctl, since not every machine has the command ip."""
    request_interface(0x8916, name, struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address)))


@pytest.fixture(scope="session", autouse=True)
def network():
    request_interface(0x8914, "lo", struct.pack("H14x", 0x1))  # up
    add_address("lo:1", CREDENTIALS)
    add_address("lo:2", INSTANCE)


def bind(source, target):
    subprocess.run(["mount", "--bind", str(source), str(target)], check=True)


@pytest.fixture(scope="session")
def authority(tmp_path_factory, network):
    """AWS's certificates are those of an authority that the system trusts; its names are this machine's."""
    directory = tmp_path_factory.mktemp("place")
    made = certificates.make(directory / "ca", NAMES)
    hosts = directory / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {' '.join(NAMES)}\n")
    bind(hosts, "/etc/hosts")
    bind(made.path("ca.crt"), "/etc/ssl/certs/ca-certificates.crt")
    return made


@pytest.fixture
def aws(authority):
    """X-Ray, CloudWatch Logs and STS at their own names."""
    with AwsDouble(authority, KEYS, ("127.0.0.1", 443)) as double:
        yield double
        assert not double.faults and not [request.fault for request in double.requests if request.fault]


@pytest.fixture(params=["fargate-v4"])
def metadata(request, network):
    """The endpoint of credentials and metadata of a task."""
    directory = HERE / "ecs_metadata" / request.param
    with Aws(address=(CREDENTIALS, 80)) as double:
        path = "/v4/0123" if request.param.endswith("v4") else "/v3/0123"
        double.variable = "ECS_CONTAINER_METADATA_URI" + ("_V4" if request.param.endswith("v4") else "")
        double.uri = f"http://{CREDENTIALS}{path}"
        double.answers = {
            "/v2/credentials/0123": [credentials(KEYS, RoleArn="arn:aws:iam::123456789012:role/ecs-otel-task-role")],
            f"{path}/task": [Answer(200, (directory / "task.json").read_bytes())],
            path: [Answer(200, (directory / "container.json").read_bytes())],
        }
        yield double


# ---- The collector's container

# Nothing can be written but what is mounted for it: /var/lib/nacelle, a volume.
READ_ONLY = """
set -e
prefix=$1; shift
user=$1; shift
mount --bind "$prefix" /mnt
mount --bind "$GUIDE_VOLUME" /srv
for directory in /tmp /run /dev/shm /var; do mount -t tmpfs none $directory; done
mkdir -p /var/lib/nacelle
mount --bind /srv /var/lib/nacelle
for directory in /tmp /run /dev/shm /var /srv; do mount -o remount,bind,ro $directory; done
mount -o remount,bind,ro /mnt
mount -o remount,bind,ro /
cd /
if touch /x /tmp/x /var/x 2>/dev/null; then echo "the root can be written"; exit 9; fi
exec $user /mnt/bin/nacelle "$@"
"""


@pytest.fixture
def container(program, tmp_path, collectors, metadata, monkeypatch):
    """Starts Nacelle as the task definition does, with a config in the variable."""
    user = "setpriv --pdeathsig KILL --reuid 4317 --regid 4317 --clear-groups --bounding-set=-all --inh-caps=-all"
    volume = tmp_path / "volume"
    volume.mkdir()
    if IS_ROOT:
        os.chown(volume, 4317, 4317)
        for directory in tmp_path.parents:
            if directory.name.startswith("pytest-"):
                directory.chmod(0o755)
    wrapper = tmp_path / "nacelle"
    prefix = program.path.parent.parent
    wrapper.write_text(
        f"#!/bin/bash\nexport GUIDE_VOLUME={volume}\n"
        f"exec unshare --mount bash -c '{READ_ONLY}' bash {prefix} '{user if IS_ROOT else ''}' \"$@\"\n"
    )
    wrapper.chmod(0o755)
    env = {
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/0123",
        "AWS_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        metadata.variable: metadata.uri,
        "HOME": "/",
    }
    monkeypatch.setattr("e2e.fixtures.Collector", OnReadOnlyRoot(Program(wrapper)))
    return lambda config, *more: collectors(
        arguments=[*COLLECTOR["command"], *more], env={**env, "COLLECTOR_CONFIG": config}
    )


class OnReadOnlyRoot:
    """Collector, but of the wrapper."""

    def __init__(self, wrapper):
        from e2e.collector import Collector

        self.wrapper, self.make = wrapper, Collector

    def __call__(self, program, directory, config=None, **options):
        return self.make(self.wrapper, directory, config, **options)


def with_health(text):
    """What the guide says to add to the config."""
    health = yaml.safe_load((ECS / "health.yaml").read_text())
    tree = yaml.safe_load(text)
    assert "extensions" not in tree and "extensions" not in tree["service"]
    addition = yaml.safe_dump({"extensions": health["extensions"]})
    return text.replace("service:\n", f"{addition}\nservice:\n  extensions: [health_check]\n")


# ---- The application's container


def run_app(client, *arguments):
    commands = {
        "python": [sys.executable, str(HERE / "clients" / "python" / "guide.py"), *arguments],
        "go": [str(VENV / "clients" / "otlp-guide-go")],
    }
    if client == "go" and not Path(commands["go"][0]).exists():
        pytest.skip("no Go application: tests/integration/setup go builds it, with Go 1.21 or newer")
    env = {one["name"]: one["value"] for one in APP["environment"]}
    done = subprocess.run(
        commands[client], env={**os.environ, **env}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 and "rror" not in done.stderr, done.stdout + done.stderr


def check_segments(documents):
    assert len(documents) == 2 * REQUESTS
    served = [one for one in documents if one.get("type") != "subsegment"]
    called = [one for one in documents if one.get("type") == "subsegment"]
    assert len(served) == len(called) == REQUESTS
    assert {one["parent_id"] for one in called} == {one["id"] for one in served}
    assert {one["name"] for one in served} == {"my-service"}
    assert sum(one["fault"] for one in served) == REQUESTS / 5
    for one in served:
        assert one["http"]["request"]["method"] == "GET"
        assert one["http"]["response"]["status"] == (500 if one["fault"] else 200)
        assert one["origin"] == "AWS::ECS::Fargate"
        metadata = one["metadata"]["default"]
        assert metadata["otel.resource.aws.ecs.task.id"] == TASK_ID
        assert metadata["otel.resource.deployment.environment"] == "production"
        assert one["service"]["version"] == "1.0.0"
        assert one["aws"]["cloudwatch_logs"][0]["log_group"] == "/ecs/my-service"


def emf(aws, stream):
    """Documents of the streams that are called so, and the metrics that CloudWatch makes of them."""
    streams = aws.groups["/ecs/otel/metrics"].streams
    documents = [json.loads(text) for name in streams if re.fullmatch(stream, name) for _, text in streams[name]]
    made = [
        (metric["Name"], metric["Unit"], group["Namespace"], group["Dimensions"], document[metric["Name"]])
        for document in documents
        for group in document.get("_aws", {}).get("CloudWatchMetrics", [])
        for metric in group["Metrics"]
    ]
    return documents, made


def check_metrics(aws):
    _, made = emf(aws, "otel-stream-[0-9a-f-]{36}")
    assert {space for _, _, space, _, _ in made} == {"MyECSApplication"}
    # A sum begins with its second value, as in ADOT; a histogram is its totals.
    assert [value for name, _, _, _, value in made if name == "orders"] == [REQUESTS - 1]
    totals = {"Max": 0.25, "Min": 0.25, "Count": REQUESTS, "Sum": REQUESTS / 4}
    assert totals in [value for name, unit, _, _, value in made if name == "duration" and unit == "Seconds"]
    assert {call.header("x-amzn-logs-format") for call in aws.calls_of("PutLogEvents")} == {"json/emf"}


# ---- The tests


@pytest.mark.parametrize("client", ["python", "go"])
def test_the_guide_to_the_letter(container, aws, client):
    running = container(with_health(GUIDE))
    if shutil.which("wget"):
        # "CMD-SHELL": by a shell, in the container's network.
        kind, command = COLLECTOR["healthCheck"]["command"]
        assert kind == "CMD-SHELL"
        answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30)
        assert answer.returncode == 0 and json.loads(answer.stdout)["status"] == "Server available"
    run_app(client)
    running.stop()
    check_segments(aws.segments)
    check_metrics(aws)
    assert {(call.request.region, call.request.keys.id) for call in aws.calls} == {("us-east-1", KEYS.id)}


def test_check_finds_all_of_it_in_order(program, container, aws, metadata):
    env = {
        **os.environ,
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/0123",
        metadata.variable: metadata.uri,
        "HOME": "/",
        "COLLECTOR_CONFIG": GUIDE,
    }
    running = container(with_health(GUIDE))
    said = subprocess.run(
        [program.path, "check", *COLLECTOR["command"], "--format", "json"],
        env=env, capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    rows = [row for row in json.loads(said.stdout)["checks"] if row["component"] == "awsxray"]
    assert [row["result"] for row in rows] == ["ok"] * 6, rows
    assert rows[1]["detail"].startswith("container")
    assert rows[4]["detail"] == "answered over TLS; its certificate is good"
    assert not aws.segments
    running.stop()


LOGS_PIPELINE = (
    "yaml:service: {pipelines: {logs: {receivers: [otlp], processors: [resourcedetection, memory_limiter, batch], "
    "exporters: [awscloudwatchlogs]}}}"
)


def test_logs_go_to_a_stream_of_the_task(container, aws):
    """The guide defines the exporter, and leaves the pipeline to its reader."""
    running = container(GUIDE, "--config", LOGS_PIPELINE)
    run_app("python", "--logs")
    running.stop()
    check_segments(aws.segments)
    records = [json.loads(text) for text in aws.messages("/ecs/otel/applogs", TASK_ID)]
    assert [record["body"] for record in records] == [f"order {i} is served" for i in range(REQUESTS)]
    by_id = {one["id"]: one for one in aws.segments}
    for record in records:
        assert by_id[record["span_id"]]["type"] == "subsegment", "it was written within the call"
        assert record["resource"]["aws.ecs.task.id"] == TASK_ID


BACKEND = "yaml:{{exporters: {{otlphttp: {{endpoint: '{}'}}}}, service: {{pipelines: {{{}}}}}}}"
KINDS = {"fargate-v4": "aws_ecs", "fargate-v3": "aws_ecs", "ec2-v4": "aws_ecs", "ec2-v3": "aws_ecs"}


@pytest.mark.parametrize("metadata", KINDS, indirect=True)
def test_an_otlp_backend_gets_the_identity_of_the_task(container, aws, metadata, request):
    """As the guide's picture has it: the same telemetry to an external backend, too."""
    kind = request.node.callspec.params["metadata"]
    with Sink() as sink:
        processors = "processors: [resourcedetection, memory_limiter, batch]"
        pipelines = ", ".join(
            f"{signal}: {{receivers: [otlp], {processors}, exporters: [otlphttp]}}"
            for signal in ("traces", "metrics", "logs")
        )
        running = container(GUIDE, "--config", BACKEND.format(sink.http_endpoint, pipelines))
        run_app("python", "--logs")
        running.stop()
        assert sink.items(TRACES) == 2 * REQUESTS and sink.items(LOGS) == REQUESTS and sink.items(METRICS) >= 2
        for signal in TRACES, METRICS, LOGS:
            for message in sink.messages(signal):
                for group in getattr(message, message.DESCRIPTOR.fields[0].name):
                    found = {pair.key: pair.value for pair in group.resource.attributes}
                    assert found["service.name"].string_value == "my-service"
                    assert found["cloud.platform"].string_value == "aws_ecs"
                    assert found["aws.ecs.task.id"].string_value == TASK_ID
                    assert found["aws.ecs.cluster.arn"].string_value.endswith(":cluster/my-cluster")
                    launch = kind.partition("-")[0] if kind.endswith("v4") else None
                    assert found["aws.ecs.launchtype"].string_value == launch if launch else True
                    groups = found.get("aws.log.group.names")
                    assert (groups is not None) == (kind == "fargate-v4")


# ---- Hardened


HARDENED = (ECS / "collector-config-hardened.yaml").read_text()


def settings(program):
    """Lines that the tests can read; and a sanitizer takes more than what 64 MiB have room for."""
    more = ["--set", "processors.memory_limiter.limit_mib=400"] if program.is_sanitized else []
    return ["--set", "service.telemetry.logs.encoding=console", *more]


def test_what_was_acknowledged_outlives_the_collectors_container(program, container, aws):
    aws.fail("PutTraceSegments", error("ServiceUnavailableException"), times=10_000)
    first = container(HARDENED, *settings(program))
    healthy = subprocess.run([program.path, "healthcheck"], capture_output=True, text=True, timeout=30)
    assert healthy.returncode == 0, healthy.stderr
    run_app("go" if (VENV / "clients" / "otlp-guide-go").exists() else "python")
    aws.wait(lambda: aws.calls_of("PutTraceSegments"), "a try")
    first.kill()
    assert not aws.segments
    aws.fail_no_more("PutTraceSegments")
    second = container(HARDENED, *settings(program))
    aws.wait(lambda: len(aws.segments) >= 2 * REQUESTS, "what the first one had acknowledged")
    second.stop()
    check_segments(list({one["id"]: one for one in aws.segments}.values()))


def test_own_losses_become_the_metrics_of_the_alarms(program, container, aws):
    running = container(HARDENED, *settings(program))
    run_app("python", "--logs")
    running.stop()
    _, made = emf(aws, f"nacelle-{TASK_ID}")
    ages = [(unit, space, dimensions) for name, unit, space, dimensions, _ in made if name.endswith("oldest_age")]
    assert ages and all(one == ("Seconds", "Nacelle", [["exporter"]]) for one in ages)
    documents, _ = emf(aws, f"nacelle-{TASK_ID}")
    exporters = {document["exporter"] for document in documents if "nacelle_exporter_queue_oldest_age" in document}
    assert exporters >= {"awsxray", "awscloudwatchlogs"}
    assert len(aws.messages("/ecs/otel/applogs", TASK_ID)) == REQUESTS
