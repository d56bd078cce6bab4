# SPDX-License-Identifier: Apache-2.0
"""A backend that is away and applications that never stop: the collector stays inside its memory, says so to whoever
sends, and goes on when the backend is back. NACELLE_FLOOD_S is how long (3 s; the long form is 60)."""

import contextlib
import itertools
import os
import time

import limits
import pytest
from account import Client, ids_in, judge
from e2e import config
from e2e.answers import Answer
from e2e.signals import TRACES

pytestmark = pytest.mark.delivery
FLOOD_S = float(os.environ.get("NACELLE_FLOOD_S", "3"))
MIB = 1 << 20


def delivered(sink):
    return ids_in(received.message for received in sink.of(TRACES))


def flood(collector, clients, seconds):
    """Clients with 200 KB requests; returns them after their time."""
    with contextlib.ExitStack() as stack:
        made = [
            stack.enter_context(Client(collector.port("http"), itertools.count(1 + n * 10**9), spans=40, padding=5000))
            for n in range(clients)
        ]
        time.sleep(seconds)
        # The first refusal may take longer than that on a busy machine.
        deadline = time.monotonic() + 60
        while not any(client.refused for client in made) and time.monotonic() < deadline:
            time.sleep(0.05)
    return made


@pytest.mark.parametrize("limiter", [True, False], ids=["memory_limiter", "budget"])
def test_a_flood_without_a_backend(program, collectors, sink, limiter):
    """With the guide's memory_limiter (100 MiB, 30 of them spare), and with nothing but the queue's own limit."""
    settings = {"retry_on_failure": {"initial_interval": "100ms", "max_interval": "1s"}}
    if not limiter:
        settings["sending_queue"] = {"sizer": "bytes", "queue_size": 60 * MIB}
    processors = {"memory_limiter": {"check_interval": "1s", "limit_mib": 100, "spike_limit_mib": 30}} if limiter else None
    made = config.tree(program, config.otlp_http(sink, **settings), processors=processors, signals=["traces"])
    sink.answer_always(Answer(503, message="away"))
    collector = collectors(made)
    clients = flood(collector, 3, FLOOD_S)
    peak = collector.peak_memory()
    refused = sum(sum(client.refused.values()) for client in clients)
    assert {status for client in clients for status in client.refused} == {503}
    assert not any(client.unanswered for client in clients), "every refusal must be an answer"
    assert peak < 100 * MIB, f"{peak / MIB:.1f} MiB"
    sink.answer_always(Answer())
    acknowledged = set().union(*(client.acknowledged for client in clients))
    deadline = time.monotonic() + 60
    while not acknowledged <= set(delivered(sink)):
        if time.monotonic() > deadline:
            collector.fail(f"{len(acknowledged - set(delivered(sink)))} records did not arrive")
        time.sleep(0.2)
    after = flood_after(collector)
    assert after.acknowledged
    collector.stop()
    print(f"\npeak {peak / MIB:.1f} MiB, {refused} requests refused with 503")
    judge(f"flood without a backend, {'memory_limiter' if limiter else 'budget'}", acknowledged, delivered(sink), peak=peak)


CONTAINERS = {"memory_limiter in 128 MiB": (128 * MIB, True), "nothing configured in 64 MiB": (64 * MIB, False)}


@pytest.mark.parametrize("size, limiter", CONTAINERS.values(), ids=CONTAINERS)
def test_a_flood_inside_a_container(program, collectors, sink, tmp_path, size, limiter):
    """The kernel would kill it at its limit. Without cgroups malloc fails there, which is to be a refusal, too."""
    processors = {"memory_limiter": {"check_interval": "1s", "limit_mib": 100, "spike_limit_mib": 30}} if limiter else None
    settings = {"retry_on_failure": {"initial_interval": "100ms", "max_interval": "1s"}}
    made = config.tree(program, config.otlp_http(sink, **settings), processors=processors, signals=["traces"])
    sink.answer_always(Answer(503, message="away"))
    with limits.memory_limited(program, tmp_path, size) as (limited, group):
        if program.is_sanitized:
            pytest.skip("a sanitizer's memory is not the program's")
        collector = collectors(made, program=limited)
        clients = flood(collector, 3, FLOOD_S)
        peak = collector.peak_memory()
        assert {status for client in clients for status in client.refused} == {503}
        assert not any(client.unanswered for client in clients), "every refusal must be an answer"
        sink.answer_always(Answer())
        acknowledged = set().union(*(client.acknowledged for client in clients))
        deadline = time.monotonic() + 60
        while not acknowledged <= set(delivered(sink)):
            if time.monotonic() > deadline:
                collector.fail(f"{len(acknowledged - set(delivered(sink)))} records did not arrive")
            time.sleep(0.2)
        assert flood_after(collector).acknowledged
        collector.stop()
    how = limits.described(group, size)
    judge(f"flood without a backend, {'memory_limiter' if limiter else 'nothing configured'}, {how}", acknowledged, delivered(sink), peak=peak)


def flood_after(collector):
    """Good data flows again."""
    with Client(collector.port("http"), itertools.count(10**12)) as client:
        deadline = time.monotonic() + 30
        while not client.acknowledged and time.monotonic() < deadline:
            time.sleep(0.01)
    return client
