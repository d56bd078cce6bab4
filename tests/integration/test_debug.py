# SPDX-License-Identifier: Apache-2.0
"""The debug exporter: what came is counted, named and shown. Needs no exporter that sends."""

import pytest

from e2e import config
from e2e.route import Route
from e2e.samples import small, telling
from e2e.signals import SIGNALS

signals = pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
transports = pytest.mark.parametrize(
    "transport",
    [
        pytest.param("grpc", marks=pytest.mark.grpc),
        pytest.param("http", marks=pytest.mark.http),
        pytest.param("json", marks=[pytest.mark.http, pytest.mark.json]),
    ],
)


@pytest.fixture(scope="module")
def collector(program, module_collectors):
    return module_collectors(config.tree(program, {"debug": None}))


@signals
@transports
def test_basic_counts_what_was_sent(collector, signal, transport):
    before = collector.debug_items(signal)
    with Route(collector, None).sender(transport) as sender:
        for items in (1, 2, 256):
            sender.send(signal, small(signal, items))
    collector.wait_debug_items(signal, before + 259)
    assert collector.debug_items(signal) == before + 259


@signals
@pytest.mark.grpc
def test_basic_names_resources_and_items(collector, signal):
    with Route(collector, None).sender("grpc") as sender:
        sender.send(signal, small(signal, 77))
    line = collector.wait_line(lambda line: line.fields.get(signal.debug_count) == 77, "the summary")
    assert line.level == "info"
    assert line.message == signal.debug_title
    assert line.fields[signal.groups.replace("_", " ")] == 1


@signals
@pytest.mark.grpc
@pytest.mark.parametrize("verbosity", ["normal", "detailed"])
def test_the_records_are_shown(program, collectors, signal, verbosity):
    running = collectors(config.tree(program, {"debug": {"verbosity": verbosity}}))
    request, words = telling(signal)
    with Route(running, None).sender("grpc") as sender:
        sender.send(signal, request)
    running.wait_debug_items(signal, signal.items(request))
    running.stop()
    shown = running.output()
    missing = [word for word in words[verbosity] if word not in shown]
    assert not missing, f"{verbosity} does not show {missing}"
