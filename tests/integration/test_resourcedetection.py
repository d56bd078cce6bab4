# SPDX-License-Identifier: Apache-2.0
"""processors/resourcedetection against metadata of ECS and EC2 that is slow, refuses, changes, or is not there."""

import json
import re
import time

import pytest

pytest.importorskip("botocore", reason="no botocore: tests/integration/setup python installs it")

from e2e import aws as doubles
from e2e import config
from e2e.aws import Answer, Aws
from e2e.samples import small
from e2e.senders import GrpcSender
from e2e.signals import SIGNALS, TRACES

pytestmark = [
    pytest.mark.export,
    pytest.mark.grpc,
    pytest.mark.component("resourcedetection"),
    pytest.mark.go_differs("holds telemetry for so long as it starts, and ends where detection fails"),
]

ARN = "arn:aws:ecs:us-west-2:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c"
LOGS = {"awslogs-group": "/ecs/shop", "awslogs-region": "us-west-2", "awslogs-stream": "ecs/shop/158d"}
ECS = {"detectors": ["ecs"]}


def container(name, **more):
    return {"DockerId": name, "Name": name, "Type": "NORMAL", "KnownStatus": "RUNNING", "LogDriver": "awslogs",
            "LogOptions": LOGS, **more}


TASK = {
    "Cluster": "default",
    "TaskARN": ARN,
    "Family": "shop",
    "Revision": "26",
    "AvailabilityZone": "us-west-2d",
    "LaunchType": "FARGATE",
    "Containers": [container("shop"), container("collector", LogOptions={"awslogs-group": "own"})],
}


def answer(document):
    return Answer(200, json.dumps(document).encode())


@pytest.fixture
def aws():
    with Aws() as double:
        double.answers["/v4/abc/task"] = [answer(TASK)]
        double.answers["/v4/abc"] = [answer(container("collector"))]
        yield double


@pytest.fixture
def start(program, collectors, sink, tmp_path):
    def start(settings, ready=True, signals=("traces",), **variables):
        built = config.tree(program, config.otlp_grpc(sink), processors={"resourcedetection": settings},
                            signals=signals)
        return collectors(built, ready=ready, env=doubles.environment(tmp_path, **variables))

    return start


def on_ecs(aws):
    return {"ECS_CONTAINER_METADATA_URI_V4": aws.url + "/v4/abc"}


def send(collector, signal=TRACES):
    with GrpcSender(collector.port("grpc")) as sender:
        sender.send(signal, small(signal))


def of(value):
    kind = value.WhichOneof("value")
    return [of(item) for item in value.array_value.values] if kind == "array_value" else getattr(value, kind)


def resources(sink, signal=TRACES):
    """Attributes of each resource that came, in their order."""
    return [{pair.key: of(pair.value) for pair in group.resource.attributes}
            for message in sink.messages(signal) for group in getattr(message, message.DESCRIPTOR.fields[0].name)]


def sent(collector, sink, signal=TRACES):
    """Sends one item; its resource as it came."""
    before = sink.items(signal)
    send(collector, signal)
    sink.wait_items(signal, before + 1)
    return resources(sink, signal)[-1]


def test_a_task_is_described_in_every_signal(start, aws, sink):
    collector = start(ECS, signals=config.SIGNALS, **on_ecs(aws))
    for signal in SIGNALS:
        found = sent(collector, sink, signal)
        assert found.pop("service.name") == "nacelle-tests"
        assert found == {
            "cloud.provider": "aws",
            "cloud.platform": "aws_ecs",
            "cloud.account.id": "111122223333",
            "cloud.region": "us-west-2",
            "cloud.availability_zone": "us-west-2d",
            "aws.ecs.cluster.arn": "arn:aws:ecs:us-west-2:111122223333:cluster/default",
            "aws.ecs.launchtype": "fargate",
            "aws.ecs.task.arn": ARN,
            "aws.ecs.task.family": "shop",
            "aws.ecs.task.id": "158d1c8083dd49d6b527399fd6414f5c",
            "aws.ecs.task.revision": "26",
            "aws.log.group.names": ["/ecs/shop"],
            "aws.log.group.arns": ["arn:aws:logs:us-west-2:111122223333:log-group:/ecs/shop"],
            "aws.log.stream.names": ["ecs/shop/158d"],
            "aws.log.stream.arns": [
                "arn:aws:logs:us-west-2:111122223333:log-group:/ecs/shop:log-stream:ecs/shop/158d"
            ],
        }
    # Three pipelines, each with an instance of its own, and each document fetched once.
    assert sorted(request.path for request in aws.asked) == ["/v4/abc", "/v4/abc/task"]


def test_metadata_of_version_3_does_too(start, aws, sink):
    aws.answers["/v3/task"] = [answer({"Cluster": "default", "TaskARN": ARN, "Family": "f", "Revision": "1"})]
    aws.answers["/v3"] = [answer({"DockerId": "x"})]
    collector = start(ECS, ECS_CONTAINER_METADATA_URI=aws.url + "/v3")
    assert sent(collector, sink)["aws.ecs.task.arn"] == ARN


def test_what_comes_while_metadata_is_slow_waits_for_it(start, aws, sink):
    slow = answer(TASK)
    slow.delay_s = 1.5
    aws.answers["/v4/abc/task"] = [slow]
    collector = start(ECS, **on_ecs(aws))
    assert sent(collector, sink)["cloud.platform"] == "aws_ecs"


def test_after_the_timeout_telemetry_flows_and_detection_goes_on(start, aws, sink):
    aws.answers["/v4/abc/task"] = [Answer(503)]
    collector = start({**ECS, "timeout": "1s", "retry": {"initial_interval": "200ms", "max_interval": "300ms"}},
                      **on_ecs(aws))
    assert "cloud.platform" not in sent(collector, sink)
    assert re.search(r"resource\.failed|could not be detected", collector.output())
    aws.answers["/v4/abc/task"] = [answer(TASK)]
    collector.wait_line("detected resource information", "the resource")
    assert sent(collector, sink)["cloud.platform"] == "aws_ecs"


def test_an_endpoint_that_never_answers_holds_nothing_up(start, aws, sink):
    silent = Answer(200, b"{}")
    silent.delay_s = 8
    aws.answers["/v4/abc/task"] = [silent]
    collector = start({**ECS, "timeout": "500ms"}, **on_ecs(aws))
    assert "cloud.platform" not in sent(collector, sink)
    collector.stop()


def test_a_refresh_sees_what_has_changed(start, aws, sink):
    collector = start({**ECS, "refresh_interval": "300ms"}, **on_ecs(aws))
    assert sent(collector, sink)["aws.ecs.task.revision"] == "26"
    aws.answers["/v4/abc/task"] = [answer({**TASK, "Revision": "27"})]
    deadline = time.monotonic() + 15
    while sent(collector, sink)["aws.ecs.task.revision"] != "27":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_who_needs_the_metadata_does_not_start_without(start, aws):
    aws.answers["/v4/abc/task"] = [Answer(503)]
    collector = start({**ECS, "timeout": "500ms", "fail_on_missing_metadata": True}, ready=False, **on_ecs(aws))
    assert collector.wait_exit() != 0
    assert "ecs" in collector.output() and "503" in collector.output()


def test_elsewhere_nothing_is_loaded_for_it(start, sink):
    collector = start({"detectors": ["env", "ecs"]}, OTEL_RESOURCE_ATTRIBUTES="team=core,,path=a%2Cb")
    found = sent(collector, sink)
    assert found == {"service.name": "nacelle-tests", "team": "core", "path": "a,b"}
    assert "resource.bad_attribute" in collector.output() or "is left out" in collector.output()
    assert not [path for path in collector.mapped_files() if "libcrypto" in path or path.endswith("services/aws.so")]


def test_an_instance_and_its_tags(start, aws, sink):
    identity = {"region": "eu-west-1", "accountId": "1", "availabilityZone": "eu-west-1b", "instanceId": "i-1",
                "imageId": "ami-1", "instanceType": "t3.nano"}

    def with_token(told):
        return lambda request: told if request.header("x-aws-ec2-metadata-token") == "imds" else Answer(401)

    aws.answers.update({
        "/latest/api/token": [lambda request: Answer(200, b"imds") if request.method == "PUT" else Answer(405)],
        "/latest/dynamic/instance-identity/document": [with_token(answer(identity))],
        "/latest/meta-data/hostname": [with_token(Answer(200, b"ip-10-0-0-1"))],
        "/latest/meta-data/tags/instance": [with_token(Answer(200, b"Name\nteam"))],
        "/latest/meta-data/tags/instance/team": [with_token(Answer(200, b"core"))],
    })
    collector = start({"detectors": ["ec2"], "ec2": {"tags": ["^team$"]}},
                      AWS_EC2_METADATA_SERVICE_ENDPOINT=aws.url, AWS_EC2_METADATA_DISABLED="false")
    found = sent(collector, sink)
    assert found == {
        "service.name": "nacelle-tests",
        "cloud.provider": "aws",
        "cloud.platform": "aws_ec2",
        "cloud.region": "eu-west-1",
        "cloud.account.id": "1",
        "cloud.availability_zone": "eu-west-1b",
        "host.id": "i-1",
        "host.image.id": "ami-1",
        "host.type": "t3.nano",
        "host.name": "ip-10-0-0-1",
        "ec2.tag.team": "core",
    }


def test_the_machine(start, sink):
    attributes = {name: {"enabled": True} for name in ("host.arch", "os.description", "os.version", "host.ip")}
    collector = start({"detectors": ["system"], "system": {"resource_attributes": attributes}})
    found = sent(collector, sink)
    assert found["os.type"] == "linux" and found["host.name"] and found["os.description"]
    assert found["host.arch"] in ("amd64", "arm64")
    assert "host.mac" not in found


def test_the_other_name_of_the_processor(program, collectors, sink, tmp_path):
    built = config.tree(program, config.otlp_grpc(sink), processors={"resource_detection": {}}, signals=("traces",))
    collector = collectors(built, env=doubles.environment(tmp_path, OTEL_RESOURCE_ATTRIBUTES="a=1"))
    assert sent(collector, sink)["a"] == "1"
