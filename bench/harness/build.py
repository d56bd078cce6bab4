# SPDX-License-Identifier: Apache-2.0
"""Builds the peer, the sink and the load program with the Go tool chain that is there."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import time

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCH)
OUTPUT = os.path.join(ROOT, "build", "bench")


class Missing(Exception):
    """Something that must be installed first; the text says what."""


@dataclasses.dataclass(frozen=True)
class Body:
    """A prepared request: the file, what it holds, and how it is sent."""
    path: str
    form: str
    bytes: int
    items: int
    record_bytes: int
    record_sum: int
    signal: str = "traces"


@dataclasses.dataclass(frozen=True)
class Tools:
    peer: str | None
    sink: str
    aws_peer: str | None
    aws_sink: str | None
    load: str
    h2load: str
    bodies: dict  # (form, items) -> Body, of traces
    bodies_now: dict  # (signal, form, items) -> Body, with the times of now
    facts: dict


def build(with_peer, with_aws=False):
    go = shutil.which("go")
    if not go:
        raise Missing("go is not installed: the peer and the sink are Go programs, see bench/peer/go.mod for which")
    h2load = shutil.which("h2load")
    if not h2load:
        raise Missing("h2load is not installed: apt install nghttp2-client")
    os.makedirs(OUTPUT, exist_ok=True)
    sink, load = os.path.join(OUTPUT, "sink"), os.path.join(OUTPUT, "load")
    _go_build(go, BENCH, "./sink", sink)
    _go_build(go, BENCH, "./load", load)
    facts = {"go": _first_line([go, "version"]), "h2load": _first_line([h2load, "--version"])}
    peer = aws_peer = aws_sink = None
    if with_aws:
        aws_sink = os.path.join(OUTPUT, "awssink")
        _go_build(go, BENCH, "./awssink", aws_sink)
    if with_aws and with_peer:
        aws_peer = os.path.join(OUTPUT, "adot")
        _go_build(go, os.path.join(BENCH, "adot"), ".", aws_peer)
        facts["aws_peer"] = {"version": _first_line([aws_peer, "--version"]), "bytes": os.path.getsize(aws_peer),
                             "modules": modules("adot")}
    if with_peer:
        peer = os.path.join(OUTPUT, "otelcol")
        began = time.monotonic()
        _go_build(go, os.path.join(BENCH, "peer"), ".", peer)
        facts["peer"] = {
            "version": _first_line([peer, "--version"]), "bytes": os.path.getsize(peer),
            "build_s": round(time.monotonic() - began, 1), "modules": modules("peer"),
        }
    bodies = {(body.form, body.items): body for body in write_bodies(load, "bodies", ["traces"], [256, 10, 1])}
    bodies_now = {}
    if with_aws:
        made = write_bodies(load, "bodies-now", ["traces", "metrics", "logs"], [256, 8, 1], ["-now"])
        bodies_now = {(body.signal, body.form, body.items): body for body in made}
    return Tools(peer, sink, aws_peer, aws_sink, load, h2load, bodies, bodies_now, facts)


def _go_build(go, folder, package, output):
    """A static, stripped program; nothing is done when it is up to date."""
    if not os.path.exists(output):
        print(f"building {os.path.relpath(output, ROOT)} (the first time takes a minute) ...", file=sys.stderr)
    command = [go, "build", "-p", "2", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w"]
    result = subprocess.run([*command, "-o", output, package], cwd=folder, env=os.environ | {"CGO_ENABLED": "0"})
    if result.returncode != 0:
        raise Missing(f"go build {package} in {os.path.relpath(folder, ROOT)} failed")


def write_bodies(load, name, signals, items, options=()):
    folder = os.path.join(OUTPUT, name)
    os.makedirs(folder, exist_ok=True)
    command = [load, "bodies", "-dir", folder, "-signals", ",".join(signals), "-items", ",".join(map(str, items))]
    listing = subprocess.run([*command, *options], check=True, capture_output=True, text=True).stdout
    return [Body(os.path.join(folder, entry["file"]), entry["form"], entry["bytes"], entry["items"],
                 entry["record_bytes"], entry["record_sum"], entry["signal"])
            for entry in json.loads(listing)["bodies"]]


def modules(folder):
    """The collector modules that a peer is made of, from its go.mod."""
    with open(os.path.join(BENCH, folder, "go.mod")) as file:
        direct = [line.split() for line in file if "// indirect" not in line]
    return {fields[0]: fields[1] for fields in direct if len(fields) == 2 and re.match(r"v\d", fields[1])}


def _first_line(command):
    result = subprocess.run(command, capture_output=True, text=True)
    return (result.stdout or result.stderr).strip().split("\n")[0]
