# SPDX-License-Identifier: Apache-2.0
"""The end-to-end package's fixtures, and what every scenario of faults is judged by: the account of its records.
The table of all scenarios is printed at the end; --table FILE writes it into the page between its marks, too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "integration"))
sys.path.insert(0, str(Path(__file__).parent))

import account
from e2e.fixtures import *

BEGIN, END = "<!-- table: tests/fault --table -->\n", "<!-- end of the table -->"


def pytest_addoption(parser):
    parser.addoption("--table", metavar="FILE", help="a page, between whose marks the table of scenarios is written")


def pytest_terminal_summary(terminalreporter, config):
    if not account.TABLE:
        return
    terminalreporter.section("acknowledged = delivered + still queued + dropped + lost")
    terminalreporter.write(account.table())
    if file := config.getoption("--table", default=None):
        page = Path(file)
        before, rest = page.read_text(encoding="utf-8").split(BEGIN)
        page.write_text(before + BEGIN + account.table() + END + rest.split(END)[1], encoding="utf-8")
