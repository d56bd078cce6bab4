# SPDX-License-Identifier: Apache-2.0
"""Puts the shared package `e2e` on the path and takes its fixtures and hooks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))

from e2e.fixtures import *
