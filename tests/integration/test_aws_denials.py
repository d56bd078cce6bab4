# SPDX-License-Identifier: Apache-2.0
"""A permission that AWS refuses while the collector runs is one line that says all that is needed to mend it."""

import json
import time

import pytest

from e2e import config
from e2e.aws_double import AwsDouble, error
from e2e.route import Route
from e2e.samples import small
from e2e.signals import LOGS, METRICS, TRACES

pytestmark = [pytest.mark.grpc, pytest.mark.go_differs("an error of the service, once a batch")]

ROLE = "arn:aws:sts::123456789012:assumed-role/ecs-otel-task-role/0123"
GROUP = "arn:aws:logs:eu-central-1:123456789012:log-group:/app:log-stream:s"
LOG_NAMES = {"log_group_name": "/app", "log_stream_name": "s"}
EXPORTERS = {
    "awsxray": (TRACES, "PutTraceSegments", "xray:PutTraceSegments", "", {}),
    "awsemf": (METRICS, "PutLogEvents", "logs:PutLogEvents", f" on resource: {GROUP}", LOG_NAMES),
    "awscloudwatchlogs": (LOGS, "PutLogEvents", "logs:PutLogEvents", f" on resource: {GROUP}", LOG_NAMES),
}
NO_POLICY = " because no identity-based policy allows the action"
DENIED = " with an explicit deny in a service control policy"


def fresh(signal):
    """A record of now: older ones would not be sent."""
    message = small(signal)
    if signal is LOGS:
        message.resource_logs[0].scope_logs[0].log_records[0].time_unix_nano = time.time_ns()
    if signal is METRICS:
        metric = message.resource_metrics[0].scope_metrics[0].metrics[0]
        metric.CopyFrom(type(metric)(name="level", gauge={"data_points": [{"as_double": 1, "time_unix_nano": time.time_ns()}]}))
    return message


def refused(program, collectors, home, exporter, why):
    """The fields of the one line about it."""
    signal, operation, action, resource, settings = EXPORTERS[exporter]
    with AwsDouble() as double:
        message = f"User: {ROLE} is not authorized to perform: {action}{resource}{why}"
        double.fail(operation, error("AccessDeniedException", message), times=9)
        tree = config.tree(program, {exporter: {"endpoint": double.url, **settings}}, signals=[signal.name])
        running = collectors(tree, env=double.environment(home))
        with Route(running, None).sender("grpc") as sender:
            sender.send(signal, fresh(signal))
            line = running.wait_line(lambda line: line.fields.get("event") == "aws.access_denied", "a line about it")
            running.wait_line("Dropping data", "the drop, which the exit code would say if it came later")
        running.stop()
        said = [line for line in running.lines if line.fields.get("event") == "aws.access_denied"]
        assert len(said) == 1 and line.level == "error"
        return line.fields


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_it_names_action_resource_role_component_and_statement(program, collectors, tmp_path, exporter):
    signal, _, action, resource, _ = EXPORTERS[exporter]
    fields = refused(program, collectors, tmp_path, exporter, NO_POLICY)
    expected = resource.removeprefix(" on resource: ") or "*"
    assert fields["otelcol.component.id"] == exporter and fields["otelcol.component.kind"] == "exporter"
    assert (fields["action"], fields["resource"], fields["principal"]) == (action, expected, ROLE)
    assert json.loads(fields["statement"]) == {"Effect": "Allow", "Action": action, "Resource": expected}


def test_what_a_policy_denies_is_not_answered_with_another(program, collectors, tmp_path):
    fields = refused(program, collectors, tmp_path, "awsxray", DENIED)
    assert "statement" not in fields and DENIED in fields["reason"]
