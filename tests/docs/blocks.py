# SPDX-License-Identifier: Apache-2.0
"""The fenced blocks of a page: what the words behind the fence ask for, and which output belongs to which command."""

import re
from dataclasses import dataclass, field

FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^`]*)$")
REASON = re.compile(r"\(([^)]*)\)")


class Malformed(Exception):
    """A page that cannot be run as it is written."""


@dataclass
class Block:
    """```sh and what follows. `expected` is the ```text block right behind it, if there is one."""

    language: str
    words: list
    reason: str
    text: str
    line: int
    expected: str | None = None
    expected_line: int = 0

    def has(self, word):
        return word in self.words

    def value(self, name):
        """Of `name=value`; None where it is not there."""
        for word in self.words:
            key, equals, value = word.partition("=")
            if equals and key == name:
                return value
        return None


KNOWN = {
    "sh": {"norun", "background", "fails", "exit"},
    "yaml": {"file", "fragment", "wrong"},
    "json": {"file"},
    "text": {"from", "ends", "hup"},
}


def _block(info, lines, line):
    found = REASON.search(info)
    reason = found.group(1) if found else ""
    language, *words = REASON.sub("", info).split() or [""]
    for word in words:
        if word.partition("=")[0] not in KNOWN.get(language, ()):
            raise Malformed(f"line {line}: ```{info}: `{word}` is not known")
    if "norun" in words and not reason:
        raise Malformed(f"line {line}: ```{info}: norun needs a reason in parentheses")
    return Block(language, words, reason, "\n".join(lines) + "\n", line)


def parse(markdown):
    """All fenced blocks in order. A ```text block that follows a ```sh block with nothing but blank lines between them
    is its expected output, and is not listed by itself."""
    blocks, inside, between = [], None, True
    for number, text in enumerate(markdown.splitlines(), 1):
        fence = FENCE.match(text)
        if inside is None and fence:
            inside = (fence["info"].strip(), len(fence["indent"]), [], number)
        elif inside is not None and fence and not fence["info"].strip():
            info, indent, lines, begin = inside
            inside = None
            _add(blocks, _block(info, [line[indent:] for line in lines], begin), not between)
            between = False
        elif inside is not None:
            inside[2].append(text)
        elif text.strip():
            between = True
    if inside is not None:
        raise Malformed(f"line {inside[3]}: the fence does not end")
    return blocks


def _add(blocks, block, follows):
    previous = blocks[-1] if blocks else None
    if block.language == "text" and not block.words and follows and previous and previous.language == "sh":
        if previous.expected is None:
            previous.expected, previous.expected_line = block.text, block.line
            return
    blocks.append(block)
