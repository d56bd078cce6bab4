# SPDX-License-Identifier: Apache-2.0
"""The exporter awscloudwatchlogs against the strict double of AWS, and against moto."""

import json
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

boto3 = pytest.importorskip("boto3", reason="no boto3: tests/integration/setup python installs it")

from e2e import aws as doubles
from e2e import config
from e2e.aws_double import KEYS, REGION, AwsDouble, Group, error, slow
from e2e.route import Route
from e2e.signals import LOGS

pytestmark = [pytest.mark.grpc, pytest.mark.component("awscloudwatchlogs")]

GROUP, STREAM = "/ecs/otel/applogs", "0123456789abcdef"
SHOP = {"service.name": "shop", "aws.ecs.task.id": STREAM}
NOW_MS = int(time.time() * 1000)


@pytest.fixture
def double():
    with AwsDouble() as it:
        yield it
    assert not it.faults, it.faults


def group_with(*streams):
    return Group(streams={name: [] for name in streams})


def records(count, first=0, body='line "{}"', resource=None, at_ms=None):
    request = LOGS.request()
    group = request.resource_logs.add()
    for key, value in (SHOP if resource is None else resource).items():
        group.resource.attributes.add(key=key).value.string_value = value
    scope = group.scope_logs.add()
    for i in range(first, first + count):
        record = scope.log_records.add(
            time_unix_nano=(NOW_MS + i if at_ms is None else at_ms) * 1_000_000, severity_number=9, severity_text="INFO"
        )
        record.body.string_value = body.format(i)
    return request


@contextmanager
def exporting(program, collectors, environment, url, **settings):
    retry = {"initial_interval": "50ms", "max_interval": "100ms"}
    exporter = {"log_group_name": GROUP, "log_stream_name": "{TaskId}", "endpoint": url, "local_mode": True}
    exporters = {"awscloudwatchlogs": {**exporter, "retry_on_failure": retry, **settings}}
    running = collectors(config.tree(program, exporters, signals=["logs"]), env=environment)
    with Route(running, None).sender("grpc") as sender:
        yield running, sender
    running.stop()


@pytest.fixture
def start(program, collectors, double, tmp_path):
    return lambda **settings: exporting(program, collectors, double.environment(tmp_path), double.url, **settings)


def bodies(double, group=GROUP, stream=STREAM):
    return [json.loads(message)["body"] for message in double.messages(group, stream)]


def delivered(double, count):
    double.wait(lambda: len(double.events()) >= count, f"{count} events")


def test_logs_arrive_in_a_group_and_a_stream_that_are_created_for_them(start, double):
    with start(log_retention=14, tags={"team": "shop"}) as (_, sender):
        sender.send(LOGS, records(3))
        delivered(double, 3)
        sender.send(LOGS, records(2, first=3))
        delivered(double, 5)
    assert double.operations() == [
        "PutLogEvents",
        "CreateLogStream",
        "CreateLogGroup",
        "PutRetentionPolicy",
        "CreateLogStream",
        "PutLogEvents",
        "PutLogEvents",
    ]
    assert (double.groups[GROUP].tags, double.groups[GROUP].retention) == ({"team": "shop"}, 14)
    assert bodies(double) == [f'line "{i}"' for i in range(5)]
    assert json.loads(double.messages(GROUP, STREAM)[0]) == {
        "body": 'line "0"',
        "severity_number": 9,
        "severity_text": "INFO",
        "resource": {"service.name": "shop", "aws.ecs.task.id": STREAM},
    }


def test_placeholders_make_streams_of_their_own_and_undefined_ones_are_said_once(start, double):
    with start(log_group_name="/ecs/{ServiceName}") as (running, sender):
        for task in "a", "b":
            sender.send(LOGS, records(2, resource={"service.name": "my shop", "aws.ecs.task.id": task}))
        sender.send(LOGS, records(1, resource={}))
        sender.send(LOGS, records(1, first=1, resource={}))
        double.wait(lambda: len(double.events()) >= 4 + 2, "all events")
        running.wait_line(lambda line: "placeholder" in str(line), "a line about the placeholder")
    assert {(g, s): len(e) for g, group in double.groups.items() for s, e in group.streams.items()} == {
        ("/ecs/my_shop", "a"): 2,
        ("/ecs/my_shop", "b"): 2,
        ("/ecs/undefined", "undefined"): 2,
    }


def test_raw_logs_are_sent_as_they_are_and_go_where_their_metrics_say(start, double):
    emf = {"_aws": {"LogGroupName": "/metrics", "LogStreamName": "one", "CloudWatchMetrics": [], "Timestamp": 1}}
    with start(raw_log=True) as (_, sender):
        sender.send(LOGS, records(1, body="plain\ttext"))
        sender.send(LOGS, records(1, body=json.dumps(emf).replace("{", "{{").replace("}", "}}")))
        delivered(double, 2)
    assert double.messages(GROUP, STREAM) == ["plain\ttext"]
    assert [json.loads(message) for message in double.messages("/metrics", "one")] == [emf]
    assert {call.request.header("x-amzn-logs-format") for call in double.calls_of("PutLogEvents")} == {"json/emf"}


def test_calls_are_as_large_as_aws_takes_them_and_in_order_of_time(start, double):
    request = records(3000, body="{:04} " + 'é"' * 300)
    scope = request.resource_logs[0].scope_logs[0]
    for i in range(0, 3000, 2):  # neighbours change places
        a, b = scope.log_records[i], scope.log_records[i + 1]
        a.time_unix_nano, b.time_unix_nano = b.time_unix_nano, a.time_unix_nano
    with start() as (_, sender):
        sender.send(LOGS, request)
        delivered(double, 3000)
    sizes = [
        sum(len(e["message"].encode()) + 26 for e in call.params["logEvents"]) for call in double.calls_of("PutLogEvents")
    ]
    one = len(double.messages(GROUP, STREAM)[0].encode()) + 26
    assert max(sizes) > 1_048_576 - one, "calls are full"
    assert len(double.events()) == 3000
    assert len(set(double.messages(GROUP, STREAM))) == 3000


def test_only_what_was_not_taken_is_sent_again(start, double):
    double.groups[GROUP] = group_with(STREAM)
    double.fail("PutLogEvents", lambda call, answer: answer)  # the first one is right
    double.fail("PutLogEvents", error("ThrottlingException", headers={"Retry-After": "0"}))
    double.fail("PutLogEvents", error("ServiceUnavailableException"))
    with start() as (_, sender):
        sender.send(LOGS, records(1500, body="{:04} " + "x" * 1000))
        delivered(double, 1500)
    assert len(double.events()) == 1500, "nothing twice"
    first, throttled, failed, *_ = [len(call.params["logEvents"]) for call in double.calls_of("PutLogEvents")]
    assert first > 900 and throttled == failed == 1500 - first


def test_events_that_are_too_old_or_too_new_are_counted_and_the_others_kept(start, double):
    double.groups[GROUP] = group_with(STREAM)
    day = 86_400_000
    with start() as (running, sender):
        request = records(1)
        for at in (NOW_MS - 15 * day, NOW_MS + 3 * day // 24, NOW_MS - 2 * day):
            request.MergeFrom(records(1, body=f"at {at}", at_ms=at))
        sender.send(LOGS, request)
        delivered(double, 2)
        running.wait_line(lambda line: "too_old" in str(line) and "too_new" in str(line), "a line about both")
    assert sorted(bodies(double)) == [f"at {NOW_MS - 2 * day}", 'line "0"']


def test_what_cloudwatch_rejects_of_a_call_is_dropped_and_said(start, double):
    double.groups[GROUP] = group_with(STREAM)

    def rejects(call, answer):
        double.groups[GROUP].streams[STREAM][:2] = []
        body = json.dumps({"rejectedLogEventsInfo": {"expiredLogEventEndIndex": 2}}).encode()
        return doubles.Answer(200, body, answer.headers)

    double.fail("PutLogEvents", rejects)
    with start() as (running, sender):
        sender.send(LOGS, records(5))
        running.wait_line(lambda line: "2 expired" in str(line), "a line about the expired ones")
        delivered(double, 3)
    assert len(double.calls_of("PutLogEvents")) == 1, "nothing is sent twice"


def test_a_denial_says_which_permission_is_missing(start, double):
    message = "User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: logs:PutLogEvents on resource: arn:aws:logs:eu-central-1:1:log-group:/x"
    double.fail("PutLogEvents", error("AccessDeniedException", message))
    with start() as (running, sender):
        sender.send(LOGS, records(2))
        running.wait_line(lambda line: '"Action":"logs:PutLogEvents"' in str(line).replace(" ", "").replace("\\", ""), "the policy")
        running.wait_line("Exporting failed. Dropping data.", "the drop, which the exit code would say if it came later")
    assert len(double.calls) == 1, "a denial is final"


def test_slow_answers_of_one_stream_do_not_hold_up_another(start, double):
    double.groups[GROUP] = group_with("a", "b")
    double.fail("PutLogEvents", slow(1.5))
    with start() as (_, sender):
        sender.send(LOGS, records(1, resource={"aws.ecs.task.id": "a"}))
        double.wait(lambda: double.calls, "the slow call")
        sender.send(LOGS, records(1, resource={"aws.ecs.task.id": "b"}))
        sender.send(LOGS, records(1, first=1, resource={"aws.ecs.task.id": "a"}))
        double.wait(lambda: len(double.calls) >= 2, "the call of the other stream")
        assert [call.params["logStreamName"] for call in double.calls] == ["a", "b"], "one call at a time of each stream"
        double.wait(lambda: len(double.calls) >= 3, "the second call of the first stream")


def test_a_role_is_assumed_and_its_expired_credentials_are_exchanged(program, collectors, double, tmp_path):
    double.groups[GROUP] = group_with(STREAM)
    environment = double.environment(tmp_path, AWS_ENDPOINT_URL_STS=double.url)
    role = "arn:aws:iam::123456789012:role/writer"
    with exporting(program, collectors, environment, double.url, role_arn=role, external_id="x1") as (_, sender):
        sender.send(LOGS, records(1))
        delivered(double, 1)
        for keys in double.known.values():
            if keys is not KEYS:
                keys.expires = 1
        sender.send(LOGS, records(1, first=1))
        delivered(double, 2)
    assert [(form["RoleArn"], form["ExternalId"]) for form in double.forms] == [(role, "x1")] * 2
    assert all(call.request.keys is not KEYS for call in double.calls)
    assert bodies(double) == ['line "0"', 'line "1"']


def test_moto_has_what_was_sent(program, collectors, tmp_path):
    server = Path(sys.executable).parent / "moto_server"
    if not server.exists():
        pytest.skip("no moto_server: tests/integration/setup python installs it")
    with doubles.moto(server) as url:
        keys = {"aws_access_key_id": KEYS.id, "aws_secret_access_key": KEYS.secret}
        logs = boto3.client("logs", REGION, endpoint_url=url, **keys)
        environment = AwsDouble().environment(tmp_path)
        with exporting(program, collectors, environment, url, log_retention=7, tags={"a": "b"}) as (_, sender):
            sender.send(LOGS, records(3))
            deadline = time.monotonic() + 20
            events = []
            while len(events) < 3 and time.monotonic() < deadline:
                time.sleep(0.1)
                try:
                    answer = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, startFromHead=True)
                    events = answer["events"]
                except logs.exceptions.ResourceNotFoundException:
                    pass
        assert [json.loads(event["message"])["body"] for event in events] == [f'line "{i}"' for i in range(3)]
        assert [event["timestamp"] for event in events] == [NOW_MS + i for i in range(3)]
        (group,) = logs.describe_log_groups()["logGroups"]
        assert (group["logGroupName"], group["retentionInDays"]) == (GROUP, 7)
        assert logs.list_tags_log_group(logGroupName=GROUP)["tags"] == {"a": "b"}
