# SPDX-License-Identifier: Apache-2.0
"""Runs a command of the program to its end, as a person would type it."""

import os
import subprocess

TIMEOUT_S = 60


def run(program, *arguments, env=None, cwd=None, argv0=None):
    """The completed process, with text in stdout and stderr. `env` adds to the environment; None takes a name away."""
    environment = {**os.environ, **(env or {})}
    environment = {name: value for name, value in environment.items() if value is not None}
    return subprocess.run(
        [str(argv0 or program.path), *map(str, arguments)],
        executable=str(program.path) if argv0 is None else str(argv0),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env=environment,
        cwd=cwd,
    )


def good(program, *arguments, **options):
    """Its standard output; the exit code must be 0."""
    result = run(program, *arguments, **options)
    assert result.returncode == 0, f"{arguments}: exit code {result.returncode}\n{result.stderr}"
    return result.stdout


def bad(program, *arguments, **options):
    """Its standard error; the exit code must be 1, the last line an `Error:`, and nothing on standard output."""
    result = run(program, *arguments, **options)
    assert result.returncode == 1, f"{arguments}: exit code {result.returncode}\n{result.stdout}{result.stderr}"
    assert result.stderr.splitlines()[-1].startswith("Error: "), result.stderr
    assert result.stdout == "", result.stdout
    return result.stderr
