# SPDX-License-Identifier: Apache-2.0
"""Puts the package `e2e` of the end-to-end tests on the path and takes its fixtures."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))

from e2e.fixtures import *
