# SPDX-License-Identifier: Apache-2.0
"""Log events compared with those of the Go collector's exporter (answers.json, made by make-answers from contrib
v0.98.0): group, stream, time, and message member by member."""

import json
import re
import time
from pathlib import Path

import pytest
from cases import CASES, DIFFERENT

from e2e import config
from e2e.aws_double import AwsDouble, Group
from e2e.senders import HttpSender
from e2e.signals import LOGS

ANSWERS = json.loads((Path(__file__).parent / "answers.json").read_text())


@pytest.fixture(scope="module")
def double():
    with AwsDouble() as it:
        it.groups = {"group": Group(streams={"stream": []}), "metrics": Group(streams={"stream": [], "one": []})}
        yield it


@pytest.fixture(scope="module")
def ports(program, module_collectors, double, tmp_path_factory):
    """The HTTP port of a collector for each value of raw_log."""
    names = {"log_group_name": "group", "log_stream_name": "stream", "endpoint": double.url, "local_mode": True}
    found = {}
    for raw in False, True:
        tree = config.tree(program, {"awscloudwatchlogs": {**names, "raw_log": raw}}, signals=["logs"])
        found[raw] = module_collectors(tree, env=double.environment(tmp_path_factory.mktemp("home"))).port("http")
    return found


def test_answers_are_those_of_the_cases():
    assert sorted(ANSWERS) == sorted(case["name"] for case in CASES)
    assert set(DIFFERENT) <= set(ANSWERS)


def tree_of(message):
    try:
        return json.loads(message)
    except ValueError:
        return message


def sent(double, port, case):
    now_ms = int(time.time() * 1000)
    text = re.sub(r'"@(-?\d+)"', lambda m: f'"{(now_ms + int(m[1])) * 1_000_000}"', json.dumps(case["request"]))
    streams = [stream for group in double.groups.values() for stream in group.streams.values()]
    for stream in streams:
        stream.clear()
    calls = len(double.calls)
    with HttpSender(port, "application/json") as sender:
        sender.send(LOGS, text.encode())
    wanted = wanted_of(case["name"])
    if wanted:
        double.wait(lambda: len(double.events()) >= len(wanted), f"the events of {case['name']}")
    assert not double.faults, double.faults
    events = []
    for call in double.calls[calls:]:
        for event in call.params["logEvents"]:
            offset = event["timestamp"] - now_ms
            at = "now" if 0 <= offset < 60_000 else offset
            events.append((call.params["logGroupName"], call.params["logStreamName"], at, tree_of(event["message"])))
    return events


def wanted_of(name):
    """What is to be sent: as the Go exporter does it, but for what is meant to differ."""
    events = [(e["group"], e["stream"], e["at"], tree_of(e["message"])) for e in ANSWERS[name]["events"]]
    why, ours = DIFFERENT.get(name, ("", {}))
    if "at" in ours:
        events = [(group, stream, at, message) for (group, stream, _, message), at in zip(events, ours["at"])]
    if "bodies" in ours:
        group, stream, at, _ = events[-1]
        events = [(group, stream, at, body) for body in ours["bodies"]]
    return events


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_events_are_those_of_the_go_exporter(double, ports, case):
    got, wanted = sent(double, ports[case["raw"]], case), wanted_of(case["name"])
    if "bodies" in DIFFERENT.get(case["name"], ("", {}))[1]:
        got = [(group, stream, at, message["body"]) for group, stream, at, message in got]
    assert got == wanted


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_is_said_to_differ_differs(name):
    theirs = [(e["at"], tree_of(e["message"])) for e in ANSWERS[name]["events"]]
    ours = DIFFERENT[name][1]
    if "at" in ours:
        assert [at for at, _ in theirs] != ours["at"]
    elif "bodies" in ours:
        assert [message["body"] if isinstance(message, dict) else message for _, message in theirs] != ours["bodies"] or ANSWERS[name].get("error")
    else:
        assert ANSWERS[name].get("error")
