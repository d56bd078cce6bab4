# SPDX-License-Identifier: Apache-2.0
"""The file exporter: OTLP/JSON, a request a line; and protobuf, each request behind its length in four bytes."""

import struct

import pytest

from e2e import compare, config, otlp_json, random_otlp
from e2e.random_otlp import Shape
from e2e.route import Route
from e2e.samples import everything, small
from e2e.signals import SIGNALS

pytestmark = [pytest.mark.grpc, pytest.mark.component("file")]
signals = pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)


def read_json(path, signal):
    return [otlp_json.parse(line, signal.request()) for line in path.read_bytes().splitlines()]


def read_proto(path, signal):
    data, messages = path.read_bytes(), []
    while data:
        (length,) = struct.unpack(">I", data[:4])
        assert len(data) >= 4 + length, "the last request is cut short"
        messages.append(signal.request.FromString(data[4 : 4 + length]))
        data = data[4 + length :]
    return messages


def write(program, collectors, signal, path, requests, **settings):
    """Sends the requests through a collector with a file exporter, and stops it."""
    exporters = {"file": {"path": str(path), **settings}}
    running = collectors(config.tree(program, exporters, signals=[signal.name]))
    with Route(running, None).sender("grpc") as sender:
        for request in requests:
            sender.send(signal, request)
    running.stop()


@signals
@pytest.mark.json
def test_json_lines_hold_what_was_sent(program, collectors, tmp_path, signal):
    requests = [
        everything(signal),
        *(random_otlp.request(signal, seed, Shape(profiles_fields=False)) for seed in range(5)),
    ]
    write(program, collectors, signal, tmp_path / "out.json", requests)
    written = read_json(tmp_path / "out.json", signal)
    compare.assert_same_requests(signal, map(compare.one_nan, requests), map(compare.one_nan, written), program.keeps)


@signals
@pytest.mark.json
def test_json_is_spelled_as_otlp_says(program, collectors, tmp_path, signal):
    """Names in camelCase, ids in hex, 64-bit numbers as texts, enums as numbers."""
    write(program, collectors, signal, tmp_path / "out.json", [everything(signal)])
    text = (tmp_path / "out.json").read_text(encoding="utf-8")
    assert "_spans" not in text and "_unix" not in text
    assert '"5b8efff798038103d269b633813fc60c"' in text
    assert '"1700000000000000001"' in text
    assert '"Infinity"' in text and '"NaN"' in text
    assert "SPAN_KIND" not in text and "SEVERITY_NUMBER" not in text and "TEMPORALITY" not in text


@signals
def test_protobuf_holds_what_was_sent(program, collectors, tmp_path, signal):
    shape = Shape(unknown_fields=not program.is_go)
    requests = [everything(signal), *(random_otlp.request(signal, seed, shape) for seed in range(5))]
    write(program, collectors, signal, tmp_path / "out.bin", requests, format="proto")
    written = read_proto(tmp_path / "out.bin", signal)
    compare.assert_same_requests(signal, requests, written, program.keeps)


@pytest.mark.json
def test_all_that_was_acknowledged_is_in_the_file_after_sigterm(program, collectors, tmp_path):
    signal = SIGNALS[0]
    requests = [small(signal) for _ in range(200)]
    write(program, collectors, signal, tmp_path / "out.json", requests)
    compare.assert_same_requests(signal, requests, read_json(tmp_path / "out.json", signal), program.keeps)
