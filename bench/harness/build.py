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


@dataclasses.dataclass(frozen=True)
class Tools:
    peer: str | None
    sink: str
    load: str
    h2load: str
    bodies: dict  # (form, items) -> Body, of traces
    facts: dict


def build(with_peer):
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
    peer = None
    if with_peer:
        peer = os.path.join(OUTPUT, "otelcol")
        began = time.monotonic()
        _go_build(go, os.path.join(BENCH, "peer"), ".", peer)
        facts["peer"] = {
            "version": _first_line([peer, "--version"]), "bytes": os.path.getsize(peer),
            "build_s": round(time.monotonic() - began, 1), "modules": peer_modules(),
        }
    return Tools(peer, sink, load, h2load, write_bodies(load), facts)


def _go_build(go, folder, package, output):
    """A static, stripped program; nothing is done when it is up to date."""
    if not os.path.exists(output):
        print(f"building {os.path.relpath(output, ROOT)} (the first time takes a minute) ...", file=sys.stderr)
    command = [go, "build", "-p", "2", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w"]
    result = subprocess.run([*command, "-o", output, package], cwd=folder, env=os.environ | {"CGO_ENABLED": "0"})
    if result.returncode != 0:
        raise Missing(f"go build {package} in {os.path.relpath(folder, ROOT)} failed")


def write_bodies(load):
    folder = os.path.join(OUTPUT, "bodies")
    os.makedirs(folder, exist_ok=True)
    listing = subprocess.run([load, "bodies", "-dir", folder, "-signals", "traces", "-items", "256,10,1"], check=True,
                             capture_output=True, text=True).stdout
    bodies = {}
    for entry in json.loads(listing)["bodies"]:
        bodies[entry["form"], entry["items"]] = Body(
            os.path.join(folder, entry["file"]), entry["form"], entry["bytes"], entry["items"], entry["record_bytes"],
            entry["record_sum"])
    return bodies


def peer_modules():
    """The collector modules that the peer is made of, from its go.mod."""
    with open(os.path.join(BENCH, "peer", "go.mod")) as file:
        direct = [line.split() for line in file if "// indirect" not in line]
    return {fields[0]: fields[1] for fields in direct if len(fields) == 2 and re.match(r"v\d", fields[1])}


def _first_line(command):
    result = subprocess.run(command, capture_output=True, text=True)
    return (result.stdout or result.stderr).strip().split("\n")[0]
