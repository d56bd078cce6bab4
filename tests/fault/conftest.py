# SPDX-License-Identifier: Apache-2.0
"""The end-to-end package's fixtures, and what every scenario of faults is judged by: the account of its records.
The tables of all scenarios are printed at the end; --table FILE writes them into the page between its marks, too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "integration"))
sys.path.insert(0, str(Path(__file__).parent))

import account
from e2e.fixtures import *

MARKS = ("<!-- table of scenarios: tests/fault --table -->\n", "<!-- table of attacks: tests/fault --table -->\n")
END = "<!-- end of the table -->"


def pytest_addoption(parser):
    parser.addoption("--table", metavar="FILE", help="a page, between whose marks the tables are written")


def pytest_terminal_summary(terminalreporter, config):
    tables = (
        account.table(account.HEAD, (row.cells() for row in account.TABLE)) if account.TABLE else "",
        account.table(account.ATTACKS_HEAD, account.ATTACKS) if account.ATTACKS else "",
    )
    for title, table in zip(("acknowledged = delivered + still queued + dropped + lost", "attacks"), tables):
        if table:
            terminalreporter.section(title)
            terminalreporter.write(table)
    if file := config.getoption("--table", default=None):
        page = Path(file)
        text = page.read_text(encoding="utf-8")
        for mark, table in zip(MARKS, tables):
            if table:
                before, rest = text.split(mark)
                text = before + mark + table + END + rest.split(END, 1)[1]
        page.write_text(text, encoding="utf-8")
