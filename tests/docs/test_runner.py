# SPDX-License-Identifier: Apache-2.0
"""The runner of the pages itself: it notices what is not so."""

import subprocess
import sys
from pathlib import Path

import pytest

import blocks
import expect

HERE = Path(__file__).resolve().parent


def test_blocks_and_the_output_that_belongs_to_them():
    page = "# A\n```sh\na\n```\n\n```text\nA\n```\n```text\nfree\n```\n```sh norun (needs docker)\nb\n```\nwords\n```text\nno\n```\n"
    first, free, second, other = blocks.parse(page)
    assert (first.text, first.expected, first.line, first.expected_line) == ("a\n", "A\n", 2, 6)
    assert free.text == "free\n" and other.text == "no\n"
    assert second.has("norun") and second.reason == "needs docker" and second.expected is None


def test_indented_fences_lose_their_indent():
    (block,) = blocks.parse("1. A\n\n   ```yaml file=a.yaml\n   a:\n     b: 1\n   ```\n")
    assert block.text == "a:\n  b: 1\n" and block.value("file") == "a.yaml"


@pytest.mark.parametrize("page", ["```sh norun\na\n```\n", "```sh bakground\na\n```\n", "```sh\na\n"])
def test_a_page_that_is_written_wrong(page):
    with pytest.raises(blocks.Malformed):
        blocks.parse(page)


@pytest.mark.parametrize(
    "expected, actual, fits",
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\n", False),
        ("a\n", "a\nb\n", False),
        ("a\n...\nz\n", "a\nb\nc\nz\n", True),
        ("a\n...\nz\n", "a\nz\n", True),
        ("a\n...\nz\n", "a\nb\n", False),
        ("...\nz\n", "b\nz\ny\n", False),
        ("x … z\n", "x y z\n", True),
        ("x … z\n", "x y\n", False),
        ("a.c\n", "abc\n", False),
        ("2026-11-22T15:38:01.123Z\tinfo\n", "2031-01-02T03:04:05.9Z\tinfo\n", True),
        ("in 0.0 s: 10\n", "in 1.5 s: 10\n", True),
        ("in 0.0 s: 10\n", "in 0.0 s: 11\n", False),
        ("", "", True),
        ("", "a\n", False),
    ],
)
def test_expected_output(expected, actual, fits):
    assert expect.matches(expected, actual) == fits


def test_more_may_follow_where_it_is_said():
    assert expect.matches("a\n", "a\nb\n", more_may_follow=True)
    assert not expect.matches("a\n", "b\na\n", more_may_follow=True)


@pytest.fixture
def run(tmp_path):
    """Runs a page in a tree of its own, where `nacelle` is a script."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "configs").mkdir()
    (tmp_path / "scripts").mkdir()
    program = tmp_path / "bin" / "nacelle"
    program.write_text(
        "#!/bin/sh\ntrap 'echo end; exit 0' INT TERM; trap 'echo again' HUP\n"
        "echo 'Everything is ready. Begin running and processing data.'\necho more\nwhile :; do sleep 0.05; done\n"
    )
    program.chmod(0o755)

    def run_text(text):
        (tmp_path / "page.md").write_text(text)
        command = [sys.executable, str(HERE / "run_page.py"), str(tmp_path), str(tmp_path / "bin"), "page.md"]
        # Nothing here listens, so that it need not have a network of its own.
        ended = subprocess.run(
            [*command, "--own-network"], capture_output=True, text=True, timeout=120, check=False
        )
        return ended.returncode, ended.stdout + ended.stderr

    return run_text


def test_directory_and_exports_go_on_from_block_to_block(run):
    page = "```sh\nmkdir a && cd a\nexport B='c d'\n```\n```sh\necho \"$B\" > e; cat ../a/e\n```\n```text\nc d\n```\n"
    code, said = run(page)
    assert code == 0, said


@pytest.mark.parametrize(
    "page, says",
    [
        ("```sh\nfalse\n```\n", "page.md:1: exit code 1"),
        ("```sh\nfalse\ntrue\n```\n", "exit code 1"),
        ("```sh fails\ntrue\n```\n", "exit code 0"),
        ("```sh exit=3\nexit 2\n```\n", "exit code 2, not 3"),
        ("```sh\necho a\n```\n```text\nb\n```\n", "it said something else than line 4 has:\na"),
        ("```sh background\nsleep 0.1\n```\n", "it ended with 0 before"),
        ("```sh background\nnacelle\n```\n```text ends=collector\nbye\n```\n", "it ended with something else"),
        ("```text from=collector\na\n```\n", "nothing called collector runs"),
    ],
)
def test_what_is_not_so_is_noticed(run, page, says):
    code, said = run(page)
    assert code == 1 and says in said, said


def test_the_other_terminal(run):
    page = (
        "```yaml file=a/b.yaml\nc: 1\n```\n```sh background\nnacelle\n```\n```text from=collector\nmore\n```\n"
        "```sh\ncat a/b.yaml\n```\n```text\nc: 1\n```\n```sh background\nnacelle\n```\n"
        "```text\nEverything is ready. Begin running and processing data.\n```\n```text from=collector\nmore\n```\n"
    )
    code, said = run(page)
    assert code == 0 and "3 blocks run" in said, said


def test_sighup(run):
    code, said = run("```sh background\nnacelle\n```\n```text hup=collector\nagain\n```\n")
    assert code == 0, said


def test_the_end_of_the_other_terminal(run):
    code, said = run("```sh background\nnacelle\n```\n```text ends=collector\nmore\nend\n```\n")
    assert code == 0, said


def test_what_is_not_run_is_said(run):
    code, said = run("```sh norun (needs docker)\nfalse\n```\n")
    assert code == 0 and "page.md:1: not run: needs docker" in said
