# SPDX-License-Identifier: Apache-2.0
"""docs/config-reference.md is what the plugins' field tables say."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("NACELLE_BIN", ROOT / "build" / "release" / "bin" / "nacelle")).resolve()
SCRIPT = ROOT / "scripts" / "config-reference"


def test_the_page_is_what_the_tables_say():
    ended = subprocess.run(
        [sys.executable, SCRIPT, "--check", PROGRAM], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="module")
def script():
    loader = importlib.machinery.SourceFileLoader("config_reference", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def test_a_key_that_is_new_or_gone_is_noticed(script, monkeypatch):
    monkeypatch.setattr(script.sys, "argv", ["config-reference", "--check", str(PROGRAM)])
    real = script.own_components
    assert script.main() == 0

    def with_one_more(nacelle):
        for room, component in real(nacelle):
            component["fields"].append({"name": "brand_new", "type": "int"})
            yield room, component

    monkeypatch.setattr(script, "own_components", with_one_more)
    assert script.main() == 1


def test_rows(script):
    fields = [
        {"name": "a", "type": "int", "min": 0, "max": 2**31 - 1, "default": "7", "description": "x|y."},
        {"name": "b", "type": "section", "optional": True, "fields": [{"name": "c", "type": "map", "secret": True}]},
        {"name": "d", "type": "enum", "choices": ["", "e"], "required": True, "old_name": "f"},
        {"name": "g", "type": "list", "element": {"type": "section", "fields": [{"name": "h", "type": "bool"}]}},
    ]
    assert list(script.rows_of(fields, "", {})) == [
        "| `a` | int, at least 0 | `7` | x\\|y |",
        "| `b` | section |  | *off unless written* |",
        "| `b.c` | map of any |  | *secret* |",
        '| `d` | `""`, `e` |  | **required**; formerly `f` |',
        "| `g` | list of section |  |  |",
        "| `g[].h` | bool |  |  |",
    ]


def test_the_table_of_own_metrics_is_what_the_source_says():
    ended = subprocess.run([ROOT / "scripts/metrics-table", "--check"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
