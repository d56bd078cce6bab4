# SPDX-License-Identifier: Apache-2.0
"""The README of each component knows its keys: none that is not there, no own one left out, no other default."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("NACELLE_BIN", ROOT / "build" / "release" / "bin" / "nacelle")).resolve()
KINDS = ("receivers", "processors", "exporters", "connectors", "extensions")
# Keys that many have, which docs/config-reference.md and the services' READMEs tell of.
SHARED = {
    *("timeout", "sending_queue", "retry_on_failure", "tls", "auth", "dialer", "cors", "include_metadata"),
    *("max_request_body_size", "compression_algorithms", "read_timeout", "read_header_timeout", "write_timeout", "idle_timeout"),
}
ROW = re.compile(r"^\|\s*(`[^|]*?)\s*\|\s*([^|]*?)\s*\|", re.MULTILINE)
LITERAL = re.compile(r"`([^`]+)`|(true|false|[\d.]+\w*)")


def ask(*arguments):
    command = [PROGRAM, "components", *arguments, "--format", "json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)


def flat(fields, prefix=""):
    for field in fields or ():
        yield prefix + field["name"], field
        yield from flat(field.get("fields"), prefix + field["name"] + ".")
        yield from flat((field.get("element") or {}).get("fields"), prefix + field["name"] + ".")


def documented():
    """(README, its components: several types may lie in one folder)"""
    listing, found = ask(), {}
    for kind in KINDS:
        for component in listing[kind]:
            folder = ROOT / "plugins" / kind / Path(component["plugin"]["file"]).resolve().stem
            if (folder / "README.md").exists():
                found.setdefault(folder / "README.md", []).extend(ask(f"{kind}/{component['name']}"))
    return found


@pytest.fixture(scope="module")
def readmes():
    found = documented()
    assert len(found) >= 17
    return found


def keys_of(text):
    """(keys of the first cell, second cell) of each row of its tables that begins with a key."""
    for cell, second in ROW.findall(text):
        keys = [key.replace("::", ".") for key in re.findall(r"`([^`]+)`", cell)]
        yield [key for key in keys if re.fullmatch(r"[a-z_0-9.]+", key)], second


def ends_with(names, key):
    return [name for name in names if f".{name}".endswith(f".{key}")]


def test_keys_that_are_not_there(readmes):
    wrong = []
    for readme, components in readmes.items():
        names = [name for component in components for name, _ in flat(component.get("fields"))]
        words = {component["name"] for component in components}
        for keys, _ in keys_of(readme.read_text()):
            last = {name.rpartition(".")[2] for name in names}
            wrong += [f"{readme}: {key}" for key in keys if key.rpartition(".")[2] not in last | words]
    assert not wrong


def test_keys_that_are_left_out(readmes):
    wrong = []
    for readme, components in readmes.items():
        text = readme.read_text()
        for component in components:
            own = {field["name"] for field in component.get("fields") or ()} - SHARED
            wrong += [f"{readme}: {name}" for name in sorted(own) if not re.search(rf"\b{re.escape(name)}\b", text)]
    assert not wrong


def test_other_defaults(readmes):
    """Of rows with one key, where the README gives a literal and the table has a default."""
    wrong = []
    for readme, components in readmes.items():
        fields = {name: field for component in components for name, field in flat(component.get("fields"))}
        for keys, cell in keys_of(readme.read_text()):
            names = ends_with(fields, keys[0]) if len(keys) == 1 else []
            defaults = {str(fields[name].get("default", "")) for name in names}
            literal = LITERAL.fullmatch(cell)
            if literal and defaults - {""} and (literal[1] or literal[2]) not in defaults:
                wrong.append(f"{readme}: {keys[0]} is {cell}, not {defaults}")
    assert not wrong
