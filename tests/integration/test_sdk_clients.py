# SPDX-License-Identifier: Apache-2.0
"""Unmodified OpenTelemetry SDKs send to the collector and, the same telemetry, straight to a second sink; what came
through the collector equals what came directly, field by field. Each also to the port meant for the other protocol."""

import pytest

from e2e import compare, config
from e2e.sdk_clients import AT_LEAST, CLIENTS_GRPC, CLIENTS_HTTP, CLIENTS_JSON
from e2e.sink import Sink

pytestmark = [pytest.mark.export, pytest.mark.sdk]
other_port = pytest.mark.go_differs("serves one protocol a port")


def _clients():
    for client in (*CLIENTS_GRPC, *CLIENTS_HTTP, *CLIENTS_JSON):
        marks = [pytest.mark.grpc if client.port == "grpc" else pytest.mark.http]
        if client in CLIENTS_JSON:
            marks.append(pytest.mark.json)
        if "gzip" in client.name:
            marks.append(pytest.mark.compression)
        for port in ("grpc", "http"):
            wrong = [] if port == client.port else [pytest.mark.grpc, pytest.mark.http, other_port]
            yield pytest.param(client, port, id=f"{client.name} to the {port} port", marks=marks + wrong)


@pytest.fixture(scope="module")
def collector(program, module_collectors, module_sink):
    return module_collectors(config.tree(program, config.otlp_http(module_sink)))


@pytest.mark.parametrize("client, port", list(_clients()))
def test_telemetry_of_an_sdk_arrives_as_it_was_sent(program, collector, module_sink, client, port):
    before = {signal.name: len(module_sink.of(signal)) for signal in client.signals}
    already = {signal.name: module_sink.items(signal) for signal in client.signals}
    with Sink() as direct:
        client.run(collector.port(port), direct)
        for signal in client.signals:
            sent = direct.messages(signal)
            count = direct.items(signal)
            assert count >= AT_LEAST[signal.name], f"the SDK sent only {count} {signal.debug_count}"
            arrived = module_sink.wait_items(signal, already[signal.name] + count)[before[signal.name] :]
            compare.assert_same_items(signal, sent, arrived, program.keeps)
