# SPDX-License-Identifier: Apache-2.0
"""`nacelle check`: what components find when they try what they need, against the double that verifies signatures and
an OTLP backend."""

import json
import os
import subprocess

import pytest
import yaml

from e2e import aws as doubles
from e2e import certificates
from e2e import config
from e2e.answers import Answer as Said
from e2e.aws import Answer, Aws, Keys
from e2e.aws_double import AwsDouble, Group, error
from e2e.sink import Sink

pytestmark = [pytest.mark.process, pytest.mark.go_differs("the Go collector has no such command")]

KEYS = Keys("AKIACHECK", "a/secret+key", "token")
ROLE = "arn:aws:sts::123456789012:assumed-role/ecs-otel-task-role/task"


@pytest.fixture
def aws():
    with Aws() as double:
        double.know(KEYS)
        yield double


def run(program, home, url, exporters, *more, extensions=None, signals=("traces",), **variables):
    """Exit code, what was printed, and the complaints."""
    tree = config.tree(program, exporters, signals=signals)
    if extensions:
        tree["extensions"] = extensions
        tree["service"]["extensions"] = list(extensions)
    path = home / "config.yaml"
    path.write_text(yaml.safe_dump(tree))
    keys = {"AWS_ACCESS_KEY_ID": KEYS.id, "AWS_SECRET_ACCESS_KEY": KEYS.secret, "AWS_SESSION_TOKEN": KEYS.token}
    env = doubles.environment(home, **{**keys, "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": url, **variables})
    done = subprocess.run(
        [str(program.path), "check", "--config", str(path), *more],
        capture_output=True,
        text=True,
        timeout=90,
        env={**os.environ, **env},
    )
    assert KEYS.secret not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def check(*arguments, **options):
    """Exit code, and {(component, what): row}."""
    code, out, err = run(*arguments, "--format", "json", **options)
    answer = json.loads(out)
    assert answer["ok"] == (code == 0) and not err
    return code, {(row["component"], row["what"]): row for row in answer["checks"]}


def results(rows):
    return {what: row["result"] for (_, what), row in rows.items()}


def test_all_is_well(program, tmp_path, aws):
    code, rows = check(program, tmp_path, aws.url, {"awsxray": None})
    assert code == 0
    assert results(rows) == dict.fromkeys(
        ["region", "credentials", "identity", "DNS 127.0.0.1", f"connect {aws.url}", "xray:PutTraceSegments"], "ok"
    )
    assert rows["awsxray", "identity"]["detail"] == ROLE
    assert rows["awsxray", "credentials"]["detail"] == "environment (AWS_ACCESS_KEY_ID)"
    assert rows["awsxray", "region"]["detail"] == "eu-west-1, by AWS_REGION"
    segments = [request for request in aws.requests if request.path == "/TraceSegments"]
    assert [json.loads(request.body) for request in segments] == [{"TraceSegmentDocuments": []}]
    assert not [request.fault for request in aws.requests if request.fault]


def denial(action, more="because no identity-based policy allows it"):
    message = f"User: {ROLE} is not authorized to perform: {action} {more}"
    return Answer(403, json.dumps({"__type": "AccessDeniedException", "message": message}).encode())


def test_a_refused_permission_comes_with_the_statement_to_add(program, tmp_path, aws):
    aws.service_answers = [denial("xray:PutTraceSegments")]
    code, out, err = run(program, tmp_path, aws.url, {"awsxray": None})
    assert code == 1 and not err
    lines = out.splitlines()
    at = next(i for i, line in enumerate(lines) if "xray:PutTraceSegments" in line)
    assert lines[at].split() == ["awsxray", "(traces)", "xray:PutTraceSegments", "failed", "refused", "to", ROLE]
    assert "taskRoleArn" in lines[at + 1]
    assert json.loads(lines[at + 2]) == {"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}
    assert lines[-1] == "6 tried: 5 ok, 0 to note, 1 failed"


def test_an_explicit_denial_is_not_answered_with_another_statement(program, tmp_path, aws):
    aws.service_answers = [denial("xray:PutTraceSegments", "with an explicit deny in a service control policy")]
    code, rows = check(program, tmp_path, aws.url, {"awsxray": None})
    assert code == 1
    assert "cannot help" in rows["awsxray", "xray:PutTraceSegments"]["hint"]
    assert "text" not in rows["awsxray", "xray:PutTraceSegments"]


def test_an_answer_that_nothing_was_in_it_is_one_of_who_may(program, tmp_path, aws):
    aws.service_answers = [Answer(400, b'{"__type":"InvalidRequestException","message":"empty list"}')]
    code, rows = check(program, tmp_path, aws.url, {"awsxray": None})
    assert code == 0 and rows["awsxray", "xray:PutTraceSegments"]["result"] == "ok"


@pytest.fixture
def logs():
    with AwsDouble(keys=KEYS) as double:
        double.groups["/app"] = Group()
        yield double
        assert not double.faults and not double.events()
        assert double.operations() == ["PutLogEvents"], "nothing is made"


def cloudwatch_logs(group="/app"):
    return {"awscloudwatchlogs": {"log_group_name": group, "log_stream_name": "{TaskId}"}}


def test_log_events_are_tried_with_a_stream_that_is_not_there(program, tmp_path, logs):
    code, rows = check(program, tmp_path, logs.url, cloudwatch_logs(), signals=["logs"])
    assert code == 0
    assert results(rows)["logs:PutLogEvents"] == "ok" and results(rows)["logs:CreateLogStream"] == "note"
    assert "logs:CreateLogGroup" not in results(rows)


@pytest.mark.parametrize(("settings", "group"), [({"log_group_name": "/app"}, "/app"), ({"namespace": "Mine"}, "/metrics/Mine")])
def test_metrics_for_cloudwatch_are_tried_in_their_log_group(program, tmp_path, logs, settings, group):
    logs.groups[group] = Group()
    code, rows = check(program, tmp_path, logs.url, {"awsemf": settings}, signals=["metrics"])
    assert code == 0 and results(rows)["logs:PutLogEvents"] == "ok"
    assert logs.calls[0].params["logGroupName"] == group


def test_a_group_that_is_missing_is_to_note(program, tmp_path, logs):
    code, rows = check(program, tmp_path, logs.url, cloudwatch_logs("/none"), signals=["logs"])
    assert code == 0 and rows["awscloudwatchlogs", "logs:CreateLogGroup"]["result"] == "note"
    assert "beforehand" in rows["awscloudwatchlogs", "logs:CreateLogGroup"]["hint"]


def test_refused_log_events_come_with_the_arn_of_the_group(program, tmp_path, logs):
    logs.fail("PutLogEvents", error("AccessDeniedException", f"User: {ROLE} is not authorized to perform: logs:PutLogEvents"))
    code, rows = check(program, tmp_path, logs.url, cloudwatch_logs("/ecs/{ClusterName}"), signals=["logs"])
    assert code == 1 and "logs:CreateLogStream" not in results(rows)
    assert json.loads(rows["awscloudwatchlogs", "logs:PutLogEvents"]["text"]) == {
        "Effect": "Allow",
        "Action": "logs:PutLogEvents",
        "Resource": "arn:aws:logs:eu-west-1:123456789012:log-group:/ecs/*:*",
    }


def test_without_credentials_each_link_of_the_chain_is_named(program, tmp_path, aws):
    code, rows = check(program, tmp_path, aws.url, {"awsxray": None}, AWS_ACCESS_KEY_ID="")
    assert code == 1 and results(rows) == {"region": "ok", "credentials": "failed"}
    assert "environment: AWS_ACCESS_KEY_ID is not set" in rows["awsxray", "credentials"]["detail"]
    assert "AWS_EC2_METADATA_DISABLED" in rows["awsxray", "credentials"]["detail"]
    assert not aws.requests


def test_keys_that_nobody_knows(program, tmp_path, aws):
    aws.known.clear()
    code, rows = check(program, tmp_path, aws.url, {"awsxray": None})
    assert code == 1
    assert rows["awsxray", "identity"]["result"] == "failed"
    assert rows["awsxray", "xray:PutTraceSegments"]["result"] == "failed"


def test_a_role_is_assumed_and_named(program, tmp_path, aws):
    aws.identity = "arn:aws:sts::999:assumed-role/other/nacelle"
    code, rows = check(program, tmp_path, aws.url, {"awsxray": {"role_arn": "arn:aws:iam::999:role/other"}})
    assert code == 0 and rows["awsxray", "identity"]["detail"] == aws.identity
    assert [form["Action"] for form in aws.forms] == ["AssumeRole", "GetCallerIdentity"]


def test_without_a_region(program, tmp_path, aws):
    code, rows = check(program, tmp_path, aws.url, {"awsxray": None}, AWS_REGION="")
    assert code == 1 and results(rows) == {"region": "failed"}
    assert "AWS_REGION" in rows["awsxray", "region"]["hint"]


def test_names_and_ports_that_lead_nowhere(program, tmp_path, aws):
    exporters = {"otlp_grpc": {"endpoint": "nowhere.invalid:4317"}, "otlp_http": {"endpoint": "http://127.0.0.1:9"}}
    code, rows = check(program, tmp_path, aws.url, exporters)
    assert code == 1
    assert rows["otlp_grpc", "DNS nowhere.invalid"]["result"] == "failed"
    assert "VPC" in rows["otlp_grpc", "DNS nowhere.invalid"]["hint"]
    assert rows["otlp_grpc", "connect https://nowhere.invalid:4317"]["result"] == "failed"
    refused = rows["otlp_http", "connect http://127.0.0.1:9"]
    assert refused["result"] == "failed" and "nothing listens there" in refused["hint"]


def test_records_about_the_exporter_are_tried_where_they_are_sent(program, tmp_path, aws):
    for enabled in (False, True):
        _, rows = check(program, tmp_path, aws.url, {"awsxray": {"telemetry": {"enabled": enabled}}})
        assert (("awsxray", "xray:PutTelemetryRecords") in rows) == enabled
    assert [request.body for request in aws.requests if request.path == "/TelemetryRecords"] == [b'{"TelemetryRecords":[]}']


def test_a_proxy_tries_what_sdks_ask_for(program, tmp_path, aws, sink):
    proxy = {"awsproxy": {"endpoint": "127.0.0.1:0"}}
    code, rows = check(program, tmp_path, aws.url, config.otlp_http(sink), extensions=proxy)
    assert code == 0
    for action in ("xray:GetSamplingRules", "xray:GetSamplingTargets"):
        assert rows["awsproxy", action]["result"] == "ok"
    assert {"/GetSamplingRules", "/SamplingTargets"} <= {request.path for request in aws.requests}


@pytest.mark.parametrize("encoding", ["proto", "json"])
def test_an_otlp_backend_takes_an_empty_request(program, tmp_path, aws, sink, encoding):
    exporters = {**config.otlp_http(sink, encoding=encoding), **config.otlp_grpc(sink)}
    code, rows = check(program, tmp_path, aws.url, exporters, signals=config.SIGNALS)
    assert code == 0 and set(results(rows).values()) == {"ok"}
    assert len(sink.requests) == 6 and not sink.faults
    assert not any(record.signal.items(record.message) for record in sink.requests)


@pytest.mark.parametrize(
    "answer, result, hint",
    [
        (Said(http_status=401), "failed", "token"),
        (Said(http_status=403), "failed", "token"),
        (Said(http_status=404), "failed", "path"),
        (Said(http_status=400), "note", "all the same"),
        (Said(http_status=503), "note", "tried again"),
    ],
)
def test_what_a_backend_says(program, tmp_path, aws, sink, answer, result, hint):
    sink.answer_always(answer)
    code, rows = check(program, tmp_path, aws.url, {**config.otlp_http(sink), **config.otlp_grpc(sink)})
    assert code == (1 if result == "failed" else 0)
    for exporter in "otlp_http", "otlp_grpc":
        row = rows[exporter, "empty request"]
        assert row["result"] == result and hint in row["hint"], row


def test_a_certificate_that_nobody_trusts(program, tmp_path, aws):
    authority = certificates.make(tmp_path / "ca")
    with Sink(tls=authority) as sink:
        url = f"https://localhost:{sink.http_port}"
        trusting = {"endpoint": url, "tls": {"ca_file": authority.path("ca.crt")}}
        code, rows = check(program, tmp_path, aws.url, {"otlp_http/a": {"endpoint": url}, "otlp_http/b": trusting})
    assert code == 1
    refused, good = rows["otlp_http/a", f"connect {url}"], rows["otlp_http/b", f"connect {url}"]
    assert refused["result"] == "failed" and "ca_file" in refused["hint"], refused
    assert good["result"] == "ok" and "its certificate is good" in good["detail"]


def test_an_authenticator_signs_the_empty_request(program, tmp_path, aws):
    exporters = {"otlp_http": {"endpoint": aws.url, "auth": {"authenticator": "sigv4auth"}}}
    extensions = {"sigv4auth": {"service": "xray"}}
    code, rows = check(program, tmp_path, aws.url, exporters, extensions=extensions)
    assert code == 0
    assert rows["sigv4auth", "identity"]["detail"] == ROLE
    assert rows["otlp_http", "empty request"]["result"] == "ok"
    assert [request.service for request in aws.good()] == ["xray"]


def detecting(program, home, url, **variables):
    tree = config.tree(program, {"debug": None}, processors={"resourcedetection": {"detectors": ["env", "ecs"]}})
    (home / "config.yaml").write_text(yaml.safe_dump(tree))
    env = {**os.environ, **doubles.environment(home, OTEL_RESOURCE_ATTRIBUTES="team=core", **variables)}
    said = subprocess.run(
        [str(program.path), "check", "--config", str(home / "config.yaml"), "--format", "json"],
        capture_output=True, text=True, timeout=90, env=env,
    )  # fmt: skip
    return {row["what"]: row for row in json.loads(said.stdout)["checks"]}


def test_metadata_are_tried(program, tmp_path, aws):
    task = {"TaskARN": "arn:aws:ecs:eu-west-1:1:task/c/0123", "Family": "shop", "Containers": []}
    aws.answers["/v4/abc/task"] = [Answer(200, json.dumps(task).encode())]
    aws.answers["/v4/abc"] = [Answer(200, b"{}")]
    uri = {"ECS_CONTAINER_METADATA_URI_V4": aws.url + "/v4/abc"}
    rows = detecting(program, tmp_path, aws.url, **uri)
    assert (rows["detector env"]["result"], rows["detector env"]["detail"]) == ("ok", "1 attribute")
    assert rows["detector ecs"]["result"] == "ok" and "attributes" in rows["detector ecs"]["detail"]
    aws.answers["/v4/abc/task"] = [Answer(500)]
    assert detecting(program, tmp_path, aws.url, **uri)["detector ecs"]["result"] == "note"
    nowhere = detecting(program, tmp_path, aws.url)["detector ecs"]
    assert nowhere["result"] == "note" and "nothing of this kind" in nowhere["detail"]


def test_a_config_with_mistakes_is_not_tried(program, tmp_path, aws):
    code, out, err = run(program, tmp_path, aws.url, {"awsxray": {"regoin": "x"}})
    assert code == 1 and not out and "regoin" in err
    assert not aws.requests


def test_a_config_that_needs_nothing(program, tmp_path, aws):
    code, out, _ = run(program, tmp_path, aws.url, {"debug": None})
    assert code == 0 and out == "Nothing in this config needs anything outside of it.\n"


def test_its_command_line(program):
    def say(*words):
        return subprocess.run([str(program.path), *words], capture_output=True, text=True, timeout=30)

    assert "nacelle check [options]" in say("check", "--help").stdout
    assert say("help", "check").stdout == say("check", "--help").stdout
    assert "check " in say("help").stdout
    wrong = say("check", "--config", "x", "--port", "3")
    assert wrong.returncode == 1 and "check does not take --port" in wrong.stderr
    assert "no config" in say("check").stderr
    assert "table|json" in say("check", "--config", "x", "--format", "xml").stderr
