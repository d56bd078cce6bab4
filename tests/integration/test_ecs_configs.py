# SPDX-License-Identifier: Apache-2.0
"""configs/ecs: the guide's files word for word, JSON by botocore's models of ECS and IAM, CloudFormation by cfn-lint,
Terraform by its parser, and what they say about each other."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator

from e2e import config
from e2e.answers import Answer
from e2e.samples import small
from e2e.senders import GrpcSender
from e2e.signals import TRACES

ECS = Path(__file__).resolve().parents[2] / "configs" / "ecs"
TASKS = ["task-definition", "task-definition-hardened", "task-definition-hardened-arm64", "daemon-task-definition"]
# Fargate's cpu -> the memory that goes with it, of the sizes used here.
FARGATE = {"512": {"1024", "2048", "3072", "4096"}}


def load(name):
    return json.loads((ECS / f"{name}.json").read_text())


def request(operation, parameters):
    model = botocore.session.get_session().get_service_model("ecs").operation_model(operation)
    report = ParamValidator().validate(parameters, model.input_shape)
    assert not report.has_errors(), report.generate_report()


def container(task, name="otel-collector"):
    return next(one for one in task["containerDefinitions"] if one["name"] == name)


# ---- The guide


@pytest.mark.parametrize(
    "file, digest",
    [
        ("collector-config.yaml", "de66fc25b04c4ed842890b30d0a781b0fe095e8b996d8adfa62a58ca93c5ec12"),
        ("iam/guide-task-role.json", "45a32bcdf48b8771d4a71f998b223654f05d7d7fa73cecf45d50fd837f3cbd0d"),
    ],
)
def test_the_guides_files_are_the_guides_to_the_letter(file, digest):
    assert hashlib.sha256((ECS / file).read_bytes()).hexdigest() == digest


def test_the_guides_task_definition_differs_by_the_image_only():
    text = (ECS / "task-definition.json").read_text()
    image = container(json.loads(text))["image"]
    assert re.fullmatch(r"\S+/nacelle:[0-9.]+-shell", image)
    theirs = text.replace(image, "public.ecr.aws/aws-observability/aws-otel-collector:v0.39.0")
    assert hashlib.sha256(theirs.encode()).hexdigest() == "eab0f4c1388def65fbf903e382d2d6a5ca45219922a62cf8c6a002ec232a18e4"


# ---- Task definitions


@pytest.mark.parametrize("name", TASKS)
def test_ecs_takes_the_task_definition(name):
    task = load(name)
    request("RegisterTaskDefinition", task)
    containers = {one["name"]: one for one in task["containerDefinitions"]}
    volumes = {volume["name"] for volume in task.get("volumes", [])}
    for one in containers.values():
        assert all(wait["containerName"] in containers for wait in one.get("dependsOn", []))
        assert all(mount["sourceVolume"] in volumes for mount in one.get("mountPoints", []))
        for wait in one.get("dependsOn", []):
            assert wait["condition"] != "HEALTHY" or "healthCheck" in containers[wait["containerName"]]
        assert 2 <= one.get("stopTimeout", 30) <= 120
        restart = one.get("restartPolicy", {"restartAttemptPeriod": 60})
        assert 60 <= restart["restartAttemptPeriod"] <= 1800
        health = one.get("healthCheck")
        if health:
            assert 5 <= health["interval"] <= 300 and 2 <= health["timeout"] <= 60 and 1 <= health["retries"] <= 10
    if "FARGATE" in task["requiresCompatibilities"]:
        assert task["networkMode"] == "awsvpc" and task["memory"] in FARGATE[task["cpu"]]
        assert sum(one.get("cpu", 0) for one in containers.values()) <= int(task["cpu"])
        assert sum(one.get("memory", 0) for one in containers.values()) <= int(task["memory"])
    assert any(one.get("essential", True) for one in containers.values())


def test_both_architectures_are_the_same_task():
    intel, arm = load("task-definition-hardened"), load("task-definition-hardened-arm64")
    assert (intel["runtimePlatform"].pop("cpuArchitecture"), arm["runtimePlatform"].pop("cpuArchitecture")) == (
        "X86_64",
        "ARM64",
    )
    assert arm.pop("family") == intel.pop("family") + "-arm64" and intel == arm


@pytest.mark.parametrize("name", TASKS[1:])
def test_the_hardened_ones_are_hardened(name):
    task = load(name)
    collector = container(task)
    assert collector["readonlyRootFilesystem"] and collector["restartPolicy"]["enabled"]
    assert collector["user"] == "4317:4317" and collector["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert collector["healthCheck"]["command"] == ["CMD", "/healthcheck"]
    assert collector["mountPoints"] == [
        {"sourceVolume": "otel-queue", "containerPath": "/var/lib/nacelle", "readOnly": False}
    ]
    if name != "daemon-task-definition":
        assert container(task, "app")["dependsOn"] == [{"containerName": "otel-collector", "condition": "HEALTHY"}]


def test_the_daemon_is_one_an_instance_on_its_network():
    task, service = load("daemon-task-definition"), load("daemon-service")
    request("CreateService", service)
    assert service["schedulingStrategy"] == "DAEMON" and "desiredCount" not in service
    assert service["taskDefinition"] == task["family"] and task["networkMode"] == "host"
    for ports in container(task)["portMappings"]:
        assert ports["hostPort"] == ports["containerPort"]


# ---- Configs


CONFIGS = ["collector-config.yaml", "collector-config-hardened.yaml", "daemon-config.yaml"]


@pytest.mark.parametrize("file", CONFIGS)
def test_a_config_fits_into_a_standard_parameter(file):
    assert len((ECS / file).read_bytes()) <= 4096


def installed(program):
    said = subprocess.run([program.path, "components", "--format", "json"], capture_output=True, timeout=60, check=True)
    return said.stdout.decode()


@pytest.mark.process
@pytest.mark.go_differs("it has no validate of this kind")
@pytest.mark.parametrize("files", [["collector-config.yaml"], ["collector-config.yaml", "health.yaml"], *[[f] for f in CONFIGS[1:]]])
def test_nacelle_takes_the_config(program, files):
    listed = installed(program)
    missing = [name for name in ("awsemf", "awscloudwatchlogs") if f'"{name}"' not in listed]
    if missing:
        pytest.skip(f"not there yet: {', '.join(missing)}")
    arguments = [word for file in files for word in ("--config", str(ECS / file))]
    ports = []
    for protocol in "grpc", "http":
        ports += ["--set", f"receivers.otlp.protocols.{protocol}.endpoint=127.0.0.1:0"]
    if "health" in "".join(files) or "health_check" in (ECS / files[0]).read_text():
        ports += ["--set", "extensions.health_check.endpoint=127.0.0.1:0"]
    said = subprocess.run([program.path, "validate", *arguments, *ports], capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    # The guide defines an exporter that no pipeline uses.
    assert [line for line in said.stderr.splitlines() if "error" in line] == []


# ---- Policies


def statements(name):
    policy = load(name)
    assert policy["Version"] == "2012-10-17"
    return policy["Statement"]


@pytest.mark.parametrize("file", sorted(path.stem for path in (ECS / "iam").glob("*.json")))
def test_a_policy_is_one(file):
    for statement in statements(f"iam/{file}"):
        assert statement["Effect"] == "Allow"
        assert set(statement) <= {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}
        assert re.fullmatch(r"[A-Za-z0-9]*", statement.get("Sid", ""))
        assert ("Principal" in statement) != ("Resource" in statement)
        for action in [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]:
            service, _, operation = action.partition(":")
            model = {"ssmmessages": None, "cloudwatch": "cloudwatch"}.get(service, service)
            if model and operation not in ("PutSpans", "PutSpansForIndexing", "GetObject"):
                known = botocore.session.get_session().get_service_model(model).operation_names
                assert operation in known, action


@pytest.mark.parametrize("exporter", ["awsxray", "awsemf", "awscloudwatchlogs"])
def test_an_exporters_policy_is_about_what_it_calls(exporter):
    actions = {action for statement in statements(f"iam/{exporter}") for action in statement["Action"]}
    assert actions == (
        {"xray:PutTraceSegments"}
        if exporter == "awsxray"
        else {"logs:PutLogEvents", "logs:CreateLogStream", "logs:CreateLogGroup"}
    )
    groups = {"awsemf": "/ecs/otel/metrics", "awscloudwatchlogs": "/ecs/otel/applogs"}
    for statement in statements(f"iam/{exporter}") if exporter in groups else []:
        assert groups[exporter] in statement["Resource"]
        assert yaml.safe_load((ECS / "collector-config.yaml").read_text())["exporters"][exporter]["log_group_name"] == groups[exporter]


# ---- Templates


class Template(yaml.SafeLoader):
    """CloudFormation's short functions are kept as {name: value}."""


def _function(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node)}
    return {suffix: loader.construct_mapping(node)}


Template.add_multi_constructor("!", _function)


def uncommented(text):
    return "".join(line for line in text.splitlines(True) if not line.startswith("#"))


def test_cfn_lint_takes_the_template():
    pytest.importorskip("cfnlint", reason="no cfn-lint: tests/integration/setup python installs it")
    said = subprocess.run(
        [Path(sys.executable).parent / "cfn-lint", str(ECS / "cloudformation.yaml")], capture_output=True, text=True, timeout=120
    )
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_templates_deploy_the_hardened_config_and_the_same_alarms():
    resources = yaml.load((ECS / "cloudformation.yaml").read_text(), Template)["Resources"]
    hardened = (ECS / "collector-config-hardened.yaml").read_text()
    assert resources["CollectorConfig"]["Properties"]["Value"] == uncommented(hardened)
    alarms = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    exporters = yaml.safe_load(hardened)["exporters"]
    for alarm in alarms:
        if alarm["MetricName"] == "nacelle_exporter_queue_oldest_age":
            assert alarm["Dimensions"][0]["Value"] in exporters
    terraform = (ECS / "main.tf").read_text()
    for alarm in alarms:
        assert f'"{alarm["MetricName"]}"' in terraform
    pattern = resources["DropLines"]["Properties"]["FilterPattern"]
    assert json.dumps(pattern) in terraform


def test_terraform_is_parsed():
    hcl2 = pytest.importorskip("hcl2", reason="no python-hcl2: tests/integration/setup python installs it")
    with open(ECS / "main.tf") as file:
        tree = hcl2.load(file)
    kinds = {next(iter(one)).strip('"') for one in tree["resource"]}
    assert {"aws_ecs_task_definition", "aws_ecs_service", "aws_cloudwatch_metric_alarm", "aws_ssm_parameter"} <= kinds


@pytest.mark.grpc
@pytest.mark.export
@pytest.mark.go_differs("its lines have other keys")
def test_a_drop_is_a_line_that_the_metric_filter_sees(program, collectors, sink):
    """{ $.dropped_items > 0 && $.level = "error" }"""
    sink.answer_always(Answer(http_status=400))
    tree = config.tree(program, config.otlp_http(sink), signals=["traces"])
    tree["service"]["telemetry"]["logs"] = {"encoding": "json"}
    running = collectors(tree, ready=False)
    running.wait_line('"event":"ready"', "that it is ready")
    port = re.search(r'"Starting GRPC server".*"endpoint":"127.0.0.1:(\d+)"', running.output())[1]
    with GrpcSender(int(port)) as sender:
        sender.send(TRACES, small(TRACES))
        running.wait_line('"dropped_items":[1-9]', "a line about the drop")
    line = next(line for line in running.output().splitlines() if '"dropped_items":' in line)
    assert json.loads(line)["level"] == "error" and json.loads(line)["dropped_items"] == 1


def test_the_scripts_are_shell():
    subprocess.run(["sh", "-n", str(ECS / "put-parameter.sh")], check=True)
