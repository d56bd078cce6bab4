# SPDX-License-Identifier: Apache-2.0
"""The file exporter: OTLP/JSON, a request a line; and protobuf, each request behind its length in four bytes."""

import os
import struct
import subprocess

import grpc
import pytest

from e2e import compare, config, otlp_json, random_otlp
from e2e.random_otlp import Shape
from e2e.route import Route
from e2e.samples import everything, small
from e2e.signals import SIGNALS, TRACES

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


# ---- Several files


def test_rotated_files_hold_everything_once(program, collectors, tmp_path):
    """More than three files of 1 MiB; the Go collector's exporter writes the same names."""
    requests = [small(TRACES, 500, service=f"s{number}") for number in range(60)]
    settings = {"rotation": {"max_megabytes": 1}}
    write(program, collectors, TRACES, tmp_path / "out.json", requests, **settings)
    files = sorted(tmp_path.glob("out*.json"))
    assert len(files) > 3
    assert all(file.stat().st_size <= 1 << 20 for file in files)
    written = [message for file in files for message in read_json(file, TRACES)]
    compare.assert_same_requests(TRACES, requests, written, program.keeps)


def test_a_file_for_each_value_of_an_attribute(program, collectors, tmp_path):
    group_by = {"enabled": True, "resource_attribute": "service.name"}
    requests = [small(TRACES, 1, service=name) for name in ("a", "b", "a", "deep/c")]
    write(program, collectors, TRACES, tmp_path / "*.json", requests, group_by=group_by)
    assert len(read_json(tmp_path / "a.json", TRACES)) == 2
    assert len(read_json(tmp_path / "b.json", TRACES)) == 1
    assert len(read_json(tmp_path / "deep" / "c.json", TRACES)) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="a file system of its own can be mounted by root alone")
@pytest.mark.go_differs("loses what does not fit")
def test_a_disk_that_is_full_loses_nothing_that_was_acknowledged(program, collectors, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        exporters = {"file": {"path": str(disk / "out.json")}}
        running = collectors(config.tree(program, exporters, signals=["traces"]))
        taken = []
        with Route(running, None).sender("grpc") as sender:
            for number in range(100):
                request = small(TRACES, 20, service=f"s{number}")
                try:
                    sender.send(TRACES, request)
                    taken.append(request)
                except grpc.RpcError as error:
                    assert error.code() is grpc.StatusCode.UNAVAILABLE
                    assert "No space left on device" in error.details()
                    break
            assert 0 < len(taken) < 100
            kept = (disk / "out.json").read_bytes()
            (disk / "out.json").write_bytes(b"")  # as copytruncate does
            again = small(TRACES, 20, service="after")
            sender.send(TRACES, again)
        running.stop()
        (tmp_path / "all.json").write_bytes(kept + (disk / "out.json").read_bytes())
        compare.assert_same_requests(TRACES, [*taken, again], read_json(tmp_path / "all.json", TRACES), program.keeps)
    finally:
        subprocess.run(["umount", "-l", disk], check=False)
