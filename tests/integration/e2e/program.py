# SPDX-License-Identifier: Apache-2.0
"""Which program is under test, and what kind: Nacelle, or the Go collector that the tests are proven against."""

import functools
import os
import re
import subprocess
from pathlib import Path

import pytest

from e2e import compare

ROOT = Path(__file__).resolve().parents[3]
VENV = ROOT / "build" / "venv"
DEFAULT = ROOT / "build" / "release" / "bin" / "nacelle"
# Not templates around one, nor parts that others are merged with, nor ADOT's presets, some of which lack components.
WHOLE_CONFIGS = [
    path
    for path in sorted((ROOT / "configs").rglob("*.yaml"))
    if "\n  pipelines:" in path.read_text()
    and "AWSTemplateFormatVersion" not in path.read_text()
    and path.relative_to(ROOT / "configs").parts[0] != "adot"
]
GO_BUILD_INFO = b"\xff Go buildinf:"
SANITIZER_SYMBOLS = (b"__asan_init", b"__tsan_init")
BLOCK = 1 << 20


def _holds(path, *needles):
    overlap = max(map(len, needles))
    with open(path, "rb") as file:
        tail = b""
        while block := file.read(BLOCK):
            window = tail + block
            if any(needle in window for needle in needles):
                return True
            tail = window[-overlap:]
    return False


class Program:
    """An executable that is run as `<path> --config …`."""

    def __init__(self, path):
        self.path = Path(path).resolve()
        if not os.access(self.path, os.X_OK):
            raise FileNotFoundError(f"no program at {self.path}: build it, or name another by NACELLE_BIN")

    @functools.cached_property
    def is_go(self):
        """The Go collector: the tests hold it to the same table, but for the rows where it is known to differ."""
        return _holds(self.path, GO_BUILD_INFO)

    @functools.cached_property
    def is_sanitized(self):
        """Built with a sanitizer, so memory and linking say nothing."""
        return _holds(self.path, *SANITIZER_SYMBOLS)

    @functools.cached_property
    def components(self):
        """The types that the Go collector was built with."""
        listing = subprocess.run(
            [self.path, "components"], capture_output=True, text=True, check=True, timeout=30
        ).stdout
        return set(re.findall(r"^\s*- name: (\S+)", listing, re.MULTILINE))

    @property
    def keeps(self):
        """What of a message must come out of it: a function of the message."""
        return compare.as_go_collector if self.is_go else compare.unchanged


@functools.cache
def under_test():
    return Program(os.environ.get("NACELLE_BIN", DEFAULT))


def skip_go(program, reason):
    """Where part of a test's rows are known to differ: the mark go_differs for the rest of them."""
    if program.is_go:
        pytest.skip(f"Go collector: {reason}")
