# SPDX-License-Identifier: Apache-2.0
"""Hostile clients, each for a moment, against a collector in a container of 96 MiB: it stays inside, normal clients are
served meanwhile and afterwards, and when the attack is over it rests."""

import os
import threading
import time

import account
import attacks
import grpc
import limits
import pytest
from e2e import config
from e2e.samples import small
from e2e.senders import GrpcSender, HttpError, HttpSender
from e2e.signals import TRACES

pytestmark = pytest.mark.delivery
ATTACK_S = float(os.environ.get("NACELLE_ATTACK_S", "0.1"))
MIB = 1 << 20
LIMIT = 96 * MIB
NORMAL = 3  # requests of each protocol during the attack

SLOW = ("slowloris", "slow_bodies", "promises", "slow_messages", "idle", "idle_http2", "connect_and_go")
FULL = ("idle", "idle_http2")  # these count once they have more connections than a port takes
HTTP2 = ("rapid_reset", "continuation", "empty_continuation", "settings", "pings", "window_updates", "empty_data",
         "hpack_bomb", "never_reads_http2")  # fmt: skip
HTTP1 = ("endless_header", "many_headers", "endless_line", "endless_chunks", "tiny_chunks", "huge_chunk",
         "endless_chunk_extension", "never_reads_http1")  # fmt: skip
BODIES = ("gzip_bomb", "zstd_bomb", "zstd_window", "zeros_in_grpc", "deep_json", "deep_unknown_json", "long_json",
          "deep_protobuf", "huge_varints", "endless_varint", "empty_records")  # fmt: skip


@pytest.fixture(scope="module")
def body_attacks():
    """Bodies that take a while to make are made once."""
    return {}


def normal_clients(collector, count):
    """Requests of well-behaved clients, each by a connection of its own."""
    request = small(TRACES, 3)
    for _ in range(count):
        with GrpcSender(collector.port("grpc")) as sender:
            sender.send(TRACES, request)
        with HttpSender(collector.port("http")) as sender:
            sender.send(TRACES, request)


def cpu_s(collector):
    with open(f"/proc/{collector.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def wait_rest(collector):
    """It uses next to no processor any more."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        before = cpu_s(collector)
        time.sleep(0.1)
        if cpu_s(collector) - before <= 0.02:
            return
    collector.fail("it does not come to rest after the attack")


@pytest.mark.parametrize("name", SLOW + HTTP2 + HTTP1 + BODIES)
def test_attack(program, collectors, tmp_path, name):
    attack = getattr(attacks, name)
    if name in BODIES:
        attack = attack()
    with limits.memory_limited(program, tmp_path, LIMIT) as (limited, _):
        tree = config.tree(program, {"nop": None}, signals=["traces"])
        collector = collectors(tree, program=limited)
        normal_clients(collector, 1)
        port = collector.port("grpc" if name in HTTP2 or name in ("zeros_in_grpc", "slow_messages") else "http")
        stop = threading.Event()
        with attacks.Attacker(port, stop) as attacker:
            thread = threading.Thread(target=attack, args=(attacker,))
            thread.start()
            try:
                time.sleep(ATTACK_S)
                deadline = time.monotonic() + 20
                while name in FULL and len(attacker.open) + attacker.refused < 1400 and time.monotonic() < deadline:
                    time.sleep(0.02)
                normal_clients(collector, NORMAL)
                held = len(attacker.open)
            finally:
                stop.set()
                thread.join(20)
            assert not thread.is_alive()
        assert attacker.sent or attacker.refused or held
        normal_clients(collector, 1)
        wait_rest(collector)
        peak = collector.peak_memory()
        served = 2 * (NORMAL + 2)
        figures = [f"{attacker.sent / MIB:.1f}", str(held), str(attacker.refused), str(served), f"{peak / MIB:.1f}"]
        account.ATTACKS.append([name.replace("_", " "), *figures])
        collector.stop()
        assert peak < LIMIT
