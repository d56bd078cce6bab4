# SPDX-License-Identifier: Apache-2.0
"""The ECS guide, end to end: an SDK's application, Nacelle with the guide's config in the variable on a read-only root,
doubles of AWS at AWS's own names and ports. guide_inside.py has the tests, in namespaces that this one makes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.go_differs("it is about Nacelle's sidecar")]

INSIDE = Path(__file__).with_name("guide_inside.py")
AS_ROOT = ["unshare", "--net", "--mount", "--propagation", "private"]
AS_USER = ["unshare", "--map-root-user", "--net", "--mount", "--propagation", "private"]


def namespaces():
    """How to make them here; whether one is root in them by more than name."""
    for command, is_root in (AS_ROOT, True), (AS_USER, False):
        if is_root and os.geteuid() != 0:
            continue
        tried = subprocess.run([*command, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, timeout=20)
        if tried.returncode == 0:
            return command, is_root
    return pytest.skip("no namespaces of one's own are allowed here")


def test_the_guide_works_in_a_task_of_its_own(program):
    command, is_root = namespaces()
    ended = subprocess.run(
        [*command, sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(INSIDE)],
        env={**os.environ, "NACELLE_BIN": str(program.path), "GUIDE_IS_ROOT": str(int(is_root))},
        capture_output=True,
        text=True,
        timeout=300,
    )
    print(ended.stdout)
    assert ended.returncode == 0 and " passed" in ended.stdout, ended.stdout + ended.stderr
