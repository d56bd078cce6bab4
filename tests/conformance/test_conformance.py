# SPDX-License-Identifier: Apache-2.0
"""Runs the conformance table: after each row a good request must still flow, and what was acknowledged, nothing else,
must be at the sink. NACELLE_COUNTED_BY=debug counts by the debug exporter, for a collector without OTLP exporters."""

import os
import time

import pytest

import rows_connections
import rows_grpc
import rows_http
import rows_json
import rows_protobuf
from e2e import config
from e2e.samples import small
from e2e.senders import GrpcSender, HttpSender
from e2e.signals import SIGNALS
from table import EITHER, LIMIT, Doors

COUNTED_BY = os.environ.get("NACELLE_COUNTED_BY", "otlp_http")
SETTLE_S = 0.2
TABLES = (rows_protobuf, rows_http, rows_json, rows_grpc, rows_connections)


def _param(row):
    marks = [getattr(pytest.mark, name) for name in row.marks]
    if row.go_skip:
        marks.append(pytest.mark.go_differs(row.go_skip))
    return pytest.param(row, id=row.name, marks=marks)


class Ledger:
    """What was acknowledged so far, held against what the sink (or the debug exporter) has."""

    def __init__(self, collector, sink):
        self.collector, self.sink = collector, sink
        self.doors = Doors(*(collector.port(name) if name in config.PROTOCOLS else 0 for name in ("grpc", "http")))
        self.acknowledged = dict.fromkeys((signal.name for signal in SIGNALS), 0)

    def count(self, signal):
        return self.sink.items(signal) if self.sink else self.collector.debug_items(signal)

    def settle(self, signal, items):
        """`items` more were acknowledged and must arrive; returns how many arrived that were not."""
        self.acknowledged[signal.name] += items
        due = self.acknowledged[signal.name]
        if self.sink:
            self.sink.wait_items(signal, due)
        else:
            self.collector.wait_debug_items(signal, due)
        surplus = self.count(signal) - due
        self.acknowledged[signal.name] += surplus
        return surplus

    def good_request(self, signal, transport):
        sender = GrpcSender(self.doors.grpc) if transport == "grpc" else HttpSender(self.doors.http)
        with sender:
            sender.send(signal, small(signal))
        return 1


@pytest.fixture(scope="module")
def ledger(program, module_collectors, module_sink):
    exporters = config.otlp_http(module_sink) if COUNTED_BY == "otlp_http" else {"debug": None}
    mib = LIMIT >> 20
    receivers = config.otlp_receiver({"max_recv_msg_size_mib": mib}, {"max_request_body_size": LIMIT})
    collector = module_collectors(config.tree(program, exporters, receivers))
    return Ledger(collector, module_sink if COUNTED_BY == "otlp_http" else None)


@pytest.mark.parametrize("row", [_param(row) for table in TABLES for row in table.rows()])
def test_row(program, ledger, row):
    before = len(ledger.sink.of(row.signal)) if ledger.sink else 0
    outcome = row.send(ledger.doors)
    expected = row.expected(program.is_go)
    good = outcome in expected
    arriving = row.arriving(outcome, program.is_go)
    if arriving == EITHER:
        time.sleep(SETTLE_S)  # what nobody acknowledged may still come
    surplus = ledger.settle(row.signal, arriving if good and arriving != EITHER else 0)
    arrived = ledger.sink.messages(row.signal)[before:] if ledger.sink else None
    flows = ledger.good_request(row.signal, "grpc" if "grpc" in row.marks else "http")
    surplus = (0 if arriving == EITHER else surplus) + ledger.settle(row.signal, flows)
    assert good, f"{row.name}: {outcome}, expected {' or '.join(expected)}. {row.note}"
    assert surplus == 0, f"{row.name}: {outcome}, but {surplus} {row.signal.debug_count} arrived all the same"
    if row.check and arrived:
        row.check(arrived, program.keeps)
