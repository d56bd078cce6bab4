# SPDX-License-Identifier: Apache-2.0
"""Each config of configs/ by `validate` and `print-config`, and compared with what the Go collector answered."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from configs import ROWS
from configs.table import effective, run

HERE = Path(__file__).resolve().parent / "configs"
GO = json.loads((HERE / "go_answers.json").read_text())
ARGUED = re.findall(r"^\| `([a-z0-9-]+)` \|", (HERE / "DIFFERENCES.md").read_text(), re.MULTILINE)
UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}

pytestmark = [pytest.mark.process, pytest.mark.go_differs("its answers are in go_answers.json")]


def plain(path, value):
    """A value without what is only its way of writing: 1m0s is 1m, [{name: a, value: b}] is {a: b}, Normal is normal."""
    if isinstance(value, str) and re.fullmatch(r"(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+", value):
        return sum(int(float(n) * UNITS[unit]) for n, _, unit in re.findall(r"(\d+(\.\d+)?)(ns|us|µs|ms|s|m|h)", value))
    if (
        isinstance(value, list)
        and value
        and all(isinstance(item, dict) and {*item} == {"name", "value"} for item in value)
    ):
        return {item["name"]: item["value"] for item in value}
    if isinstance(value, str) and path.rpartition("::")[2] in ("verbosity", "level"):
        return value.lower()
    return value


def agrees(row):
    """Whether the Go collector answered what the row expects."""
    answer = GO[row.name]
    if answer["valid"] != (row.values is not None):
        return False
    return all(plain(path, answer["values"][path]) == plain(path, value) for path, value in (row.values or {}).items())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(program, row, tmp_path):
    code, _, said = run([str(program.path), "validate"], row, tmp_path)
    for part in row.says:
        assert part in said, f"{part!r} is not in:\n{said}"
    if row.values is None:
        assert code == 1, said
        assert re.search(r"^Error: ", said, re.MULTILINE), said
        return
    assert code == 0, said
    assert row.says or not said, said
    assert "error:" not in said, said
    found, said = effective(program.path, row, tmp_path)
    assert found is not None, said
    assert {path: plain(path, value) for path, value in found.items()} == {
        path: plain(path, value) for path, value in row.values.items()
    }


@pytest.mark.parametrize("row", [row for row in ROWS if not row.go_without], ids=lambda row: row.name)
def test_go_collector(row):
    """Where it answers something else, that is listed and argued; what is listed is still so."""
    if row.differs:
        assert not agrees(row), f"the Go collector agrees: {GO[row.name]}"
    else:
        assert agrees(row), f"the Go collector differs: {GO[row.name]}"


def test_every_difference_is_argued_and_used():
    used = {row.differs for row in ROWS if row.differs}
    assert used == set(ARGUED)
    assert len(ARGUED) == len(set(ARGUED))


def test_the_table_is_whole():
    assert [name for name, count in Counter(row.name for row in ROWS).items() if count > 1] == []
    assert set(GO) == {row.name for row in ROWS}, "run tests/conformance/configs/make_go_answers"
    assert len(ROWS) >= 120
    from configs import rows_old

    assert len(rows_old.ROWS) >= 20
