# SPDX-License-Identifier: Apache-2.0
"""Programs that are started under a limit: a memory cgroup where one can be made, else an address-space limit; few
descriptors; a preloaded library."""

import contextlib
import os
import shlex
import time
from pathlib import Path

from e2e.program import Program

V1 = Path("/sys/fs/cgroup/memory")
V2 = Path("/sys/fs/cgroup")


def wrapped(program, directory, name, *lines):
    """The program, started by a script that does `lines` first."""
    script = directory / name
    script.write_text("\n".join(["#!/bin/sh", *lines, f'exec {shlex.quote(str(program.path))} "$@"', ""]))
    script.chmod(0o755)
    made = Program(script)
    made.is_go, made.is_sanitized = program.is_go, program.is_sanitized
    return made


def _make_group(name, size):
    """The group's folder, or None where groups cannot be made."""
    try:
        if (V1 / "memory.limit_in_bytes").exists():
            group = V1 / name
            group.mkdir()
            (group / "memory.limit_in_bytes").write_text(str(size))
            return group
        if "memory" in (V2 / "cgroup.subtree_control").read_text().split():
            group = V2 / name
            group.mkdir()
            (group / "memory.max").write_text(str(size))
            with contextlib.suppress(OSError):
                (group / "memory.swap.max").write_text("0")
            return group
    except OSError:
        pass
    return None


@contextlib.contextmanager
def memory_limited(program, directory, size):
    """The program inside a memory cgroup of `size` bytes; (program, group) with group None where cgroups cannot be made
    and only the data segment is limited (malloc fails beyond it)."""
    group = _make_group(f"nacelle-test-{os.getpid()}-{time.monotonic_ns()}", size)
    if group is None:
        yield wrapped(program, directory, "limited", f"ulimit -d {size >> 10}"), None
        return
    try:
        yield wrapped(program, directory, "limited", f"echo $$ > {group}/cgroup.procs || exit 9"), group
    finally:
        for _ in range(100):  # its last process may still be on its way out
            with contextlib.suppress(OSError):
                group.rmdir()
                break
            time.sleep(0.05)


def described(group, size):
    return f"{'container' if group else 'data segment'} of {size >> 20} MiB"


def few_descriptors(program, directory, count):
    return wrapped(program, directory, "few-descriptors", f"ulimit -n {count}")


def preloaded(program, directory, library, **environment):
    lines = [f"export {name}={shlex.quote(str(value))}" for name, value in environment.items()]
    return wrapped(program, directory, "preloaded", *lines, f"export LD_PRELOAD={shlex.quote(str(library))}")
