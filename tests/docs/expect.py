# SPDX-License-Identifier: Apache-2.0
"""Compares what a command said with what the page says that it says.

In both, moments, ids, times that something took and the scratch directory count as equal. In the expected text a line
`...` stands for any lines, none included, and `…` within a line for any text."""

import re

PLACEHOLDERS = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?Z| UTC)?"), "<moment>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<trace id>"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "<span id>"),
    (re.compile(r"\bin \d+\.\d s\b"), "in <time>"),
)
ANY_LINES = "..."


def normal(text, scratch=""):
    """The text with placeholders, as lines without trailing space."""
    if scratch:
        text = text.replace(scratch, "<here>")
    for pattern, placeholder in PLACEHOLDERS:
        text = pattern.sub(placeholder, text)
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def _line(expected):
    return re.compile("".join(".*" if part == "…" else re.escape(part) for part in re.split("(…)", expected)))


def matches(expected, actual, more_may_follow=False, scratch=""):
    """Whether `actual` is what was expected; with `more_may_follow`, whether it begins so."""
    wanted = normal(expected, scratch)
    got = normal(actual, scratch)
    if more_may_follow:
        wanted.append(ANY_LINES)
    reached = {0}  # how many wanted lines may have been used up
    for line in got + [None]:
        reached = _over_ellipses(wanted, reached)
        if line is None:
            break
        stay = {at for at in reached if at < len(wanted) and wanted[at] == ANY_LINES}
        go_on = {
            at + 1
            for at in reached
            if at < len(wanted) and wanted[at] != ANY_LINES and _line(wanted[at]).fullmatch(line)
        }
        reached = stay | go_on
    return len(wanted) in reached


def _over_ellipses(wanted, reached):
    reached = set(reached)
    while more := {at + 1 for at in reached if at < len(wanted) and wanted[at] == ANY_LINES} - reached:
        reached |= more
    return reached
