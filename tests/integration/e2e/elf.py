# SPDX-License-Identifier: Apache-2.0
"""What an ELF file needs, exports and leaves undefined, as readelf and ldd say."""

import functools
import re
import subprocess
from dataclasses import dataclass

SYMBOL = re.compile(
    r"^\s*\d+:\s+[0-9a-f]+\s+\S+\s+\S+\s+(?P<bind>GLOBAL|WEAK|UNIQUE)\s+\S+\s+(?P<section>\S+)\s+(?P<name>\S+)"
)


@dataclass(frozen=True)
class Symbol:
    """`name` is without its version; `versioned` says that it has one, as copies of libc's variables do. The names of
    versions themselves, which stand among the symbols, too, define nothing."""

    name: str
    versioned: bool
    weak: bool
    defined: bool


def _run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def needed(path):
    """The libraries that the file itself names."""
    return set(re.findall(r"\(NEEDED\).*\[(.+?)\]", _run("readelf", "-Wd", str(path))))


def libraries(path):
    """{name: path} of everything that is loaded with it, by ldd."""
    return dict(re.findall(r"^\s*(\S+) => (/\S+)", _run("ldd", str(path)), re.MULTILINE))


@functools.cache
def symbols(path):
    found = []
    for line in _run("readelf", "-W", "--dyn-syms", str(path)).splitlines():
        if match := SYMBOL.match(line):
            name, _, version = match["name"].partition("@")
            found.append(Symbol(name, bool(version), match["bind"] == "WEAK", match["section"] not in ("UND", "ABS")))
    return found


def exports(path):
    return {symbol.name for symbol in symbols(path) if symbol.defined}


def unresolved(path):
    """Symbols that neither the file nor a library that it links defines."""
    provided = set()
    for library in libraries(path).values():
        provided |= exports(library)
    return {
        symbol.name
        for symbol in symbols(path)
        if not symbol.defined and not symbol.weak and symbol.name not in provided
    }
